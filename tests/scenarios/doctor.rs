//! The doctor: silent on a host that is set up as the README says; each fault that it reports lets a real
//! login in, or keeps one out; and the commands that it prints mend it.

use serde_json::Value;
use tfa_tests::{Machine, Suite};

use crate::users::{
    CODE, Owner, PASSWORD, machine_with_alice_set_up_on, set_policy, ssh_to_code_prompt,
};

const SHELL: &str = "alice@host:~$";
const SILENT: &str = "Holes: 0, lock-outs: 0, risks: 0, advice: 0.\n";
/// The file of the README for sshd.
const README: &str =
    "KbdInteractiveAuthentication yes\nPasswordAuthentication no\nLoginGraceTime 10m";

/// Runs the doctor, which succeeds and finds nothing.
#[track_caller]
fn is_silent(machine: &Machine) {
    assert_eq!(machine.succeed(["tfactl", "doctor"]), SILENT);
    assert_eq!(machine.succeed(["tfactl", "doctor", "--json"]).trim(), "[]");
}

/// The only finding of the doctor, which has this id and this severity.
#[track_caller]
fn finding(machine: &Machine, severity: &str, id: &str) -> Value {
    let output = machine.run(["tfactl", "doctor", "--json"]);
    assert!(!output.success());
    let findings: Value = serde_json::from_str(&output.stdout).unwrap();
    let [finding] = findings.as_array().unwrap().as_slice() else {
        panic!("{findings}");
    };
    assert_eq!(finding["id"], id, "{finding}");
    assert_eq!(finding["severity"], severity, "{finding}");
    finding.clone()
}

/// Runs the commands of a finding.
#[track_caller]
fn mend(machine: &Machine, finding: &Value) {
    for command in finding["commands"].as_array().unwrap() {
        machine.succeed(["sh", "-c", command.as_str().unwrap()]);
    }
}

fn witness(finding: &Value) -> Vec<&str> {
    let steps = finding["witness"].as_array().unwrap();
    steps.iter().map(|step| step.as_str().unwrap()).collect()
}

fn host_of_the_readme(suite: Suite) -> (Machine, Owner) {
    let (machine, alice) = machine_with_alice_set_up_on(suite);
    machine.succeed(["rm", "/etc/ssh/sshd_config.d/00-questions.conf"]);
    machine.configure_sshd("tfa", README);
    (machine, alice)
}

#[test]
fn a_host_that_is_set_up_as_the_readme_says_has_no_finding() {
    for suite in [Suite::Bookworm, Suite::Trixie] {
        let (machine, _alice) = host_of_the_readme(suite);
        is_silent(&machine);
        for policy in [
            "[policy]\nmode = \"required\"\n",
            "[policy]\nmode = \"required\"\n[[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"off\"\n",
        ] {
            set_policy(&machine, policy);
            is_silent(&machine);
        }
    }
}

#[test]
fn a_sufficient_password_lets_a_login_in_as_the_witness_says() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    let auth = "/etc/pam.d/common-auth";
    let before = machine.read_file(auth);
    machine.write_file(auth, format!("auth sufficient pam_unix.so\n{before}"));
    let found = finding(&machine, "hole", "pam-skipped");
    assert_eq!(found["place"], "/etc/pam.d/common-auth:1");
    assert!(witness(&found).ends_with(&["/etc/pam.d/common-auth:1 pam_unix.so success"]));
    let names = found["names"].as_array().unwrap();
    assert!(names.contains(&Value::from("login")), "{found}");

    let thief = machine.ssh("alice");
    thief.expect("Password:");
    thief.type_secret(PASSWORD);
    thief.expect(SHELL);
    assert!(!thief.transcript().contains(CODE));

    let shown = machine.fail(["tfactl", "doctor"]).stdout;
    assert!(shown.contains("HOLE  pam-skipped\n"), "{shown}");
    assert!(shown.lines().all(|line| line.len() <= 80), "{shown}");
    assert!(shown.ends_with("Holes: 1, lock-outs: 0, risks: 0, advice: 0.\n"));

    mend(&machine, &found);
    is_silent(&machine);
    drop(ssh_to_code_prompt(&machine, "alice"));
}
