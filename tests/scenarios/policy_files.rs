//! The policy's files on a machine: whose they are, and what a broken one means until it is mended.

use tfa_tests::Machine;

use crate::people::machine_with_alice;

const FILE: &str = "/etc/tfa/tfad.toml";
const FOLDER: &str = "/etc/tfa/tfad.toml.d";
const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";

/// That the policy in force makes this of a login of alice's over ssh.
#[track_caller]
fn expect_outcome(machine: &Machine, outcome: &str) {
    let report = machine.succeed(["tfactl", "explain", "alice", "--json"]);
    let line = format!("\"outcome\": \"{outcome}\"");
    assert!(report.contains(&line), "{report}");
}

#[test]
fn a_policy_that_others_may_write_is_not_taken() {
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
            "50-bob.toml: can be written by others",
        ),
        (
            "chmod 1777 /etc/tfa",
            "chmod 0755 /etc/tfa",
            "/etc/tfa: can be written by others",
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
        // Past the check, too.
        machine.succeed(["systemctl", "kill", "--signal=HUP", "tfad"]);
        let stays = "the configuration stays as it was, for the new one is wrong:";
        machine.expect_in_journal("tfad", stays);
        expect_outcome(&machine, "set-up");
        machine.succeed(["sh", "-c", mend]);
        machine.succeed(["rm", &format!("{FOLDER}/50-bob.toml")]);
    }
    // What is mended is taken, and an administrator's draft is anybody's.
    machine.write_file(&format!("{FOLDER}/50-more.toml"), off);
    machine.succeed(["systemctl", "reload", "tfad"]);
    expect_outcome(&machine, "nothing");
    machine.write_file("/home/bob/new.toml", off);
    machine.succeed(["chown", "bob:", "/home/bob/new.toml"]);
    let check = machine.run_as(
        "bob",
        ["/usr/sbin/tfactl", "policy", "check", "/home/bob/new.toml"],
    );
    assert!(
        check.stderr.ends_with("no mistakes, no warnings\n"),
        "{check}"
    );
}
