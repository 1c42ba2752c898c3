//! Enrollment during a login: what users see and type, where it is possible, and what an
//! interruption leaves.

use crate::users::{
    CODE, Owner, PASSWORD, backup_codes_in, console_on_tty1, enter_password, machine_with_alice,
    record_of, set_up, set_up_and_pause, ssh_to_code_prompt, uri_in,
};
use tfa_tests::{Machine, Phone, Terminal};

const REQUIRED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n";
const BEGIN: &str = "no to stop:";
const SCANNED: &str = "then press Enter:";
const NEW_CODE: &str = "Code from your phone:";
const SAVED: &str = "saved them:";
const ON: &str = "Two-factor login is on";
const PROMPT: &str = "alice@host:~$";

#[track_caller]
fn set_policy(machine: &Machine, policy: &str) {
    machine.write_file("/etc/tfa/tfad.toml", policy);
    machine.succeed(["systemctl", "reload", "tfad"]);
}

fn machine_where(policy: &str) -> Machine {
    let machine = machine_with_alice();
    set_policy(&machine, policy);
    machine
}

/// A login over SSH that has entered the password. The client shows the reason of a refusal, as by
/// default.
#[track_caller]
fn log_in(machine: &Machine, user: &str) -> Terminal {
    let questions = "PreferredAuthentications=keyboard-interactive";
    let terminal = machine.ssh_with(user, &["-o", questions, "-o", "LogLevel=INFO"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

/// Asserts that a page is on the screen, from its first words to its last.
#[track_caller]
fn look(terminal: &Terminal, first: &str, last: &str) {
    let screen = terminal.screen();
    assert!(screen.contains(first), "{first}:\n{screen}");
    assert!(screen.contains(last), "{last}:\n{screen}");
}

/// From the first question to the one for a code.
#[track_caller]
fn to_code_prompt(terminal: &Terminal) -> Phone {
    terminal.expect(BEGIN);
    terminal.type_line("");
    terminal.expect(SCANNED);
    terminal.type_line("");
    terminal.expect(NEW_CODE);
    Phone::from_uri(&uri_in(&terminal.transcript()))
}

/// The code, the backup codes, Enter.
#[track_caller]
fn to_the_end(terminal: &Terminal, phone: Phone) -> Owner {
    terminal.type_line(&phone.next_unused());
    terminal.expect(ON);
    terminal.expect(SAVED);
    let backup_codes = backup_codes_in(&terminal.screen());
    assert_eq!(backup_codes.len(), 10, "{}", terminal.screen());
    terminal.type_line("");
    Owner {
        phone,
        backup_codes,
    }
}

/// Asserts that the login is refused with this message.
#[track_caller]
fn is_refused(terminal: &Terminal, why: &str) {
    terminal.expect(why);
    assert!(!terminal.wait_exit().success());
    assert!(!terminal.transcript().contains(":~$"));
}

#[track_caller]
fn assert_state(machine: &Machine, user: &str, state: &str) {
    let record = record_of(machine, user);
    assert!(
        record.contains(&format!("\"state\": \"{state}\"")),
        "{record}"
    );
}

#[test]
fn over_ssh_a_user_scans_the_qr_code_and_gets_the_shell() {
    let machine = machine_where(REQUIRED);
    let terminal = log_in(&machine, "alice");
    terminal.expect(BEGIN);
    look(&terminal, "Two-factor login is required on host", BEGIN);
    let minutes = "sshd may end this login after a few";
    assert!(terminal.screen().contains(minutes), "{}", terminal.screen());
    terminal.type_line("");
    terminal.expect(SCANNED);
    look(&terminal, "QR code", SCANNED);
    let picture = machine.scratch().join("qr.png");
    terminal.screenshot(&picture);
    let phone = Phone::from_picture(&picture);
    assert_eq!(phone.label(), "host:alice");
    terminal.type_line("");
    terminal.expect(NEW_CODE);
    look(&terminal, "The link", NEW_CODE);
    assert!(terminal.screen().contains(phone.secret()));
    terminal.type_line(&phone.wrong_code());
    terminal.expect("Wrong code.");
    terminal.expect(NEW_CODE);
    look(&terminal, "Wrong code.", NEW_CODE);
    assert_state(&machine, "alice", "none");
    terminal.type_line(&phone.next_unused());
    terminal.expect(SAVED);
    look(&terminal, "These are your backup codes", SAVED);
    let codes = backup_codes_in(&terminal.screen());
    assert_eq!(codes.len(), 10);
    terminal.type_line("");
    terminal.expect(PROMPT);
    // sshd shows the last message of a login twice.
    assert_eq!(terminal.transcript().matches(ON).count(), 1);
    assert_state(&machine, "alice", "enabled");
    machine.expect_in_journal("tfad", "enrolled in the login");

    let again = ssh_to_code_prompt(&machine, "alice");
    again.type_secret(&phone.next_unused());
    again.expect(PROMPT);
    let again = ssh_to_code_prompt(&machine, "alice");
    again.type_secret(&codes[0]);
    again.expect("Backup code used, 9 left.");
    again.expect(PROMPT);
    let again = ssh_to_code_prompt(&machine, "alice");
    again.type_secret(&codes[0]);
    again.expect("This code was already used.");
}

const ASCII: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n[enrollment]\nqr = \"ascii\"\n";

/// A login over SSH by a client in the C locale.
#[track_caller]
fn log_in_with_ascii(machine: &Machine, user: &str) -> Terminal {
    let host = format!("{user}@localhost");
    let words = [
        "ssh",
        "-oPreferredAuthentications=keyboard-interactive",
        "-oStrictHostKeyChecking=no",
        "-oLogLevel=ERROR",
        &host,
    ];
    let terminal = machine.command(words).env("LC_ALL", "C").terminal();
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

#[test]
fn in_ascii_the_announced_window_size_fits_the_qr_code() {
    let machine = machine_where(ASCII);
    let terminal = log_in_with_ascii(&machine, "alice");
    terminal.expect(BEGIN);
    look(&terminal, "Two-factor login is required on host", BEGIN);
    let size = announced(&terminal.screen(), "window of");
    terminal.type_line("");
    terminal.expect(NEW_CODE);
    look(&terminal, "The link", NEW_CODE);
    terminal.resize(size.0, size.1);
    terminal.type_line("qr");
    terminal.expect(SCANNED);
    look(&terminal, "QR code", SCANNED);
    let picture = machine.scratch().join("qr.png");
    terminal.screenshot(&picture);
    let phone = Phone::from_picture(&picture);
    terminal.resize(24, 80);
    terminal.type_line("");
    terminal.expect(NEW_CODE);
    let _ = to_the_end(&terminal, phone);
    terminal.expect(PROMPT);
    assert!(terminal.bytes().is_ascii());
    assert_state(&machine, "alice", "enabled");
}

#[test]
fn the_ascii_qr_code_is_available_at_the_first_question() {
    let machine = machine_where(ASCII);
    let terminal = log_in_with_ascii(&machine, "alice");
    terminal.expect(BEGIN);
    terminal.resize(60, 120);
    terminal.type_line("qr");
    terminal.expect(SCANNED);
    look(&terminal, "QR code", SCANNED);
    let picture = machine.scratch().join("qr.png");
    terminal.screenshot(&picture);
    let phone = Phone::from_picture(&picture);
    // A user who has scanned it can type the code at once.
    let _ = to_the_end(&terminal, phone);
    terminal.expect(PROMPT);
}

const LONG_USER: &str = "bartholomew-maximilian-the-3rd";
const LONG_ISSUER: &str = "The Department of Redundancy and Repetition, Example Limited";

#[test]
fn with_long_names_each_page_fits_the_window() {
    let machine = machine_with_alice();
    machine.succeed([
        "hostname",
        "build-server-number-seven.department.example.org",
    ]);
    machine.add_user(LONG_USER, PASSWORD);
    for style in ["utf8", "ascii", "none"] {
        let enrollment = format!("[enrollment]\nissuer = \"{LONG_ISSUER}\"\nqr = \"{style}\"\n");
        set_policy(&machine, &format!("{REQUIRED}{enrollment}"));
        let terminal = log_in(&machine, LONG_USER);
        terminal.expect("to stop:");
        look(&terminal, "Two-factor login is required on", "no to stop:");
        terminal.type_line("");
        terminal.expect(NEW_CODE);
        look(&terminal, "The key as text.", NEW_CODE);
        let page = terminal.screen();
        let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&format!("Issuer: {LONG_ISSUER} ")), "{page}");
        let phone = Phone::from_uri(&uri_in(&terminal.transcript()));
        assert_eq!(phone.issuer(), Some(LONG_ISSUER));
        assert_eq!(phone.label(), format!("{LONG_ISSUER}:{LONG_USER}"));
        if style == "none" {
            assert!(!terminal.transcript().contains("QR code"), "{page}");
            let _ = to_the_end(&terminal, phone);
            terminal.expect("$");
            continue;
        }
        let (rows, columns) = announced(&page, "make the window");
        terminal.resize(rows, columns);
        terminal.type_line("qr");
        terminal.expect(SCANNED);
        let picture = machine.scratch().join("long.png");
        terminal.screenshot(&picture);
        assert_eq!(Phone::from_picture(&picture).secret(), phone.secret());
    }
}

/// The rows and columns in a text after these words.
#[track_caller]
fn announced(text: &str, words: &str) -> (u16, u16) {
    let (_, rest) = text.split_once(words).expect("the size is announced");
    let mut numbers = rest.split_whitespace().filter_map(|word| word.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(rows), Some(columns)) => (rows, columns),
        _ => panic!("{rest}"),
    }
}

#[test]
fn over_ssh_enrollment_fits_a_window_of_40_columns() {
    let machine = machine_where(REQUIRED);
    let terminal = machine.ssh("alice");
    terminal.resize(40, 40);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(BEGIN);
    terminal.type_line("");
    terminal.expect(SCANNED);
    let picture = machine.scratch().join("narrow.png");
    terminal.screenshot(&picture);
    let phone = Phone::from_picture(&picture);
    terminal.type_line("");
    terminal.expect(NEW_CODE);
    let screen = terminal.screen();
    let words: Vec<&str> = screen.split_whitespace().collect();
    let key = phone.secret().as_bytes().chunks(4);
    for group in key.map(|group| std::str::from_utf8(group).unwrap()) {
        assert!(words.contains(&group), "{group}: {screen}");
    }
    // Each text is in rows of its own. Only the link and the prefix of ssh are wrapped by the
    // window.
    let transcript = terminal.transcript();
    let long = |row: &&str| row.trim_end().chars().count() > 40;
    let mut rows = transcript
        .lines()
        .filter(|row| !row.starts_with("(alice@") && !row.starts_with("otpauth://"));
    assert_eq!(rows.find(long), None, "{transcript}");
    let _ = to_the_end(&terminal, phone);
}

#[test]
fn on_the_console_a_user_enrolls_and_gets_the_shell() {
    let machine = machine_where(REQUIRED);
    let console = console_on_tty1(&machine);
    enter_password(console, "alice");
    console.expect(BEGIN);
    look(console, "Two-factor login is required on host", BEGIN);
    console.type_line("");
    console.expect(SCANNED);
    look(console, "QR code:", SCANNED);
    let picture = machine.scratch().join("qr.png");
    console.screenshot(&picture);
    let phone = Phone::from_picture(&picture);
    console.type_line("");
    console.expect(NEW_CODE);
    look(console, "The link", NEW_CODE);
    console.type_line(&phone.wrong_code());
    console.expect(NEW_CODE);
    look(console, "Wrong code.", NEW_CODE);
    let _ = to_the_end(console, Phone::from_secret(phone.secret()));
    console.expect(PROMPT);
    assert_eq!(console.transcript().matches(ON).count(), 1);
    console.type_line("exit");
    enter_password(console, "alice");
    console.expect(CODE);
    console.type_secret(&phone.code_at(1));
    console.expect(PROMPT);
}

#[test]
fn a_cancelled_console_login_asks_for_the_name_again() {
    let machine = machine_where(REQUIRED);
    let console = console_on_tty1(&machine);
    enter_password(console, "alice");
    console.expect(BEGIN);
    console.type_line("no");
    console.expect("Press Enter to continue:");
    look(console, "Nothing was set up.", "Press Enter to continue:");
    console.type_line("");
    console.expect("host login:");
    assert_state(&machine, "alice", "none");
}

#[test]
fn su_guides_the_target_user_through_enrollment() {
    let machine = machine_where(REQUIRED);
    machine.add_user("bob", PASSWORD);
    let become_alice = || {
        let terminal = machine.terminal_as("bob", ["su", "-", "alice"]);
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal
    };
    let terminal = become_alice();
    terminal.expect(BEGIN);
    terminal.type_line("no");
    terminal.expect("Nothing was set up.");
    assert!(!terminal.wait_exit().success());
    look(&terminal, "Nothing was set up.", "su: ");
    assert_state(&machine, "alice", "none");

    let terminal = become_alice();
    let phone = to_code_prompt(&terminal);
    let owner = to_the_end(&terminal, phone);
    terminal.expect(PROMPT);
    let terminal = become_alice();
    terminal.expect(CODE);
    terminal.type_secret(&owner.phone.next_unused());
    terminal.expect(PROMPT);
}

#[test]
fn sudo_enrolls_users_despite_its_silent_flag() {
    let machine = machine_where(REQUIRED);
    machine.add_to_group("alice", "sudo");
    let terminal = machine.terminal_as("alice", ["sudo", "-k", "id", "-un"]);
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret(PASSWORD);
    terminal.expect(BEGIN);
    look(&terminal, "Two-factor login is required on host", BEGIN);
    terminal.type_line("no");
    is_refused(&terminal, "sudo: PAM account management error");

    let terminal = machine.terminal_as("alice", ["sudo", "-k", "id", "-un"]);
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret(PASSWORD);
    terminal.expect(BEGIN);
    terminal.type_line("");
    terminal.expect(SCANNED);
    look(&terminal, "QR code:", SCANNED);
    let picture = machine.scratch().join("qr.png");
    terminal.screenshot(&picture);
    let phone = Phone::from_picture(&picture);
    terminal.type_line("");
    terminal.expect(NEW_CODE);
    look(&terminal, "The link", NEW_CODE);
    terminal.type_line(&phone.wrong_code());
    terminal.expect(NEW_CODE);
    look(&terminal, "Wrong code.", NEW_CODE);
    terminal.type_line(&phone.next_unused());
    terminal.expect(SAVED);
    look(&terminal, "These are your backup codes", SAVED);
    terminal.type_line("");
    terminal.expect("root");
    assert!(terminal.wait_exit().success());
    assert_state(&machine, "alice", "enabled");
}

#[test]
fn polkits_text_agent_enrolls_users() {
    let machine = machine_where(&format!(
        "{REQUIRED}[[policy.rule]]\nservices = [\"sshd\"]\nmode = \"off\"\n"
    ));
    machine.add_to_group("alice", "sudo");
    machine.write_file(
        "/etc/systemd/system/bell.service",
        "[Service]\nExecStart=logger -t bell it rings\n",
    );
    machine.succeed(["systemctl", "daemon-reload"]);
    let terminal = log_in(&machine, "alice");
    terminal.expect(PROMPT);
    let ring = |last: &str| {
        terminal.type_line("systemctl start bell");
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal.expect(last);
    };
    ring(BEGIN);
    look(
        &terminal,
        "Info: Two-factor login is required on host",
        BEGIN,
    );
    terminal.type_line("no");
    terminal.expect("Nothing was set up.");
    terminal.expect("AUTHENTICATION FAILED");
    terminal.expect(PROMPT);
    assert_state(&machine, "alice", "none");

    ring(BEGIN);
    terminal.type_line("");
    terminal.expect(SCANNED);
    look(&terminal, "Info: QR code:", SCANNED);
    let picture = machine.scratch().join("qr.png");
    terminal.screenshot(&picture);
    let phone = Phone::from_picture(&picture);
    terminal.type_line("");
    terminal.expect(NEW_CODE);
    let _ = to_the_end(&terminal, phone);
    terminal.expect("AUTHENTICATION COMPLETE");
    machine.expect_in_journal("bell", "it rings");
    ring(CODE);
}

/// All records, as an administrator sees them.
#[track_caller]
fn records(machine: &Machine) -> String {
    machine.succeed(["tfactl", "list", "--json"])
}

#[test]
fn an_interrupted_enrollment_leaves_nothing_behind() {
    let machine = machine_where(REQUIRED);
    let pages = [BEGIN, SCANNED, NEW_CODE];
    for (number, page) in pages.into_iter().enumerate() {
        let reach = || {
            let terminal = log_in(&machine, "alice");
            for page in &pages[..number] {
                terminal.expect(page);
                terminal.type_line("");
            }
            terminal.expect(page);
            terminal
        };
        let terminal = reach();
        terminal.type_line(["no", "q", "Cancel"][number]);
        is_refused(&terminal, "Nothing was set up.");
        let key_was_shown = terminal.transcript().contains("Delete the entry");
        assert_eq!(key_was_shown, number > 0);
        let terminal = reach();
        assert!(!terminal.interrupt_to_end().success());
        drop(reach());
        assert_state(&machine, "alice", "none");
        let record = record_of(&machine, "alice");
        assert!(
            record.contains("\"pending_authenticator\": false"),
            "{record}"
        );
    }
    // A key that was shown before is not valid.
    let terminal = log_in(&machine, "alice");
    let void = to_code_prompt(&terminal);
    drop(terminal);
    let terminal = log_in(&machine, "alice");
    let phone = to_code_prompt(&terminal);
    assert_ne!(phone.secret(), void.secret());
    terminal.type_line(&void.code_not_of(&phone));
    terminal.expect("Wrong code.");
    terminal.expect(NEW_CODE);
    let _ = to_the_end(&terminal, phone);
    terminal.expect(PROMPT);
}

#[test]
fn the_first_right_code_enables_it_even_if_the_line_breaks() {
    let machine = machine_where(REQUIRED);
    let terminal = log_in(&machine, "alice");
    let phone = to_code_prompt(&terminal);
    terminal.type_line(&phone.next_unused());
    terminal.expect(SAVED);
    drop(terminal);
    assert_state(&machine, "alice", "enabled");
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&phone.next_unused());
    terminal.expect(PROMPT);
}

