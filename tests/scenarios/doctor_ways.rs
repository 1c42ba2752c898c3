//! Ways in beside the stacks of the package: a login shows each of them, and the printed commands close it.

use serde_json::Value;
use tfa_tests::{Machine, Suite};

use crate::doctor::{finding, findings, host_of_the_readme, is_silent, mend};
use crate::users::{CODE, PASSWORD, enter_password, set_policy, ssh_to_code_prompt};

const SHELL: &str = "alice@host:~$";
/// The file of the unit of the console, in a container.
const CONSOLE: &str = "console-getty.service";

fn machine() -> Machine {
    host_of_the_readme(Suite::Bookworm).0
}

#[test]
fn a_console_that_logs_a_user_in_asks_again_after_the_remedy() {
    let machine = machine();
    let console = machine.console();
    console.expect("host login:");
    let drop_in = format!("/etc/systemd/system/{CONSOLE}.d/autologin.conf");
    let command =
        "/sbin/agetty -o '-p -f -- \\\\u' --noclear --keep-baud --autologin alice - 115200 $TERM";
    let text = format!("[Service]\nExecStart=\nExecStart=-{command}\n");
    machine.write_file(&drop_in, text);
    machine.succeed(["systemctl", "daemon-reload"]);
    machine.succeed(["systemctl", "restart", CONSOLE]);
    console.expect(SHELL);
    assert!(!console.transcript().contains(CODE));

    let found = finding(&machine, "risk", "console-autologin");
    assert_eq!(found["place"], drop_in);
    mend(&machine, &found);
    is_silent(&machine);
    // login(1) no longer has -f, with which each name that is typed would be let in.
    console.type_line("exit");
    enter_password(console, "alice");
    console.expect(CODE);
}

#[test]
fn the_debug_shell_is_found_before_the_boot_that_starts_it() {
    let machine = machine();
    machine.succeed(["systemctl", "enable", "debug-shell.service"]);
    let found = finding(&machine, "hole", "debug-shell");
    mend(&machine, &found);
    is_silent(&machine);
    machine.fail(["systemctl", "is-enabled", "debug-shell.service"]);
}

#[test]
fn pam_rootok_in_front_lets_every_user_in_over_ssh() {
    let machine = machine();
    let file = "/etc/pam.d/sshd";
    let before = machine.read_file(file);
    machine.write_file(file, format!("auth sufficient pam_rootok.so\n{before}"));
    let found = finding(&machine, "hole", "pam-skipped");
    assert_eq!(found["place"], format!("{file}:1"));
    let thief = machine.ssh("alice");
    thief.expect(SHELL);
    let shown = thief.transcript();
    assert!(
        !shown.contains(CODE) && !shown.contains("Password:"),
        "{shown}"
    );

    mend(&machine, &found);
    is_silent(&machine);
    assert_eq!(machine.read_file(file), before);
    drop(ssh_to_code_prompt(&machine, "alice"));
}

#[test]
fn a_rule_of_doas_without_a_password_asks_after_the_remedy() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    let file = "/etc/doas.conf";
    machine.write_file(file, "# all\npermit  nopass keepenv alice # ours\n");
    let found = finding(&machine, "risk", "doas-nopass");
    assert_eq!(found["place"], format!("{file}:2"));
    mend(&machine, &found);
    is_silent(&machine);
    assert_eq!(
        machine.read_file(file),
        "# all\npermit  keepenv alice # ours\n"
    );
}

