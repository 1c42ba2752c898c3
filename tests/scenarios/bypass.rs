//! Logins that continue without the second factor: which are refused, which are logged, and which
//! the check of the configuration reports.

use tfa_tests::{Machine, Terminal};

use crate::users::{CODE, PASSWORD, machine_with_alice_set_up, set_policy, set_up};

const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";
/// The log line of a login that continued.
const WITHOUT: &str = "continues WITHOUT the required second factor";
/// The log line of a login that the auth phase refused.
const AUTH_REFUSED: &str = "denied: the auth phase refused this login, and it went on";

/// As in Debian's gdm3, without the lines for the desktop.
const NO_AUTH_PHASE: &str = "auth required pam_permit.so\n@include common-account\n";

fn times(machine: &Machine, line: &str) -> usize {
    machine.journal("tfad").matches(line).count()
}

#[test]
fn a_service_that_skips_the_auth_phase_is_refused_or_logged_once() {
    let machine = Machine::boot_with(&["pamtester"]);
    for user in ["alice", "bob"] {
        machine.add_user(user, PASSWORD);
    }
    machine.offer_questions();
    let _alice = set_up(&machine, "alice", PASSWORD);
    for service in ["gdm-autologin", "gdm-fingerprint", "kiosk"] {
        machine.write_file(&format!("/etc/pam.d/{service}"), NO_AUTH_PHASE);
    }
    set_policy(&machine, REQUIRED);
    let login = |service: &str, user: &str| {
        machine.run(["pamtester", service, user, "authenticate", "acct_mgmt"])
    };
    for service in ["gdm-autologin", "gdm-fingerprint"] {
        for user in ["alice", "bob"] {
            let output = login(service, user);
            assert!(!output.success(), "{output}");
            let said = "This kind of login cannot ask for a code.";
            assert!(output.text().contains(said), "{output}");
            let unmet = "denied: a second factor is required, and this login verified none";
            let line = format!("{user}: {unmet} (/etc/tfa/tfad.toml line 2) (service {service}, ");
            machine.expect_in_journal("tfad", &line);
        }
    }
    assert_eq!(times(&machine, WITHOUT), 0);

    // A service that `guard` does not name continues. The log reports it once, with a remedy.
    for user in ["alice", "bob"] {
        for _ in 0..3 {
            let output = login("kiosk", user);
            assert!(output.success(), "{output}");
        }
        let message = machine.expect_in_journal("tfad", &format!("{user}: {WITHOUT}"));
        assert!(message.contains("(service kiosk, from "), "{message}");
        assert!(message.contains("add the service to guard"), "{message}");
    }
    assert_eq!(times(&machine, WITHOUT), 2);
    let notes = machine.run(["tfad", "--check"]).text();
    assert!(
        notes.contains("the PAM service kiosk has pam_tfa in its account lines"),
        "{notes}"
    );
    let named = notes.matches("the PAM service ").count();
    assert_eq!(named, 1, "{notes}");

    set_policy(
        &machine,
        &format!("{REQUIRED}guard = [\"sshd\", \"kiosk\"]\n"),
    );
    assert!(!login("kiosk", "alice").success());
    // In optional mode nothing is required, and nothing is logged.
    set_policy(&machine, "[policy]\nmode = \"optional\"\n");
    for service in ["gdm-autologin", "gdm-fingerprint", "kiosk"] {
        assert!(login(service, "alice").success(), "{service}");
    }
    assert_eq!(times(&machine, WITHOUT), 2);
}

/// A login over SSH with a password and three wrong codes.
#[test]
fn an_exempt_login_does_not_hide_the_next_one_in_the_log() {
    let machine = Machine::boot_with(&["pamtester"]);
    machine.add_user("bob", PASSWORD);
    machine.write_file("/etc/pam.d/kiosk", NO_AUTH_PHASE);
    let inside = "[[policy.rule]]\norigins = [\"10.0.0.0/8\"]\nmode = \"off\"\n";
    let from = |host: &str| {
        let item = format!("rhost={host}");
        let login = ["pamtester", "-I", &item, "kiosk", "bob", "acct_mgmt"];
        machine.succeed(login);
    };
    for (audit, message) in [
        ("", "bob: continues"),
        ("audit = true\n", "bob: audit: continues"),
    ] {
        let policy = format!("{REQUIRED}{audit}{inside}");
        set_policy(&machine, &policy);
        machine.succeed(["systemctl", "restart", "tfad"]);
        from("10.0.0.7");
        from("192.0.2.7");
        let message = format!("{message} WITHOUT the required second factor");
        let line = machine.expect_in_journal("tfad", &message);
        assert!(line.contains("from 192.0.2.7"), "{line}");
    }
}

fn with_wrong_codes(machine: &Machine, wrong: &str) -> Terminal {
    let terminal = machine.ssh_with(
        "alice",
        &[
            "-oPreferredAuthentications=keyboard-interactive",
            "-oNumberOfPasswordPrompts=1",
        ],
    );
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    for _ in 0..3 {
        terminal.expect(CODE);
        terminal.type_secret(wrong);
    }
    terminal.wait_exit();
    terminal
}

#[test]
fn in_optional_mode_a_continuing_stack_admits_no_wrong_code() {
    let (machine, alice) = machine_with_alice_set_up();
    let edit = "s/^auth.*pam_tfa.so.*/auth [default=ignore] pam_tfa.so enroll=account/";
    machine.succeed(["sed", "-i", edit, "/etc/pam.d/common-auth"]);
    let terminal = with_wrong_codes(&machine, &alice.phone.wrong_code());
    assert!(
        !terminal.transcript().contains("host:~$"),
        "{}",
        terminal.transcript()
    );
    machine.expect_in_journal("tfad", &format!("alice: {AUTH_REFUSED}"));
}

#[test]
fn in_optional_mode_a_key_after_a_refusal_needs_a_new_connection() {
    let (machine, _alice) = machine_with_alice_set_up();
    let _ = machine.authorize_key("alice");
    machine.configure_sshd("00-questions", "PasswordAuthentication yes");
    let key = "-i/root/.ssh/alice";
    let order = "-oPreferredAuthentications=password,publickey";
    let once = "-oNumberOfPasswordPrompts=1";
    let terminal = machine.ssh_with("alice", &["-oLogLevel=INFO", key, order, once]);
    terminal.expect("password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("No correct code was entered");
    terminal.wait_exit();
    assert!(!terminal.transcript().contains("host:~$"));
    let terminal = machine.ssh_with("alice", &[key]);
    terminal.expect("alice@host:~$");
}
