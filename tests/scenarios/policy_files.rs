//! The files of the policy on a machine: who may own them, and what an invalid one means until it
//! is corrected.

use tfa_tests::Machine;

use crate::users::machine_with_alice;

const FILE: &str = "/etc/tfa/tfad.toml";
const FOLDER: &str = "/etc/tfa/tfad.toml.d";
const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";

/// Asserts this outcome of a login of alice over ssh under the current policy.
#[track_caller]
fn expect_outcome(machine: &Machine, outcome: &str) {
    let report = machine.succeed(["tfactl", "explain", "alice", "--json"]);
    let line = format!("\"outcome\": \"{outcome}\"");
    assert!(report.contains(&line), "{report}");
}

#[test]
fn a_policy_that_others_can_write_is_refused() {
    let machine = machine_with_alice();
    machine.write_file(FILE, REQUIRED);
    machine.succeed(["systemctl", "reload", "tfad"]);
    expect_outcome(&machine, "set-up");
    machine.add_user("bob", "bob's own");
    let off = "[policy]\nmode = \"off\"\n";
    for (spoil, mend, said) in [
        (
            "chown -R bob /etc/tfa/tfad.toml.d",
            "chown -R root /etc/tfa/tfad.toml.d",
            "/etc/tfa/tfad.toml.d: belongs to uid ",
        ),
        (
            "chmod 0666 /etc/tfa/tfad.toml.d/50-bob.toml",
            "chmod 0644 /etc/tfa/tfad.toml.d/50-bob.toml",
            "50-bob.toml: can be written by users other than its owner",
        ),
        (
            "chmod 1777 /etc/tfa",
            "chmod 0755 /etc/tfa",
            "/etc/tfa: can be written by users other than its owner",
        ),
    ] {
        machine.write_file(&format!("{FOLDER}/50-bob.toml"), off);
        machine.succeed(["sh", "-c", spoil]);
        machine.fail(["systemctl", "reload", "tfad"]);
        machine.expect_in_journal("tfad", said);
        let output = machine.fail(["tfad", "--check"]);
        assert!(output.stderr.contains(said), "{output}");
        let output = machine.fail(["tfactl", "policy", "check"]);
        assert!(output.stderr.contains(said), "{output}");
        // Without the check before the reload too.
        machine.succeed(["systemctl", "kill", "--signal=HUP", "tfad"]);
        let stays = "reload failed, keeping the current configuration:";
        machine.expect_in_journal("tfad", stays);
        expect_outcome(&machine, "set-up");
        machine.succeed(["sh", "-c", mend]);
        machine.succeed(["rm", &format!("{FOLDER}/50-bob.toml")]);
    }
    // A corrected file is accepted. A draft of an administrator may have any owner.
    machine.write_file(&format!("{FOLDER}/50-more.toml"), off);
    machine.succeed(["systemctl", "reload", "tfad"]);
    expect_outcome(&machine, "nothing");
    machine.write_file("/home/bob/new.toml", off);
    machine.succeed(["chown", "bob:", "/home/bob/new.toml"]);
    let check = machine.run_as("bob", ["tfactl", "policy", "check", "/home/bob/new.toml"]);
    assert!(
        check.stderr.ends_with("no errors, no warnings\n"),
        "{check}"
    );
}

/// The pid of the daemon.
fn pid(machine: &Machine) -> String {
    machine.succeed(["systemctl", "show", "--value", "-p", "MainPID", "tfad"])
}

/// Asserts that every command first reports that logins are refused, and that they are.
#[track_caller]
fn expect_refusal(machine: &Machine, why: &str) {
    for command in [
        "list",
        "explain alice",
        "explain alice --json",
        "policy impact",
        "policy impact --json",
    ] {
        let words = ["tfactl"].into_iter().chain(command.split(' '));
        let output = machine.fail(words);
        let first = "tfad refuses every login on this host:\n";
        assert!(output.stderr.starts_with(first), "{command}: {output}");
        assert!(output.stderr.contains(why), "{command}: {output}");
        assert!(output.stderr.contains("systemctl reload tfad"), "{output}");
        // A policy that is not in force is not reported.
        assert!(output.stdout.is_empty() || command == "list", "{output}");
    }
    let output = machine.run_as("alice", ["tfa-enroll", "status"]);
    assert!(!output.success(), "{output}");
    assert!(output.stderr.contains("refuses every login"), "{output}");
    assert!(output.stderr.contains(why), "{output}");
}

