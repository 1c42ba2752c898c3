//! Wrong codes on members.

use tfa_tests::{Machine, Terminal};

use super::machines::Fleet;
use super::{SHELL, after_password, logs_in};
use crate::users::{CODE, PASSWORD, set_up};

const LOCKED: &str = "Too many wrong codes. Try again in";

/// sudo of alice, up to the question for the code or to the refusal.
fn sudo(machine: &Machine) -> Terminal {
    let terminal = machine.terminal_as("alice", ["sudo", "-k", "id", "-un"]);
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret(PASSWORD);
    terminal
}

#[test]
fn wrong_codes_lock_remote_logins_everywhere_and_sudo_on_one_member() {
    let fleet = Fleet::boot();
    let (verifier, [web1, web2]) = (&fleet.verifier, &fleet.members);
    let alice = set_up(verifier, "alice", PASSWORD);
    for member in &fleet.members {
        member.add_to_group("alice", "sudo");
    }
    let wrong = alice.phone.wrong_code();

    // Over SSH.
    let terminal = after_password(web1);
    for _ in 0..3 {
        terminal.expect(CODE);
        terminal.type_secret(&wrong);
    }
    let terminal = after_password(web1);
    for _ in 0..2 {
        terminal.expect(CODE);
        terminal.type_secret(&wrong);
    }
    terminal.expect(LOCKED);
    for machine in [web1, web2, verifier] {
        let terminal = after_password(machine);
        terminal.expect(LOCKED);
        assert!(!terminal.transcript().contains(CODE));
    }
    // Of the other places, none is locked.
    let terminal = sudo(web1);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect("root");
    verifier.succeed(["tfactl", "unlock", "alice"]);
    logs_in(web2, &alice.phone.next_unused());

    // In sudo.
    for number in 0..2 {
        let terminal = sudo(web1);
        for _ in 0..3 - number {
            terminal.expect(CODE);
            terminal.type_secret(&wrong);
        }
    }
    let terminal = sudo(web1);
    terminal.expect("[sudo] password for alice:");
    assert!(!terminal.transcript().contains(CODE));
    verifier.expect_in_journal(
        "tfad",
        "alice: denied: locked after too many wrong codes in sudo, su or polkit (on web1.test",
    );
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
