//! What the doctor prints mends the fault: logins show the fault before it, and none after it.

use serde_json::{Value, json};
use tfa_tests::{Machine, Suite, Terminal};

use crate::doctor::{finding, findings, host_of_the_readme, is_silent, mend, wait_for};
use crate::security_keys::{add, authorize, logs_in_without_a_code, machine_with_keys, make_key};
use crate::users::{CODE, PASSWORD, set_policy, ssh_to_code_prompt};

const SUITES: [Suite; 2] = [Suite::Bookworm, Suite::Trixie];
const SHELL: &str = "alice@host:~$";
const AUTH: &str = "/etc/pam.d/common-auth";

/// The finding of this id, whatever else there is.
#[track_caller]
fn only(machine: &Machine, id: &str) -> Value {
    let output = machine.run(["tfactl", "doctor", "--json", "--only", id]);
    let findings = findings(&output.stdout);
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings[0].clone()
}

#[track_caller]
fn has_no(machine: &Machine, id: &str) {
    let output = machine.succeed(["tfactl", "doctor", "--json", "--only", id]);
    assert_eq!(findings(&output), [""; 0]);
}

/// The password is enough until the remedy has written the profile back.
#[track_caller]
fn profile_is_written_back(machine: &Machine, found: &Value, before: &str) {
    password_is_enough(machine);
    mend(machine, found);
    is_silent(machine);
    assert_eq!(machine.read_file(AUTH), before);
    drop(ssh_to_code_prompt(machine, "alice"));
}

/// A login of alice with the password, which meets no question for a code.
#[track_caller]
fn password_is_enough(machine: &Machine) {
    let thief = machine.ssh("alice");
    thief.expect("Password:");
    thief.type_secret(PASSWORD);
    thief.expect(SHELL);
    assert!(!thief.transcript().contains(CODE));
}

/// Changes the lines of a file with sed(1).
fn edit(machine: &Machine, script: &str, file: &str) {
    machine.succeed(["sed", "-i", script, file]);
}

#[test]
fn lines_of_the_profile_that_were_removed_are_written_again() {
    for suite in SUITES {
        let (machine, _alice) = host_of_the_readme(suite);
        let before = machine.read_file(AUTH);
        edit(&machine, "/pam_tfa/d", AUTH);
        edit(&machine, "/pam_tfa/d", "/etc/pam.d/common-session");
        let found = finding(&machine, "hole", "pam-auth-missing");
        assert_eq!(found["commands"], json!(["pam-auth-update --enable tfa"]));
        assert_eq!(found["place"], AUTH);
        let names = found["names"].as_array().unwrap();
        for name in ["login", "sshd", "su", "sudo"] {
            assert!(names.contains(&Value::from(name)), "{found}");
        }
        profile_is_written_back(&machine, &found, &before);
    }
}

#[test]
fn control_changed_by_hand_in_the_profile_is_written_back() {
    for suite in SUITES {
        let (machine, _alice) = host_of_the_readme(suite);
        let before = machine.read_file(AUTH);
        edit(&machine, r"/pam_unix/s/\[.*\]/sufficient/", AUTH);
        let found = finding(&machine, "hole", "pam-skipped");
        assert_eq!(found["commands"], json!([]));
        profile_is_written_back(&machine, &found, &before);
    }
}

#[test]
fn changes_by_hand_in_the_profile_are_overwritten_with_force() {
    for suite in SUITES {
        let (machine, _alice) = host_of_the_readme(suite);
        let before = machine.read_file(AUTH);
        edit(&machine, r"s/^auth.*pam_unix.*/$auth_primary/", AUTH);
        let found = finding(&machine, "lock-out", "pam-error");
        let force = "pam-auth-update --force --enable tfa";
        assert_eq!(found["commands"], json!([force]));

        // It refuses without.
        let changed = machine.read_file(AUTH);
        machine.succeed(["pam-auth-update", "--enable", "tfa"]);
        assert_eq!(machine.read_file(AUTH), changed);
        mend(&machine, &found);
        is_silent(&machine);
        assert_eq!(machine.read_file(AUTH), before);
        assert_eq!(machine.read_file("/etc/pam.d/common-auth.pam-old"), changed);
        drop(ssh_to_code_prompt(&machine, "alice"));
    }
}

#[test]
fn a_code_that_is_asked_for_before_the_password_moves_behind_it() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    let own = "auth requisite pam_tfa.so enroll=account\nauth requisite pam_unix.so nullok\n";
    let file = "/etc/pam.d/sshd";
    let text = machine.read_file(file);
    machine.write_file(file, text.replace("@include common-auth\n", own));
    let found = finding(&machine, "risk", "pam-module-first");
    let stranger = machine.ssh("alice");
    stranger.expect(CODE);

    mend(&machine, &found);
    is_silent(&machine);
    let owner = ssh_to_code_prompt(&machine, "alice");
    let shown = owner.transcript();
    assert!(shown.find("Password:") < shown.find(CODE), "{shown}");
}

