//! Logins of the directory's people where everybody may set up and nobody must.

use super::machines::{
    FORGET, Moment, Part, bring_back, fails_at, fails_no_more, machine_with_directory,
    machine_with_sssd, take_down,
};
use super::{gets_in_with, gets_in_without, is_refused, shell_of};
use crate::locks::at_the_door;
use crate::people::{CODE, PASSWORD, set_up, ssh_as_far_as_the_code};

#[test]
fn a_user_of_the_directory_sets_up_and_logs_in_with_password_and_code() {
    let machine = machine_with_directory();
    machine.fail(["grep", "^ldap", "/etc/passwd", "/etc/shadow", "/etc/group"]);
    let groups = machine.succeed(["id", "-nG", "ldapadmin"]);
    assert_eq!(groups.trim(), "ldapusers ldapgroup ldapadmins");

    // polkit's question is answered with the directory's password, too.
    let owner = set_up(&machine, "ldapuser", PASSWORD);
    assert_eq!(owner.phone.label(), "host:ldapuser");
    let terminal = ssh_as_far_as_the_code(&machine, "ldapuser");
    terminal.type_secret(&owner.phone.wrong_code());
    terminal.expect(CODE);
    terminal.type_secret(&owner.phone.next_unused());
    terminal.expect(&shell_of("ldapuser"));
    machine.expect_in_journal("tfad", "ldapuser: verified by a code (service sshd, from ");

    let terminal = at_the_door(&machine, "ldapuser");
    terminal.expect("Password:");
    terminal.type_secret("battery staple");
    is_refused(&terminal, "ldapuser");
    assert!(!terminal.transcript().contains(CODE));

    gets_in_without(&machine, "ldapadmin");
}

#[test]
fn while_the_directory_is_down_only_local_users_log_in() {
    let machine = machine_with_directory();
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    let alice = set_up(&machine, "alice", PASSWORD).phone;
    let owner = set_up(&machine, "ldapuser", PASSWORD).phone;
    for part in [Part::Server, Part::Client] {
        take_down(&machine, part);
        for user in ["ldapuser", "ldapadmin"] {
            let terminal = at_the_door(&machine, user);
            terminal.expect("Password:");
            terminal.type_secret(PASSWORD);
            is_refused(&terminal, user);
            assert!(!terminal.transcript().contains(CODE));
        }
        gets_in_with(&machine, "alice", &alice.next_unused());
        gets_in_without(&machine, "bob");

        bring_back(&machine, part);
        gets_in_with(&machine, "ldapuser", &owner.next_unused());
        gets_in_without(&machine, "ldapadmin");
    }
}

#[test]
fn a_directory_failing_during_a_login_admits_no_user_of_it() {
    let machine = machine_with_directory();
    // Of codes from the phone there is a new one every half minute only.
    let mut codes = set_up(&machine, "ldapuser", PASSWORD)
        .backup_codes
        .into_iter();
    for part in [Part::Server, Part::Client] {
        for user in ["ldapuser", "ldapadmin"] {
            fails_at(&machine, Moment::AfterThePassword, part);
            let terminal = at_the_door(&machine, user);
            terminal.expect("Password:");
            terminal.type_secret(PASSWORD);
            is_refused(&terminal, user);
            assert!(!terminal.transcript().contains(CODE));
            machine.expect_in_journal("sshd", "pam_tfa(sshd:auth): ");
            fails_no_more(&machine, part);

            fails_at(&machine, Moment::BeforeTheAccountPhase, part);
            let terminal = at_the_door(&machine, user);
            terminal.expect("Password:");
            terminal.type_secret(PASSWORD);
            if user == "ldapuser" {
                terminal.expect(CODE);
                terminal.type_secret(&codes.next().unwrap());
            }
            is_refused(&terminal, user);
            machine.expect_in_journal("sshd", "pam_tfa(sshd:account): ");
            fails_no_more(&machine, part);
        }
        gets_in_with(&machine, "ldapuser", &codes.next().unwrap());
        gets_in_without(&machine, "ldapadmin");
    }
}

#[test]
fn a_user_of_sssd_logs_in_and_not_while_unknown() {
    let machine = machine_with_sssd();
    machine.add_user("alice", PASSWORD);
    let owner = set_up(&machine, "ldapuser", PASSWORD).phone;
    gets_in_with(&machine, "ldapuser", &owner.next_unused());
    gets_in_without(&machine, "ldapadmin");

    take_down(&machine, Part::Server);
    machine.succeed(["sh", "-c", FORGET]);
    for user in ["ldapuser", "ldapadmin"] {
        let terminal = at_the_door(&machine, user);
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        is_refused(&terminal, user);
        assert!(!terminal.transcript().contains(CODE));
    }
    gets_in_without(&machine, "alice");

    machine.succeed(["systemctl", "start", "slapd.service"]);
    machine.succeed(["sh", "-c", FORGET]);
    gets_in_with(&machine, "ldapuser", &owner.next_unused());
    gets_in_without(&machine, "ldapadmin");
}
