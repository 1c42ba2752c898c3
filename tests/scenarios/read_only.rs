//! The state directory is on a read-only mount when the daemon starts.

use tfa_tests::Machine;

use crate::locks::{after_password, ssh_with_messages};
use crate::users::{CODE, machine_with_alice_set_up};

fn mount(machine: &Machine, options: &str) {
    machine.succeed(["mount", "-o", options, "/var/lib/tfa"]);
}

#[test]
fn a_read_only_state_refuses_only_users_with_a_record() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "battery staple");
    machine.succeed(["mount", "--bind", "/var/lib/tfa", "/var/lib/tfa"]);
    mount(&machine, "remount,bind,ro");
    // Killed, the daemon leaves its last changes in a write-ahead log, which is read.
    machine.succeed(["systemctl", "kill", "--signal=KILL", "tfad"]);
    machine.expect_in_journal("tfad", "is on a read-only file system");

    let bob = ssh_with_messages(&machine, "bob");
    bob.expect("Password:");
    bob.type_secret("battery staple");
    bob.expect("bob@host:~$");

    let login = after_password(&machine);
    login.expect(CODE);
    login.type_secret(&alice.phone.next_unused());
    login.expect("Two-factor login is not available right now.");
    machine.expect_in_journal("tfad", "alice: refused:");

    // Writable again, a reload permits changes.
    mount(&machine, "remount,bind,rw");
    machine.succeed(["systemctl", "reload", "tfad"]);
    machine.expect_in_journal("systemd", "Scheduled restart job");
    let login = after_password(&machine);
    login.expect(CODE);
    login.type_secret(&alice.phone.next_unused());
    login.expect("alice@host:~$");
}

#[test]
fn a_store_opened_read_only_works_after_it_is_writable() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.succeed(["systemctl", "stop", "tfad"]);
    // A separate file system, so that the daemon sees its mount options at once.
    let shell = |program: &str| machine.succeed(["sh", "-ec", program]);
    shell("mount -t tmpfs -o mode=700 none /mnt; cp -a /var/lib/tfa/. /mnt");
    machine.succeed(["mount", "--bind", "/mnt", "/var/lib/tfa"]);
    shell("cd /var/lib/tfa; mv accounts.db away; mkdir accounts.db");
    machine.succeed(["systemctl", "start", "tfad"]);
    machine.expect_in_journal("tfad", "every login is refused");

    shell("cd /var/lib/tfa; rmdir accounts.db; mv away accounts.db");
    mount(&machine, "remount,ro");
    machine.succeed(["systemctl", "reload", "tfad"]);
    machine.expect_in_journal("tfad", "is on a read-only file system");

    // The daemon is not notified.
    mount(&machine, "remount,rw");
    machine.expect_in_journal("systemd", "Scheduled restart job");
    let login = after_password(&machine);
    login.expect(CODE);
    login.type_secret(&alice.phone.next_unused());
    login.expect("alice@host:~$");
}
