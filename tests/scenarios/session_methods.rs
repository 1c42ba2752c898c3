//! Logins over SSH that use several methods: a rule on a key holds whatever PAM was asked before it.

use tfa_tests::{Machine, Suite, Terminal};

use crate::users::{PASSWORD, set_policy};

/// Required after a key, for a user who has not enrolled.
const NOT_KEYS: &str = "[policy]\nmode = \"optional\"\n\
                        [[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"required\"\ngrace = \"0\"\n";
/// Required, but not after a password.
const BUT_PASSWORDS: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n\
                             [[policy.rule]]\nmethods = [\"password\"]\nmode = \"optional\"\n";
/// A grace period, but not after a key.
const GRACE_BUT_AFTER_KEYS: &str = "[policy]\nmode = \"required\"\ngrace = \"30d\"\n\
                        [[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"required\"\ngrace = \"0\"\n";
const REASON: &str = "Two-factor login is required on host";
/// The log line of a login that is refused.
const REFUSED: &str = "bob: denied: ";
const SHELL: &str = "bob@host:~$";
/// What `tfad --check` notes where the session phase cannot decide.
const SESSIONS_CAN_OPEN: &str = "its sessions can open without pam_tfa or against its refusal";
const SESSION_FILE: &str = "/etc/pam.d/common-session";

/// Bob, who has not enrolled, and whose key sshd accepts, under a policy.
fn machine_under(config: &str) -> (Machine, String) {
    machine_on(Suite::Bookworm, config)
}

fn machine_on(suite: Suite, config: &str) -> (Machine, String) {
    let machine = Machine::boot_on(suite);
    machine.add_user("bob", PASSWORD);
    machine.offer_questions();
    let key = machine.authorize_key("bob");
    set_policy(&machine, config);
    (machine, key)
}

fn refused(terminal: &Terminal) {
    terminal.expect(REASON);
    terminal.wait_exit();
    assert!(!terminal.transcript().contains(SHELL));
}

/// A login with Bob's key and with what PAM asks, in the order of `methods`.
fn by(machine: &Machine, key: &str, methods: &str) -> Terminal {
    let order = format!("-oPreferredAuthentications={methods}");
    machine.ssh_with("bob", &["-i", key, &order, "-oLogLevel=INFO"])
}

#[test]
fn a_key_after_a_wrong_password_is_decided_as_a_key() {
    let (machine, key) = machine_under(NOT_KEYS);
    // A stack that goes on after a wrong password, so that the auth phase asks for nothing.
    machine.write_file(
        "/etc/pam.d/common-auth",
        "auth required pam_unix.so\nauth required pam_tfa.so enroll=account\n",
    );
    let wrong_then_key = || {
        let terminal = by(&machine, &key, "password,publickey");
        terminal.expect("password:");
        terminal.type_secret("battery staple");
        // Each further empty one is wrong too.
        terminal.expect("password:");
        terminal.type_secret("battery staple");
        terminal.expect("password:");
        terminal.type_secret("battery staple");
        terminal
    };
    refused(&wrong_then_key());
    machine.expect_in_journal("tfad", REFUSED);
    set_policy(&machine, BUT_PASSWORDS);
    refused(&wrong_then_key());
}

#[test]
fn a_key_after_what_pam_asked_is_decided_as_a_key() {
    let (machine, key) = machine_under(NOT_KEYS);
    for (methods, prompt) in [
        ("keyboard-interactive,publickey", "Password:"),
        ("password,publickey", "password:"),
    ] {
        let lines = format!("AuthenticationMethods {methods}");
        machine.configure_sshd("00-both", &lines);
        let terminal = by(&machine, &key, methods);
        terminal.expect(prompt);
        terminal.type_secret(PASSWORD);
        refused(&terminal);
        machine.expect_in_journal("tfad", REFUSED);
        machine.succeed(["rm", "/etc/ssh/sshd_config.d/00-both.conf"]);
    }
    // Without the key the rule does not apply.
    machine.succeed(["systemctl", "restart", "ssh.service"]);
    for (method, prompt) in [
        ("keyboard-interactive", "Password:"),
        ("password", "password:"),
    ] {
        let terminal = by(&machine, &key, method);
        terminal.expect(prompt);
        terminal.type_secret(PASSWORD);
        terminal.expect(SHELL);
    }
}

#[test]
fn the_end_of_grace_is_shown_once_and_a_stricter_rule_on_keys_holds() {
    let (machine, key) = machine_under(GRACE_BUT_AFTER_KEYS);
    let terminal = by(&machine, &key, "keyboard-interactive");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Set it up now?");
    terminal.type_line("n");
    terminal.expect(SHELL);
    let shown = terminal.transcript();
    assert_eq!(shown.matches("will be required on").count(), 1, "{shown}");

    let methods = "keyboard-interactive,publickey";
    machine.configure_sshd("00-both", &format!("AuthenticationMethods {methods}"));
    let terminal = by(&machine, &key, methods);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Set it up now?");
    terminal.type_line("n");
    refused(&terminal);
}

/// A grace period after a key, which the session phase grants.
const GRACE_AFTER_KEYS: &str = "[policy]\nmode = \"optional\"\n\
                        [[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"required\"\ngrace = \"30d\"\n";

/// sshd shows what PAM says when it opens a session to a shell, and not to a command or a subsystem.
fn notices_reach_shells_only_on(suite: Suite) {
    let (machine, key) = machine_on(suite, GRACE_AFTER_KEYS);
    machine.write_file("/root/letter", "dear bob\n");
    machine.write_file("/root/batch", "put /root/letter by-sftp\n");
    let run = |program: &str, arguments: &[&str]| {
        let options = [
            program,
            "-oStrictHostKeyChecking=no",
            "-oUserKnownHostsFile=/dev/null",
            "-oLogLevel=ERROR",
            "-oBatchMode=yes",
            "-i",
            &key,
        ];
        let words = options.iter().chain(arguments).copied();
        let output = machine.command(words).run();
        assert!(output.success(), "{program} {arguments:?}: {output}");
        output.text()
    };
    let told = |said: &str, logged: &str| {
        let terminal = by(&machine, &key, "publickey");
        terminal.expect(said);
        terminal.expect(SHELL);
        machine.expect_in_journal("tfad", logged);
        assert_eq!(run("ssh", &["bob@localhost", "echo in"]), "in\n");
        run("sftp", &["-b", "/root/batch", "bob@localhost"]);
        run("scp", &["/root/letter", "bob@localhost:by-scp"]);
        run("scp", &["-O", "/root/letter", "bob@localhost:by-old-scp"]);
        for name in ["by-sftp", "by-scp", "by-old-scp"] {
            let path = format!("/home/bob/{name}");
            assert_eq!(machine.read_file(&path), "dear bob\n", "{name}");
            machine.succeed(["rm", &path]);
        }
    };
    told(
        "Two-factor login will be required on host",
        "bob: not enrolled; allowed until ",
    );
    let exempt = [
        "tfactl", "exempt", "bob", "--for", "2d", "--reason", "repair",
    ];
    machine.succeed(exempt);
    told("exempted you", "repair");
}

#[test]
fn what_the_session_phase_says_reaches_a_shell_and_not_sftp() {
    notices_reach_shells_only_on(Suite::Bookworm);
}

#[test]
fn what_the_session_phase_says_reaches_a_shell_and_not_sftp_on_trixie() {
    notices_reach_shells_only_on(Suite::Trixie);
}

#[test]
fn a_session_line_that_cannot_refuse_leaves_the_account_phase_strict() {
    let (machine, key) = machine_under(NOT_KEYS);
    for control in ["optional", "sufficient", "[success=ok default=ignore]"] {
        let edit = format!("s/^session.*pam_tfa.so/session {control} pam_tfa.so/");
        machine.succeed(["sed", "-i", &edit, SESSION_FILE]);
        let terminal = by(&machine, &key, "publickey");
        refused(&terminal);
        let check = machine.run(["tfad", "--check"]).text();
        assert!(check.contains(SESSIONS_CAN_OPEN), "{check}");
    }
}

#[test]
fn a_session_line_that_some_users_skip_leaves_the_account_phase_strict() {
    let (machine, key) = machine_under(NOT_KEYS);
    let around = "session [success=1 default=ignore] pam_succeed_if.so quiet user ingroup bob";
    machine.succeed([
        "sed",
        "-i",
        &format!("/pam_tfa.so/i {around}"),
        SESSION_FILE,
    ]);
    refused(&by(&machine, &key, "publickey"));
    machine.expect_in_journal("tfad", REFUSED);
    let check = machine.run(["tfad", "--check"]).text();
    assert!(check.contains(SESSIONS_CAN_OPEN), "{check}");
    let found = machine.run(["tfactl", "doctor"]).text();
    assert!(found.contains("pam-session-skipped"), "{found}");
}