#[test]
fn a_module_that_cannot_be_loaded_refuses_logins_until_it_is_back() {
    let machine = machine();
    let keep = "cd /usr/lib/*/security && mkdir /root/kept && cp -a pam_tfa.so /root/kept";
    machine.succeed(["sh", "-c", keep]);
    let options = ["-o", "NumberOfPasswordPrompts=1", "-o", "LogLevel=INFO"];
    // Empty, as after a crash; another file; cut off, as by a full disk, which ends the process of sshd.
    for (damage, end) in [
        (": >pam_tfa.so", "Permission denied"),
        (
            "head -c 100000 /dev/urandom >pam_tfa.so",
            "Permission denied",
        ),
        (
            "head -c 20000 /root/kept/pam_tfa.so >pam_tfa.so",
            "Connection closed",
        ),
        ("rm pam_tfa.so", "Permission denied"),
    ] {
        let script = format!("cd /usr/lib/*/security && {damage}");
        machine.succeed(["sh", "-c", &script]);
        finding(&machine, "lock-out", "pam-module-missing");
        let owner = machine.ssh_with("alice", &options);
        if end == "Permission denied" {
            owner.expect("Password:");
            owner.type_secret(PASSWORD);
        }
        owner.expect(end);
        assert!(!owner.transcript().contains(CODE));
    }
    // What a reinstallation does.
    let back = "cp -a /root/kept/pam_tfa.so /usr/lib/*/security/";
    machine.succeed(["sh", "-c", back]);
    is_silent(&machine);
    drop(ssh_to_code_prompt(&machine, "alice"));
}

#[test]
fn templates_in_place_of_the_common_files_are_replaced_by_the_remedy() {
    for suite in [Suite::Bookworm, Suite::Trixie] {
        let (machine, _alice) = host_of_the_readme(suite);
        machine.succeed([
            "sh",
            "-c",
            "cd /usr/share/pam && cp $(ls | grep -v md5sums) /etc/pam.d/",
        ]);
        let found = finding(&machine, "lock-out", "pam-refuses");
        let options = ["-o", "NumberOfPasswordPrompts=1", "-o", "LogLevel=INFO"];
        let owner = machine.ssh_with("alice", &options);
        owner.expect("Permission denied");
        mend(&machine, &found);
        is_silent(&machine);
        drop(ssh_to_code_prompt(&machine, "alice"));
    }
}

#[test]
fn a_rule_of_polkit_that_makes_a_user_root_asks_after_the_remedy() {
    let machine = machine();
    let file = "/etc/polkit-1/rules.d/50-site.rules";
    let rule = |answer: &str| {
        format!(
            "polkit.addRule(function(action, subject) {{\n  if (action.id == \
             'org.freedesktop.systemd1.manage-units' && subject.user == 'alice')\n    return {answer};\n}});\n"
        )
    };
    for (open, closed) in [
        ("polkit.Result.YES", "polkit.Result.AUTH_ADMIN"),
        ("'yes'", "'auth_admin'"),
        ("\"yes\"", "\"auth_admin\""),
    ] {
        machine.write_file(file, rule(open));
        let found = finding(&machine, "risk", "polkit-allows");
        assert_eq!(found["place"], file);
        mend(&machine, &found);
        is_silent(&machine);
        assert_eq!(machine.read_file(file), rule(closed));
    }
}

