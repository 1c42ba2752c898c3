//! A policy that the directory's people and groups come under.

use tfa_tests::Machine;

use super::machines::{add_directory_group, machine_with_directory, machine_with_sssd};
use super::{
    REQUIRED, decree, gets_in_by_setting_up, gets_in_with, gets_in_without, required_but_of,
    required_of,
};

/// A user of the directory sets up inside the login, and then logs in with a code, and with a
/// backup code.
fn sets_up_inside_the_login(machine: &Machine) {
    decree(machine, REQUIRED);
    let owner = gets_in_by_setting_up(machine, "ldapuser");
    assert_eq!(owner.phone.label(), "host:ldapuser");
    machine.expect_in_journal("tfad", "ldapuser: an authenticator was set up in the login");
    gets_in_with(machine, "ldapuser", &owner.phone.next_unused());
    gets_in_with(machine, "ldapuser", &owner.backup_codes[0]);
    machine.expect_in_journal("tfad", "ldapuser: verified by a backup code (service sshd");
}

#[test]
fn a_user_of_the_directory_sets_up_inside_the_login() {
    sets_up_inside_the_login(&machine_with_directory());
}

#[test]
fn a_user_known_through_sssd_sets_up_inside_the_login() {
    sets_up_inside_the_login(&machine_with_sssd());
}

#[test]
fn a_rule_on_a_group_of_the_directory_holds_for_its_members_alone() {
    let machine = machine_with_directory();
    // Somebody of the files, too, may be in a group of the directory.
    machine.add_user("alice", super::PASSWORD);
    add_directory_group(&machine, "ldapclerks", 20003, &["ldapuser", "alice"]);

    decree(&machine, &required_of("\"ldapadmins\""));
    let admin = gets_in_by_setting_up(&machine, "ldapadmin");
    gets_in_with(&machine, "ldapadmin", &admin.phone.next_unused());
    for user in ["ldapuser", "alice"] {
        gets_in_without(&machine, user);
    }

    decree(&machine, &required_of("20003"));
    let alice = gets_in_by_setting_up(&machine, "alice");
    gets_in_with(&machine, "alice", &alice.phone.next_unused());

    // The group that everybody in the directory has first, which lists no members.
    decree(&machine, &required_but_of("\"ldapusers\""));
    for user in ["ldapuser", "ldapadmin"] {
        gets_in_without(&machine, user);
    }
    gets_in_with(&machine, "alice", &alice.backup_codes[0]);
    decree(&machine, &required_of("\"ldapusers\""));
    gets_in_by_setting_up(&machine, "ldapuser");
}
