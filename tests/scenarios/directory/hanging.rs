//! The directory's server takes every question and answers none.

use std::time::Duration;

use tfa_tests::Machine;

use super::machines::machine_with_directory;
use super::{
    CODE, PASSWORD, decree, gets_in_with, gets_in_without, is_refused, past_the_password_of,
    required_of, shell_of,
};
use crate::people::set_up;

/// Longer than all that asks the directory in one login waits for it: sshd and its session do, too.
const PATIENCE: Duration = Duration::from_secs(110);

/// Stops the server, or lets it go on.
fn signal(machine: &Machine, signal: &str) {
    machine.succeed(["systemctl", "kill", "-s", signal, "slapd.service"]);
}

#[test]
fn with_a_hanging_directory_local_users_log_in_with_a_code() {
    // nslcd waits for ten seconds, twice: more than the module waits for the daemon.
    let machine = machine_with_directory();
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    let alice = set_up(&machine, "alice", PASSWORD);
    decree(&machine, &required_of("\"ldapadmins\", \"ldapgroup\""));
    gets_in_without(&machine, "bob");

    signal(&machine, "STOP");
    let terminal = past_the_password_of(&machine, "alice");
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect_within(&shell_of("alice"), PATIENCE);

    let terminal = past_the_password_of(&machine, "bob");
    terminal.expect_within("could not be determined", PATIENCE);
    is_refused(&terminal, "bob");
    machine.expect_in_journal("tfad", "not known of the groups: ldapadmins, ldapgroup (");

    signal(&machine, "CONT");
    const WAIT: &str = "until getent passwd ldapuser; do sleep 0.05; done";
    machine.succeed(["timeout", "30", "sh", "-c", WAIT]);
    gets_in_with(&machine, "alice", &alice.backup_codes[1]);
    gets_in_without(&machine, "bob");
}
