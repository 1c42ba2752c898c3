//! Two names of one uid.

use tfa_tests::Machine;

use crate::locks::ssh_with_messages;
use crate::users::{CODE, PASSWORD, machine_with_alice, set_policy, set_up};

const BEGIN: &str = "Press Enter to begin, or no to stop:";

/// Alice, and a second name of her uid that is in a separate group.
fn machine_with_two_names() -> Machine {
    let machine = machine_with_alice();
    let uid = machine.succeed(["id", "-u", "alice"]);
    machine.succeed(["groupadd", "operators"]);
    let second = [
        "useradd",
        "-o",
        "-m",
        "-s",
        "/bin/bash",
        "-G",
        "operators",
        "-u",
        uid.trim(),
        "alice2",
    ];
    machine.succeed(second);
    machine.succeed(["sh", "-c", &format!("echo 'alice2:{PASSWORD}' | chpasswd")]);
    machine
}

#[test]
fn a_rule_on_the_second_name_or_its_group_matches_its_logins() {
    let machine = machine_with_two_names();
    for rule in ["users = [\"alice2\"]", "groups = [\"operators\"]"] {
        set_policy(
            &machine,
            &format!(
                "[policy]\nmode = \"optional\"\n[[policy.rule]]\n{rule}\nmode = \"required\"\n\
                 grace = \"0\"\n"
            ),
        );
        let explained = machine.succeed(["tfactl", "explain", "alice2", "--json"]);
        assert!(explained.contains("\"outcome\": \"set-up\""), "{explained}");
        assert!(explained.contains("\"line\": 3"), "{explained}");
        let terminal = ssh_with_messages(&machine, "alice2");
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal.expect(BEGIN);
        let first = ssh_with_messages(&machine, "alice");
        first.expect("Password:");
        first.type_secret(PASSWORD);
        first.expect("alice@host:~$");
    }
    let checked = machine.succeed(["tfad", "--check"]);
    assert!(!checked.contains("no user"), "{checked}");
}

#[test]
fn two_names_share_the_phone_and_neither_exempts_the_other() {
    let machine = machine_with_two_names();
    let owner = set_up(&machine, "alice", PASSWORD);
    set_policy(
        &machine,
        "[policy]\nmode = \"required\"\ngrace = \"0\"\n\
         [[policy.rule]]\nusers = [\"alice2\"]\nmode = \"off\"\n",
    );
    let note = "alice2 is another name of alice (uid ";
    let checked = machine.command(["tfad", "--check"]).run();
    assert!(checked.text().contains(note), "{checked}");
    let terminal = ssh_with_messages(&machine, "alice2");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&owner.phone.next_unused());
    terminal.expect("$");

    // If a rule requires it of one name, the other name cannot disable it.
    set_policy(
        &machine,
        "[policy]\nmode = \"optional\"\n\
         [[policy.rule]]\nusers = [\"alice2\"]\nmode = \"required\"\n",
    );
    let terminal = machine.terminal_as("alice", ["tfa-enroll", "remove"]);
    terminal.expect("required on this host, so you cannot switch it off");
    assert!(!terminal.wait_exit().success());
}

#[test]
fn sudo_is_decided_under_all_names_of_the_uid() {
    let machine = machine_with_two_names();
    machine.write_file("/etc/sudoers.d/operators", "%operators ALL=(ALL) ALL\n");
    for rule in ["users = [\"alice2\"]", "groups = [\"operators\"]"] {
        set_policy(
            &machine,
            &format!(
                "[policy]\nmode = \"optional\"\n[[policy.rule]]\n{rule}\nservices = [\"sudo\"]\n\
                 mode = \"required\"\ngrace = \"0\"\n"
            ),
        );
        let terminal = ssh_with_messages(&machine, "alice2");
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal.expect("$");
        // sudo uses the groups of the session, and passes the first name of the uid to PAM.
        terminal.type_line("sudo -k id -un");
        terminal.expect("[sudo] password for alice:");
        terminal.type_secret(PASSWORD);
        terminal.expect(BEGIN);
        let explain = ["tfactl", "explain", "alice", "--service", "sudo", "--json"];
        let explained = machine.succeed(explain);
        assert!(explained.contains("\"outcome\": \"set-up\""), "{explained}");
        assert!(explained.contains("\"user\": \"alice\""), "{explained}");
    }
}
