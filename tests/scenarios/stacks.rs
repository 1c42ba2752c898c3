//! PAM stacks of administrators: the options of the module's line. The tests use `su`, which shows
//! every question of its stack.

use crate::users::{CODE, Owner, PASSWORD, begin_a_time_step, machine_with_alice_set_up};
use tfa_tests::{Machine, Terminal};

const WRONG: &str = "Wrong code. Enter the latest one.";
const PROMPT: &str = "alice@host:~$";
const REFUSED: &str = "su: Authentication failure";

/// A machine on which Alice has enrolled, Bob has not, and `su` uses this auth stack.
fn machine_with_stack(auth: &str) -> (Machine, Owner) {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", PASSWORD);
    write_stack(&machine, auth);
    (machine, alice)
}

fn write_stack(machine: &Machine, auth: &str) {
    let rest = "account required pam_unix.so\nsession required pam_unix.so\n";
    machine.write_file("/etc/pam.d/su-l", format!("{auth}\n{rest}"));
}

/// Bob runs `su` to another user.
fn become_user(machine: &Machine, user: &str) -> Terminal {
    machine.terminal_as("bob", ["su", "-", user])
}

#[test]
fn forward_pass_takes_password_and_code_in_one_answer() {
    let (machine, alice) = machine_with_stack(
        "auth requisite pam_tfa.so forward_pass\n\
         auth required pam_unix.so try_first_pass",
    );
    begin_a_time_step(&machine, &alice.phone, 5);
    let joint = |code: &str| format!("{PASSWORD}{code}");

    let terminal = become_user(&machine, "alice");
    terminal.expect("Password & verification code:");
    terminal.type_secret(&joint(&alice.phone.next_unused()));
    terminal.expect(PROMPT);

    // After a wrong code only the code is asked for again.
    let terminal = become_user(&machine, "alice");
    terminal.expect("Password & verification code:");
    terminal.type_secret(&joint(&alice.phone.wrong_code()));
    terminal.expect(WRONG);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);

    // After the password alone the code is asked for. A backup code is accepted too.
    let terminal = become_user(&machine, "alice");
    terminal.expect("Password & verification code:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect("Backup code used, 9 left.");
    terminal.expect(PROMPT);

    // A right code does not replace the right password.
    let terminal = become_user(&machine, "alice");
    terminal.expect("Password & verification code:");
    terminal.type_secret(&format!("battery staple{}", alice.phone.next_unused()));
    terminal.expect(REFUSED);

    let terminal = become_user(&machine, "bob");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("bob@host:~$");
}

/// A module before the others that asks for a password and does not check it.
const ASKS_FIRST: &str = "auth required pam_exec.so quiet expose_authtok /bin/true\n";

#[test]
fn use_first_pass_uses_the_earlier_answer_and_never_asks() {
    let (machine, alice) = machine_with_stack(&format!(
        "{ASKS_FIRST}\
         auth requisite pam_tfa.so use_first_pass forward_pass\n\
         auth required pam_unix.so use_first_pass"
    ));
    let terminal = become_user(&machine, "alice");
    terminal.expect("Password:");
    terminal.type_secret(&format!("{PASSWORD}{}", alice.phone.next_unused()));
    terminal.expect(PROMPT);

    for typed in [
        PASSWORD.to_owned(),
        format!("{PASSWORD}{}", alice.phone.wrong_code()),
        format!("battery staple{}", alice.phone.next_unused()),
    ] {
        let terminal = become_user(&machine, "alice");
        terminal.expect("Password:");
        terminal.type_secret(&typed);
        terminal.expect(REFUSED);
        assert!(!terminal.transcript().contains(CODE));
    }
    machine.expect_in_journal("su", "use_first_pass forbids to ask");

    write_stack(
        &machine,
        &format!("{ASKS_FIRST}auth required pam_tfa.so use_first_pass"),
    );
    let terminal = become_user(&machine, "alice");
    terminal.expect("Password:");
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect(PROMPT);
}

#[test]
fn try_first_pass_uses_the_earlier_answer_and_asks_if_it_is_wrong() {
    let (machine, alice) = machine_with_stack(&format!(
        "{ASKS_FIRST}auth required pam_tfa.so try_first_pass"
    ));
    let terminal = become_user(&machine, "alice");
    terminal.expect("Password:");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains(CODE));

    let terminal = become_user(&machine, "alice");
    terminal.expect("Password:");
    terminal.type_secret(&alice.phone.wrong_code());
    terminal.expect(WRONG);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
}

#[test]
fn the_code_is_echoed_only_with_the_option_echo() {
    let (machine, alice) = machine_with_stack(
        "auth requisite pam_unix.so\n\
         auth required pam_tfa.so echo",
    );
    let code = alice.phone.wrong_code();
    let type_a_code = || {
        let terminal = become_user(&machine, "alice");
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal.expect(CODE);
        terminal.type_line(&code);
        terminal.expect(WRONG);
        terminal.transcript()
    };
    let shown = type_a_code();
    assert!(shown.contains(&format!("{CODE} {code}\n")), "{shown}");
    assert!(!shown.contains(PASSWORD));

    write_stack(
        &machine,
        "auth requisite pam_unix.so\nauth required pam_tfa.so",
    );
    let hidden = type_a_code();
    assert!(!hidden.contains(&code), "{hidden}");
}

#[test]
fn not_required_success_suffices_without_other_modules() {
    let (machine, alice) = machine_with_stack("auth required pam_tfa.so not_required=success");
    let terminal = become_user(&machine, "bob");
    terminal.expect("bob@host:~$");
    let terminal = become_user(&machine, "alice");
    terminal.expect(CODE);
    terminal.type_secret("");
    terminal.expect(REFUSED);
    let terminal = become_user(&machine, "alice");
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);

    write_stack(&machine, "auth required pam_tfa.so not_required=ignore");
    let terminal = become_user(&machine, "bob");
    terminal.expect("su: ");
    assert!(!terminal.wait_exit().success());
}

#[test]
fn an_unknown_option_refuses_all_logins_and_is_logged() {
    let (machine, _alice) = machine_with_stack(
        "auth requisite pam_unix.so\n\
         auth required pam_tfa.so echo nullok not_required=sucess",
    );
    for user in ["alice", "bob"] {
        let terminal = become_user(&machine, user);
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal.expect("su: ");
        assert!(!terminal.wait_exit().success());
        assert!(!terminal.transcript().contains(CODE));
    }
    for option in ["nullok", "not_required=sucess"] {
        machine.expect_in_journal("su", &format!("unknown option or value \"{option}\""));
    }
}

#[test]
fn after_publickey_ignores_logins_without_a_key() {
    let (machine, _alice) = machine_with_stack(
        "auth [success=done ignore=ignore default=die] pam_tfa.so after_publickey\n\
         auth required pam_unix.so",
    );
    // A variable in the environment of a user is not a statement of sshd.
    let terminal = machine
        .command(["su", "-", "alice"])
        .user("bob")
        .env("SSH_AUTH_INFO_0", "publickey ssh-ed25519 AAAA")
        .terminal();
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("code"));
}
