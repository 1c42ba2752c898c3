//! Several authenticators: add, list, rename, remove, move; the resynchronization of a token.

use tfa_proto::{Authenticator, AuthenticatorKind, Status};
use tfa_testkit::daemon::{AHEAD, NEW_CODE, PROOF, authenticator, enabled};
use tfa_testkit::{TestHost, finished};

/// The host of a user with a phone, a tablet and a token.
fn host() -> TestHost {
    host_of(vec![
        authenticator(1, "phone"),
        authenticator(2, "Old Tablet"),
        token(),
    ])
}

fn host_of(authenticators: Vec<Authenticator>) -> TestHost {
    let status = Status {
        authenticators,
        ..enabled()
    };
    TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), status)
}

fn token() -> Authenticator {
    Authenticator {
        kind: AuthenticatorKind::Hotp.into(),
        created: Some(1_796_133_900),
        last_accepted: Some(1_796_133_960),
        ..authenticator(5, "token")
    }
}

#[test]
fn add_activates_a_further_phone_under_the_name_it_got() {
    let host = host_of(vec![authenticator(1, "phone")]);
    let mut terminal = host.terminal_with(&["add"]);
    terminal.answers("Code from your phone, or a backup code:", PROOF);
    terminal.answers("Press Enter to show the QR code", "");
    terminal.answers("Scan it with the app", "");
    terminal.answers("Code from your phone:", NEW_CODE);
    terminal.expect("The new authenticator is active, under the name phone 2.");
    terminal.expect("Your backup codes did not change.");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(
        host.daemon().calls(),
        ["Add", "Add 111111", "Confirm 222222"]
    );
    let parameters = host.daemon().account(|account| account.parameters.clone());
    assert_eq!(parameters.unwrap().name, None);
}

#[test]
fn add_takes_name_and_kind_and_shows_the_counter() {
    let host = host();
    let mut terminal = host.terminal_with(&["add", "work", "--kind", "hotp", "--qr", "none"]);
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("Counter-based (HOTP), SHA1, 6 digits, counter 0");
    terminal.answers("Code from your phone:", NEW_CODE);
    terminal.expect("under the name work.");
    assert_eq!(terminal.exit_code(), 0);
    let parameters = host.daemon().account(|account| account.parameters.clone());
    let parameters = parameters.unwrap();
    assert_eq!(parameters.name.as_deref(), Some("work"));
    assert_eq!(parameters.kind, Some(AuthenticatorKind::Hotp.into()));
}

#[test]
fn cancelled_add_withdraws_the_pending_authenticator() {
    let host = host();
    let mut terminal = host.terminal_with(&["add"]);
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("Press Enter to show the QR code");
    terminal.types("\x03");
    terminal.expect("Cancelled. Nothing was added. The code that you entered is used up.");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(host.daemon().calls(), ["Add", "Add 111111", "Abandon"]);
}

#[test]
fn add_with_a_taken_name_asks_for_no_code() {
    let host = host();
    let mut terminal = host.terminal_with(&["add", "phone"]);
    terminal.expect("The name is taken.");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(host.daemon().calls(), ["Add"]);
}

#[test]
fn list_prints_plain_columns_with_the_name_last() {
    let (code, out, error) = finished(&host().output_with(&["list"]));
    assert_eq!((code, error.as_str()), (0, ""));
    let expected = "\
ID    KIND  ADDED       LAST-USED         NAME
1     totp  -           -                 phone
2     totp  -           -                 Old Tablet
5     hotp  2026-12-01  2026-12-01T14:06  token
";
    assert_eq!(out, expected);
}

#[test]
fn list_prints_json_and_an_empty_array_without_enrollment() {
    let (code, out, _) = finished(&host_of(vec![token()]).output_with(&["list", "--json"]));
    let expected = r#"[
  {
    "id": 5,
    "kind": "hotp",
    "name": "token",
    "created": "2026-12-01T14:05:00Z",
    "last_accepted": "2026-12-01T14:06:00Z",
    "fingerprint": null,
    "weak": false
  }
]
"#;
    assert_eq!((code, out.as_str()), (0, expected));
    let (code, out, _) = finished(&host_of(Vec::new()).output_with(&["list", "--json"]));
    assert_eq!((code, out.as_str()), (0, "[]\n"));
}

#[test]
fn rename_finds_the_authenticator_in_either_case_and_by_id() {
    for old in ["old tablet", "2"] {
        let host = host();
        let mut terminal = host.terminal_with(&["rename", old, "tablet"]);
        terminal.expect("Renaming the authenticator Old Tablet to tablet.");
        terminal.answers("or a backup code:", PROOF);
        terminal.expect("The authenticator has the name tablet now.");
        assert_eq!(terminal.exit_code(), 0);
        assert_eq!(
            host.daemon().calls(),
            [
                "RenameAuthenticator 2 tablet",
                "RenameAuthenticator 2 tablet 111111"
            ]
        );
    }
}

