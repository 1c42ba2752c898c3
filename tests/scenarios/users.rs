//! What users of the scenarios do: enroll a phone, log in.

use std::time::{SystemTime, UNIX_EPOCH};

use tfa_tests::{Machine, Phone, Suite, Terminal};

/// The password of most users.
pub(crate) const PASSWORD: &str = "correct horse";
/// The beginning of the question for a code.
pub(crate) const CODE: &str = "Verification code or backup code:";

/// An enrolled user.
pub(crate) struct Owner {
    pub(crate) phone: Phone,
    /// The backup codes, as they were shown.
    pub(crate) backup_codes: Vec<String>,
}

/// A machine with the package, on which alice has a password and sshd asks questions.
pub(crate) fn machine_with_alice() -> Machine {
    machine_with_alice_on(Suite::Bookworm)
}

fn machine_with_alice_on(suite: Suite) -> Machine {
    let machine = Machine::boot_on(suite);
    machine.add_user("alice", PASSWORD);
    machine.offer_questions();
    machine
}

/// The same, with an enrolled phone of alice.
pub(crate) fn machine_with_alice_set_up() -> (Machine, Owner) {
    machine_with_alice_set_up_on(Suite::Bookworm)
}

/// The same on this release.
pub(crate) fn machine_with_alice_set_up_on(suite: Suite) -> (Machine, Owner) {
    let machine = machine_with_alice_on(suite);
    let owner = set_up(&machine, "alice", PASSWORD);
    (machine, owner)
}

/// Logs in over SSH with the password alone and enrolls a phone with `tfa-enroll`, as a new user
/// would.
#[track_caller]
pub(crate) fn set_up(machine: &Machine, user: &str, password: &str) -> Owner {
    let terminal = machine.ssh(user);
    terminal.expect("Password:");
    terminal.type_secret(password);
    terminal.expect("$");
    let owner = set_up_in(&terminal, password, "tfa-enroll setup");
    terminal.type_line("exit");
    assert!(terminal.wait_exit().success());
    owner
}

/// Enrolls a phone like [`set_up`], and pauses it with the first backup code.
#[track_caller]
pub(crate) fn set_up_and_pause(machine: &Machine, user: &str, password: &str) -> Owner {
    let owner = set_up(machine, user, password);
    let terminal = machine.terminal_as(user, ["tfa-enroll", "pause"]);
    authenticate(&terminal, &owner.backup_codes[0]);
    terminal.expect("is paused");
    assert!(terminal.wait_exit().success());
    owner
}

/// Enrolls a phone in the terminal of a logged-in user.
#[track_caller]
pub(crate) fn set_up_in(terminal: &Terminal, password: &str, command: &str) -> Owner {
    terminal.type_line(command);
    terminal.expect("Password:");
    terminal.type_secret(password);
    terminal.expect("Press Enter to show the QR code");
    terminal.send(b"\r");
    terminal.expect("Scan it with the app, then press Enter:");
    terminal.send(b"\r");
    terminal.expect("Code from your phone:");
    let phone = Phone::from_uri(&uri_in(&terminal.transcript()));
    terminal.type_line(&phone.next_unused());
    terminal.expect("Press Enter when you have saved them:");
    let backup_codes = backup_codes_in(&terminal.screen());
    assert_eq!(backup_codes.len(), 10, "{}", terminal.screen());
    terminal.send(b"\r");
    terminal.expect("$");
    Owner {
        phone,
        backup_codes,
    }
}

/// Enters the password and a code for polkit, which asks for them before a change.
#[track_caller]
pub(crate) fn authenticate(terminal: &Terminal, code: &str) {
    terminal.expect("Authentication is required to set up or change your two-factor login");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(code);
}

/// Writes the policy, and reloads the daemon.
#[track_caller]
pub(crate) fn set_policy(machine: &Machine, config: &str) {
    machine.write_file("/etc/tfa/tfad.toml", config);
    machine.succeed(["systemctl", "reload", "tfad"]);
}

/// Enrolls a phone during a login, from the first question to the last.
#[track_caller]
pub(crate) fn set_up_in_login(terminal: &Terminal) -> Owner {
    set_up_in_login_at(terminal, 0)
}

