//! The directory fails, and a rule depends on one of its groups.

use tfa_tests::Machine;

use super::machines::{
    Part, Point, add_directory_group, fail_at, machine_with_directory, start_part, stop_failing,
    stop_part,
};
use super::{
    ASK_TO_BEGIN, PASSWORD, REQUIRED, after_password_of, is_refused, is_refused_with_message,
    logs_in_with_code, logs_in_with_enrollment, logs_in_without_code, required_but_of, required_of,
    set_policy, shell_of,
};
use crate::users::{CODE, set_up};

/// The message if it is unknown whether a rule matches.
const UNDETERMINED: &str = "could not be determined";
/// The message if the user is unknown.
const NOT_AVAILABLE: &str =
    "Two-factor login is not available right now. Please tell your administrator.";

/// The log has the reason of the refusal, and the group that is unknown.
#[track_caller]
fn is_logged(machine: &Machine, user: &str, group: &str) {
    let line = format!(
        "{user}: denied: groups, host name, address or SSH method could not be determined, and a rule depends on them; \
         unknown groups: {group} (/etc/tfa/tfad.toml line "
    );
    machine.expect_in_journal("tfad", &line);
}

/// Permits root to log in over SSH with a password.
fn permit_root_login(machine: &Machine) {
    machine.set_password("root", PASSWORD);
    machine.configure_sshd("10-root", "PermitRootLogin yes");
}

#[test]
fn local_users_need_a_code_while_a_group_is_unresolved() {
    let machine = machine_with_directory();
    permit_root_login(&machine);
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    set_policy(&machine, REQUIRED);
    let mut codes = ["root", "alice"].map(|user| {
        let owner = logs_in_with_enrollment(&machine, user);
        (user, owner.backup_codes.into_iter())
    });
    set_policy(&machine, &required_of("\"ldapadmins\""));
    logs_in_without_code(&machine, "bob");

    for part in [Part::Server, Part::Client] {
        stop_part(&machine, part);
        for (user, codes) in &mut codes {
            logs_in_with_code(&machine, user, &codes.next().unwrap());
        }
        is_refused_with_message(&machine, "bob", UNDETERMINED);
        is_logged(&machine, "bob", "ldapadmins");

        start_part(&machine, part);
        logs_in_without_code(&machine, "bob");
        for (user, codes) in &mut codes {
            logs_in_with_code(&machine, user, &codes.next().unwrap());
        }
    }
}

#[test]
fn a_group_in_files_is_incomplete_while_the_directory_is_down() {
    let machine = machine_with_directory();
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    machine.add_to_group("bob", "sudo");
    add_directory_group(&machine, "sudo", 27, &["alice", "ldapuser"]);
    for group in ["\"sudo\"", "27"] {
        set_policy(&machine, &required_of(group));
        for part in [Part::Server, Part::Client] {
            let terminal = after_password_of(&machine, "alice");
            terminal.expect(ASK_TO_BEGIN);

            stop_part(&machine, part);
            is_refused_with_message(&machine, "alice", UNDETERMINED);
            is_logged(&machine, "alice", group.trim_matches('"'));
            // Bob is a member in the files.
            let terminal = after_password_of(&machine, "bob");
            terminal.expect(ASK_TO_BEGIN);

            start_part(&machine, part);
        }
    }
}

#[test]
fn a_directory_failing_during_a_login_exempts_no_member() {
    let machine = machine_with_directory();
    for user in ["alice", "clerk", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    // These two are users of the files, so that they are known while the directory is down.
    add_directory_group(&machine, "ldapclerks", 20003, &["alice", "clerk"]);
    let mut alice = set_up(&machine, "alice", PASSWORD).backup_codes.into_iter();
    let mut admin = set_up(&machine, "ldapadmin", PASSWORD)
        .backup_codes
        .into_iter();
    set_policy(&machine, &required_of("\"ldapadmins\", \"ldapclerks\""));

    for part in [Part::Server, Part::Client] {
        // Users of the directory are unknown.
        fail_at(&machine, Point::AfterThePassword, part);
        is_refused_with_message(&machine, "ldapadmin", NOT_AVAILABLE);
        machine.expect_in_journal(
            "tfad",
            "ldapadmin: refused: this system knows no user \"ldapadmin\", or the name service \
             fails: ENOENT",
        );
        stop_failing(&machine, part);
        fail_at(&machine, Point::BeforeTheAccountPhase, part);
        let terminal = after_password_of(&machine, "ldapadmin");
        terminal.expect(CODE);
        terminal.type_secret(&admin.next().unwrap());
        // The second factor is met. The other modules do not know the user.
        is_refused(&terminal, "ldapadmin");
        stop_failing(&machine, part);

        // Of other users only the groups are unknown.
        for moment in [Point::AfterThePassword, Point::BeforeTheAccountPhase] {
            fail_at(&machine, moment, part);
            logs_in_with_code(&machine, "alice", &alice.next().unwrap());
            stop_failing(&machine, part);
            for user in ["clerk", "bob"] {
                fail_at(&machine, moment, part);
                is_refused_with_message(&machine, user, UNDETERMINED);
                is_logged(&machine, user, "ldapadmins, ldapclerks");
                stop_failing(&machine, part);
            }
        }

        logs_in_with_code(&machine, "ldapadmin", &admin.next().unwrap());
        logs_in_without_code(&machine, "bob");
        let terminal = after_password_of(&machine, "clerk");
        terminal.expect(ASK_TO_BEGIN);
    }
}

#[test]
fn an_exempting_group_exempts_no_user_while_it_is_unresolved() {
    let machine = machine_with_directory();
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    let mut alice = set_up(&machine, "alice", PASSWORD).backup_codes.into_iter();
    add_directory_group(&machine, "ldapguests", 20003, &["alice", "bob"]);
    set_policy(&machine, &required_but_of("\"ldapguests\""));
    let let_off = ["alice", "bob"];
    for user in let_off {
        logs_in_without_code(&machine, user);
    }

    for part in [Part::Server, Part::Client] {
        for moment in [Point::AfterThePassword, Point::BeforeTheAccountPhase] {
            fail_at(&machine, moment, part);
            // Before the account phase means during the question for the code.
            let terminal = after_password_of(&machine, "alice");
            terminal.expect(CODE);
            terminal.type_secret("");
            is_refused(&terminal, "alice");
            stop_failing(&machine, part);

            fail_at(&machine, moment, part);
            let terminal = after_password_of(&machine, "alice");
            terminal.expect(CODE);
            terminal.type_secret(&alice.next().unwrap());
            terminal.expect(&shell_of("alice"));
            stop_failing(&machine, part);

            fail_at(&machine, moment, part);
            is_refused_with_message(&machine, "bob", UNDETERMINED);
            is_logged(&machine, "bob", "ldapguests");
            stop_failing(&machine, part);
        }
        for user in let_off {
            logs_in_without_code(&machine, user);
        }
    }
}
