//! A policy for users and groups of the directory.

use tfa_tests::Machine;

use super::machines::{add_directory_group, machine_with_directory, machine_with_sssd};
use super::{
    REQUIRED, logs_in_with_code, logs_in_with_enrollment, logs_in_without_code, required_but_of,
    required_of, set_policy,
};

/// A user of the directory enrolls during the login, and then logs in with a code, and with a
/// backup code.
fn enrolls_during_login(machine: &Machine) {
    set_policy(machine, REQUIRED);
    let owner = logs_in_with_enrollment(machine, "ldapuser");
    assert_eq!(owner.phone.label(), "host:ldapuser");
    machine.expect_in_journal(
        "tfad",
        "ldapuser: an authenticator was enrolled in the login",
    );
    logs_in_with_code(machine, "ldapuser", &owner.phone.next_unused());
    logs_in_with_code(machine, "ldapuser", &owner.backup_codes[0]);
    machine.expect_in_journal("tfad", "ldapuser: verified by a backup code (service sshd");
}

#[test]
fn a_user_of_the_directory_enrolls_during_login() {
    enrolls_during_login(&machine_with_directory());
}

#[test]
fn a_user_of_sssd_enrolls_during_login() {
    enrolls_during_login(&machine_with_sssd());
}

#[test]
fn a_rule_on_a_directory_group_matches_only_its_members() {
    let machine = machine_with_directory();
    // A user of the files can also be in a group of the directory.
    machine.add_user("alice", super::PASSWORD);
    add_directory_group(&machine, "ldapclerks", 20003, &["ldapuser", "alice"]);

    set_policy(&machine, &required_of("\"ldapadmins\""));
    let admin = logs_in_with_enrollment(&machine, "ldapadmin");
    logs_in_with_code(&machine, "ldapadmin", &admin.phone.next_unused());
    for user in ["ldapuser", "alice"] {
        logs_in_without_code(&machine, user);
    }

    set_policy(&machine, &required_of("20003"));
    let alice = logs_in_with_enrollment(&machine, "alice");
    logs_in_with_code(&machine, "alice", &alice.phone.next_unused());

    // The primary group of all users of the directory. It lists no members.
    set_policy(&machine, &required_but_of("\"ldapusers\""));
    for user in ["ldapuser", "ldapadmin"] {
        logs_in_without_code(&machine, user);
    }
    logs_in_with_code(&machine, "alice", &alice.backup_codes[0]);
    set_policy(&machine, &required_of("\"ldapusers\""));
    logs_in_with_enrollment(&machine, "ldapuser");
}
