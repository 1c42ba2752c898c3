//! `setup`, `add` and `move` with `--security-key FILE`.

use std::fs;

use tfa_proto::{Authenticator, AuthenticatorKind, State, Status};
use tfa_testkit::daemon::{NEW_CODE, PROOF, authenticator, enabled};
use tfa_testkit::{TestHost, finished};

/// The form of a backup code.
const BACKUP_CODE: &str = "ABCDE-FGHJK";
const KEY: &str = "sk-ssh-ed25519@openssh.com AAAAGnNr alice@laptop";

/// The host of a user with this status, whose public key is in the file `key.pub`.
fn host_of(status: Status) -> TestHost {
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), status);
    fs::write(host.file("key.pub"), format!("{KEY}\n")).unwrap();
    host
}

fn enrolled() -> TestHost {
    host_of(Status {
        authenticators: vec![authenticator(1, "phone")],
        ..enabled()
    })
}

#[test]
fn add_sends_the_key_and_asks_for_a_code() {
    let host = enrolled();
    let mut terminal = host.terminal_with(&["add", "yubi", "--security-key", "key.pub"]);
    terminal.answers("Code from your phone, or a backup code:", PROOF);
    terminal.expect("The security key is active, under the name yubi.");
    assert_eq!(terminal.exit_code(), 0);
    let calls = ["AddSecurityKey", "AddSecurityKey 111111"];
    assert_eq!(host.daemon().calls(), calls);
    let sent = host
        .daemon()
        .account(|account| account.security_key.clone());
    let sent = sent.unwrap();
    assert_eq!(sent.public_key, KEY);
    assert_eq!((sent.name.as_deref(), sent.replaces), (Some("yubi"), None));
}

#[test]
fn move_names_the_authenticator_that_it_replaces() {
    let host = enrolled();
    let words = ["move", "PHONE", "--security-key", "key.pub"];
    let mut terminal = host.terminal_with(&words);
    terminal.expect("A security key works");
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("The security key is active, under the name security key.");
    assert_eq!(terminal.exit_code(), 0);
    let sent = host
        .daemon()
        .account(|account| account.security_key.clone());
    assert_eq!(sent.unwrap().replaces, Some(1));
}

#[test]
fn setup_and_add_show_backup_codes_and_say_that_the_key_waits() {
    for command in ["setup", "add"] {
        let host = host_of(Status::default());
        let mut terminal = host.terminal_with(&[command, "--security-key", "key.pub"]);
        terminal.expect("They become active together with the security key.");
        terminal.answers("Press Enter when you have saved them:", "");
        terminal.expect("Two-factor login is not on yet");
        assert_eq!(terminal.exit_code(), 0, "{command}");
        assert_eq!(host.daemon().calls(), ["SetupSecurityKey"], "{command}");
    }
}

/// A host on which a security key waits for its first login.
fn with_waiting_key() -> TestHost {
    host_of(Status {
        user: "alice".to_owned(),
        state: Some(State::Pending.into()),
        pending_authenticator: true,
        pending_kind: Some(AuthenticatorKind::SecurityKey.into()),
        ..Status::default()
    })
}

