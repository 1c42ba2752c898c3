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

#[test]
fn a_look_up_that_hangs_ends_a_list_as_incomplete() {
    let machine = machine_with_directory();
    for user in ["alice", "zoe"] {
        machine.add_user(user, PASSWORD);
        set_up(&machine, user, PASSWORD);
    }
    set_up(&machine, "ldapuser", PASSWORD);
    let rows = |list: &str| -> Vec<String> {
        let rows = list
            .lines()
            .skip(1)
            .filter_map(|row| row.split_whitespace().next());
        rows.map(str::to_owned).collect()
    };
    let list = machine.succeed(["tfactl", "list"]);
    assert_eq!(rows(&list), ["alice", "ldapuser", "zoe"]);

    // Then nothing answers, not even with an error.
    machine.succeed(["systemctl", "kill", "-s", "STOP", "nslcd.service"]);
    let output = machine.fail(["tfactl", "list"]);
    assert_eq!(output.code(), Some(1), "{output}");
    let why = "the user \"ldapuser\" cannot be looked up: the name service takes too long";
    assert!(output.stderr.contains(why), "{output}");
    assert!(output.stderr.contains("The list is incomplete"), "{output}");
    assert_eq!(rows(&output.stdout), ["alice"]);
    machine.succeed(["systemctl", "kill", "-s", "CONT", "nslcd.service"]);
    let list = machine.succeed(["tfactl", "list"]);
    assert_eq!(rows(&list), ["alice", "ldapuser", "zoe"]);
}
