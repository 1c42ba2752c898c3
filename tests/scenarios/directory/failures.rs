//! The directory fails, and a rule depends on one of its groups.

use tfa_tests::Machine;

use super::machines::{
    Moment, Part, add_directory_group, bring_back, fails_at, fails_no_more, machine_with_directory,
    take_down,
};
use super::{
    ASK_TO_BEGIN, PASSWORD, REQUIRED, decree, gets_in_by_setting_up, gets_in_with, gets_in_without,
    is_refused, is_told_and_refused, past_the_password_of, required_but_of, required_of, shell_of,
};
use crate::people::{CODE, set_up};

/// What somebody reads where nobody knows whether a rule holds.
const NOT_KNOWN: &str = "could not be determined";
/// What somebody reads whom nobody knows any more.
const NOT_AVAILABLE: &str =
    "Two-factor login is not available right now. Please tell your administrator.";

/// The log says why somebody was refused, and of which group it is not known.
#[track_caller]
fn is_logged(machine: &Machine, user: &str, group: &str) {
    let line = format!(
        "{user}: denied: groups, address or ssh method could not be found out, and a rule depends on them; \
         not known of the groups: {group} (/etc/tfa/tfad.toml line "
    );
    machine.expect_in_journal("tfad", &line);
}

/// Root may log in over SSH with a password.
fn let_root_in(machine: &Machine) {
    machine.set_password("root", PASSWORD);
    machine.configure_sshd("10-root", "PermitRootLogin yes");
}

#[test]
fn local_users_need_a_code_while_a_group_is_unresolved() {
    let machine = machine_with_directory();
    let_root_in(&machine);
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    decree(&machine, REQUIRED);
    let mut codes = ["root", "alice"].map(|user| {
        let owner = gets_in_by_setting_up(&machine, user);
        (user, owner.backup_codes.into_iter())
    });
    decree(&machine, &required_of("\"ldapadmins\""));
    gets_in_without(&machine, "bob");

    for part in [Part::Server, Part::Client] {
        take_down(&machine, part);
        for (user, codes) in &mut codes {
            gets_in_with(&machine, user, &codes.next().unwrap());
        }
        is_told_and_refused(&machine, "bob", NOT_KNOWN);
        is_logged(&machine, "bob", "ldapadmins");

        bring_back(&machine, part);
        gets_in_without(&machine, "bob");
        for (user, codes) in &mut codes {
            gets_in_with(&machine, user, &codes.next().unwrap());
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
        decree(&machine, &required_of(group));
        for part in [Part::Server, Part::Client] {
            let terminal = past_the_password_of(&machine, "alice");
            terminal.expect(ASK_TO_BEGIN);

            take_down(&machine, part);
            is_told_and_refused(&machine, "alice", NOT_KNOWN);
            is_logged(&machine, "alice", group.trim_matches('"'));
            // Of bob the files say it.
            let terminal = past_the_password_of(&machine, "bob");
            terminal.expect(ASK_TO_BEGIN);

            bring_back(&machine, part);
        }
    }
}

#[test]
fn a_directory_failing_during_a_login_exempts_no_member() {
    let machine = machine_with_directory();
    for user in ["alice", "clerk", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    // Two of the files, so that they are known while the directory is down.
    add_directory_group(&machine, "ldapclerks", 20003, &["alice", "clerk"]);
    let mut alice = set_up(&machine, "alice", PASSWORD).backup_codes.into_iter();
    let mut admin = set_up(&machine, "ldapadmin", PASSWORD)
        .backup_codes
        .into_iter();
    decree(&machine, &required_of("\"ldapadmins\", \"ldapclerks\""));

    for part in [Part::Server, Part::Client] {
        // Who is in the directory is not known any more.
        fails_at(&machine, Moment::AfterThePassword, part);
        is_told_and_refused(&machine, "ldapadmin", NOT_AVAILABLE);
        machine.expect_in_journal(
            "tfad",
            "ldapadmin: refused: this system knows no user \"ldapadmin\", or the name service \
             fails: ENOENT",
        );
        fails_no_more(&machine, part);
        fails_at(&machine, Moment::BeforeTheAccountPhase, part);
        let terminal = past_the_password_of(&machine, "ldapadmin");
        terminal.expect(CODE);
        terminal.type_secret(&admin.next().unwrap());
        is_refused(&terminal, "ldapadmin");
        machine.expect_in_journal(
            "sshd",
            "pam_tfa(sshd:account): tfad could not process this login",
        );
        fails_no_more(&machine, part);

        // Of the others only the groups are not known.
        for moment in [Moment::AfterThePassword, Moment::BeforeTheAccountPhase] {
            fails_at(&machine, moment, part);
            gets_in_with(&machine, "alice", &alice.next().unwrap());
            fails_no_more(&machine, part);
            for user in ["clerk", "bob"] {
                fails_at(&machine, moment, part);
                is_told_and_refused(&machine, user, NOT_KNOWN);
                is_logged(&machine, user, "ldapadmins, ldapclerks");
                fails_no_more(&machine, part);
            }
        }

        gets_in_with(&machine, "ldapadmin", &admin.next().unwrap());
        gets_in_without(&machine, "bob");
        let terminal = past_the_password_of(&machine, "clerk");
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
    decree(&machine, &required_but_of("\"ldapguests\""));
    let let_off = ["alice", "bob"];
    for user in let_off {
        gets_in_without(&machine, user);
    }

    for part in [Part::Server, Part::Client] {
        for moment in [Moment::AfterThePassword, Moment::BeforeTheAccountPhase] {
            fails_at(&machine, moment, part);
            // Before the account phase, that is where the code is asked for.
            let terminal = past_the_password_of(&machine, "alice");
            terminal.expect(CODE);
            terminal.type_secret("");
            is_refused(&terminal, "alice");
            fails_no_more(&machine, part);

            fails_at(&machine, moment, part);
            let terminal = past_the_password_of(&machine, "alice");
            terminal.expect(CODE);
            terminal.type_secret(&alice.next().unwrap());
            terminal.expect(&shell_of("alice"));
            fails_no_more(&machine, part);

            fails_at(&machine, moment, part);
            is_told_and_refused(&machine, "bob", NOT_KNOWN);
            is_logged(&machine, "bob", "ldapguests");
            fails_no_more(&machine, part);
        }
        for user in let_off {
            gets_in_without(&machine, user);
        }
    }
}
