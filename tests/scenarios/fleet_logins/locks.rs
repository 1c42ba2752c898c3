//! Wrong codes on members.

use tfa_tests::{Machine, Phone, Terminal};

use super::machines::Fleet;
use super::{SHELL, after_password, logs_in};
use crate::users::{CODE, PASSWORD, set_up};

/// What sudo and sshd ask for again after a refusal.
const PASSWORD_AGAIN: [&str; 2] = ["[sudo] password for alice:", "Password:"];
const LOCKED: &str = "Too many wrong codes. Try again in";

/// sudo of alice, up to the question for the code or to the refusal.
fn sudo(machine: &Machine) -> Terminal {
    let terminal = machine.terminal_as("alice", ["sudo", "-k", "id", "-un"]);
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret(PASSWORD);
    terminal
}

/// Gives wrong codes in dialogs until one ends without a question for a code, and returns how many it gave. A lock that
/// ends on a slow machine meanwhile is closed again by the next code, for twice as long.
#[track_caller]
fn lock(begin: impl Fn() -> Terminal, phone: &Phone) -> usize {
    let mut given = 0;
    for _ in 0..10 {
        // The dialog is waited for until its end: a program that is hung up does not pass its last code on.
        let (terminal, before) = (begin(), given);
        let [sudo, sshd] = PASSWORD_AGAIN;
        while terminal.expect_any(&[CODE, LOCKED, sudo, sshd]) == 0 {
            terminal.type_secret(&phone.wrong_code());
            given += 1;
        }
        if given == before {
            return given;
        }
    }
    panic!("not locked after {given} wrong codes");
}

#[test]
fn wrong_codes_lock_remote_logins_everywhere_and_sudo_on_one_member() {
    let fleet = Fleet::boot();
    let (verifier, [web1, web2]) = (&fleet.verifier, &fleet.members);
    let alice = set_up(verifier, "alice", PASSWORD);
    for member in &fleet.members {
        member.add_to_group("alice", "sudo");
    }

    // Over SSH. With a count of its own, each machine would take five wrong codes.
    assert!(lock(|| after_password(web1), &alice.phone) >= 5);
    for machine in [web2, verifier] {
        assert!(lock(|| after_password(machine), &alice.phone) < 5);
    }
    // Of the other places, none is locked.
    let terminal = sudo(web1);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect("root");
    verifier.succeed(["tfactl", "unlock", "alice"]);
    logs_in(web2, &alice.phone.next_unused());

    // In sudo.
    assert!(lock(|| sudo(web1), &alice.phone) >= 5);
    verifier.expect_in_journal(
        "tfad",
        "alice: denied: locked after too many wrong codes in sudo, su or polkit (on web1.test",
    );
    let is_shown = (0..5).any(|_| {
        lock(|| sudo(web1), &alice.phone);
        let shown = verifier.succeed(["tfactl", "show", "alice"]);
        shown.contains("sudo, su and polkit on web1.test: locked until ")
    });
    assert!(is_shown);
    let terminal = sudo(web2);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[1]);
    terminal.expect("root");
    let terminal = after_password(web1);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[2]);
    terminal.expect(SHELL);
    verifier.succeed(["tfactl", "unlock", "alice"]);
    let terminal = sudo(web1);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[3]);
    terminal.expect("root");
}
