//! Logins of users of the directory in optional mode.

use super::machines::{
    CLEAR_CACHE, Part, Point, fail_at, machine_with_directory, machine_with_sssd, start_part,
    stop_failing, stop_part,
};
use super::{is_refused, logs_in_with_code, logs_in_without_code, shell_of};
use crate::locks::ssh_with_messages;
use crate::users::{CODE, PASSWORD, set_up, ssh_to_code_prompt};

#[test]
fn a_user_of_the_directory_enrolls_and_logs_in_with_a_code() {
    let machine = machine_with_directory();
    machine.fail(["grep", "^ldap", "/etc/passwd", "/etc/shadow", "/etc/group"]);
    let groups = machine.succeed(["id", "-nG", "ldapadmin"]);
    assert_eq!(groups.trim(), "ldapusers ldapgroup ldapadmins");

    // The question of polkit accepts the password of the directory too.
    let owner = set_up(&machine, "ldapuser", PASSWORD);
    assert_eq!(owner.phone.label(), "host:ldapuser");
    let terminal = ssh_to_code_prompt(&machine, "ldapuser");
    terminal.type_secret(&owner.phone.wrong_code());
    terminal.expect(CODE);
    terminal.type_secret(&owner.phone.next_unused());
    terminal.expect(&shell_of("ldapuser"));
    machine.expect_in_journal(
        "tfad",
        "ldapuser: verified by a code of phone (service sshd, from ",
    );

    let terminal = ssh_with_messages(&machine, "ldapuser");
    terminal.expect("Password:");
    terminal.type_secret("battery staple");
    is_refused(&terminal, "ldapuser");
    assert!(!terminal.transcript().contains(CODE));

    logs_in_without_code(&machine, "ldapadmin");
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
        stop_part(&machine, part);
        for user in ["ldapuser", "ldapadmin"] {
            let terminal = ssh_with_messages(&machine, user);
            terminal.expect("Password:");
            terminal.type_secret(PASSWORD);
            is_refused(&terminal, user);
            assert!(!terminal.transcript().contains(CODE));
        }
        logs_in_with_code(&machine, "alice", &alice.next_unused());
        logs_in_without_code(&machine, "bob");

        start_part(&machine, part);
        logs_in_with_code(&machine, "ldapuser", &owner.next_unused());
        logs_in_without_code(&machine, "ldapadmin");
    }
}

#[test]
fn a_directory_failing_during_a_login_admits_no_user_of_it() {
    let machine = machine_with_directory();
    // The phone has only one new code for each half minute.
    let mut codes = set_up(&machine, "ldapuser", PASSWORD)
        .backup_codes
        .into_iter();
    for part in [Part::Server, Part::Client] {
        for user in ["ldapuser", "ldapadmin"] {
            fail_at(&machine, Point::AfterThePassword, part);
            let terminal = ssh_with_messages(&machine, user);
            terminal.expect("Password:");
            terminal.type_secret(PASSWORD);
            is_refused(&terminal, user);
            assert!(!terminal.transcript().contains(CODE));
            machine.expect_in_journal("sshd", "pam_tfa(sshd:auth): ");
            stop_failing(&machine, part);

            fail_at(&machine, Point::BeforeTheAccountPhase, part);
            let terminal = ssh_with_messages(&machine, user);
            terminal.expect("Password:");
            terminal.type_secret(PASSWORD);
            let refused_by = if user == "ldapuser" {
                terminal.expect(CODE);
                terminal.type_secret(&codes.next().unwrap());
                // The second factor is met, and the code is used. The other modules do not know the user.
                "pam_unix(sshd:account): "
            } else {
                "pam_tfa(sshd:account): "
            };
            is_refused(&terminal, user);
            machine.expect_in_journal("sshd", refused_by);
            stop_failing(&machine, part);
        }
        logs_in_with_code(&machine, "ldapuser", &codes.next().unwrap());
        logs_in_without_code(&machine, "ldapadmin");
    }
}

#[test]
fn a_user_of_sssd_logs_in_and_not_while_unknown() {
    let machine = machine_with_sssd();
    machine.add_user("alice", PASSWORD);
    let owner = set_up(&machine, "ldapuser", PASSWORD).phone;
    logs_in_with_code(&machine, "ldapuser", &owner.next_unused());
    logs_in_without_code(&machine, "ldapadmin");

    stop_part(&machine, Part::Server);
    machine.succeed(["sh", "-c", CLEAR_CACHE]);
    for user in ["ldapuser", "ldapadmin"] {
        let terminal = ssh_with_messages(&machine, user);
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        is_refused(&terminal, user);
        assert!(!terminal.transcript().contains(CODE));
    }
    logs_in_without_code(&machine, "alice");

    machine.succeed(["systemctl", "start", "slapd.service"]);
    machine.succeed(["sh", "-c", CLEAR_CACHE]);
    logs_in_with_code(&machine, "ldapuser", &owner.next_unused());
    logs_in_without_code(&machine, "ldapadmin");
}
