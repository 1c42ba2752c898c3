//! Several authenticators of one user, and tokens that the administrator adds.

use tfa_tests::{Machine, Output, Phone, Terminal};

use crate::bus::shown;
use crate::locks::logs_in;
use crate::races::{run_concurrent_logins, times_verified};
use crate::users::{
    CODE, PASSWORD, authenticate, machine_with_alice, machine_with_alice_set_up, set_policy,
    set_up_in_login, ssh_to_code_prompt, uri_in,
};

const SHELL: &str = "alice@host:~$";
/// The key of RFC 4226 appendix D in base32.
pub(crate) const RFC_4226_KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// The same in hex.
const RFC_4226_KEY_IN_HEX: &str = "3132333435363738393031323334353637383930";
/// Its first codes, from counter 0 on.
const RFC_4226_CODES: [&str; 10] = [
    "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
    "520489",
];

/// Adds a phone under this name in the terminal of a logged-in user.
fn add(terminal: &Terminal, name: &str, proof: &str) -> Phone {
    add_phone_at(terminal, name, proof, 0)
}

/// The same, with the daemon's clock that many seconds ahead.
#[track_caller]
pub(crate) fn add_phone_at(terminal: &Terminal, name: &str, proof: &str, ahead: i64) -> Phone {
    terminal.type_line(&format!("tfa-enroll add '{name}'"));
    authenticate(terminal, proof);
    terminal.expect("Press Enter to show the QR code");
    terminal.send(b"\r");
    terminal.expect("Scan it with the app, then press Enter:");
    terminal.send(b"\r");
    terminal.expect("Code from your phone:");
    let phone = Phone::from_uri(&uri_in(&terminal.transcript()));
    phone.shift_clock(ahead);
    terminal.type_line(&phone.next_unused());
    terminal.expect(&format!("under the name {name}."));
    terminal.expect(SHELL);
    phone
}

fn logged_in_with(machine: &Machine, code: &str) -> Terminal {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(code);
    terminal.expect(SHELL);
    terminal
}

fn assert_refused(machine: &Machine, code: &str) {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(code);
    terminal.expect("Wrong code.");
}

/// Adds a token with this key to alice, as root.
pub(crate) fn add_token(machine: &Machine, name: &str, key: &str, options: &[&str]) -> Output {
    let words = [
        "tfactl",
        "authenticator",
        "add",
        "alice",
        "--kind",
        "hotp",
        "--key-file",
        "-",
        "--name",
        name,
    ];
    let words = words.iter().chain(options);
    machine.command(words).stdin(format!("{key}\n")).run()
}

/// A machine on which alice has the token of RFC 4226.
fn machine_with_token() -> (Machine, Phone) {
    let machine = machine_with_alice();
    let output = add_token(&machine, "token", RFC_4226_KEY, &[]);
    assert!(output.success(), "{output}");
    let token = Phone::from_uri(&format!("otpauth://hotp/token?secret={RFC_4226_KEY}"));
    (machine, token)
}

#[test]
fn phone_and_tablet_both_log_in_and_the_log_says_which() {
    let (machine, alice) = machine_with_alice_set_up();
    let mut backup = alice.backup_codes.iter();
    let mut backup = || backup.next().unwrap();
    let terminal = logged_in_with(&machine, backup());
    let tablet = add(&terminal, "tablet", backup());
    machine.expect_in_journal(
        "tfad",
        "alice: a new authenticator waits for its first code: tablet (by uid",
    );
    machine.expect_in_journal("tfad", "confirmed and is active: tablet (by uid");

    drop(logged_in_with(&machine, &tablet.next_unused()));
    machine.expect_in_journal(
        "tfad",
        "alice: verified by a code of tablet (service sshd, from ",
    );
    drop(logged_in_with(&machine, &alice.phone.next_unused()));
    machine.expect_in_journal(
        "tfad",
        "alice: verified by a code of phone (service sshd, from ",
    );
    let fields = machine.succeed(["journalctl", "--output=export", "TFA_AUTHENTICATOR=tablet"]);
    assert!(fields.contains("TFA_EVENT=verified\n"), "{fields}");

    terminal.type_line("tfa-enroll rename TABLET 'my tablet'");
    authenticate(&terminal, backup());
    terminal.expect("The authenticator has the name my tablet now.");
    machine.expect_in_journal(
        "tfad",
        "was renamed: \"my tablet\", before that tablet (by uid",
    );
    terminal.expect(SHELL);
    terminal.type_line("tfa-enroll list");
    terminal.expect("my tablet");
    terminal.expect(SHELL);
    drop(logged_in_with(&machine, &tablet.next_unused()));
    machine.expect_in_journal(
        "tfad",
        "alice: verified by a code of \"my tablet\" (service sshd",
    );

    terminal.type_line("tfa-enroll remove 'my tablet'");
    terminal.expect("To remove it, type yes.");
    terminal.type_line("yes");
    authenticate(&terminal, backup());
    terminal.expect("The authenticator my tablet was removed.");
    machine.expect_in_journal(
        "tfad",
        "an authenticator was removed: \"my tablet\" (by uid",
    );
    assert_refused(&machine, &tablet.code_not_of(&alice.phone));
    drop(logged_in_with(&machine, &alice.phone.next_unused()));
}