#[test]
fn after_a_restart_all_commands_report_an_invalid_policy() {
    let machine = machine_with_alice();
    machine.write_file(FILE, "[policy]\nmode = \"requird\"\ninvitation = 7\n");
    machine.succeed(["systemctl", "restart", "tfad"]);
    let before = pid(&machine);
    expect_refusal(&machine, "tfad.toml:2:8: ");
    // It is unknown whether the policy requires an invitation or forbids a pause.
    for call in ["Setup a{sv} 0", "Pause s 123456", "Remove s 123456"] {
        let call = format!("busctl call org.tfad.Tfa1 /org/tfad/Tfa1 org.tfad.Tfa1.Account {call}");
        let output = machine.run_as("alice", ["sh", "-c", &call]);
        assert!(output.stderr.contains("changes nothing"), "{output}");
    }
    // A reload before the correction changes nothing and stops nothing.
    machine.fail(["systemctl", "reload", "tfad"]);
    machine.succeed(["systemctl", "kill", "--signal=HUP", "tfad"]);
    machine.expect_in_journal("tfad", "every login is refused");
    machine.write_file(FILE, REQUIRED);
    machine.succeed(["systemctl", "reload", "tfad"]);
    machine.expect_in_journal("tfad", "ready");
    expect_outcome(&machine, "set-up");
    assert_eq!(pid(&machine), before);
    // cron cannot enroll users.
    let cron = machine.succeed(["tfactl", "explain", "alice", "--service", "cron"]);
    assert!(cron.contains("Outcome: asked for nothing"), "{cron}");
    assert!(!cron.contains("The user sees"), "{cron}");
    // A new policy can be examined before it is in force.
    machine.write_file("/root/new.toml", "[policy]\nmode = \"off\"\n");
    let explain = ["tfactl", "explain", "alice", "--policy", "/root/new.toml"];
    let next = machine.succeed(explain);
    assert!(next.contains("/root/new.toml line 2"), "{next}");
}

#[test]
fn a_reload_opens_a_store_that_failed_at_the_start() {
    let machine = machine_with_alice();
    machine.write_file(FILE, REQUIRED);
    machine.succeed(["systemctl", "stop", "tfad"]);
    machine.succeed(["mv", "/var/lib/tfa/accounts.db", "/root/accounts.db"]);
    machine.succeed(["systemctl", "start", "tfad"]);
    let before = pid(&machine);
    let output = machine.fail(["tfactl", "explain", "alice"]);
    assert!(
        output
            .stderr
            .starts_with("tfad refuses every login on this host:\n"),
        "{output}"
    );
    machine.succeed(["mv", "/root/accounts.db", "/var/lib/tfa/accounts.db"]);
    machine.succeed(["systemctl", "reload", "tfad"]);
    machine.expect_in_journal("tfad", "ready");
    expect_outcome(&machine, "set-up");
    assert_eq!(pid(&machine), before);
}

#[test]
fn shipped_examples_have_no_warning_and_an_unknown_group_has_one() {
    let machine = machine_with_alice();
    // A commented-out key has a # without a blank.
    let use_all = format!("sed -i 's/^#\\([^ ]\\)/\\1/' {FILE}");
    machine.succeed(["sh", "-c", &use_all]);
    let output = machine.run(["tfactl", "policy", "check", "--strict"]);
    assert!(output.success(), "{output}");
    assert!(
        output.stderr.ends_with("no errors, no warnings\n"),
        "{output}"
    );

    machine.succeed([
        "sed",
        "-i",
        "s/^groups = .\"sudo\"/groups = [\"wheel\"/",
        FILE,
    ]);
    let output = machine.fail(["tfactl", "policy", "check", "--strict"]);
    assert!(
        output.stderr.contains("root included, is refused"),
        "{output}"
    );
    assert!(
        output.stderr.ends_with("no errors, 1 warning\n"),
        "{output}"
    );
    machine.succeed(["systemctl", "reload", "tfad"]);
    machine.expect_in_journal("tfad", "this host does not know the group wheel.");
    machine.succeed(["systemctl", "restart", "tfad"]);
    let twice =
        "journalctl --sync; [ $(journalctl -u tfad | grep -c 'not know the group wheel') -ge 2 ]";
    let wait = format!("until {twice}; do sleep 0.1; done");
    machine.succeed(["timeout", "30", "sh", "-c", &wait]);
}
