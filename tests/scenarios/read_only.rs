//! The state directory is on a read-only mount when the daemon starts.

use tfa_tests::Machine;

use crate::locks::{at_the_door, past_the_password};
use crate::people::{CODE, machine_with_alice_set_up};

fn mount(machine: &Machine, options: &str) {
    machine.succeed(["mount", "-o", options, "/var/lib/tfa"]);
}

#[test]
fn a_read_only_state_keeps_out_only_those_with_a_record() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "battery staple");
    machine.succeed(["mount", "--bind", "/var/lib/tfa", "/var/lib/tfa"]);
    mount(&machine, "remount,bind,ro");
    // Killed, the daemon leaves its last changes in a log, which is read where it lies.
    machine.succeed(["systemctl", "kill", "--signal=KILL", "tfad"]);
    machine.expect_in_journal("tfad", "is on a read-only file system");

    let bob = at_the_door(&machine, "bob");
    bob.expect("Password:");
    bob.type_secret("battery staple");
    bob.expect("bob@host:~$");

    let login = past_the_password(&machine);
    login.expect(CODE);
    login.type_secret(&alice.phone.next_unused());
    login.expect("Two-factor login is not available right now.");
    machine.expect_in_journal("tfad", "alice: refused:");

    // Writable again, a reload makes it whole.
    mount(&machine, "remount,bind,rw");
    machine.succeed(["systemctl", "reload", "tfad"]);
    machine.expect_in_journal("systemd", "Scheduled restart job");
    let login = past_the_password(&machine);
    login.expect(CODE);
    login.type_secret(&alice.phone.next_unused());
    login.expect("alice@host:~$");
}

#[test]
fn a_store_opened_late_and_read_only_serves_once_it_is_writable() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.succeed(["systemctl", "stop", "tfad"]);
    // A file system of its own: the daemon sees at once how the whole of it is mounted.
    let shell = |program: &str| machine.succeed(["sh", "-ec", program]);
    shell("mount -t tmpfs -o mode=700 none /mnt; cp -a /var/lib/tfa/. /mnt");
    machine.succeed(["mount", "--bind", "/mnt", "/var/lib/tfa"]);
    shell("cd /var/lib/tfa; mv accounts.db away; mkdir accounts.db");
    machine.succeed(["systemctl", "start", "tfad"]);
    machine.expect_in_journal("tfad", "no login is served");

    shell("cd /var/lib/tfa; rmdir accounts.db; mv away accounts.db");
    mount(&machine, "remount,ro");
    machine.succeed(["systemctl", "reload", "tfad"]);
    machine.expect_in_journal("tfad", "is on a read-only file system");

    // Nobody tells the daemon.
    mount(&machine, "remount,rw");
    machine.expect_in_journal("systemd", "Scheduled restart job");
    let login = past_the_password(&machine);
    login.expect(CODE);
    login.type_secret(&alice.phone.next_unused());
    login.expect("alice@host:~$");
}
