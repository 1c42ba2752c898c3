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
pub(crate) const README: &str =
    "KbdInteractiveAuthentication yes\nPasswordAuthentication no\nLoginGraceTime 10m";

/// Runs the doctor, which succeeds and finds nothing.
#[track_caller]
pub(crate) fn is_silent(machine: &Machine) {
    let shown = machine.succeed(["tfactl", "doctor"]);
    assert!(
        shown.starts_with("Policy: ") && shown.ends_with(SILENT) && !shown.contains("Danger: "),
        "{shown}"
    );
    assert_eq!(
        findings(&machine.succeed(["tfactl", "doctor", "--json"])),
        [""; 0]
    );
}

/// The findings in the output of the doctor.
#[track_caller]
pub(crate) fn findings(output: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(output).unwrap();
    report["findings"].as_array().unwrap().clone()
}

/// The only finding of the doctor, which has this id and this severity.
#[track_caller]
pub(crate) fn finding(machine: &Machine, severity: &str, id: &str) -> Value {
    let output = machine.run(["tfactl", "doctor", "--json"]);
    assert_eq!(output.success(), severity == "advice");
    let findings = findings(&output.stdout);
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}");
    };
    assert_eq!(finding["id"], id, "{finding}");
    assert_eq!(finding["severity"], severity, "{finding}");
    finding.clone()
}

/// Makes the printed changes of a finding, and runs the commands, as they are printed.
#[track_caller]
pub(crate) fn mend(machine: &Machine, finding: &Value) {
    for edit in finding["edits"].as_array().unwrap() {
        change(machine, edit);
    }
    for command in finding["commands"].as_array().unwrap() {
        let command = command.as_str().unwrap();
        machine.succeed(["sh", "-c", command]);
        // sshd writes its pid when it has read its files, after the command has ended.
        if command.ends_with("systemctl reload ssh") {
            let changed = "find /etc/ssh/sshd_config /etc/ssh/sshd_config.d -newer /run/sshd.pid";
            wait_for(machine, &format!("[ -z \"$({changed})\" ]"));
        }
    }
}

/// Waits until a command of the shell succeeds.
#[track_caller]
pub(crate) fn wait_for(machine: &Machine, command: &str) {
    let wait = format!("until {command}; do sleep 0.1; done");
    machine.succeed(["timeout", "120", "sh", "-c", &wait]);
}

/// Makes a change of lines. The removed lines are those of the file.
#[track_caller]
fn change(machine: &Machine, edit: &Value) {
    let lines = |key: &str| -> Vec<String> {
        let lines = edit[key].as_array().unwrap().iter();
        lines
            .map(|line| line.as_str().unwrap().to_owned())
            .collect()
    };
    let file = edit["file"].as_str().unwrap();
    let after = edit["after"].as_u64().unwrap() as usize;
    let mut text: Vec<String> = machine.read_file(file).lines().map(str::to_owned).collect();
    let removed = lines("removed");
    let gone: Vec<String> = text
        .splice(after..after + removed.len(), lines("added"))
        .collect();
    assert_eq!(gone, removed, "{edit}");
    machine.write_file(file, format!("{}\n", text.join("\n")));
}

fn witness(finding: &Value) -> Vec<&str> {
    let steps = finding["path"].as_array().unwrap();
    steps.iter().map(|step| step.as_str().unwrap()).collect()
}

pub(crate) fn host_of_the_readme(suite: Suite) -> (Machine, Owner) {
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
            "[policy]\nmode = \"required\"\n[[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"off\"\n\
             reason = \"keys are enough\"\n",
        ] {
            set_policy(&machine, policy);
            machine.succeed(["tfactl", "recovery", "create", "--yes"]);
            // login(1) of Debian 13 gives a minute to enroll.
            if suite == Suite::Trixie {
                let findings = findings(&machine.succeed(["tfactl", "doctor", "--json"]));
                assert_eq!(findings[0]["id"], "login-timeout");
                mend(&machine, &findings[0]);
            }
            is_silent(&machine);
            machine.succeed(["sed", "-i", "/LOGIN_TIMEOUT/d", "/etc/login.defs"]);
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
    let mut texts = shown.lines().filter(|line| !line.starts_with("    "));
    assert!(texts.all(|line| line.len() <= 80), "{shown}");
    assert!(shown.ends_with("Holes: 1, lock-outs: 0, risks: 0, advice: 0.\n"));

    mend(&machine, &found);
    is_silent(&machine);
    drop(ssh_to_code_prompt(&machine, "alice"));
}

