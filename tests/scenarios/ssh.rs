//! Logins over SSH.

use crate::users::{
    CODE, PASSWORD, authenticate, begin_a_time_step, machine_with_alice, machine_with_alice_set_up,
    record_of, set_up_in, ssh_to_code_prompt,
};
use tfa_tests::{Machine, Phone, Terminal};

const PROMPT: &str = "alice@host:~$";
const WRONG: &str = "Wrong code. Enter the latest one.";
const USED: &str = "This code was already used. Each code works only once: enter a new one.";

#[test]
fn a_user_enrolls_and_logs_in_with_password_and_code() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    machine.expect_in_journal(
        "tfad",
        "alice: verified by a code of phone (service sshd, from ",
    );
}

#[test]
fn the_entry_in_the_app_names_host_and_user() {
    let (_machine, alice) = machine_with_alice_set_up();
    assert_eq!(alice.phone.label(), "host:alice");
    assert_eq!(alice.phone.issuer(), Some("host"));
}

#[test]
fn three_wrong_codes_end_a_dialog_and_a_later_right_one_logs_in() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = ssh_to_code_prompt(&machine, "alice");
    for _ in 0..2 {
        terminal.type_secret(&alice.phone.wrong_code());
        terminal.expect(WRONG);
        terminal.expect(CODE);
    }
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect(WRONG);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"failures\": 0"), "{record}");
}

#[test]
fn a_refusal_over_ssh_shows_the_reason() {
    let (machine, alice) = machine_with_alice_set_up();
    // A client with default settings. That of the test machine prints less.
    let words = ["ssh", "-o", "StrictHostKeyChecking=no", "alice@localhost"];
    let terminal = machine.terminal(words);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    for _ in 0..3 {
        terminal.expect(CODE);
        terminal.type_secret(&alice.phone.wrong_code());
        terminal.expect(WRONG);
    }
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect(WRONG);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect("Too many wrong codes. Try again in 30 seconds.");
    terminal.expect("Permission denied");
}

#[test]
fn a_code_is_accepted_once_and_invalidates_earlier_ones() {
    let (machine, alice) = machine_with_alice_set_up();
    begin_a_time_step(&machine, &alice.phone, 5);
    // Skips the oldest code, which leaves the window first.
    let _ = alice.phone.next_unused();
    let earlier = alice.phone.next_unused();
    let newer = alice.phone.next_unused();
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&newer);
    terminal.expect(PROMPT);

    let terminal = ssh_to_code_prompt(&machine, "alice");
    for used in [&newer, &earlier] {
        terminal.type_secret(used);
        terminal.expect(USED);
        terminal.expect(CODE);
    }
    begin_a_time_step(&machine, &alice.phone, 10);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    machine.expect_in_journal("tfad", "alice: a code that was used before (service sshd");
}

#[test]
fn a_backup_code_is_accepted_once_in_any_spelling() {
    let (machine, alice) = machine_with_alice_set_up();
    let [first, second, third, ..] = alice.backup_codes.as_slice() else {
        panic!("{:?}", alice.backup_codes);
    };
    for (typed, said) in [
        (first.clone(), "Backup code used, 9 left."),
        (second.to_lowercase(), "Backup code used, 8 left."),
        (third.replace('-', ""), "Backup code used, 7 left."),
    ] {
        let terminal = ssh_to_code_prompt(&machine, "alice");
        terminal.type_secret(&typed);
        terminal.expect(said);
        terminal.expect(PROMPT);
    }

    let terminal = ssh_to_code_prompt(&machine, "alice");
    for used in [first.clone(), third.to_lowercase()] {
        terminal.type_secret(&used);
        terminal.expect(USED);
        terminal.expect(CODE);
    }
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"backup_codes_left\": 7"), "{record}");
}

#[test]
fn an_empty_answer_ends_the_login_and_is_not_counted() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret("");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret("what is this?");
    terminal.expect("Not a valid code. Enter 6 or 8 digits, or a backup code.");
    terminal.expect(CODE);
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"failures\": 0"), "{record}");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
}

#[test]
fn user_without_enrollment_logs_in_unchanged() {
    let machine = machine_with_alice();
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("code"));
    assert!(!machine.journal("tfad").contains("alice"));
}

#[test]
fn a_wrong_password_reveals_no_enrollment() {
    let (machine, _alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    let journal = machine.journal("tfad");
    let stories = ["alice", "bob"].map(|user| {
        let terminal = machine.ssh(user);
        for _ in 0..3 {
            terminal.expect("Password:");
            terminal.type_secret("battery staple");
        }
        terminal.expect("Permission denied");
        assert!(!terminal.wait_exit().success());
        terminal.transcript().replace(user, "NAME")
    });
    assert!(!stories[0].contains("code"));
    assert_eq!(stories[0], stories[1]);
    assert_eq!(machine.journal("tfad"), journal);
}

#[test]
fn while_paused_no_code_is_asked_and_the_journal_says_so() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    terminal.type_line("tfa-enroll pause");
    authenticate(&terminal, &alice.backup_codes[0]);
    terminal.expect("is paused");

    let again = machine.ssh("alice");
    again.expect("Password:");
    again.type_secret(PASSWORD);
    again.expect(PROMPT);
    assert!(!again.transcript().contains("code"));
    machine.expect_in_journal(
        "tfad",
        "alice: not asked: two-factor login is paused (/etc/tfa/tfad.toml line",
    );

    terminal.expect(PROMPT);
    terminal.type_line("tfa-enroll resume");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("backup code:");
    terminal.type_secret(&alice.backup_codes[1]);
    terminal.expect("Two-factor login is on again.");
    let again = ssh_to_code_prompt(&machine, "alice");
    again.type_secret(&alice.phone.next_unused());
    again.expect(PROMPT);
}