#[test]
fn move_with_a_name_replaces_that_authenticator_only() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = logged_in_with(&machine, &alice.backup_codes[0]);
    let tablet = add(&terminal, "tablet", &alice.backup_codes[1]);
    terminal.type_line("tfa-enroll move");
    terminal.expect("Name the one to replace: tfa-enroll move NAME");
    terminal.expect(SHELL);
    terminal.type_line("tfa-enroll move tablet --qr none");
    authenticate(&terminal, &alice.backup_codes[2]);
    terminal.expect("Code from your phone:");
    let new = Phone::from_uri(&uri_in(&terminal.transcript()));
    terminal.type_line(&new.next_unused());
    terminal.expect("The new phone is active.");
    machine.expect_in_journal("tfad", "is active: tablet, in place of tablet (by uid");
    assert_refused(&machine, &tablet.code_not_of(&new));
    drop(logged_in_with(&machine, &new.next_unused()));
    drop(logged_in_with(&machine, &alice.phone.next_unused()));
}

#[test]
fn last_authenticator_is_kept_where_the_policy_requires_one() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = logged_in_with(&machine, &alice.backup_codes[0]);
    add(&terminal, "tablet", &alice.backup_codes[1]);
    set_policy(&machine, "[policy]\nmode = \"required\"\n");
    terminal.type_line("tfa-enroll remove phone");
    terminal.expect("To remove it, type yes.");
    terminal.type_line("yes");
    authenticate(&terminal, &alice.backup_codes[2]);
    terminal.expect("The authenticator phone was removed.");
    terminal.expect(SHELL);
    terminal.type_line("tfa-enroll remove tablet");
    terminal.expect("Two-factor login is required on this host");
    // The daemon refuses it by itself, before polkit and the code.
    let output = machine.run_as(
        "alice",
        [
            "busctl",
            "call",
            "org.tfad.Tfa1",
            "/org/tfad/Tfa1",
            "org.tfad.Tfa1.Account",
            "RemoveAuthenticator",
            "us",
            "2",
            &alice.backup_codes[3],
        ],
    );
    assert!(
        output.stderr.contains("cannot remove your last"),
        "{output}"
    );
    machine.expect_in_journal(
        "tfad",
        "alice: switching off was refused: a second factor is required (by uid",
    );
    assert_eq!(shown(&machine, "backup_codes_left"), "7");
}

#[test]
fn token_of_the_administrator_logs_in_looks_ahead_and_is_resynchronized() {
    let (machine, token) = machine_with_token();
    machine.expect_in_journal(
        "tfad",
        "alice: an administrator added an authenticator: token (by uid 0)",
    );
    drop(logged_in_with(&machine, RFC_4226_CODES[0]));
    machine.expect_in_journal(
        "tfad",
        "alice: verified by a code of token (service sshd, from ",
    );
    drop(logged_in_with(&machine, RFC_4226_CODES[9]));
    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(RFC_4226_CODES[9]);
    login.expect("This code was already used.");
    drop(login);
    // No code before the used one is accepted.
    assert_refused(&machine, RFC_4226_CODES[5]);

    // The button was pressed thirty times without a login.
    assert_refused(&machine, &token.code_of_counter(40));
    let terminal = machine.terminal_as("alice", ["tfa-enroll", "test"]);
    terminal.expect("or a backup code:");
    terminal.type_line(&token.code_of_counter(41));
    terminal.expect("A login would not accept this code.");
    terminal.expect("Enter two codes of the token now?");
    terminal.type_line("");
    terminal.expect("First code of the token:");
    terminal.type_line(&token.code_of_counter(42));
    terminal.expect("Next code of the token:");
    terminal.type_line(&token.code_of_counter(43));
    terminal.expect("Logins accept the next codes of token.");
    assert!(terminal.wait_exit().success());
    machine.expect_in_journal(
        "tfad",
        "alice: an authenticator was resynchronized: token (by uid",
    );
    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(&token.code_of_counter(43));
    login.expect("This code was already used.");
    login.expect(CODE);
    login.type_secret(&token.code_of_counter(44));
    login.expect(SHELL);
}