/// A stack that continues after a wrong password.
const GOES_ON: &str = "auth required pam_unix.so\n\
    auth required pam_tfa.so enroll=account\n\
    account [success=1 default=ignore] pam_succeed_if.so quiet service in crond:cron:atd:systemd-user\n\
    account [success=ignore ignore=ignore default=die] pam_tfa.so enroll=account\n\
    account required pam_unix.so\n\
    session required pam_unix.so\n";

#[test]
fn a_wrong_password_in_a_continuing_stack_enrolls_no_user() {
    for policy in [REQUIRED, GRACE] {
        let machine = machine_where(policy);
        machine.add_user("bob", PASSWORD);
        machine.write_file("/etc/pam.d/sshd", GOES_ON);
        machine.write_file("/etc/pam.d/su-l", GOES_ON);
        let before = records(&machine);

        let terminal = machine.ssh("alice");
        for _ in 0..3 {
            terminal.expect("Password:");
            terminal.type_secret("battery staple");
        }
        terminal.expect("Permission denied");
        assert!(!terminal.transcript().contains("wo-factor"));
        let terminal = machine.terminal_as("bob", ["su", "-", "alice"]);
        terminal.expect("Password:");
        terminal.type_secret("battery staple");
        assert!(!terminal.wait_exit().success());
        assert!(!terminal.transcript().contains("wo-factor"));
        assert_eq!(records(&machine), before);

        let terminal = log_in(&machine, "alice");
        terminal.expect("wo-factor login");
        if policy == GRACE {
            terminal.expect(WHETHER);
            assert_ne!(records(&machine), before);
        } else {
            let phone = to_code_prompt(&terminal);
            let _ = to_the_end(&terminal, phone);
            terminal.expect(PROMPT);
        }
    }
}