#[test]
fn su_with_a_login_shell_asks_for_no_code_until_the_remedy() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    machine.add_user("bob", PASSWORD);
    let own = "auth sufficient pam_rootok.so\nauth required pam_unix.so\n\
               account required pam_unix.so\nsession required pam_unix.so\n";
    machine.write_file("/etc/pam.d/su-l", own);
    let found = finding(&machine, "hole", "pam-twin");
    assert_eq!(
        witness(&found),
        [
            "/etc/pam.d/su-l:1 pam_rootok.so auth_err",
            "/etc/pam.d/su-l:2 pam_unix.so success"
        ]
    );
    let thief = machine.terminal_as("bob", ["su", "-", "alice"]);
    thief.expect("Password:");
    thief.type_secret(PASSWORD);
    thief.expect(SHELL);
    assert!(!thief.transcript().contains(CODE));

    mend(&machine, &found);
    is_silent(&machine);
    let owner = machine.terminal_as("bob", ["su", "-", "alice"]);
    owner.expect("Password:");
    owner.type_secret(PASSWORD);
    owner.expect(CODE);
}

#[test]
fn sshd_without_pam_lets_a_password_in_and_the_printed_command_mends_it() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    machine.configure_sshd("00-site", "PasswordAuthentication yes\nUsePAM no");
    let found = finding(&machine, "hole", "sshd-without-pam");
    assert_eq!(found["place"], "/etc/ssh/sshd_config.d/00-site.conf:2");
    let password = ["-o", "PreferredAuthentications=password"];
    let thief = machine.ssh_with("alice", &password);
    thief.expect("password:");
    thief.type_secret(PASSWORD);
    thief.expect("$");
    thief.type_line("id -un");
    thief.expect("alice");
    assert!(!thief.transcript().contains(CODE));

    mend(&machine, &found);
    let found = finding(&machine, "advice", "sshd-password-method");
    mend(&machine, &found);
    is_silent(&machine);
    machine.succeed(["systemctl", "restart", "ssh"]);
    drop(ssh_to_code_prompt(&machine, "alice"));
}

#[test]
fn a_file_that_turns_questions_off_keeps_enrolled_users_out() {
    for suite in [Suite::Bookworm, Suite::Trixie] {
        let (machine, _alice) = host_of_the_readme(suite);
        machine.configure_sshd(
            "00-vendor",
            "PasswordAuthentication yes\nKbdInteractiveAuthentication no",
        );
        let found = finding(&machine, "lock-out", "sshd-no-questions");
        assert_eq!(found["place"], "/etc/ssh/sshd_config.d/00-vendor.conf:2");
        let options = ["-o", "NumberOfPasswordPrompts=1", "-o", "LogLevel=INFO"];
        let owner = machine.ssh_with("alice", &options);
        owner.expect("password:");
        owner.type_secret(PASSWORD);
        owner.expect("Permission denied");

        mend(&machine, &found);
        let found = finding(&machine, "advice", "sshd-password-method");
        mend(&machine, &found);
        is_silent(&machine);
        machine.succeed(["systemctl", "restart", "ssh"]);
        drop(ssh_to_code_prompt(&machine, "alice"));
    }
}

#[test]
fn a_match_block_for_a_group_is_examined_for_a_member() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    machine.add_to_group("alice", "staff");
    let block = "Match Group staff Address 127.0.0.0/8,::1\n    AuthenticationMethods password";
    machine.configure_sshd("zz-staff", block);
    let found = finding(&machine, "lock-out", "sshd-methods");
    assert_eq!(found["place"], "/etc/ssh/sshd_config.d/zz-staff.conf:2");
    let names = serde_json::json!(["user=alice,addr=127.0.0.0"]);
    assert_eq!(found["names"], names);
    let options = ["-o", "LogLevel=INFO"];
    let owner = machine.ssh_with("alice", &options);
    owner.expect("no authentication methods enabled");

    machine.succeed(["rm", "/etc/ssh/sshd_config.d/zz-staff.conf"]);
    machine.succeed(["systemctl", "restart", "ssh"]);
    is_silent(&machine);
}

#[test]
fn a_configuration_that_sshd_refuses_is_a_finding_with_its_message() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    let file = "/etc/ssh/sshd_config.d/zz-methods.conf";
    machine.write_file(file, "AuthenticationMethods password\n");
    let found = finding(&machine, "lock-out", "sshd-refuses");
    let what = found["what"].as_str().unwrap();
    assert!(
        what.contains("AuthenticationMethods cannot be satisfied"),
        "{what}"
    );
    machine.fail(["sshd", "-t"]);
    machine.succeed(["rm", file]);
    machine.succeed(["systemctl", "restart", "ssh"]);
    is_silent(&machine);
}