#[test]
fn what_polkit_itself_allows_is_found_wherever_it_comes_from() {
    let machine = machine();
    machine.succeed(["useradd", "-m", "-s", "/bin/bash", "-G", "operator", "bob"]);
    // pkexec wants a parent in its own namespace.
    let pkexec = ["sh", "-c", "pkexec id -u; :"];
    let becomes_root = || machine.run_as("bob", pkexec).stdout == "0\n";
    let is_found = |actions: &[&str]| {
        let found = finding(&machine, "risk", "polkit-allows");
        assert_eq!(found["names"], serde_json::json!(actions));
        assert_eq!(found["place"], Value::Null);
        let what = found["what"].as_str().unwrap();
        assert!(what.contains("bob") && !what.contains("alice"), "{what}");
    };
    let rule = "/etc/polkit-1/rules.d/50-site.rules";
    assert!(!becomes_root());
    is_silent(&machine);

    // A rule that names an action for something else.
    machine.write_file(
        rule,
        "polkit.addRule(function(action, subject) {\n\
         if (action.id == 'org.freedesktop.login1.reboot') return polkit.Result.AUTH_ADMIN;\n\
         if (subject.isInGroup('operator') && action.id.indexOf('exec') > 0) return polkit.Result.YES;\n});\n",
    );
    is_found(&[
        "org.dpkg.pkexec.update-alternatives",
        "org.freedesktop.policykit.exec",
    ]);
    assert!(becomes_root());
    machine.succeed(["rm", rule]);

    // An action that starts a shell.
    machine.write_file(
        "/usr/share/polkit-1/actions/org.example.policy",
        "<policyconfig><action id='org.example.shell'><description>x</description><message>x</message>\
         <defaults><allow_any>auth_admin</allow_any><allow_inactive>auth_admin</allow_inactive>\
         <allow_active>auth_admin</allow_active></defaults>\
         <annotate key='org.freedesktop.policykit.exec.path'>/usr/bin/bash</annotate></action></policyconfig>",
    );
    machine.write_file(
        rule,
        "polkit.addRule(function(action, subject) {\n\
         if (subject.user == 'bob' && action.id == 'org.example.shell') return polkit.Result.YES;\n});\n",
    );
    is_found(&["org.example.shell"]);
    machine.succeed(["rm", rule]);
    is_silent(&machine);
}

/// The only finding, which is advice and has this id.
#[track_caller]
fn advice(machine: &Machine, id: &str) -> Value {
    let findings = findings(&machine.succeed(["tfactl", "doctor", "--json"]));
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}");
    };
    assert_eq!(finding["id"], id);
    finding.clone()
}

#[test]
fn an_exemption_gets_a_reason_and_audit_mode_ends() {
    let machine = machine();
    machine.succeed(["tfactl", "recovery", "create", "--yes"]);
    let policy =
        "[policy]\nmode = \"required\"\n[[policy.rule]]\nservices = [\"su\"]\nmode = \"off\"\n";
    set_policy(&machine, policy);
    let found = advice(&machine, "exemption-endless");
    mend(&machine, &found);
    is_silent(&machine);
    let exemptions = machine.succeed(["tfactl", "exemptions"]);
    assert!(exemptions.contains("REASON"), "{exemptions}");

    set_policy(&machine, "[policy]\nmode = \"required\"\n");
    machine.write_file(
        "/etc/tfa/tfad.toml.d/10-audit.toml",
        "[policy]\naudit = true\n",
    );
    machine.succeed(["systemctl", "reload", "tfad"]);
    let found = finding(&machine, "risk", "audit-mode");
    mend(&machine, &found);
    is_silent(&machine);
}

#[test]
fn actions_of_polkit_that_need_no_password_or_are_missing_are_found() {
    let machine = machine();
    machine.add_user("bob", PASSWORD);
    let file = "/usr/share/polkit-1/actions/org.tfad.tfa1.policy";
    let change = |command: &str| {
        machine.succeed(["sh", "-c", command]);
        machine.succeed(["systemctl", "try-restart", "polkit"]);
    };
    let list_as_bob = || machine.run_as("bob", ["tfactl", "list"]);
    assert!(!list_as_bob().success());
    change(&format!(
        "cp {file} /root/actions && sed -i s/auth_admin_keep/yes/ {file}"
    ));
    let found = finding(&machine, "hole", "polkit-open");
    assert_eq!(found["place"], file);
    assert_eq!(found["names"], serde_json::json!(["org.tfad.tfa1.manage"]));
    let listed = list_as_bob();
    assert!(listed.stdout.contains("alice"), "{listed}");

    change(&format!("rm {file}"));
    let found = finding(&machine, "risk", "polkit-missing");
    assert_eq!(found["names"].as_array().unwrap().len(), 2);
    // What a reinstallation does.
    change(&format!("cp /root/actions {file}"));
    is_silent(&machine);
    assert!(!list_as_bob().success());
}
