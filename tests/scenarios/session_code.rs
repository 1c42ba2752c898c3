//! The code of a login serves sudo and su in its session (`session_minutes`).

use crate::users::{
    CODE, Owner, PASSWORD, console_on_tty1, enter_password, machine_with_alice_set_up, set_policy,
    set_up, ssh_to_code_prompt,
};
use tfa_tests::{Machine, Terminal};

const PROMPT: &str = "alice@host:~$";
const SUDO: &str = "[sudo] password for alice:";
const TEN_MINUTES: &str = "[policy]\nmode = \"optional\"\n[remember]\nsession_minutes = 10\n";

fn machine_under(policy: &str) -> (Machine, Owner) {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_to_group("alice", "sudo");
    machine.write_file("/etc/sudoers.d/tries", "Defaults passwd_tries = 1\n");
    set_policy(&machine, policy);
    (machine, alice)
}

fn ssh_with_code(machine: &Machine, alice: &Owner) -> Terminal {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    terminal
}

/// Runs sudo in a session, with the password.
fn sudo(terminal: &Terminal) {
    terminal.type_line("sudo -k id -un");
    terminal.expect(SUDO);
    terminal.type_secret(PASSWORD);
}

/// Checks that sudo asks for a code, and gives none.
#[track_caller]
fn sudo_is_asked(terminal: &Terminal) {
    sudo(terminal);
    terminal.expect(CODE);
    terminal.type_secret("");
    terminal.expect(PROMPT);
}

#[track_caller]
fn sudo_is_not_asked(terminal: &Terminal) {
    sudo(terminal);
    assert_eq!(
        terminal.expect_any(&["\nroot", CODE]),
        0,
        "{}",
        terminal.screen()
    );
    terminal.expect(PROMPT);
}

#[test]
fn sudo_and_su_are_served_by_the_code_of_their_session_for_its_minutes() {
    let (machine, alice) = machine_under(TEN_MINUTES);
    machine.attach_clock();
    let terminal = ssh_with_code(&machine, &alice);
    sudo_is_not_asked(&terminal);
    machine.expect_in_journal(
        "tfad",
        "alice: not asked: served by the code that this session began with on ",
    );
    terminal.type_line("su alice -c 'echo as $USER'");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("as alice");
    terminal.expect(PROMPT);
    // The login took some seconds.
    machine.shift_clock(500);
    sudo_is_not_asked(&terminal);
    machine.shift_clock(601);
    sudo_is_asked(&terminal);
    // The clock says that the code is not given yet.
    machine.shift_clock(-600);
    sudo_is_asked(&terminal);
}

#[test]
fn it_serves_neither_another_session_nor_another_user_nor_what_outlives_it() {
    let (machine, alice) = machine_under(TEN_MINUTES);
    machine.add_user("bob", PASSWORD);
    let bob = set_up(&machine, "bob", PASSWORD);
    let first = ssh_with_code(&machine, &alice);
    sudo_is_not_asked(&first);

    // Bob, in the session of alice, who knows her password.
    first.type_line("su bob");
    first.expect("Password:");
    first.type_secret(PASSWORD);
    first.expect(CODE);
    first.type_secret(&bob.phone.next_unused());
    first.expect("bob@host:");
    first.type_line("su alice -c id");
    first.expect("Password:");
    first.type_secret(PASSWORD);
    first.expect(CODE);
    first.type_secret("");
    first.expect("bob@host:");
    first.type_line("exit");
    first.expect(PROMPT);

    first.type_line("su bob -c id");
    first.expect("Password:");
    first.type_secret(PASSWORD);
    first.expect(CODE);
    first.type_secret("");
    first.expect(PROMPT);

    // The same user, in a session without a code: a program of systemd.
    let other = machine.terminal_as("alice", ["sudo", "-k", "id", "-un"]);
    other.expect(SUDO);
    other.type_secret(PASSWORD);
    other.expect(CODE);
    drop(other);

    // A program of the session that goes on after the logout.
    const LATER: &str = "mkfifo /tmp/go /tmp/done; setsid -f sh -c 'read go </tmp/go; \
        printf \"correct horse\\n\" | sudo -k -S id -un >/tmp/out 2>&1; echo >/tmp/done'";
    first.type_line(LATER);
    first.expect(PROMPT);
    first.type_line("exit");
    assert!(first.wait_exit().success());
    machine.succeed([
        "sh",
        "-c",
        "while pgrep -f '^sshd: alice' >/dev/null; do :; done",
    ]);
    machine.succeed(["sh", "-c", "echo >/tmp/go; cat /tmp/done"]);
    let said = machine.succeed(["cat", "/tmp/out"]);
    assert!(said.contains(CODE) && !said.contains("root"), "{said}");
}

