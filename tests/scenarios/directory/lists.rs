//! `tfactl` lists the users of a directory that enumerates them, and of one that does not.

use tfa_tests::Machine;

use super::machines::{Part, machine_with_directory, machine_with_sssd, start_part, stop_part};
use super::{REQUIRED, set_policy};
use crate::users::{PASSWORD, set_up};

/// The users in a list.
#[track_caller]
fn listed(machine: &Machine, options: &[&str]) -> Vec<String> {
    let list = machine.succeed(["tfactl", "list"].iter().chain(options));
    let rows = list.lines().skip(1);
    rows.filter_map(|row| row.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn users_of_a_directory_that_enumerates_are_listed() {
    let machine = machine_with_directory();
    machine.add_user("alice", PASSWORD);
    set_up(&machine, "ldapuser", PASSWORD);
    let disabled = &["--disabled"];
    assert_eq!(listed(&machine, disabled), ["alice", "ldapadmin"]);
    let of_group = |group: &str, more: &[&str]| {
        let options = [&["--group", group], more].concat();
        listed(&machine, &options)
    };
    let both = ["ldapadmin", "ldapuser"];
    for group in ["ldapusers", "20000", "ldapgroup"] {
        assert_eq!(of_group(group, &[]), both, "{group}");
        assert_eq!(of_group(group, disabled), ["ldapadmin"], "{group}");
    }
    assert_eq!(of_group("ldapadmins", &[]), ["ldapadmin"]);

    set_policy(&machine, REQUIRED);
    let all = ["alice", "ldapadmin", "ldapuser", "root"];
    assert_eq!(listed(&machine, &["--required"]), all);
    let impact = machine.succeed(["tfactl", "policy", "impact"]);
    assert!(impact.contains("\nUsers: 4\n"), "{impact}");

    for part in [Part::Server, Part::Client] {
        stop_part(&machine, part);
        for command in [
            &["list", "--disabled"][..],
            &["list", "--required"],
            &["list", "--group", "sudo"],
            &["policy", "impact"],
        ] {
            let output = machine.fail(["tfactl"].iter().chain(command));
            assert_eq!((output.code(), output.stdout.as_str()), (Some(1), ""));
            let why = "a source of users in nsswitch.conf does not answer";
            assert!(output.stderr.contains(why), "{output}");
        }
        start_part(&machine, part);
        assert_eq!(listed(&machine, disabled), ["alice", "ldapadmin"]);
    }
}

#[test]
fn users_of_a_directory_that_does_not_enumerate_are_listed_by_record() {
    let machine = machine_with_sssd();
    machine.add_user("alice", PASSWORD);
    assert_eq!(listed(&machine, &["--disabled"]), ["alice"]);
    assert_eq!(listed(&machine, &["--group", "ldapusers"]), [""; 0]);
    set_up(&machine, "ldapuser", PASSWORD);
    assert_eq!(listed(&machine, &["--group", "ldapusers"]), ["ldapuser"]);
    // The group lists its members, which need not be enumerated.
    let of_group = ["--group", "ldapgroup", "--disabled"];
    assert_eq!(listed(&machine, &of_group), ["ldapadmin"]);

    set_policy(&machine, REQUIRED);
    let required = ["alice", "ldapuser", "root"];
    assert_eq!(listed(&machine, &["--required"]), required);
    let impact = machine.succeed(["tfactl", "policy", "impact"]);
    assert!(impact.contains("\nUsers: 3\n"), "{impact}");
}