#[test]
fn one_of_a_hundred_concurrent_logins_with_one_counter_code_succeeds() {
    let (machine, _) = machine_with_token();
    run_concurrent_logins(&machine, || RFC_4226_CODES[0].to_owned());
    assert_eq!(
        times_verified(&machine, "alice: verified by a code of token"),
        1
    );
    assert_eq!(shown(&machine, "failures"), "0");
    logs_in(&machine, RFC_4226_CODES[1]);
}

#[test]
fn administrator_lists_and_removes_authenticators() {
    let (machine, _) = machine_with_token();
    let key = format!("{RFC_4226_KEY_IN_HEX}ff");
    let output = add_token(&machine, "spare", &key, &["--hex", "--counter", "7"]);
    assert!(output.success(), "{output}");
    let list = machine.succeed(["tfactl", "authenticator", "list", "alice"]);
    let rows: Vec<&str> = list.lines().collect();
    assert_eq!(rows.len(), 3, "{list}");
    assert!(
        rows[1].ends_with("token") && rows[2].ends_with("spare"),
        "{list}"
    );
    let show = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        show.contains("token (counter-based, not used yet)"),
        "{show}"
    );
    machine.succeed(["tfactl", "authenticator", "remove", "alice", "TOKEN"]);
    machine.expect_in_journal(
        "tfad",
        "alice: an administrator removed an authenticator: token (by uid 0)",
    );
    assert_refused(&machine, RFC_4226_CODES[0]);
    let last = machine.fail(["tfactl", "authenticator", "remove", "alice", "spare"]);
    assert!(last.stderr.contains("tfactl reset alice"), "{last}");
}

#[test]
fn wrong_use_of_the_commands_changes_nothing_and_says_why() {
    let (machine, _) = machine_with_token();
    let refused = |output: Output, why: &str| {
        assert_eq!(output.code(), Some(1), "{output}");
        assert!(output.stderr.contains(why), "{why}: {output}");
        assert!(!output.stderr.contains("GEZDGNBV"), "{output}");
    };
    let unknown = machine.fail(["tfactl", "authenticator", "remove", "alice", "watch"]);
    refused(unknown, "alice has no authenticator with the name watch");
    let taken = add_token(&machine, "Token", RFC_4226_KEY, &[]);
    refused(taken, "alice has an authenticator of this name already");
    for (key, why) in [
        ("GEZDGNBV", "The key has 5 bytes. It can have 16 to 128."),
        (RFC_4226_KEY_IN_HEX, "use --hex"),
        ("GEZDGNBVGY3TQOJQ!", "not in base32"),
        ("", "is empty"),
    ] {
        refused(add_token(&machine, "spare", key, &[]), why);
    }
    let output = machine.run([
        "tfactl",
        "authenticator",
        "add",
        "alice",
        "--kind",
        "totp",
        "--key-file",
        "/root/no-such-file",
        "--name",
        "spare",
    ]);
    refused(output, "/root/no-such-file");
    for number in 2..=10 {
        let output = add_token(&machine, &format!("token {number}"), RFC_4226_KEY, &[]);
        assert!(output.success(), "{output}");
    }
    let eleventh = add_token(&machine, "token 11", RFC_4226_KEY, &[]);
    refused(eleventh, "alice has 10 authenticators, which is the limit.");

    // A user without polkit's authorization adds nothing to others.
    machine.add_user("bob", "tractor");
    machine.write_file("/tmp/key", RFC_4226_KEY);
    let output = machine.run_as(
        "bob",
        [
            "tfactl",
            "authenticator",
            "add",
            "alice",
            "--kind",
            "hotp",
            "--key-file",
            "/tmp/key",
            "--name",
            "stolen",
        ],
    );
    refused(output, "Not allowed");
    let list = machine.succeed(["tfactl", "authenticator", "list", "alice"]);
    assert_eq!(list.lines().count(), 11, "{list}");
    assert!(
        !list.contains("spare") && !list.contains("stolen"),
        "{list}"
    );
}

