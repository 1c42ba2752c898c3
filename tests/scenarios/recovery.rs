//! The recovery code of the host: the way in for an administrator who has lost phone and codes.

use std::time::Duration;

use tfa_tests::{Machine, Phone, Terminal};

use crate::bus::install_bus_module;
use crate::faults::add_options;
use crate::locks::lock_the_console_permanently;
use crate::users::{
    CODE, Owner, PASSWORD, console_on_tty1, enter_password, machine_with_alice_set_up, record_of,
    set_policy, set_up, ssh_to_code_prompt, uri_in,
};

const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";
pub(crate) const NOT_VALID: &str = "Not a valid code. Enter 6 or 8 digits, or a backup code.";
pub(crate) const NOW_VOID: &str = "The recovery code of this host was used and is now void.";
pub(crate) const OFFER: &str = "Set it up now? yes, or Enter for later:";
const USED: &str = "This code was already used.";

/// A machine with alice, who is its administrator and has enrolled, and the recovery code.
fn machine_with_recovery_code() -> (Machine, Owner, String) {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_to_group("alice", "sudo");
    let code = create(&machine, &[]);
    (machine, alice, code)
}

/// Accepts the offer of a new authenticator at the console, and enrolls a phone.
#[track_caller]
pub(crate) fn replace_phone(console: &Terminal) -> Phone {
    console.expect(OFFER);
    console.type_line("yes");
    console.expect("Scan it with the app, then press Enter:");
    console.type_line("");
    console.expect("Code from your phone:");
    let phone = Phone::from_uri(&uri_in(&console.transcript()));
    console.type_line(&phone.next_unused());
    console.expect("Press Enter when you have saved them:");
    console.type_line("");
    console.expect("alice@host:~$");
    phone
}

pub(crate) fn create(machine: &Machine, options: &[&str]) -> String {
    let words = ["tfactl", "recovery", "create"].into_iter();
    let output = machine.succeed(words.chain(options.iter().copied()));
    let code = output.lines().next().unwrap_or_default().to_owned();
    assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{output}");
    code
}

fn status(machine: &Machine) -> String {
    machine.succeed(["tfactl", "recovery", "status", "--json"])
}

#[track_caller]
pub(crate) fn is_valid(machine: &Machine) {
    let status = status(machine);
    assert!(status.contains("\"state\": \"valid\""), "{status}");
}

fn type_at_console(console: &Terminal, user: &str, code: &str) {
    enter_password(console, user);
    console.expect(CODE);
    console.type_secret(code);
}

/// The entries of an event, as the journal has them.
pub(crate) fn entries(machine: &Machine, event: &str) -> String {
    machine.succeed(["journalctl", "--sync"]);
    let field = format!("TFA_EVENT={event}");
    // It fails where there are none.
    let output = machine.run(["journalctl", "--quiet", "--output=json", &field]);
    output.stdout
}

#[test]
fn an_administrator_without_phone_and_codes_gets_in_at_the_console_and_enrolls() {
    let (machine, lost, code) = machine_with_recovery_code();
    machine.add_user("bob", PASSWORD);
    let _bob = set_up(&machine, "bob", PASSWORD);
    set_policy(&machine, REQUIRED);
    let console = console_on_tty1(&machine);

    // Over SSH, on a pseudo-terminal, and for others it is no code, and stays valid.
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&code);
    terminal.expect(NOT_VALID);
    drop(terminal);
    let terminal = machine.terminal_as("bob", ["su", "alice"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&code);
    terminal.expect(NOT_VALID);
    drop(terminal);
    type_at_console(console, "bob", &code);
    console.expect(NOT_VALID);
    console.expect(CODE);
    console.type_secret("");
    for user in ["alice", "bob"] {
        let record = record_of(&machine, user);
        assert!(record.contains("\"failures\": 0"), "{record}");
        assert!(record.contains("\"console_failures\": 0"), "{record}");
    }
    is_valid(&machine);

    // A wrong one at the console counts.
    type_at_console(console, "alice", "ABCD-EFGH-JKMN-PQRS");
    console.expect("Wrong code. Enter the latest one.");
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"console_failures\": 1"), "{record}");

    console.expect(CODE);
    console.type_secret(&code.to_lowercase().replace('-', " "));
    console.expect(NOW_VOID);
    let phone = replace_phone(console);

    // The new phone serves; what was lost does not.
    console.type_line("sudo tfactl recovery status");
    console.expect("password for alice:");
    console.type_secret(PASSWORD);
    console.expect(CODE);
    console.type_secret(&phone.next_unused());
    console.expect("The recovery code of this host is void. alice used it at");
    console.type_line("exit");
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&lost.phone.code_not_of(&phone));
    terminal.expect("Wrong code.");
    terminal.expect(CODE);
    terminal.type_secret(&lost.backup_codes[0]);
    terminal.expect("Wrong code.");
    terminal.expect(CODE);
    terminal.type_secret(&phone.next_unused());
    // The login with the new phone reports it, and the next one does not.
    terminal.expect("The recovery code of this host was\nentered for you on 2");
    terminal.expect(" at\n/dev/tty1, in place of a code.");
    terminal.expect("alice@host:~$");
    machine.shift_clock(600);
    phone.shift_clock(600);
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&phone.next_unused());
    terminal.expect("alice@host:~$");
    assert!(!terminal.transcript().contains("recovery code"));

    // It is used for every administrator.
    type_at_console(console, "alice", &code);
    console.expect(USED);
    console.expect(CODE);
    console.type_secret("");

    let alert = entries(&machine, "recovery-code-used");
    assert_eq!(alert.lines().count(), 1, "{alert}");
    for field in [
        "\"PRIORITY\":\"1\"",
        "\"TFA_USER\":\"alice\"",
        "\"TFA_SERVICE\":\"login\"",
        "\"TFA_ORIGIN\":\"/dev/tty1\"",
    ] {
        assert!(alert.contains(field), "{field}: {alert}");
    }
    assert!(entries(&machine, "verified").contains("\"TFA_FACTOR\":\"recovery-code\""));
    let secret = code.replace('-', "");
    let journal = machine.whole_journal();
    for text in [&journal, &console.transcript()] {
        assert!(!text.contains(&code) && !text.contains(&secret));
    }
}