#[test]
fn unknown_name_lists_the_names_and_calls_nothing() {
    let host = host();
    for arguments in [
        &["rename", "watch", "x"][..],
        &["remove", "watch"],
        &["move", "watch"],
    ] {
        let mut terminal = host.terminal_with(arguments);
        terminal.expect("You have no authenticator with the name watch.");
        terminal.expect("Your authenticators: phone, Old Tablet, token");
        assert_eq!(terminal.exit_code(), 1, "{arguments:?}");
    }
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn remove_with_a_name_removes_that_one_after_a_yes() {
    let host = host();
    let mut terminal = host.terminal_with(&["remove", "TOKEN"]);
    terminal.expect("Your other authenticators and the backup codes stay.");
    terminal.answers("To remove it, type yes", "");
    terminal.expect("Not removed. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
    assert!(host.daemon().calls().is_empty());
    let mut terminal = host.terminal_with(&["remove", "TOKEN"]);
    terminal.answers("To remove it, type yes", "yes");
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("The authenticator token was removed.");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(
        host.daemon().calls(),
        ["RemoveAuthenticator 5", "RemoveAuthenticator 5 111111"]
    );
}

#[test]
fn removal_of_the_last_one_says_that_it_switches_off() {
    let host = host_of(vec![authenticator(1, "phone")]);
    let mut terminal = host.terminal_with(&["remove", "phone"]);
    terminal.expect("This deletes the key and the backup codes.");
    terminal.answers("To remove it, type yes", "yes");
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("Two-factor login is off for alice.");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn last_one_is_kept_where_required_and_another_is_not() {
    let required = |authenticators| {
        let status = Status {
            authenticators,
            required: true,
            ..enabled()
        };
        TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), status)
    };
    let host = required(vec![authenticator(1, "phone")]);
    let mut terminal = host.terminal_with(&["remove", "phone"]);
    terminal.expect("Two-factor login is required on this host");
    assert_eq!(terminal.exit_code(), 1);
    assert!(host.daemon().calls().is_empty());
    let host = required(vec![authenticator(1, "phone"), token()]);
    let mut terminal = host.terminal_with(&["remove", "phone"]);
    terminal.answers("To remove it, type yes", "yes");
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("The authenticator phone was removed.");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn move_of_one_of_several_needs_its_name() {
    let host = host();
    let mut terminal = host.terminal_with(&["move"]);
    terminal.expect("Name the one to replace: tfa-enroll move NAME");
    assert_eq!(terminal.exit_code(), 1);
    assert!(host.daemon().calls().is_empty());
    let terminal = host.terminal_with(&["move", "phone", "--name", "new", "--qr", "none"]);
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("Code from your phone:");
    let parameters = host.daemon().account(|account| account.parameters.clone());
    let parameters = parameters.unwrap();
    assert_eq!(
        (parameters.replaces, parameters.name.as_deref()),
        (Some(1), Some("new"))
    );
}

#[test]
fn wrong_test_offers_resynchronization_to_the_owner_of_a_token() {
    let host = host();
    let mut terminal = host.terminal_with(&["test"]);
    terminal.answers("or a backup code:", "123456");
    terminal.expect("A login would not accept this code.");
    terminal.answers("Enter two codes of the token now? [Y/n]", "");
    terminal.answers("First code of the token:", "12345");
    terminal.expect("Not a valid code. A code has 6 or 8 digits.");
    terminal.types(&format!("{}\r", AHEAD[0]));
    terminal.answers("Next code of the token:", AHEAD[1]);
    terminal.expect("Logins accept the next codes of token.");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(
        host.daemon().calls(),
        ["Test 123456", "Resynchronize 333333 444444"]
    );
}

#[test]
fn declined_or_failed_resynchronization_is_exit_code_1() {
    let host = host();
    let mut terminal = host.terminal_with(&["test"]);
    terminal.answers("or a backup code:", "123456");
    terminal.answers("Enter two codes of the token now? [Y/n]", "n");
    assert_eq!(terminal.exit_code(), 1);
    let mut terminal = host.terminal_with(&["test"]);
    terminal.answers("or a backup code:", "123456");
    terminal.answers("Enter two codes of the token now? [Y/n]", "y");
    terminal.answers("First code of the token:", AHEAD[1]);
    terminal.answers("Next code of the token:", AHEAD[0]);
    terminal.expect("These codes do not follow each other");
    assert_eq!(terminal.exit_code(), 1);
}

#[test]
fn wrong_test_without_a_token_offers_nothing() {
    let host = host_of(vec![authenticator(1, "phone")]);
    let mut terminal = host.terminal_with(&["test"]);
    terminal.answers("or a backup code:", "123456");
    terminal.expect("A login would not accept this code.");
    assert_eq!(terminal.exit_code(), 1);
    assert!(!terminal.everything().contains("token"));
}