/// What an administrator leaves who removes the line of another module below it.
#[test]
fn a_jump_that_skips_the_password_locks_its_users_out_until_it_is_removed() {
    for suite in SUITES {
        let (machine, _alice) = host_of_the_readme(suite);
        let jump = "1i auth [success=1 default=ignore] pam_succeed_if.so user = alice";
        edit(&machine, jump, "/etc/pam.d/sshd");
        let found = finding(&machine, "lock-out", "pam-jump-refuses");
        assert_eq!(found["place"], "/etc/pam.d/sshd:1");
        assert_eq!(found["names"], json!(["sshd"]));
        machine.ssh("alice").expect("Permission denied");

        mend(&machine, &found);
        is_silent(&machine);
        drop(ssh_to_code_prompt(&machine, "alice"));
    }
}

#[test]
fn a_second_line_asks_for_a_second_code_until_it_is_removed() {
    let (machine, alice) = host_of_the_readme(Suite::Bookworm);
    let line = "/@include common-auth/a auth required pam_tfa.so enroll=account";
    edit(&machine, line, "/etc/pam.d/sshd");
    let found = finding(&machine, "risk", "pam-twice");
    assert_eq!(found["names"], json!(["sshd"]));
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[1]);
    terminal.expect(SHELL);

    mend(&machine, &found);
    is_silent(&machine);
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.backup_codes[2]);
    terminal.expect(SHELL);
}

/// Required after a key only.
const NOT_AFTER_KEYS: &str = "[policy]\nmode = \"optional\"\n\
     [[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"required\"\ngrace = \"0\"\n";

#[test]
fn without_the_session_line_a_key_after_the_password_passes_a_rule_on_keys() {
    for suite in SUITES {
        let (machine, _alice) = host_of_the_readme(suite);
        machine.add_user("bob", PASSWORD);
        let key = machine.authorize_key("bob");
        machine.configure_sshd(
            "00-both",
            "AuthenticationMethods keyboard-interactive,publickey",
        );
        set_policy(&machine, NOT_AFTER_KEYS);
        let log_in = || -> Terminal {
            let order = "-oPreferredAuthentications=keyboard-interactive,publickey";
            let terminal = machine.ssh_with("bob", &["-i", &key, order, "-oLogLevel=INFO"]);
            terminal.expect("Password:");
            terminal.type_secret(PASSWORD);
            terminal
        };
        has_no(&machine, "pam-session-missing");
        log_in().expect("Two-factor login is required on host");

        edit(&machine, "/pam_tfa/d", "/etc/pam.d/common-session");
        let found = only(&machine, "pam-session-missing");
        assert_eq!(found["names"], json!(["sshd"]));
        assert_eq!(found["commands"], json!(["pam-auth-update --enable tfa"]));
        log_in().expect("bob@host:~$");

        mend(&machine, &found);
        has_no(&machine, "pam-session-missing");
        log_in().expect("Two-factor login is required on host");
    }
}

#[test]
fn another_pam_service_of_sshd_is_examined_as_that_of_sshd() {
    let (machine, _alice) = host_of_the_readme(Suite::Trixie);
    let lines = "auth requisite pam_unix.so\naccount required pam_unix.so\n\
                 session required pam_unix.so\n";
    machine.write_file("/etc/pam.d/sshd-inner", lines);
    machine.configure_sshd("00-name", "PAMServiceName sshd-inner");
    let found = finding(&machine, "hole", "pam-not-asked");
    assert_eq!(found["names"], json!(["sshd-inner"]));
    let thief = machine.ssh("alice");
    thief.expect("Password:");
    thief.type_secret(PASSWORD);
    thief.expect("$ ");
    assert!(!thief.transcript().contains(CODE));

    mend(&machine, &found);
    is_silent(&machine);
    set_policy(&machine, NOT_AFTER_KEYS);
    let found = only(&machine, "pam-session-gate");
    assert_eq!(found["names"], json!(["sshd-inner"]));
    mend(&machine, &found);
    has_no(&machine, "pam-session-gate");
    has_no(&machine, "pam-session-missing");
    drop(ssh_to_code_prompt(&machine, "alice"));
}

