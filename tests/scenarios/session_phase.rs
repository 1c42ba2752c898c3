//! The session phase of sshd: rules on methods are exact, and a refusal lets no user in.

use tfa_tests::{Command, Machine, Output, Suite};

use crate::users::{
    CODE, Owner, PASSWORD, machine_with_alice_set_up_on, set_policy, ssh_to_code_prompt,
};

/// Runs each scenario on each release: sshd and login have other versions there.
macro_rules! on_each_release {
    ($($scenario:ident,)+) => {
        mod bookworm {
            $(#[test] fn $scenario() { super::$scenario(tfa_tests::Suite::Bookworm); })+
        }
        mod trixie {
            $(#[test] fn $scenario() { super::$scenario(tfa_tests::Suite::Trixie); })+
        }
    };
}

on_each_release! {
    a_rule_on_keys_exempts_keys_and_no_other_method_of_sshd,
    a_refused_session_has_no_shell_no_copy_and_no_forwarding,
    without_the_session_line_rules_on_methods_are_as_strict_as_before,
    a_password_alone_is_refused_where_a_rule_names_methods,
    a_daemon_that_goes_down_refuses_only_undecided_sessions,
    the_profile_puts_the_session_line_before_the_modules_that_open_sessions,
}

/// Required for all users, at once, except after a key.
const KEYS_DO: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n\
                       [[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"off\"\n";
/// Required after a key only.
const NOT_KEYS: &str = "[policy]\nmode = \"optional\"\n\
                        [[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"required\"\ngrace = \"0\"\n";
/// The log line of a login without a second factor.
const NOT_VERIFIED: &str =
    "alice: denied: a second factor is required, and this login verified none";
/// The log line of an exempt login.
const EXEMPT: &str = "alice: not asked: the policy's mode is off (/etc/tfa/tfad.toml line 4)";
const REASON: &str = "Two-factor login is required on host.";
/// The exit status of sshd's session if PAM opens none.
const NO_SESSION: &str = "254";
const FILE: &str = "/etc/pam.d/common-session";

/// Alice, who has enrolled, and whose key sshd accepts, under a policy.
fn machine_under(suite: Suite, config: &str) -> (Machine, Owner) {
    let (machine, alice) = machine_with_alice_set_up_on(suite);
    let _ = machine.authorize_key("alice");
    set_policy(&machine, config);
    (machine, alice)
}

/// A program of the OpenSSH client with default settings and the key of alice.
fn with_key(machine: &Machine, program: &str, arguments: &[&str]) -> Command {
    let words = [
        program,
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/root/known",
        "-oBatchMode=yes",
        "-oIdentityFile=/root/.ssh/alice",
    ];
    machine.command(words.into_iter().chain(arguments.iter().copied()))
}

fn by_key(machine: &Machine) -> Output {
    with_key(machine, "ssh", &["alice@localhost", "echo in"]).run()
}

/// A login of alice from alice on this machine, whose host key sshd trusts.
fn by_host(machine: &Machine) -> Output {
    let options = [
        "ssh",
        "-oStrictHostKeyChecking=no",
        "-oBatchMode=yes",
        "-oHostbasedAuthentication=yes",
        "-oPreferredAuthentications=hostbased",
    ];
    let words = options.into_iter().chain(["alice@localhost", "echo in"]);
    machine.command(words).user("alice").run()
}

#[track_caller]
fn is_accepted(output: &Output) {
    assert!(output.success() && output.stdout == "in\n", "{output}");
}

/// Refused in the session phase: with the reason, and without a shell.
#[track_caller]
fn has_no_session(output: &Output) {
    assert!(!output.success(), "{output}");
    assert!(output.text().contains(REASON), "{output}");
    assert!(!output.text().contains("in\n"), "{output}");
}

fn a_rule_on_keys_exempts_keys_and_no_other_method_of_sshd(suite: Suite) {
    let (machine, alice) = machine_under(suite, KEYS_DO);
    machine.trust_own_host_key();
    is_accepted(&by_key(&machine));
    machine.expect_in_journal("tfad", EXEMPT);
    for (method, outcome) in [("publickey", "asked for nothing"), ("hostbased", "refused")] {
        let words = ["tfactl", "explain", "alice", "--method", method];
        let explained = machine.succeed(words);
        assert!(
            explained.contains(&format!("\nOutcome: {outcome}\n")),
            "{explained}"
        );
        let phase = "\nDecided in: the session phase\n";
        assert!(explained.contains(phase), "{explained}");
    }

    has_no_session(&by_host(&machine));
    machine.expect_in_journal("tfad", NOT_VERIFIED);
    machine.expect_in_journal("sshd", "PAM: pam_open_session()");
    // The same login where the rule names its method.
    set_policy(&machine, &KEYS_DO.replace("publickey", "hostbased"));
    is_accepted(&by_host(&machine));
    has_no_session(&by_key(&machine));

    // A password is followed by the code.
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
}

fn a_refused_session_has_no_shell_no_copy_and_no_forwarding(suite: Suite) {
    let (machine, alice) = machine_under(suite, NOT_KEYS);
    let output = by_key(&machine);
    has_no_session(&output);
    machine.expect_in_journal("tfad", NOT_VERIFIED);
    let status = "ssh -oStrictHostKeyChecking=no -oUserKnownHostsFile=/root/known -oBatchMode=yes \
                  -i /root/.ssh/alice alice@localhost 'echo in' >/dev/null 2>&1; echo $?";
    assert_eq!(machine.succeed(["sh", "-c", status]).trim(), NO_SESSION);
    let terminal = machine.ssh_with("alice", &["-i/root/.ssh/alice"]);
    terminal.expect(REASON);
    terminal.wait_exit();
    assert!(!terminal.transcript().contains("host:~$"));

    machine.write_file("/root/letter", "dear alice\n");
    machine.write_file("/root/batch", "put /root/letter\n");
    for (program, arguments) in [
        ("scp", &["/root/letter", "alice@localhost:"][..]),
        ("scp", &["-O", "/root/letter", "alice@localhost:"]),
        ("sftp", &["-b", "/root/batch", "alice@localhost"]),
        ("ssh", &["-T", "alice@localhost", "cat >letter; echo done"]),
    ] {
        let output = with_key(&machine, program, arguments).fail();
        assert!(!output.stdout.contains("done"), "{program}: {output}");
        // sshd sends the reason as output of the program, and these take it for data.
        let takes_data = program == "sftp" || arguments == ["/root/letter", "alice@localhost:"];
        let garbled = output.stderr.contains("Received message too long");
        assert_eq!(garbled, takes_data, "{program} {arguments:?}: {output}");
    }
    assert!(!machine.has_file("/home/alice/letter"));
    let output = with_key(&machine, "ssh", &["-W", "localhost:22", "alice@localhost"]).fail();
    let prohibited = "administratively prohibited";
    // Each connection to the forwarded port opens a channel.
    let forward = "ssh -oStrictHostKeyChecking=no -oUserKnownHostsFile=/root/known -oBatchMode=yes \
                   -i /root/.ssh/alice -N -L 8022:localhost:22 alice@localhost 2>/root/log & \
                   until grep -q 'administratively prohibited' /root/log; do \
                   ssh-keyscan -T 1 -p 8022 localhost >>/root/seen 2>/root/noise; done; kill $!";
    machine.succeed(["timeout", "30", "sh", "-c", forward]);
    assert!(!machine.read_file("/root/seen").contains("ssh-"));
    assert!(output.stderr.contains(prohibited), "{output}");
    assert!(!output.stdout.contains("SSH-2.0"), "{output}");
    let forward = "-R 8022:localhost:22";
    let output = with_key(
        &machine,
        "ssh",
        &[
            "-N",
            "-oExitOnForwardFailure=yes",
            forward,
            "alice@localhost",
        ],
    );
    assert!(output.fail().stderr.contains("forwarding failed"));

    // The second factor, met in this login, opens the session.
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    machine.configure_sshd(
        "00-both",
        "AuthenticationMethods publickey,keyboard-interactive",
    );
    let terminal = machine.ssh_with("alice", &["-i/root/.ssh/alice"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect("alice@host:~$");
}

fn without_the_session_line_rules_on_methods_are_as_strict_as_before(suite: Suite) {
    let (machine, _alice) = machine_under(suite, KEYS_DO);
    machine.trust_own_host_key();
    // The account line still tells of a session line.
    machine.succeed(["sed", "-i", "/pam_tfa.so/d", FILE]);
    assert!(
        machine
            .read_file("/etc/pam.d/common-account")
            .contains("session=gate")
    );
    let check = machine.run(["tfad", "--check"]).text();
    assert!(
        check.contains("the PAM service sshd has session=gate"),
        "{check}"
    );
    let explained = machine.succeed(["tfactl", "explain", "alice", "--method", "publickey"]);
    assert!(
        explained.contains("\nDecided in: the account phase\n"),
        "{explained}"
    );
    // By default a host has keys only.
    is_accepted(&by_key(&machine));
    let both = "sshd_methods = [\"publickey\", \"hostbased\"]\n[[policy.rule]]";
    set_policy(&machine, &KEYS_DO.replace("[[policy.rule]]", both));
    for output in [by_key(&machine), by_host(&machine)] {
        assert!(!output.success() && output.stdout.is_empty(), "{output}");
    }
    set_policy(&machine, NOT_KEYS);
    let output = by_key(&machine);
    assert!(!output.success() && output.stdout.is_empty(), "{output}");
    assert!(output.stderr.contains(REASON), "{output}");
}

fn a_password_alone_is_refused_where_a_rule_names_methods(suite: Suite) {
    let (machine, _alice) = machine_under(suite, KEYS_DO);
    machine.succeed([
        "sed",
        "-i",
        "/^auth.*pam_tfa.so/d",
        "/etc/pam.d/common-auth",
    ]);
    // sshd runs the account phase of this method in a process of its own.
    let by_questions = "-oPreferredAuthentications=keyboard-interactive";
    let once = "-oNumberOfPasswordPrompts=1";
    let terminal = machine.ssh_with("alice", &["-oLogLevel=INFO", by_questions, once]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(REASON);
    terminal.wait_exit();
    assert!(!terminal.transcript().contains("host:~$"));
    machine.expect_in_journal("tfad", NOT_VERIFIED);
}

fn a_daemon_that_goes_down_refuses_only_undecided_sessions(suite: Suite) {
    let (machine, alice) = machine_under(suite, KEYS_DO);
    is_accepted(&by_key(&machine));
    let down = "session optional pam_exec.so quiet \
                /usr/bin/systemctl mask --now --runtime tfad.service";
    machine.succeed(["sed", "-i", &format!("1i {down}"), "/etc/pam.d/sshd"]);
    let up = || {
        machine.succeed(["systemctl", "unmask", "--runtime", "tfad.service"]);
        machine.succeed(["systemctl", "start", "tfad.service"]);
    };
    let output = by_key(&machine);
    assert!(
        !output.success() && !output.text().contains("in\n"),
        "{output}"
    );
    let unavailable = "Two-factor login is not available right now";
    assert!(output.text().contains(unavailable), "{output}");
    machine.expect_in_journal("sshd", "refusing. See: systemctl status tfad");
    up();
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("alice@host:~$");
    up();
    // Without a rule on methods the account phase decides.
    set_policy(&machine, "[policy]\nmode = \"optional\"\n");
    is_accepted(&by_key(&machine));
}

fn the_profile_puts_the_session_line_before_the_modules_that_open_sessions(suite: Suite) {
    let machine = Machine::boot_on(suite);
    let lines = machine.read_file(FILE);
    let line_of = |module: &str| lines.lines().position(|line| line.contains(module));
    let of_tfa = line_of("pam_tfa.so").expect("the session line");
    for module in ["pam_unix.so", "pam_systemd.so"] {
        assert!(line_of(module).is_none_or(|line| of_tfa < line), "{lines}");
    }
    let jobs = machine.read_file("/etc/pam.d/common-session-noninteractive");
    assert!(!jobs.contains("pam_tfa"), "{jobs}");
    let check = machine.run(["tfad", "--check"]).text();
    assert!(!check.contains("session=gate"), "{check}");
    machine.succeed(["dpkg", "--remove", "tfa"]);
    for file in [FILE, "/etc/pam.d/common-account", "/etc/pam.d/common-auth"] {
        let lines = machine.read_file(file);
        assert!(!lines.contains("pam_tfa"), "{lines}");
    }
}