/// The same, with the daemon's clock that many seconds ahead.
#[track_caller]
pub(crate) fn set_up_in_login_at(terminal: &Terminal, ahead: i64) -> Owner {
    terminal.expect("Press Enter to begin, or no to stop:");
    terminal.type_line("");
    scan_and_confirm(terminal, ahead)
}

/// As [`set_up_in_login`], where the policy wants this invitation code.
#[track_caller]
pub(crate) fn set_up_invited_in_login(terminal: &Terminal, code: &str) -> Owner {
    terminal.expect("Press Enter to begin, or no to stop:");
    terminal.type_line("");
    terminal.expect("Invitation code:");
    terminal.type_line(code);
    scan_and_confirm(terminal, 0)
}

/// The enrollment from the QR code on.
#[track_caller]
fn scan_and_confirm(terminal: &Terminal, ahead: i64) -> Owner {
    terminal.expect("Scan it with the app, then press Enter:");
    terminal.type_line("");
    terminal.expect("Code from your phone:");
    let phone = Phone::from_uri(&uri_in(&terminal.transcript()));
    phone.shift_clock(ahead);
    terminal.type_line(&phone.next_unused());
    terminal.expect("Press Enter when you have saved them:");
    let backup_codes = backup_codes_in(&terminal.screen());
    assert_eq!(backup_codes.len(), 10, "{}", terminal.screen());
    terminal.type_line("");
    Owner {
        phone,
        backup_codes,
    }
}

/// Begins a login over SSH and enters the right password, up to the question for the code.
#[track_caller]
pub(crate) fn ssh_to_code_prompt(machine: &Machine, user: &str) -> Terminal {
    let terminal = machine.ssh(user);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal
}

/// Sets the clocks of the daemon and of the phone ahead, to the start of a time step. Every code of
/// the window is then new, and stays valid for the next half minute.
pub(crate) fn begin_a_time_step(machine: &Machine, phone: &Phone, minutes: i64) {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let into_the_minute = i64::try_from(since_1970.as_secs() % 60).unwrap();
    let ahead = 60 * minutes + 60 - into_the_minute;
    machine.shift_clock(ahead);
    phone.shift_clock(ahead);
}

/// The output of `tfactl show --json` for a user.
#[track_caller]
pub(crate) fn record_of(machine: &Machine, user: &str) -> String {
    machine.succeed(["tfactl", "show", user, "--json"])
}

/// The console of a machine with a screen, which is on `tty1`.
pub(crate) fn console_on_tty1(machine: &Machine) -> &Terminal {
    console_on(machine, "tty1")
}

/// The console on a terminal of this name. The console of a container is a pseudo-terminal, so it
/// gets a second name.
pub(crate) fn console_on<'m>(machine: &'m Machine, tty: &str) -> &'m Terminal {
    machine.write_file(
        "/etc/systemd/system/console-getty.service.d/tty.conf",
        format!(
            "[Unit]\n\
             StartLimitIntervalSec=0\n\
             [Service]\n\
             ExecStart=\n\
             ExecStart=-/sbin/agetty --noclear --keep-baud {tty} 115200,38400,9600 $TERM\n\
             TTYPath=/dev/{tty}\n"
        ),
    );
    let console = machine.console();
    console.expect("host login:");
    let name = format!(
        "touch /dev/{tty} && mount --bind \"$(readlink -f /dev/console)\" /dev/{tty} &&
        systemctl daemon-reload && systemctl restart console-getty.service"
    );
    machine.succeed(["sh", "-c", &name]);
    console
}

/// Enters name and password at the console's `login`.
#[track_caller]
pub(crate) fn enter_password(console: &Terminal, user: &str) {
    console.expect("host login:");
    console.type_line(user);
    console.expect("Password:");
    console.type_secret(PASSWORD);
}

/// The last link in a transcript.
pub(crate) fn uri_in(transcript: &str) -> String {
    let start = transcript.rfind("otpauth://").expect("a link was shown");
    let rest = &transcript[start..];
    rest.lines().next().unwrap_or_default().trim().to_owned()
}

/// The backup codes in a text: two groups of five characters with a dash.
pub(crate) fn backup_codes_in(text: &str) -> Vec<String> {
    let is_group = |group: &str| {
        group.len() == 5
            && group
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    text.split_whitespace()
        .filter(|word| {
            word.split_once('-')
                .is_some_and(|(a, b)| is_group(a) && is_group(b))
        })
        .map(str::to_owned)
        .collect()
}