#[test]
fn settings_of_the_command_line_of_sshd_are_found_in_their_place() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    machine.write_file(
        "/etc/default/ssh",
        "SSHD_OPTS='-o UsePAM=no -o PasswordAuthentication=yes'\n",
    );
    machine.succeed(["systemctl", "restart", "ssh"]);
    let found = finding(&machine, "hole", "sshd-without-pam");
    assert_eq!(found["place"], "/etc/default/ssh");
    let password = ["-o", "PreferredAuthentications=password"];
    let thief = machine.ssh_with("alice", &password);
    thief.expect("password:");
    thief.type_secret(PASSWORD);
    thief.expect("$");
    mend(&machine, &found);
    // systemd starts a unit five times in ten seconds.
    machine.succeed(["systemctl", "reset-failed", "ssh"]);
    mend(&machine, &only(&machine, "sshd-password-method"));
    is_silent(&machine);
    drop(ssh_to_code_prompt(&machine, "alice"));

    machine.succeed(["cp", "/etc/ssh/sshd_config", "/etc/ssh/inner"]);
    machine.succeed([
        "sed",
        "-i",
        "s/^UsePAM.*/UsePAM no/; /^Include/d",
        "/etc/ssh/inner",
    ]);
    let drop_in = "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -f /etc/ssh/inner\n";
    machine.write_file("/run/systemd/system/ssh.service.d/inner.conf", drop_in);
    machine.succeed(["systemctl", "daemon-reload"]);
    machine.succeed(["systemctl", "restart", "ssh"]);
    let found = only(&machine, "sshd-without-pam");
    let place = found["place"].as_str().unwrap();
    assert!(place.starts_with("/etc/ssh/inner:"), "{place}");
    let commands = found["commands"].as_array().unwrap();
    let check = "sshd -t -f /etc/ssh/inner && systemctl reload ssh";
    assert_eq!(commands.last(), Some(&Value::from(check)));
    let thief = machine.ssh_with("alice", &password);
    thief.expect("password:");
    thief.type_secret(PASSWORD);
    thief.expect("$");

    mend(&machine, &found);
    has_no(&machine, "sshd-without-pam");
    drop(ssh_to_code_prompt(&machine, "alice"));
}

/// systemd starts sshd without PAM for each text, which sshd shows as its title.
#[test]
fn each_spelling_of_an_option_of_sshd_is_found() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    for text in [
        "SSHD_OPTS=\"-4 \\\n -o UsePAM=no\"\n",
        "SSHD_OPTS=-o\\ UsePAM=no\n",
        "SSHD_OPTS='-o \"UsePAM no\" -o \"LoginGraceTime 600\"'\n",
    ] {
        machine.write_file("/etc/default/ssh", text);
        // systemd limits the starts in a short time.
        machine.succeed(["systemctl", "reset-failed", "ssh"]);
        machine.succeed(["systemctl", "restart", "ssh"]);
        let title = "cat /proc/$(systemctl show --value --property=MainPID ssh)/cmdline";
        let title = machine.succeed(["sh", "-c", title]);
        assert!(title.contains("UsePAM"), "{text}: {title}");
        let found = only(&machine, "sshd-without-pam");
        assert_eq!(found["place"], "/etc/default/ssh", "{text}");
    }
    machine.write_file("/etc/default/ssh", "");
    let start = |command: &str| {
        let drop_in = format!("[Service]\nExecStart=\nExecStart={command}\n");
        machine.write_file("/run/systemd/system/ssh.service.d/start.conf", drop_in);
        machine.succeed(["systemctl", "daemon-reload"]);
    };
    machine.succeed(["systemctl", "stop", "ssh"]);
    start("/bin/sh -c 'exec /usr/sbin/sshd -D -o UsePAM=no'");
    let found = only(&machine, "sshd-partly-examined");
    assert!(
        found["what"].as_str().unwrap().contains("ssh.service"),
        "{found}"
    );
    machine.succeed(["cp", "/usr/sbin/sshd", "/usr/local/sbin/sshd"]);
    machine.succeed(["mv", "/usr/sbin/sshd", "/usr/sbin/sshd.away"]);
    start("/usr/local/sbin/sshd -D -o UsePAM=no");
    let found = only(&machine, "sshd-without-pam");
    assert_eq!(found["place"], "ssh.service");
}