#[test]
fn the_phone_works_after_the_mode_was_off() {
    let (machine, alice) = machine_with_alice_set_up();
    let write = |config: &str| machine.write_file("/etc/tfa/tfad.toml", config);
    let reload = |config: &str| {
        write(config);
        machine.succeed(["systemctl", "reload", "tfad"]);
    };

    reload("[policy]\nmode = \"off\"\n");
    machine.expect_in_journal("tfad", "the configuration was reloaded");
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(PROMPT);
    machine.expect_in_journal(
        "tfad",
        "alice: not asked: the policy's mode is off (/etc/tfa/tfad.toml line 2)",
    );

    reload("[policy]\nmode = \"optional\"\n");
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);

    write("[policy]\n\nmode = \"of\"\n");
    machine.fail(["systemctl", "reload", "tfad"]);
    machine.expect_in_journal("tfad", "/etc/tfa/tfad.toml:3:8:");
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
}

#[test]
fn sshd_can_require_a_key_the_password_and_the_code() {
    let (machine, alice) = machine_with_alice_set_up();
    let key = machine.authorize_key("alice");
    machine.configure_sshd(
        "10-methods",
        "AuthenticationMethods publickey,keyboard-interactive",
    );
    let terminal = machine.ssh_with("alice", &["-i", &key]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);

    let terminal = machine.ssh("alice");
    terminal.expect("Permission denied (publickey).");
}

#[test]
fn a_key_alone_logs_in_where_the_second_factor_is_optional() {
    let (machine, _alice) = machine_with_alice_set_up();
    let key = machine.authorize_key("alice");
    let terminal = machine.ssh_with("alice", &["-i", &key]);
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("code"));
}

#[test]
fn the_method_password_refuses_enrolled_users_uncounted() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    machine.configure_sshd(
        "00-questions",
        "PasswordAuthentication yes\nKbdInteractiveAuthentication no",
    );
    let by_password = ["-o", "PreferredAuthentications=password"];

    let terminal = machine.ssh_with("bob", &by_password);
    terminal.expect("bob@localhost's password:");
    terminal.type_secret("tractor");
    terminal.expect("bob@host:~$");
    // The warning is shown before there is a key.
    terminal.type_line("tfa-enroll setup");
    terminal.expect("SSH logins on this host cannot ask for a code");
    terminal.expect("To set it up anyway, type yes");
    terminal.type_line("");
    terminal.expect("Cancelled. Nothing was changed.");
    assert!(!terminal.transcript().contains("otpauth"));

    // A password that could be a code must not count as a wrong code.
    machine.set_password("alice", "271828");
    let terminal = machine.ssh_with("alice", &by_password);
    for _ in 0..3 {
        terminal.expect("alice@localhost's password:");
        terminal.type_secret("271828");
    }
    terminal.expect("Permission denied");
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"failures\": 0"), "{record}");
    assert!(record.contains("\"locked_until\": null"), "{record}");
    let message = machine.expect_in_journal("sshd", "the answer was the password, not the code");
    assert!(
        message.contains("set \"KbdInteractiveAuthentication yes\""),
        "{message}"
    );

    machine.offer_questions();
    machine.set_password("alice", PASSWORD);
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
}

#[test]
fn after_publickey_asks_for_the_code_after_a_key() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", PASSWORD);
    let keys = ["alice", "bob"].map(|user| machine.authorize_key(user));
    machine.configure_sshd(
        "10-methods",
        "AuthenticationMethods publickey,keyboard-interactive",
    );
    let line = "auth  [success=done ignore=ignore default=die] \\\n          \
                pam_tfa.so after_publickey enroll=account\n";
    let stack = machine.read_file("/etc/pam.d/sshd");
    assert!(stack.contains("@include common-auth"), "{stack}");
    let stack = stack.replacen(
        "@include common-auth",
        &format!("{line}@include common-auth"),
        1,
    );
    machine.write_file("/etc/pam.d/sshd", stack);

    let terminal = machine.ssh_with("alice", &["-i", &keys[0]]);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect(WRONG);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("Password:"));

    // An empty answer does not lead to the password.
    let terminal = machine.ssh_with("alice", &["-i", &keys[0]]);
    for _ in 0..3 {
        terminal.expect(CODE);
        terminal.type_secret("");
    }
    terminal.expect("Permission denied");
    assert!(!terminal.transcript().contains("Password:"));

    let terminal = machine.ssh_with("bob", &["-i", &keys[1]]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("bob@host:~$");
    assert!(!terminal.transcript().contains("code"));
}

#[test]
fn phones_with_other_code_parameters_work() {
    let machine = machine_with_alice();
    for (user, options) in [
        ("sha256", "--algorithm SHA256"),
        ("sha512", "--algorithm sha512 --digits 8"),
        ("slow", "--period 60"),
    ] {
        machine.add_user(user, PASSWORD);
        let phone = set_up_with(&machine, user, options);
        let terminal = ssh_to_code_prompt(&machine, user);
        terminal.type_secret(&phone.next_unused());
        terminal.expect(&format!("{user}@host:~$"));
    }
}

/// Enrolls a phone with options.
#[track_caller]
fn set_up_with(machine: &Machine, user: &str, options: &str) -> Phone {
    let terminal: Terminal = machine.ssh(user);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("$");
    set_up_in(&terminal, PASSWORD, &format!("tfa-enroll setup {options}")).phone
}