#[test]
fn a_waiting_key_is_explained_and_kept_by_default() {
    let host = with_waiting_key();
    for answer in ["", "n", "\x04"] {
        let mut terminal = host.terminal_with(&[]);
        terminal.expect("log in over SSH with the");
        terminal.expect("Start over? [y/N]");
        terminal.types(&format!("{answer}\r"));
        assert_eq!(terminal.exit_code(), 0, "{answer}");
    }
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn ctrl_c_at_the_password_keeps_a_waiting_key() {
    for words in [&[][..], &["setup"], &["setup", "--security-key", "key.pub"]] {
        let host = with_waiting_key();
        host.daemon().account(|account| account.silent = true);
        let mut terminal = host.terminal_with(words);
        if words.is_empty() {
            terminal.answers("Start over? [y/N]", "y");
        }
        let call = match words.len() {
            3 => "SetupSecurityKey",
            _ => "Setup",
        };
        host.daemon().expect_call(call);
        host.daemon().account(|account| account.silent = false);
        terminal.types("\x03");
        terminal.expect("Cancelled. Nothing was changed.");
        assert_eq!(terminal.exit_code(), 1);
        assert_eq!(host.daemon().calls(), [call], "{words:?}");
    }
}

#[test]
fn a_setup_cancelled_after_the_password_says_that_the_waiting_key_is_lost() {
    let host = with_waiting_key();
    let mut terminal = host.terminal_with(&["setup", "--qr", "none"]);
    terminal.expect("Code from your phone:");
    terminal.types("\x04");
    terminal.expect("The security key that waited for its first");
    assert_eq!(terminal.exit_code(), 1);
}

#[test]
fn setup_of_an_enrolled_user_names_the_command_that_adds_a_key() {
    let host = enrolled();
    let mut terminal = host.terminal_with(&["setup", "--security-key", "key.pub"]);
    terminal.expect("tfa-enroll add --security-key FILE");
    assert_eq!(terminal.exit_code(), 1);
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn a_wrong_file_is_refused_before_the_daemon_is_asked() {
    let host = enrolled();
    fs::write(
        host.file("private"),
        "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    )
    .unwrap();
    for file in ["private", "none.pub"] {
        let mut terminal = host.terminal_with(&["add", "--security-key", file]);
        terminal.expect("Nothing was changed.");
        assert_eq!(terminal.exit_code(), 1, "{file}");
    }
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn options_of_codes_do_not_go_with_a_security_key() {
    let host = enrolled();
    for options in [
        &["--kind", "hotp"][..],
        &["--digits", "8"],
        &["--period", "60"],
        &["--algorithm", "sha1"],
        &["--qr", "none"],
    ] {
        let words = [&["add", "--security-key", "key.pub"], options].concat();
        let (code, _, error) = finished(&host.output_with(&words));
        assert_eq!(code, 2, "{options:?}");
        assert!(error.contains("cannot be used with"), "{error}");
    }
}

/// The host of a user whose only authenticator is a security key.
fn with_key_alone() -> TestHost {
    host_of(Status {
        authenticators: vec![security_key()],
        ..enabled()
    })
}

fn security_key() -> Authenticator {
    Authenticator {
        kind: AuthenticatorKind::SecurityKey.into(),
        ..authenticator(1, "yubi")
    }
}

#[test]
fn a_user_of_a_security_key_alone_reads_of_no_phone() {
    for (words, call) in [
        (&["codes"][..], "NewBackupCodes"),
        (&["pause"], "Pause"),
        (&["remove"], "Remove"),
        (&["remove", "yubi"], "RemoveAuthenticator"),
        (&["rename", "yubi", "keyring"], "RenameAuthenticator"),
        (&["add", "--security-key", "key.pub"], "AddSecurityKey"),
        (&["move", "--security-key", "key.pub"], "MoveToSecurityKey"),
        (&["test"], "Test"),
    ] {
        let host = with_key_alone();
        let mut terminal = host.terminal_with(words);
        if words[0] == "remove" {
            terminal.answers("To remove it, type yes.", "yes");
        }
        // It has the form of a code, and the user has none.
        terminal.answers("Backup code:", PROOF);
        terminal.answers("Not a valid backup code.", BACKUP_CODE);
        if words[0] == "codes" {
            terminal.answers("Press Enter when you have saved them:", "");
        }
        assert_eq!(terminal.exit_code(), 0, "{words:?}");
        let everything = terminal.everything();
        assert!(!everything.contains("phone"), "{everything}");
        let last = host.daemon().calls().pop().unwrap_or_default();
        assert!(last.starts_with(call), "{words:?}: {last}");
    }
}

#[test]
fn a_move_from_a_security_key_says_that_the_key_works_until_then() {
    let host = with_key_alone();
    let mut terminal = host.terminal_with(&["move", "--qr", "none"]);
    terminal.expect("The security key works until");
    terminal.answers("Backup code:", BACKUP_CODE);
    terminal.answers("Code from your phone:", NEW_CODE);
    terminal.expect("The authenticator app is active. The security key no longer works.");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_security_key_is_removed_and_renamed_as_a_key() {
    let host = host_of(Status {
        authenticators: vec![security_key(), authenticator(2, "phone")],
        ..enabled()
    });
    let mut terminal = host.terminal_with(&["rename", "yubi", "keyring"]);
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("The security key has the name keyring now.");
    assert_eq!(terminal.exit_code(), 0);
    let mut terminal = host.terminal_with(&["remove", "1"]);
    terminal.expect("SSH logins that use it then ask for a code.");
    terminal.answers("To remove it, type yes.", "yes");
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("was removed. Your other authenticators still work.");
    assert_eq!(terminal.exit_code(), 0);
    assert!(!terminal.everything().contains("codes stop working"));
}