/// The files of the package's sshd are as the README says.
#[test]
fn each_sshd_that_runs_is_examined_with_what_it_has_read() {
    for suite in SUITES {
        let (machine, _alice) = host_of_the_readme(suite);
        // A file that was removed without a reload.
        machine.configure_sshd("00-old", "UsePAM no\nPasswordAuthentication yes");
        machine.succeed(["rm", "/etc/ssh/sshd_config.d/00-old.conf"]);
        assert!(enters_without_a_code(&machine, "22"), "{suite:?}");
        let found = finding(&machine, "risk", "sshd-not-loaded");
        assert_eq!(found["names"], json!(["/etc/ssh/sshd_config.d"]));
        mend(&machine, &found);
        is_silent(&machine);
        assert!(!enters_without_a_code(&machine, "22"), "{suite:?}");

        let other = "Port 2222\nUsePAM no\nPasswordAuthentication yes\nPidFile /run/sshd2.pid\n";
        machine.write_file("/etc/ssh/sshd2_config", other);
        let start = "/usr/sbin/sshd -f /etc/ssh/sshd2_config";
        machine.succeed(["sh", "-c", start]);
        assert!(enters_without_a_code(&machine, "2222"), "{suite:?}");
        let found = finding(&machine, "hole", "sshd-without-pam");
        assert_eq!(found["place"], "/etc/ssh/sshd2_config:2");
        mend(&machine, &found);
        wait_for(&machine, "[ /run/sshd2.pid -nt /etc/ssh/sshd2_config ]");
        assert!(!enters_without_a_code(&machine, "2222"), "{suite:?}");
        machine.succeed(["sh", "-c", "kill $(cat /run/sshd2.pid)"]);
        machine.write_file("/etc/ssh/sshd2_config", other);
        let unit = format!("[Service]\nExecStart={start} -D\n");
        machine.write_file("/etc/systemd/system/inner.service", unit);
        machine.succeed(["systemctl", "daemon-reload"]);
        machine.succeed(["systemctl", "start", "inner"]);
        let found = finding(&machine, "hole", "sshd-without-pam");
        let what = found["what"].as_str().unwrap();
        assert!(what.ends_with("in the sshd of inner.service."), "{what}");
        machine.succeed(["systemctl", "stop", "inner"]);
        is_silent(&machine);
        // Other PAM files for sshd alone.
        machine.write_file(
            "/run/systemd/system/ssh.service.d/pam.conf",
            "[Service]\nBindReadOnlyPaths=/srv:/etc/pam.d\n",
        );
        machine.succeed(["systemctl", "daemon-reload"]);
        machine.succeed(["systemctl", "restart", "ssh"]);
        let found = only(&machine, "sshd-partly-examined");
        let what = found["what"].as_str().unwrap();
        let expected = "ssh.service has BindReadOnlyPaths";
        assert!(what.starts_with(expected), "{what}");
    }
}

/// Whether sshd at a port lets alice in with the password alone.
fn enters_without_a_code(machine: &Machine, port: &str) -> bool {
    let options = [
        "-p",
        port,
        "-o",
        "PreferredAuthentications=keyboard-interactive,password",
    ];
    let thief = machine.ssh_with("alice", &options);
    thief.expect("assword:");
    thief.type_secret(PASSWORD);
    thief.expect_any(&[SHELL, CODE]) == 0
}

#[test]
fn a_security_key_without_touch_is_refused_after_the_remedy() {
    let (machine, alice) = machine_with_keys();
    let key = make_key(&machine, "lazy", "ed25519-sk", &["-O", "no-touch-required"]);
    let public = authorize(&machine, "alice", &key, "no-touch-required");
    add(&machine, &public, "lazy", &alice.phone.next_unused());
    set_policy(
        &machine,
        "[policy]\nmode = \"optional\"\n[[policy.rule]]\nservices = [\"sshd\"]\n\
         mode = \"required\"\nfactors = [\"security-key\"]\n",
    );
    let found = only(&machine, "sshd-touch");
    assert_eq!(found["severity"], "risk");
    logs_in_without_a_code(&machine, &key);

    mend(&machine, &found);
    has_no(&machine, "sshd-touch");
    let options = ["-i", &key, "-oIdentitiesOnly=yes", "-oBatchMode=yes"];
    let terminal = machine.ssh_with("alice", &options);
    terminal.expect("Permission denied (publickey");
}

#[test]
fn the_screen_of_a_broken_host_ends_with_the_worst_finding_and_its_remedy() {
    let (machine, _alice) = host_of_the_readme(Suite::Bookworm);
    edit(&machine, "/pam_tfa/d", AUTH);
    machine.configure_sshd("zz-site", "MaxAuthTries 1");
    machine.write_file("/etc/sudoers.d/90-cloud", "alice ALL=(ALL) NOPASSWD:ALL\n");
    let terminal = machine.terminal(["bash", "--norc"]);
    terminal.resize(24, 80);
    terminal.type_line("PS1='done$ '; clear; tfactl doctor");
    terminal.expect("advice: 0.");
    terminal.expect("done$");
    let screen = terminal.screen();
    assert!(screen.contains("HOLE  pam-auth-missing"), "{screen}");
    assert!(
        screen.contains("    pam-auth-update --enable tfa"),
        "{screen}"
    );
}