#[test]
fn a_stack_without_an_account_line_refuses_with_a_remedy() {
    let machine = machine_where(REQUIRED);
    machine.add_user("bob", PASSWORD);
    machine.write_file(
        "/etc/pam.d/su-l",
        "auth requisite pam_unix.so\nauth required pam_tfa.so\n\
         account required pam_unix.so\nsession required pam_unix.so\n",
    );
    let terminal = machine.terminal_as("bob", ["su", "-", "alice"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("This program cannot set it up.");
    assert!(!terminal.wait_exit().success());
    look(&terminal, "Two-factor login is required on host", "su: ");
    assert_state(&machine, "alice", "none");
}

const GRACE: &str = "[policy]\nmode = \"required\"\ngrace = \"7d\"\n";
const WHETHER: &str = "yes, or Enter for later:";
const DAY: i64 = 86_400;

#[test]
fn the_grace_starts_at_the_first_login_and_survives_restarts() {
    let mut machine = machine_where(GRACE);
    let terminal = log_in(&machine, "alice");
    terminal.expect("in 7 days");
    terminal.expect(WHETHER);
    look(&terminal, "Two-factor login will be required on", WHETHER);
    terminal.type_line("");
    terminal.expect(PROMPT);
    look(&terminal, "Two-factor login will be required on", PROMPT);
    let noted = record_of(&machine, "alice");

    machine.succeed(["systemctl", "restart", "tfad"]);
    machine.reboot();
    assert_eq!(record_of(&machine, "alice"), noted);
    machine.shift_clock(3 * DAY);
    let terminal = log_in(&machine, "alice");
    terminal.expect("in 3 days");
    terminal.expect(WHETHER);
    terminal.type_line("whatever");
    terminal.expect(PROMPT);
    look(&terminal, "in 3 days", PROMPT);
    // A user who logs in later has a grace period of the same length.
    machine.add_user("bob", PASSWORD);
    let terminal = log_in(&machine, "bob");
    terminal.expect("in 7 days");
    terminal.expect(WHETHER);
    terminal.type_line("no");
    terminal.expect("bob@host:~$");

    machine.shift_clock(7 * DAY - 600);
    let terminal = log_in(&machine, "alice");
    terminal.expect("in less than");
    terminal.expect(WHETHER);
    terminal.type_line("");
    terminal.expect(PROMPT);
    machine.shift_clock(7 * DAY + 60);
    let terminal = log_in(&machine, "bob");
    terminal.expect("in 2 days");
    terminal.expect(WHETHER);
    terminal.type_line("y");
    terminal.expect(SCANNED);
    terminal.type_line("");
    terminal.expect(NEW_CODE);
    let phone = Phone::from_uri(&uri_in(&terminal.transcript()));
    phone.shift_clock(7 * DAY + 60);
    let _ = to_the_end(&terminal, phone);
    terminal.expect("bob@host:~$");
    let terminal = log_in(&machine, "alice");
    terminal.expect("Two-factor login is required on host");
    terminal.expect(BEGIN);
    terminal.type_line("no");
    is_refused(&terminal, "Nothing was set up.");

    set_policy(&machine, &format!("{GRACE}after_grace = \"deny\"\n"));
    let terminal = log_in(&machine, "alice");
    terminal.expect("the time to set it up is over");
    terminal.expect("Password:");
    look(
        &terminal,
        "the time to set it up is over",
        "Ask your administrator.",
    );
}

#[test]
fn with_a_past_since_the_grace_starts_there() {
    let now = std::time::SystemTime::now();
    let since_1970 = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let machine = machine_with_alice();
    let day = |seconds: u64| {
        let ago = format!("@{}", since_1970 - seconds);
        machine.succeed(["date", "-u", "-d", &ago, "+%Y-%m-%dT%H:%M:%SZ"])
    };
    let since = |seconds: u64| format!("{GRACE}since = {}", day(seconds));
    set_policy(&machine, &since(5 * 86_400 - 300));
    let terminal = log_in(&machine, "alice");
    terminal.expect("in 2 days");
    terminal.expect(WHETHER);
    terminal.type_line("");
    terminal.expect(PROMPT);
    set_policy(&machine, &since(8 * 86_400));
    let terminal = log_in(&machine, "alice");
    terminal.expect(BEGIN);
}

#[test]
fn with_password_authentication_the_grace_admits_and_its_end_refuses() {
    let machine = machine_where(GRACE);
    machine.configure_sshd(
        "00-questions",
        "PasswordAuthentication yes\nKbdInteractiveAuthentication no",
    );
    let by_password = [
        "-o",
        "PreferredAuthentications=password",
        "-o",
        "LogLevel=INFO",
    ];
    let terminal = machine.ssh_with("alice", &by_password);
    terminal.expect("password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(PROMPT);
    look(
        &terminal,
        "(in 7 days).\nTo set it up in time: tfa-enroll",
        PROMPT,
    );
    machine.shift_clock(8 * DAY);
    let terminal = machine.ssh_with("alice", &by_password);
    terminal.expect("password:");
    terminal.type_secret(PASSWORD);
    is_refused(&terminal, "Two-factor login is required on host");
    assert_state(&machine, "alice", "none");
}

#[test]
fn in_the_grace_ssh_commands_and_copies_ask_on_the_terminal() {
    let machine = machine_where(GRACE);
    let questions = "-oPreferredAuthentications=keyboard-interactive";
    let terminal = machine.ssh_with("alice", &[questions, "--", "echo", "it", "ran"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(WHETHER);
    terminal.type_line("");
    terminal.expect("it ran");
    look(&terminal, "Two-factor login will be required on", "it ran");
    assert!(terminal.wait_exit().success());

    machine.write_file("/root/letter", "dear alice\n");
    let to = "alice@localhost:letter";
    let words = [
        "scp",
        questions,
        "-oStrictHostKeyChecking=no",
        "/root/letter",
        to,
    ];
    let terminal = machine.terminal(words);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(WHETHER);
    terminal.type_line("");
    assert!(terminal.wait_exit().success());
    assert_eq!(machine.read_file("/home/alice/letter"), "dear alice\n");
}

const INVITED: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\ninvitation = true\n";
const INVITATION: &str = "Invitation code:";
const NO_INVITATION: &str = "You need an invitation code";

#[track_caller]
fn invite(machine: &Machine, user: &str, length: &str) -> String {
    let said = machine.succeed(["tfactl", "invite", user, "--for", length]);
    backup_codes_in(&said).remove(0)
}

#[test]
fn required_invitations_are_needed_to_enroll() {
    let machine = machine_where(INVITED);
    let terminal = log_in(&machine, "alice");
    is_refused(&terminal, NO_INVITATION);

    // An expired invitation, and one that was replaced.
    let over = invite(&machine, "alice", "1h");
    machine.shift_clock(2 * 3600);
    let terminal = log_in(&machine, "alice");
    is_refused(&terminal, NO_INVITATION);
    let void = invite(&machine, "alice", "3d");
    let word = invite(&machine, "alice", "3d");

    let terminal = log_in(&machine, "alice");
    terminal.expect(BEGIN);
    terminal.type_line("");
    for wrong in [&over, &void, "WRONG-WRONG"] {
        terminal.expect(INVITATION);
        terminal.type_line(wrong);
        terminal.expect("Wrong invitation code");
    }
    // A malformed code is not a guess, in the log either.
    terminal.expect(INVITATION);
    terminal.type_line("hello");
    terminal.expect("Wrong invitation code");
    terminal.expect(INVITATION);
    look(&terminal, "Wrong invitation code", INVITATION);
    let record = record_of(&machine, "alice");
    terminal.type_line(&word.to_lowercase());
    terminal.expect(SCANNED);
    terminal.type_line("");
    terminal.expect(NEW_CODE);
    let phone = Phone::from_uri(&uri_in(&terminal.transcript()));
    phone.shift_clock(2 * 3600);
    let _ = to_the_end(&terminal, phone);
    terminal.expect(PROMPT);
    assert!(record.contains("\"failures\": 3"), "{record}");
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"invited_until\": null"), "{record}");
    machine.expect_in_journal("tfad", "alice: an authenticator was enrolled in the login");
    let log = machine.journal("tfad");
    assert_eq!(log.matches("wrong invitation").count(), 3, "{log}");

    // The invitation is used up.
    machine.succeed(["tfactl", "reset", "alice", "--yes"]);
    let terminal = log_in(&machine, "alice");
    is_refused(&terminal, NO_INVITATION);
    let word = invite(&machine, "alice", "3d");
    let terminal = log_in(&machine, "alice");
    terminal.expect(BEGIN);
    terminal.type_line("");
    terminal.expect(INVITATION);
    terminal.type_line(&word);
    terminal.expect(SCANNED);
}

#[test]
fn tfa_enroll_also_needs_the_invitation() {
    let machine = machine_where("[policy]\nmode = \"optional\"\ninvitation = true\n");
    let terminal = log_in(&machine, "alice");
    terminal.expect(PROMPT);
    terminal.type_line("tfa-enroll setup");
    terminal.expect(INVITATION);
    terminal.type_line("WRONG-WRONG");
    terminal.expect("You need an invitation code");
    terminal.expect(PROMPT);
    let word = invite(&machine, "alice", "3d");
    terminal.type_line("tfa-enroll setup");
    terminal.expect(INVITATION);
    terminal.type_line("WRONG-WRONG");
    terminal.expect("Wrong invitation code");
    terminal.expect(INVITATION);
    terminal.type_line(&word);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Press Enter to show the QR code");
}

#[test]
fn after_a_reset_the_next_login_requires_enrollment_at_once() {
    let machine = machine_where(GRACE);
    let terminal = log_in(&machine, "alice");
    terminal.expect(WHETHER);
    terminal.type_line("yes");
    terminal.expect(SCANNED);
    terminal.type_line("");
    terminal.expect(NEW_CODE);
    let old = Phone::from_uri(&uri_in(&terminal.transcript()));
    let _ = to_the_end(&terminal, Phone::from_secret(old.secret()));
    terminal.expect(PROMPT);
    machine.succeed(["tfactl", "reset", "alice", "--yes"]);
    let terminal = log_in(&machine, "alice");
    let phone = to_code_prompt(&terminal);
    assert_ne!(phone.secret(), old.secret());
    let owner = to_the_end(&terminal, phone);
    terminal.expect(PROMPT);
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&owner.phone.next_unused());
    terminal.expect(PROMPT);
}

#[test]
fn the_phone_and_a_pause_survive_changes_of_the_mode() {
    let machine = machine_with_alice();
    machine.add_user("bob", PASSWORD);
    let alice = set_up(&machine, "alice", PASSWORD);
    let bob = set_up_and_pause(&machine, "bob", PASSWORD);
    let goes_in = |user: &str| {
        let terminal = log_in(&machine, user);
        terminal.expect(&format!("{user}@host:~$"));
        assert!(!terminal.transcript().contains("code"));
    };

    set_policy(&machine, "[policy]\nmode = \"off\"\n");
    goes_in("alice");
    goes_in("bob");
    set_policy(&machine, REQUIRED);
    for (user, owner) in [("alice", &alice), ("bob", &bob)] {
        let terminal = ssh_to_code_prompt(&machine, user);
        terminal.type_secret(&owner.phone.next_unused());
        terminal.expect(&format!("{user}@host:~$"));
    }
    assert_state(&machine, "bob", "paused");
    set_policy(&machine, "[policy]\nmode = \"optional\"\n");
    goes_in("bob");
    let _ = ssh_to_code_prompt(&machine, "alice");
}

#[test]
fn of_two_concurrent_enrollments_the_first_right_code_wins() {
    let machine = machine_where(REQUIRED);
    let [one, two, three] = [(); 3].map(|()| log_in(&machine, "alice"));
    let first = to_code_prompt(&one);
    let second = to_code_prompt(&two);
    three.expect(BEGIN);
    let owner = to_the_end(&one, first);
    one.expect(PROMPT);
    two.type_line(&second.next_unused());
    is_refused(&two, "was just changed.");
    three.type_line("");
    is_refused(&three, "was just changed.");
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&second.code_not_of(&owner.phone));
    terminal.expect("Wrong code.");
    terminal.expect(CODE);
    terminal.type_secret(&owner.phone.next_unused());
    terminal.expect(PROMPT);
}

#[test]
fn sshd_ends_an_enrollment_after_its_login_grace_time() {
    let machine = machine_where(REQUIRED);
    machine.configure_sshd("10-grace", "LoginGraceTime 5");
    let terminal = log_in(&machine, "alice");
    let phone = to_code_prompt(&terminal);
    let gone = "while pgrep -f '[s]shd: alice'; do sleep 0.1; done";
    machine.succeed(["timeout", "30", "sh", "-c", gone]);
    // The client notices it at the next answer.
    terminal.type_line(&phone.next_unused());
    is_refused(&terminal, "Connection closed by");
    assert_state(&machine, "alice", "none");
}

#[test]
fn login_permits_an_enrollment_longer_than_its_timeout() {
    let machine = machine_where(REQUIRED);
    // login of Debian 12 has cancelled its alarm before.
    let set = "sed -i 's/^LOGIN_TIMEOUT.*/LOGIN_TIMEOUT 3/' /etc/login.defs";
    machine.succeed(["sh", "-c", set]);
    let console = console_on_tty1(&machine);
    enter_password(console, "alice");
    let phone = to_code_prompt(console);
    machine.succeed(["sleep", "4"]);
    let _ = to_the_end(console, phone);
    console.expect(PROMPT);
}