#[test]
fn a_lock_a_reset_and_a_restart_of_the_daemon_end_it() {
    let (machine, alice) = machine_under(TEN_MINUTES);
    let terminal = ssh_with_code(&machine, &alice);
    sudo_is_not_asked(&terminal);
    for tries in [3, 2] {
        let wrong = machine.terminal_as("alice", ["sudo", "-k", "id", "-un"]);
        wrong.expect(SUDO);
        wrong.type_secret(PASSWORD);
        for _ in 0..tries {
            wrong.expect(CODE);
            wrong.type_secret(&alice.phone.wrong_code());
        }
        assert!(!wrong.wait_exit().success());
    }
    sudo(&terminal);
    terminal.expect("Too many wrong codes.");
    terminal.expect(PROMPT);
    machine.succeed(["tfactl", "unlock", "alice"]);
    sudo_is_not_asked(&terminal);

    machine.succeed(["systemctl", "restart", "tfad"]);
    sudo_is_asked(&terminal);

    let terminal = ssh_with_code(&machine, &alice);
    sudo_is_not_asked(&terminal);
    machine.succeed(["tfactl", "reset", "alice", "--yes"]);
    set_up(&machine, "alice", PASSWORD);
    sudo_is_asked(&terminal);
}

#[test]
fn a_code_at_the_console_serves_sudo_in_its_session() {
    let (machine, alice) = machine_under(TEN_MINUTES);
    let console = console_on_tty1(&machine);
    enter_password(console, "alice");
    console.expect(CODE);
    console.type_secret(&alice.phone.next_unused());
    console.expect(PROMPT);
    sudo_is_not_asked(console);
    console.type_line("exit");
    enter_password(console, "alice");
    console.expect(CODE);
    console.type_secret(&alice.phone.next_unused());
    console.expect(PROMPT);
    sudo_is_not_asked(console);
}

#[test]
fn sudo_asks_where_no_code_was_given_at_the_login_or_the_policy_says_so() {
    let (machine, alice) = machine_under("[policy]\nmode = \"optional\"\n");
    let terminal = ssh_with_code(&machine, &alice);
    // Switched on after the login.
    set_policy(&machine, TEN_MINUTES);
    sudo_is_asked(&terminal);
    // A login by key alone gives none.
    let key = machine.authorize_key("alice");
    let terminal = machine.ssh_with("alice", &["-i", &key]);
    terminal.expect(PROMPT);
    sudo_is_asked(&terminal);
}

#[test]
fn a_unit_that_hides_processes_from_the_daemon_asks_each_sudo() {
    let (machine, alice) = machine_under(TEN_MINUTES);
    for settings in ["ProtectProc=ptraceable", "Group=nogroup"] {
        machine.write_file(
            "/etc/systemd/system/tfad.service.d/hide.conf",
            format!("[Service]\n{settings}\n"),
        );
        machine.succeed(["systemctl", "daemon-reload"]);
        machine.succeed(["systemctl", "restart", "tfad"]);
        let terminal = ssh_with_code(&machine, &alice);
        sudo_is_asked(&terminal);
    }
}

#[test]
fn a_used_code_that_was_refused_serves_no_sudo() {
    let (machine, alice) = machine_under(
        "[policy]\nmode = \"required\"\n[[policy.rule]]\nmethods = [\"publickey\"]\n\
         mode = \"optional\"\n[remember]\nsession_minutes = 10\n",
    );
    let key = machine.authorize_key("alice");
    // A thief of the password and the key is asked before the owner, and answers with the same code.
    let methods = "PreferredAuthentications=keyboard-interactive,publickey";
    let thief = machine.ssh_with("alice", &["-i", &key, "-o", methods]);
    thief.expect("Password:");
    thief.type_secret(PASSWORD);
    thief.expect(CODE);
    let code = alice.phone.next_unused();
    let owner = ssh_to_code_prompt(&machine, "alice");
    owner.type_secret(&code);
    owner.expect(PROMPT);
    thief.type_secret(&code);
    thief.expect("already used");
    thief.expect(CODE);
    // The thief gives up, and goes on with the key, which this policy lets in.
    thief.type_secret("");
    while thief.expect_any(&["Password:", PROMPT]) == 0 {
        thief.type_secret("");
    }
    sudo_is_asked(&thief);
}

#[test]
fn sudo_whose_stack_asks_for_no_password_is_asked_for_a_code() {
    let (machine, alice) = machine_under(TEN_MINUTES);
    let terminal = ssh_with_code(&machine, &alice);
    machine.write_file(
        "/etc/pam.d/sudo",
        "auth required pam_tfa.so\n@include common-account\n@include common-session-noninteractive\n",
    );
    terminal.type_line("sudo -k id -un");
    terminal.expect(CODE);
}