#[test]
fn a_used_recovery_code_stays_used_after_a_power_cut_and_root_resets_others() {
    let (mut machine, _alice, code) = machine_with_recovery_code();
    machine.set_password("root", PASSWORD);
    machine.write_file("/root/key", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\n");
    let bind = "tfactl authenticator add root --kind totp --key-file /root/key --name token";
    machine.succeed(["sh", "-c", bind]);
    set_policy(&machine, REQUIRED);
    machine.power_cut();
    is_valid(&machine);
    let console = console_on_tty1(&machine);
    type_at_console(console, "root", &code);
    console.expect(OFFER);
    // At the next boot there is no terminal of this name yet.
    machine.succeed(["rm", "-r", "/etc/systemd/system/console-getty.service.d"]);
    machine.power_cut();

    let console = console_on_tty1(&machine);
    type_at_console(console, "root", &code);
    console.expect(USED);
    assert!(status(&machine).contains("\"used_by\": \"root\""));
    console.expect(CODE);
    console.type_secret("");

    // With the next code root keeps the token, and helps alice.
    let code = create(&machine, &[]);
    type_at_console(console, "root", &code);
    console.expect(OFFER);
    console.type_line("");
    console.expect("root@host:~#");
    console.type_line("tfactl reset alice --yes");
    console.expect("Two-factor login of alice was reset.");
    let token = machine.succeed(["tfactl", "authenticator", "list", "root"]);
    assert!(token.contains("token"), "{token}");
}

#[test]
fn a_use_that_cannot_be_stored_refuses_the_login_and_costs_no_code() {
    let (machine, _alice, code) = machine_with_recovery_code();
    let console = console_on_tty1(&machine);
    // The file is replaced through this name.
    machine.succeed(["mkdir", "/var/lib/tfa/recovery.new"]);
    type_at_console(console, "alice", &code);
    console.expect("Two-factor login is not available right now");
    console.expect("Login incorrect");
    machine.expect_in_journal("tfad", "alice: refused:");
    is_valid(&machine);
    assert_eq!(entries(&machine, "recovery-code-used"), "");
    machine.succeed(["rmdir", "/var/lib/tfa/recovery.new"]);
    type_at_console(console, "alice", &code);
    console.expect(NOW_VOID);

    machine.write_file("/var/lib/tfa/recovery", "damaged");
    let output = machine.fail(["tfactl", "recovery", "status"]);
    assert!(output.text().contains("tfactl recovery create"), "{output}");
    let _ = create(&machine, &[]);
    is_valid(&machine);
}

#[test]
fn only_root_creates_a_recovery_code_and_a_new_one_voids_the_old() {
    let (machine, _alice, old) = machine_with_recovery_code();
    let output = machine.run_as("alice", ["tfactl", "recovery", "create"]);
    assert!(output.text().contains("only root may do that"), "{output}");
    // A rule of polkit's makes no difference.
    machine.write_file(
        "/etc/polkit-1/rules.d/10-tfa.rules",
        "polkit.addRule(function() { return polkit.Result.YES; });\n",
    );
    machine.succeed(["systemctl", "restart", "polkit"]);
    machine
        .command(["tfactl", "unlock", "alice"])
        .user("alice")
        .succeed();
    for method in ["CreateRecoveryCode", "RecoveryStatus"] {
        let call = [
            "busctl",
            "call",
            "org.tfad.Tfa1",
            "/org/tfad/Tfa1",
            "org.tfad.Tfa1.Admin",
            method,
        ];
        let output = machine.command(call).user("alice").fail();
        assert!(output.text().contains("only root may do that"), "{output}");
    }
    is_valid(&machine);

    // A script must say that it means it.
    let output = machine.fail(["tfactl", "recovery", "create"]);
    assert!(output.text().contains("--yes"), "{output}");
    let new = create(&machine, &["--yes"]);
    assert_ne!(old, new);
    let console = console_on_tty1(&machine);
    type_at_console(console, "alice", &old);
    console.expect("Wrong code.");
    console.expect(CODE);
    console.type_secret(&new);
    console.expect(NOW_VOID);
    console.expect(OFFER);
    console.type_line("");
    console.expect("alice@host:~$");
}

#[test]
fn the_groups_of_the_policy_say_who_is_an_administrator() {
    let (machine, _alice, code) = machine_with_recovery_code();
    let console = console_on_tty1(&machine);
    for groups in ["", "\"no-such-group\"", "\"adm\""] {
        let policy = "[policy]\nmode = \"optional\"\n[recovery]\nadministrators";
        set_policy(&machine, &format!("{policy} = [{groups}]\n"));
        type_at_console(console, "alice", &code);
        console.expect(NOT_VALID);
        console.expect(CODE);
        console.type_secret("");
    }
    let check = machine.run(["tfad", "--check"]).text();
    assert!(!check.contains("administrators"), "{check}");
    machine.add_to_group("alice", "adm");
    type_at_console(console, "alice", &code);
    console.expect(NOW_VOID);
}

#[test]
fn a_recovery_code_passes_the_permanent_lock_of_the_console() {
    let (machine, alice, code) = machine_with_recovery_code();
    lock_the_console_permanently(&machine, &alice.phone);
    let console = console_on_tty1(&machine);
    enter_password(console, "alice");
    console.expect("Only a backup code, or the recovery code");
    console.expect(CODE);
    console.type_secret(&code);
    console.expect(NOW_VOID);
    console.expect(OFFER);
    console.type_line("");
    console.expect("alice@host:~$");
    let record = record_of(&machine, "alice");
    assert!(
        record.contains("\"console_permanently_locked\": false"),
        "{record}"
    );
}

/// Runs login(1) at a console of its own: the terminal gets the name of a virtual one.
const LOGIN: &str = r#"
    touch "/dev/tty$1"
    mount --bind "$(tty)" "/dev/tty$1"
    exec setsid --ctty --wait login alice <"/dev/tty$1" >"/dev/tty$1" 2>&1"#;
/// The virtual terminals.
const CONSOLES: std::ops::Range<usize> = 2..62;

#[test]
fn one_of_sixty_concurrent_logins_with_the_recovery_code_succeeds() {
    const IN_TIME: Duration = Duration::from_secs(120);
    let (machine, _alice, code) = machine_with_recovery_code();
    add_options(&machine, "timeout=600");
    // A password hash that is quick to check, because the password is not under test.
    machine
        .command(["chpasswd", "--crypt-method=SHA256", "--sha-rounds=1000"])
        .stdin(format!("alice:{PASSWORD}\n"))
        .succeed();
    install_bus_module(&machine);
    let logins: Vec<Terminal> = CONSOLES
        .map(|number| machine.terminal(["sh", "-c", LOGIN, "sh", &number.to_string()]))
        .collect();
    for login in &logins {
        login.expect_within("Password:", IN_TIME);
        login.type_secret(PASSWORD);
    }
    for login in &logins {
        login.expect_within(CODE, IN_TIME);
    }
    // The daemon finds all answers at once.
    machine.succeed(["perl", "-MBus", "-e", "Bus::stop_daemon"]);
    for login in &logins {
        login.type_secret(&code);
    }
    let all = format!("Bus::await_unread({})", logins.len());
    machine.succeed(["perl", "-MBus", "-e", &all]);
    machine.succeed(["systemctl", "kill", "--signal=CONT", "tfad"]);
    let succeeded = logins
        .iter()
        .filter(|login| login.expect_any_within(&[NOW_VOID, USED], IN_TIME) == 0)
        .count();
    assert_eq!(succeeded, 1);
    assert_eq!(entries(&machine, "recovery-code-used").lines().count(), 1);
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"console_failures\": 0"), "{record}");
}