/// Time-based codes of eight digits only.
const STRICT: &str = r#"
[policy]
mode = "required"
grace = "0s"

[authenticator]
kinds = ["totp"]
digits = 8
"#;

#[test]
fn users_enroll_what_the_policy_allows_and_the_administrator_adds_any() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", PASSWORD);
    let terminal = logged_in_with(&machine, &alice.backup_codes[0]);
    set_policy(&machine, STRICT);
    for (option, why) in [
        (
            "--kind hotp",
            "does not allow the kind hotp. It allows: totp",
        ),
        ("--digits 6", "allows codes of 8 digits only."),
    ] {
        for command in ["add", "move"] {
            terminal.type_line(&format!("tfa-enroll {command} {option}"));
            terminal.expect(why);
            terminal.expect(SHELL);
        }
    }
    // Refused before polkit asks for the password.
    assert!(!terminal.transcript().contains("Authentication is required"));

    // The default follows the policy, and the phone of before still works.
    let tablet = add(&terminal, "tablet", &alice.backup_codes[1]);
    assert_eq!(tablet.code().len(), 8);
    drop(logged_in_with(&machine, &tablet.next_unused()));
    drop(logged_in_with(&machine, &alice.phone.next_unused()));

    // So does the enrollment in a login.
    let login = machine.ssh("bob");
    login.expect("Password:");
    login.type_secret(PASSWORD);
    let bob = set_up_in_login(&login);
    login.expect("bob@host:~$");
    assert_eq!(bob.phone.code().len(), 8);

    let output = add_token(&machine, "token", RFC_4226_KEY, &[]);
    assert!(output.success(), "{output}");
    drop(logged_in_with(&machine, RFC_4226_CODES[0]));
}

#[test]
fn a_user_makes_at_most_twenty_changes_a_minute() {
    let (machine, _alice) = machine_with_alice_set_up();
    let output = add_token(&machine, "token", RFC_4226_KEY, &[]);
    assert!(output.success(), "{output}");
    const CALL: &str =
        "busctl call org.tfad.Tfa1 /org/tfad/Tfa1 org.tfad.Tfa1.Account Resynchronize ss";
    let answers = |script: String| -> Vec<String> {
        let calls = machine.command(["bash", "-c", &script]).user("alice").run();
        calls.stdout.lines().map(str::to_owned).collect()
    };
    // What is refused is no change.
    let refused = answers(format!(
        "for call in $(seq 25); do {CALL} '' ''; done 2>&1 || true"
    ));
    assert!(
        refused.len() == 25
            && refused
                .iter()
                .all(|answer| !answer.contains("Too many changes")),
        "{refused:#?}"
    );
    let token = Phone::from_uri(&format!("otpauth://hotp/token?secret={RFC_4226_KEY}"));
    let codes: Vec<_> = (0..42)
        .map(|presses| token.code_of_counter(presses))
        .collect();
    let codes = codes.join(" ");
    let pairs = "while [ $# -gt 1 ]; do CALL $1 $2; shift 2; done 2>&1 || true";
    let answers = answers(format!("set -- {codes}; {}", pairs.replace("CALL", CALL)));
    assert_eq!(answers.len(), 21, "{answers:#?}");
    // The enrollment of alice may have been in the same minute: a change, and a set of backup codes.
    let within = answers.iter().filter(|answer| *answer == "u 2").count();
    assert!((18..=20).contains(&within), "{answers:#?}");
    let over = &answers[within];
    assert!(over.contains("Too many changes at once"), "{answers:#?}");
    // Another user is not affected.
    machine.add_user("bob", PASSWORD);
    let other = format!("{CALL} 000000 000000");
    let other = machine.command(["bash", "-c", &other]).user("bob").run();
    assert!(
        !other.stderr.contains("Too many changes"),
        "{}",
        other.stderr
    );
}