#[test]
fn faults_of_the_host_are_found_and_the_printed_commands_mend_them() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    machine.succeed(["chmod", "o+w", "/etc/pam.d/sshd"]);
    let found = finding(&machine, "hole", "file-writable");
    assert_eq!(found["place"], "/etc/pam.d/sshd");
    mend(&machine, &found);
    is_silent(&machine);

    machine.add_to_group("alice", "sudo");
    let found = finding(&machine, "risk", "administrators-one");
    assert_eq!(found["names"], serde_json::json!(["alice"]));
    mend(&machine, &found);
    is_silent(&machine);

    let file = "/etc/sudoers.d/90-cloud";
    machine.write_file(file, "alice ALL=(ALL) NOPASSWD:ALL\n");
    machine.succeed(["chmod", "440", file]);
    let found = finding(&machine, "risk", "sudo-nopasswd");
    assert_eq!(found["place"], "/etc/sudoers.d/90-cloud:1");
    mend(&machine, &found);
    is_silent(&machine);
    assert_eq!(machine.read_file(file), "alice ALL=(ALL) ALL\n");
    machine.write_file(file, "@include /srv/rules\n");
    machine.write_file(
        "/srv/rules",
        "Cmnd_Alias EVERY = ALL\nalice ALL=(ALL) NOPASSWD: EVERY, PASSWD: /bin/ls # M\u{fc}ller\n",
    );
    let found = finding(&machine, "risk", "sudo-nopasswd");
    assert_eq!(found["place"], "/etc/sudoers");
    machine.succeed(["rm", file]);
    machine.succeed(["chmod", "-x", "/usr/bin/cvtsudoers"]);
    finding(&machine, "risk", "sudo-not-examined");
    machine.succeed(["chmod", "+x", "/usr/bin/cvtsudoers"]);

    let drop_in = "/run/systemd/system/tfad.service.d/weak.conf";
    machine.write_file(drop_in, "[Service]\nProtectSystem=no\n");
    machine.succeed(["systemctl", "daemon-reload"]);
    let found = finding(&machine, "risk", "unit-weakened");
    assert_eq!(found["place"], drop_in);
    // Another drop-in is read last.
    mend(&machine, &found);
    is_silent(&machine);

    set_policy(
        &machine,
        "[policy]\nmode = \"optional\"\n[[policy.rule]]\ngroups = [\"admns\"]\nmode = \"off\"\n",
    );
    let findings = machine.run(["tfactl", "doctor", "--only", "group-unknown", "--json"]);
    assert!(
        findings.stdout.contains("does not know: admns."),
        "{findings}"
    );
}

#[test]
fn rules_of_sudo_are_reported_until_the_guard_refuses_them() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    machine.add_user("bob", PASSWORD);
    const RULE: &str = "bob ALL=(ALL) NOPASSWD: ALL\n";
    let ask = |guard: &str, options: &str| {
        machine.write_file("/etc/sudoers.d/90-bob", format!("{options}{RULE}"));
        set_policy(
            &machine,
            &format!("[policy]\nmode = \"required\"\ngrace = \"0\"\nguard = {guard}\n"),
        );
        let becomes_root = |command: &[&str]| machine.run_as("bob", command).stdout == "0\n";
        let found = machine.run(["tfactl", "doctor", "--json"]).stdout;
        let ways = [
            becomes_root(&["sudo", "-n", "id", "-u"]),
            becomes_root(&["sudo", "-n", "-i", "id", "-u"]),
        ];
        let has = |id: &str| found.contains(&format!("\"{id}\""));
        assert_eq!(has("sudo-account-skipped"), !options.is_empty() && ways[0]);
        (ways, has("sudo-nopasswd"))
    };
    assert_eq!(ask("[\"sshd\"]", ""), ([true, true], true));
    let guard = "[\"sshd\", \"sudo\"]";
    assert_eq!(ask(guard, ""), ([false, false], false));
    let option = "Defaults pam_login_service = other\n";
    assert_eq!(ask(guard, option), ([false, true], true));
    let option = "Defaults !pam_acct_mgmt\n";
    assert_eq!(ask(guard, option), ([true, true], true));
}

#[test]
fn a_daemon_that_is_down_is_a_finding_and_the_rest_is_examined() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    machine.succeed(["systemctl", "mask", "--runtime", "--now", "tfad"]);
    let own = "auth required pam_unix.so\naccount required pam_unix.so\n";
    machine.write_file("/etc/pam.d/webadmin", own);
    let output = machine.fail(["tfactl", "doctor"]).stdout;
    assert!(output.contains("LOCK-OUT  daemon-down\n"), "{output}");
    assert!(output.contains("HOLE  pam-not-asked\n"), "{output}");
    assert!(
        output.ends_with("Holes: 1, lock-outs: 1, risks: 0, advice: 0.\n"),
        "{output}"
    );
}

#[test]
fn sshd_is_examined_without_its_folder() {
    for suite in [Suite::Bookworm, Suite::Trixie] {
        let (machine, _alice) = host_of_the_readme(suite);
        let stop = "systemctl stop ssh.socket ssh.service; rm -r -f /run/sshd";
        machine.succeed(["sh", "-c", stop]);
        is_silent(&machine);
        let file = "/etc/ssh/sshd_config.d/00-group.conf";
        machine.write_file(file, "Match Group alice\nMaxAuthTries 1\n");
        let found = finding(&machine, "lock-out", "sshd-one-try");
        assert_eq!(found["names"], serde_json::json!(["user=alice"]));
        assert!(!machine.has_file("/run/sshd"));
        machine.succeed(["chmod", "-x", "/usr/bin/unshare"]);
        let found = finding(&machine, "risk", "sshd-not-examined");
        let what = found["what"].as_str().unwrap();
        let reason = "Missing privilege separation directory: /run/sshd.";
        assert!(what.ends_with(reason), "{what}");
    }
}
