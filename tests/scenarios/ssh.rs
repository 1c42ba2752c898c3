//! Logins over SSH.

use crate::people::{CODE, PASSWORD, machine_with_alice_set_up};

#[test]
fn alice_sets_up_her_phone_and_logs_in_with_password_and_code() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    machine.expect_in_journal("tfad", "alice: verified by a code (service sshd, from ");
}
