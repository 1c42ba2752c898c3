//! The server of the directory accepts requests and does not reply.

use std::time::Duration;

use tfa_tests::Machine;

use super::machines::machine_with_directory;
use super::{
    CODE, PASSWORD, after_password_of, is_refused, logs_in_with_code, logs_in_without_code,
    required_of, set_policy, shell_of,
};
use crate::users::set_up;

/// Longer than the sum of all waits for the directory in one login, including those of sshd and its
/// session.
const TIMEOUT: Duration = Duration::from_secs(110);

/// Stops the server, or continues it.
fn signal(machine: &Machine, signal: &str) {
    machine.succeed(["systemctl", "kill", "-s", signal, "slapd.service"]);
}

#[test]
fn with_a_hanging_directory_local_users_log_in_with_a_code() {
    // nslcd waits for ten seconds, twice. The module does not wait that long for the daemon.
    let machine = machine_with_directory();
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    let alice = set_up(&machine, "alice", PASSWORD);
    set_policy(&machine, &required_of("\"ldapadmins\", \"ldapgroup\""));
    logs_in_without_code(&machine, "bob");

    signal(&machine, "STOP");
    let terminal = after_password_of(&machine, "alice");
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect_within(&shell_of("alice"), TIMEOUT);

    let terminal = after_password_of(&machine, "bob");
    terminal.expect_within("could not be determined", TIMEOUT);
    is_refused(&terminal, "bob");
    machine.expect_in_journal("tfad", "unknown groups: ldapadmins, ldapgroup (");

    signal(&machine, "CONT");
    const WAIT: &str = "until getent passwd ldapuser; do sleep 0.05; done";
    machine.succeed(["timeout", "30", "sh", "-c", WAIT]);
    logs_in_with_code(&machine, "alice", &alice.backup_codes[1]);
    logs_in_without_code(&machine, "bob");
}
