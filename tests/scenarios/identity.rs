//! Names and uids change. The enrollment follows the uid, and a record whose owner is uncertain
//! waits for an administrator.

use tfa_tests::{Machine, Terminal};

use crate::users::{CODE, PASSWORD, machine_with_alice_set_up, set_policy, set_up};

const MOVED: &str = "was moved to this name from alice";

/// Runs a command after the last process of a user has ended, because `usermod` refuses to change a
/// user with processes.
#[track_caller]
pub(crate) fn after_the_last_process(machine: &Machine, user: &str, command: &str) {
    let wait = format!(
        "loginctl terminate-user {user}; while pgrep -u {user} >/dev/null; do sleep 0.1; done; {command}"
    );
    machine.succeed(["sh", "-c", &wait]);
}

/// A login over SSH that has entered the right password.
pub(crate) fn after_password(machine: &Machine, user: &str) -> Terminal {
    let terminal = machine.ssh(user);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

#[track_caller]
pub(crate) fn is_refused(machine: &Machine, user: &str) {
    let terminal = after_password(machine, user);
    terminal.expect("Password:");
    assert!(!terminal.transcript().contains(CODE));
}

#[test]
fn a_renamed_user_is_asked_for_the_code_under_the_new_name() {
    for policy in [
        "[policy]\nmode = \"optional\"\n",
        "[policy]\nmode = \"required\"\ngrace = \"0\"\n",
    ] {
        let (machine, alice) = machine_with_alice_set_up();
        set_policy(&machine, policy);
        after_the_last_process(
            &machine,
            "alice",
            "usermod -l alicia alice && groupmod -n alicia alice",
        );

        let said = machine.succeed(["tfactl", "list"]);
        assert!(said.contains("alicia            on "), "{said}");
        assert!(said.contains("tfactl rename alice alicia"), "{said}");
        let terminal = after_password(&machine, "alicia");
        terminal.expect(CODE);
        terminal.type_secret(&alice.phone.wrong_code());
        terminal.expect("Wrong code.");
        machine.expect_in_journal("tfad", "its record is stored under alice and applies");
        assert!(!machine.journal("tfad").contains(MOVED), "{policy}");
        terminal.expect(CODE);
        terminal.type_secret(&alice.phone.next_unused());
        terminal.expect("alicia@host:");
        machine.expect_in_journal("tfad", MOVED);

        let said = machine.succeed(["tfactl", "list"]);
        assert!(
            said.contains("alicia            on ") && !said.contains("rename"),
            "{said}"
        );
        // The old name is free for a user with another uid.
        machine.add_user("alice", PASSWORD);
        let said = machine.succeed(["tfactl", "show", "alice"]);
        assert!(said.contains("Two-factor login: off"), "{said}");
        let terminal = after_password(&machine, "alicia");
        terminal.expect(CODE);
    }
}

#[test]
fn a_reused_uid_is_asked_for_a_code_until_the_reset() {
    let (machine, _alice) = machine_with_alice_set_up();
    after_the_last_process(&machine, "alice", "userdel --remove alice");
    let said = machine.succeed(["tfactl", "list"]);
    assert!(said.contains("tfactl reset alice"), "{said}");
    let said = machine.succeed(["tfactl", "list", "--json"]);
    assert!(
        said.contains("\"uid\": null") && !said.contains("4294967295"),
        "{said}"
    );

    machine.succeed([
        "useradd",
        "--uid",
        "1000",
        "--create-home",
        "--shell",
        "/bin/bash",
        "bob",
    ]);
    machine.set_password("bob", PASSWORD);
    let terminal = after_password(&machine, "bob");
    terminal.expect(CODE);
    let said = machine.succeed(["tfactl", "show", "bob"]);
    assert!(said.contains("tfactl reset bob"), "{said}");
    machine.succeed(["tfactl", "reset", "bob", "--yes"]);
    after_password(&machine, "bob").expect("bob@host:");
    let said = machine.succeed(["tfactl", "show", "bob"]);
    assert!(!said.contains("tfactl reset bob"), "{said}");
}

#[test]
fn a_changed_uid_is_refused_until_an_administrator_renames() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", PASSWORD);
    let bob = set_up(&machine, "bob", PASSWORD);
    after_the_last_process(&machine, "bob", "true");
    // The two users swap their uids, and the owner of neither record is certain.
    after_the_last_process(
        &machine,
        "alice",
        "usermod -u 4321 alice && usermod -u 1000 bob && usermod -u 1001 alice",
    );
    for user in ["alice", "bob"] {
        is_refused(&machine, user);
        let said = machine.succeed(["tfactl", "show", user]);
        assert!(
            said.contains(&format!("tfactl rename {user} {user}")),
            "{said}"
        );
    }
    machine.expect_in_journal(
        "tfad",
        "alice was set up with the uid 1000 and has the uid 1001",
    );
    let refused = machine.fail(["tfactl", "rename", "alice", "alice"]).text();
    assert!(
        refused.contains("the record of bob is in the way"),
        "{refused}"
    );

    machine.write_file("/root/names", "alice alice\nbob bob\n");
    let said = machine.succeed(["tfactl", "rename", "--map", "/root/names"]);
    assert!(said.contains("Records moved: 2."), "{said}");
    machine.expect_in_journal(
        "tfad",
        "bob: an administrator gave it the record of bob, with uid 1000",
    );
    for (user, owner) in [("alice", &alice), ("bob", &bob)] {
        let terminal = after_password(&machine, user);
        terminal.expect(CODE);
        terminal.type_secret(&owner.phone.next_unused());
        terminal.expect(&format!("{user}@host:"));
    }
    // Repeated, it reports that all is done.
    let said = machine.succeed(["tfactl", "rename", "--map", "/root/names"]);
    assert!(
        said.contains("Records to move: 0. Already moved: 2."),
        "{said}"
    );
}
