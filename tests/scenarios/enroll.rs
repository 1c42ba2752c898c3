//! A user enrolls, and changes the enrollment, on a terminal with `tfa-enroll`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tfa_tests::{Machine, Phone, Terminal, read_qr};

use crate::users::{
    CODE, PASSWORD, authenticate, backup_codes_in, begin_a_time_step, machine_with_alice,
    machine_with_alice_set_up, record_of, set_up_in, ssh_to_code_prompt, uri_in,
};

pub(crate) const SHELL: &str = "alice@host:~$";
const PROOF: &str = "Code from your phone, or a backup code:";
const NEW_CODE: &str = "Code from your phone:";

#[test]
fn enrollment_asks_for_the_password_and_needs_the_right_one() {
    let machine = machine_with_alice();
    let terminal = at_the_shell(&machine);
    terminal.type_line("tfa-enroll setup");
    terminal.expect("Authentication is required to set up or change your two-factor login");
    terminal.expect("Password:");
    terminal.type_secret("battery staple");
    terminal.expect("Not allowed");
    terminal.expect("Try again? [Y/n]");
    assert!(!terminal.transcript().contains("otpauth"));
    assert_nothing_is_stored(&machine);

    terminal.type_line("n");
    terminal.expect("Cancelled. Nothing was changed.");
    assert_exit_code(&terminal, 1);
    assert_nothing_is_stored(&machine);

    terminal.type_line("tfa-enroll setup");
    terminal.expect("Password:");
    terminal.type_secret("battery staple");
    terminal.expect("Try again? [Y/n]");
    terminal.type_line("");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Press Enter to show the QR code");
    terminal.send(b"\x03");
    terminal.expect(SHELL);
    let transcript = terminal.transcript();
    assert!(!transcript.contains("horse") && !transcript.contains("staple"));
}

#[test]
fn on_the_console_a_user_enrolls_with_the_text_agent() {
    let machine = machine_with_alice();
    let console = machine.console();
    console.expect("host login:");
    console.type_line("alice");
    console.expect("Password:");
    console.type_secret(PASSWORD);
    console.expect(SHELL);
    console.type_line("tfa-enroll");
    console.expect("Two-factor login: off");
    console.expect("Set it up now? [Y/n]");
    console.type_line("");
    console.expect("Password:");
    console.type_secret("battery staple");
    console.expect("Try again? [Y/n]");
    assert_nothing_is_stored(&machine);
    console.type_line("n");
    console.expect(SHELL);

    let alice = set_up_in(console, PASSWORD, "tfa-enroll setup");
    console.type_line("exit");
    console.expect("host login:");
    console.type_line("alice");
    console.expect("Password:");
    console.type_secret(PASSWORD);
    console.expect(CODE);
    console.type_secret(&alice.phone.next_unused());
    console.expect(SHELL);
}

#[test]
fn before_the_first_right_code_no_login_is_asked() {
    let machine = machine_with_alice();
    let terminal = at_the_shell(&machine);
    let phone = to_code_prompt(&terminal, "tfa-enroll setup");
    assert_eq!(state(&machine), "pending");

    let other = at_the_shell(&machine);
    other.type_line("tfa-enroll status; tfa-enroll status --json");
    other.expect("Two-factor login: unfinished, logins do not ask for codes");
    other.expect(r#""state": "pending""#);
    other.expect(SHELL);

    terminal.type_line(&phone.wrong_code());
    terminal.expect(NEW_CODE);
    assert_eq!(state(&machine), "pending");
    terminal.type_line(&phone.next_unused());
    terminal.expect("Two-factor login is on for alice.");
    terminal.expect("Press Enter when you have saved them:");
    terminal.type_line("");
    terminal.expect(SHELL);

    other.type_line("tfa-enroll status");
    other.expect("Two-factor login: on");
    other.expect("Authenticators: phone");
    other.expect("Backup codes left: 10");
    drop(ssh_to_code_prompt(&machine, "alice"));
}

#[test]
fn a_cancelled_enrollment_stores_nothing() {
    let machine = machine_with_alice();
    let terminal = at_the_shell(&machine);
    let begin = |prompt: &str| {
        terminal.type_line("clear; tfa-enroll setup");
        terminal.expect("Password:");
        if prompt == "Password:" {
            return;
        }
        terminal.type_secret(PASSWORD);
        for page in ["Press Enter to show the QR code", "Scan it with the app"] {
            terminal.expect(page);
            if page.starts_with(prompt) {
                return;
            }
            terminal.send(b"\r");
        }
        terminal.expect(NEW_CODE);
    };
    let over = || {
        terminal.expect(SHELL);
        assert_exit_code(&terminal, 1);
        assert_nothing_is_stored(&machine);
    };

    for prompt in ["Password:", "Press Enter", "Scan it", NEW_CODE] {
        begin(prompt);
        if prompt != "Password:" {
            assert_eq!(state(&machine), "pending", "{prompt}");
        }
        terminal.send(b"\x03");
        over();
    }

    begin(NEW_CODE);
    terminal.type_line("");
    terminal.expect("press Enter again to cancel");
    terminal.expect(NEW_CODE);
    terminal.type_line("");
    terminal.expect("Cancelled. Nothing was changed.");
    over();

    begin(NEW_CODE);
    terminal.send(b"\x04");
    over();
    assert!(
        terminal
            .screen()
            .contains("Cancelled. Nothing was changed.")
    );
    assert!(
        !terminal.screen().contains("otpauth"),
        "{}",
        terminal.screen()
    );

    // The window is closed, or the connection is lost.
    begin(NEW_CODE);
    drop(terminal);
    wait_until_success(&machine, "tfactl show alice --json | grep -q '\"none\"'");
    assert_nothing_is_stored(&machine);
    assert_eq!(state(&machine), "none");
    drop(at_the_shell(&machine));
}

#[test]
fn a_wrong_code_shows_possible_causes_and_a_wrong_clock() {
    let machine = machine_with_alice();
    let terminal = at_the_shell(&machine);
    let phone = to_code_prompt(&terminal, "tfa-enroll setup");

    for (ahead, said) in [(300, "minutes ahead of"), (-300, "minutes behind")] {
        phone.shift_clock(ahead);
        terminal.type_line(&phone.code());
        terminal.expect("This code is for another time");
        terminal.expect(NEW_CODE);
        let screen = terminal.screen().replace('\n', " ");
        // Five, or six if the code is of a step that ends later.
        let about = |minutes| screen.contains(&format!("about {minutes} {said} this host"));
        assert!(about(5) || about(6), "{screen}");
    }

    for _ in 0..2 {
        terminal.type_line(&phone.wrong_code());
        terminal.expect("Enter the latest code of the entry for this host");
        terminal.expect(NEW_CODE);
    }
    terminal.type_line("hello");
    terminal.expect("A code has 6 digits");
    terminal.expect(NEW_CODE);
    // The clock is right again, but the limit of wrong codes is reached first.
    terminal.type_line(&phone.wrong_code());
    terminal.expect("Stopped after five wrong codes. Nothing was changed.");
    assert_exit_code(&terminal, 1);
    assert_nothing_is_stored(&machine);
}

#[test]
fn ten_backup_codes_are_shown_once_and_each_is_accepted_once() {
    let (machine, alice) = machine_with_alice_set_up();
    assert_eq!(left(&machine), 10);
    let (first, second) = (&alice.backup_codes[0], &alice.backup_codes[9]);

    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(first);
    terminal.expect("Backup code used, 9 left.");
    terminal.expect(SHELL);
    assert_eq!(left(&machine), 9);
    for command in [
        "tfa-enroll",
        "tfa-enroll status",
        "tfa-enroll status --json",
    ] {
        terminal.type_line(command);
        terminal.expect(SHELL);
    }
    assert_eq!(backup_codes_in(&terminal.transcript()), [""; 0]);

    // In lower case, without the dash. The used one is refused.
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(first);
    terminal.expect(CODE);
    terminal.type_secret(&second.to_lowercase().replace('-', ""));
    terminal.expect(SHELL);
    assert_eq!(left(&machine), 8);
}

#[test]
fn the_qr_code_at_80x24_contains_the_link() {
    let machine = machine_with_alice();
    let terminal = at_the_shell(&machine);
    let scanned = scanned_from_screen(&machine, &terminal, "tfa-enroll setup");
    terminal.expect(NEW_CODE);
    assert_eq!(scanned, uri_in(&terminal.screen()));
    // The grouped key for typing is the same.
    let screen = terminal.screen();
    let key = line_after(&screen, "The key, to type into the app:");
    assert_eq!(key.replace(' ', ""), Phone::from_uri(&scanned).secret());
    assert_eq!(key.split(' ').count(), 8);
    let phone = Phone::from_uri(&scanned);
    assert_eq!(
        (phone.label(), phone.issuer()),
        ("host:alice", Some("host"))
    );

    // It is repeated on request.
    terminal.type_line("qr");
    terminal.expect("Scan it with the app");
    let picture = machine.scratch().join("again.png");
    terminal.screenshot(&picture);
    assert_eq!(read_qr(&picture), scanned);
    terminal.send(b"\r");
    terminal.expect(NEW_CODE);
    terminal.type_line(&phone.next_unused());
    terminal.expect("Press Enter when you have saved them:");
    terminal.send(b"\r");
    terminal.expect(SHELL);

    // The screen shows nothing secret after the end.
    let screen = terminal.screen();
    assert!(
        !screen.contains("otpauth") && !screen.contains('█'),
        "{screen}"
    );
    assert!(!screen.contains(key), "{screen}");
}

#[test]
fn the_qr_code_file_is_deleted_after_enrollment() {
    let machine = machine_with_alice();
    let terminal = at_the_shell(&machine);

    // An existing file is not changed, and a link is not followed.
    terminal.type_line("echo mine >key.png; ln -s key.png key.svg");
    for taken in ["png:key.png", "svg:key.svg"] {
        terminal.type_line(&format!("tfa-enroll --qr {taken} setup"));
        terminal.expect("already exists");
        assert_exit_code(&terminal, 1);
    }
    assert_eq!(machine.read_file("/home/alice/key.png"), "mine\n");

    let png = Path::new("/home/alice/new.png");
    let phone = to_code_prompt(&terminal, "tfa-enroll --qr png:new.png setup");
    assert!(!terminal.transcript().contains('█'));
    assert_eq!(owner_and_mode(&machine, png), "alice 600");
    assert_eq!(read_qr(fetch(&machine, png)), uri_in(&terminal.screen()));
    terminal.type_line(&phone.next_unused());
    terminal.expect("The file new.png contains the key and is no longer needed. Delete it? [Y/n]");
    terminal.type_line("");
    terminal.expect("Press Enter when you have saved them:");
    assert!(!machine.has_file("/home/alice/new.png"));
    terminal.send(b"\r");
    terminal.expect(SHELL);
    machine.succeed(["tfactl", "reset", "alice", "--yes"]);

    let svg = Path::new("/home/alice/new.svg");
    let phone = to_code_prompt(&terminal, "tfa-enroll --qr svg:new.svg setup");
    assert_eq!(owner_and_mode(&machine, svg), "alice 600");
    let drawn = drawn_from_svg(&machine, &machine.read_file("/home/alice/new.svg"));
    assert_eq!(read_qr(drawn), uri_in(&terminal.screen()));
    // After a cancellation the picture of the unused key is removed too.
    terminal.send(b"\x03");
    terminal.expect(SHELL);
    assert!(!machine.has_file("/home/alice/new.svg"));
    drop(phone);
}

#[test]
fn without_utf8_the_output_is_ascii_and_the_qr_code_needs_room() {
    let machine = machine_with_alice();
    let terminal = at_the_shell(&machine);
    terminal.type_line("export LC_ALL=C; clear");
    terminal.expect(SHELL);
    let begin = terminal.bytes().len();
    let phone = to_code_prompt(&terminal, "tfa-enroll setup");
    terminal.expect_on_screen("Make the window larger or its font smaller, and type qr.");

    // Link and key fit below it.
    terminal.resize(60, 120);
    terminal.type_line("qr");
    terminal.expect(NEW_CODE);
    let picture = machine.scratch().join("ascii.png");
    terminal.screenshot(&picture);
    assert_eq!(read_qr(&picture), uri_in(&terminal.screen()));
    terminal.type_line(&phone.next_unused());
    terminal.expect("Press Enter when you have saved them:");
    terminal.send(b"\r");
    terminal.expect(SHELL);
    assert!(terminal.bytes()[begin..].is_ascii());
}

#[test]
fn options_select_ascii_or_no_qr_code() {
    let machine = machine_with_alice();
    let terminal = at_the_shell(&machine);
    terminal.resize(50, 100);
    let scanned = scanned_from_screen(&machine, &terminal, "tfa-enroll --qr ascii setup");
    assert!(!terminal.transcript().contains('█'));
    terminal.expect(NEW_CODE);
    assert_eq!(scanned, uri_in(&terminal.screen()));
    terminal.send(b"\x03");
    terminal.expect(SHELL);

    // Line by line, for screen readers: no page is cleared or switched.
    terminal.type_line("clear");
    terminal.expect(SHELL);
    let begin = terminal.bytes().len();
    let phone = to_code_prompt(&terminal, "tfa-enroll --qr none setup");
    terminal.type_line(&phone.wrong_code());
    terminal.expect("Wrong code.");
    terminal.expect(NEW_CODE);
    terminal.type_line(&phone.next_unused());
    terminal.expect("Press Enter when you have saved them:");
    let bytes = terminal.bytes();
    let said = String::from_utf8_lossy(&bytes[begin..]).into_owned();
    for drawn in ["█", "\x1b[2J", "\x1b[?1049h"] {
        assert!(!said.contains(drawn), "{drawn:?}");
    }
    assert_eq!(said.matches("otpauth://").count(), 1);
}

#[test]
fn the_large_qr_code_of_long_names_needs_a_larger_window() {
    let machine = machine_with_alice();
    let user = "alexandra.featherstonehaugh-jones";
    machine.succeed([
        "useradd",
        "--badname",
        "--create-home",
        "-s",
        "/bin/bash",
        "-l",
        &user[..32],
    ]);
    let user = &user[..32];
    machine.set_password(user, PASSWORD);
    let host = "workstation-0217.laboratory-of-applied-physics.example";
    machine.succeed(["hostname", host]);
    machine.succeed(["sh", "-c", "echo 127.0.1.1 $(hostname) >>/etc/hosts"]);

    let terminal = machine.ssh(user);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("$");
    let phone = to_code_prompt(&terminal, "tfa-enroll setup");
    let screen = terminal.screen();
    assert!(
        screen.contains("Make the window larger or its font smaller, and type qr."),
        "{screen}"
    );
    assert!(screen.contains("use the option --qr png:FILE"), "{screen}");
    assert!(!screen.contains('█'), "{screen}");

    terminal.resize(36, 70);
    terminal.type_line("qr");
    terminal.expect("Scan it with the app");
    let picture = machine.scratch().join("large.png");
    terminal.screenshot(&picture);
    let scanned = Phone::from_picture(&picture);
    assert_eq!(scanned.secret(), phone.secret());
    // The current host name, not the one at the daemon's start.
    assert_eq!(scanned.label(), format!("{host}:{user}"));
    terminal.send(b"\r");
    terminal.expect(NEW_CODE);
    terminal.type_line(&phone.next_unused());
    terminal.expect("Two-factor login is on");
}

#[test]
fn without_a_terminal_it_refuses_and_changes_nothing() {
    let machine = machine_with_alice();
    for command in [
        "setup", "codes", "move", "pause", "resume", "remove", "test",
    ] {
        let output = machine
            .command(["tfa-enroll", command])
            .user("alice")
            .stdin("123456\n")
            .run();
        assert_eq!(output.code(), Some(1), "{command}: {output}");
        assert!(
            output.stderr.contains("needs a terminal"),
            "{command}: {output}"
        );
        assert_eq!(output.stdout, "", "{command}");
    }
    // Commands that ask nothing need no terminal.
    let output = machine.run_as("alice", ["tfa-enroll"]);
    assert!(
        output.success() && output.stdout.contains("Two-factor login: off"),
        "{output}"
    );
    assert_nothing_is_stored(&machine);

    // A code on the command line could be read by all users, so it is not accepted.
    let output = machine.run_as("alice", ["tfa-enroll", "test", "123456"]);
    assert_eq!(output.code(), Some(2), "{output}");

    // ssh without -t allocates no terminal for a single command.
    let terminal = machine.ssh_with("alice", &["-T", "--", "tfa-enroll setup"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("use ssh -t to run a single command");
    assert_eq!(terminal.wait_exit().code(), Some(1));
}

#[test]
fn new_backup_codes_need_a_code_and_void_the_old_ones() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = logged_in_with(&machine, &alice.phone.next_unused());
    terminal.type_line("tfa-enroll codes");
    authenticate(&terminal, &alice.phone.wrong_code());
    terminal.expect("Wrong code.");
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[0]);
    terminal.expect("The new backup codes are valid. The old ones are invalid.");
    terminal.expect("Press Enter when you have saved them:");
    let shown = terminal.transcript();
    let (_, shown) = shown.split_once("The old ones are invalid.").unwrap();
    let new = backup_codes_in(shown);
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !alice.backup_codes.contains(code)));

    // A file name at the question makes a page to print.
    terminal.type_line("~/backup-codes.pdf");
    terminal.expect("backup-codes.pdf\nPrint the file, then delete it.");
    terminal.expect("Press Enter to finish:");
    terminal.send(b"\r");
    terminal.expect(SHELL);
    let pdf = Path::new("/home/alice/backup-codes.pdf");
    assert_eq!(owner_and_mode(&machine, pdf), "alice 600");
    let page = text_of_pdf(&fetch(&machine, pdf));
    assert_eq!(backup_codes_in(&page), new);
    assert!(page.contains("alice") && page.contains("host"), "{page}");

    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(&alice.backup_codes[1]);
    login.expect("Wrong code.");
    login.expect(CODE);
    login.type_secret(&new[3]);
    login.expect(SHELL);
    assert_eq!(left(&machine), 9);
}

#[test]
fn an_option_saves_the_backup_codes_as_pdf() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = logged_in_with(&machine, &alice.phone.next_unused());
    terminal.type_line("echo mine >taken.pdf; tfa-enroll codes --pdf taken.pdf");
    terminal.expect("already exists");
    terminal.expect(SHELL);
    assert_eq!(machine.read_file("/home/alice/taken.pdf"), "mine\n");

    terminal.type_line("tfa-enroll codes --pdf page.pdf");
    authenticate(&terminal, &alice.phone.next_unused());
    terminal.expect("page.pdf\nPrint the file, then delete it.");
    terminal.expect(SHELL);
    assert_eq!(backup_codes_in(&terminal.transcript()), [""; 0]);
    let page = text_of_pdf(&fetch(&machine, Path::new("/home/alice/page.pdf")));
    let new = backup_codes_in(&page);
    assert_eq!(new.len(), 10);
    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(&new[9]);
    login.expect("Backup code used, 9 left.");
}

#[test]
fn pause_resume_and_remove_change_the_question_for_a_code() {
    let (machine, alice) = machine_with_alice_set_up();
    begin_a_time_step(&machine, &alice.phone, 5);
    let terminal = logged_in_with(&machine, &alice.phone.next_unused());

    terminal.type_line("tfa-enroll pause");
    authenticate(&terminal, &alice.phone.wrong_code());
    terminal.expect("Wrong code.");
    terminal.expect(CODE);
    drop(ssh_to_code_prompt(&machine, "alice"));
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("Two-factor login is paused. The password alone logs you in.");
    terminal.expect(SHELL);
    assert_eq!(state(&machine), "paused");
    drop(at_the_shell(&machine));
    machine.expect_in_journal("tfad", "alice: not asked: two-factor login is paused");

    terminal.type_line("tfa-enroll pause");
    terminal.expect("already paused");
    terminal.expect(SHELL);
    // The phone is the same as before. Used codes stay used.
    terminal.type_line("tfa-enroll resume");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(PROOF);
    terminal.type_line(&alice.phone.next_unused());
    terminal.expect("Two-factor login is on again.");
    terminal.expect(SHELL);
    drop(ssh_to_code_prompt(&machine, "alice"));

    begin_a_time_step(&machine, &alice.phone, 10);
    terminal.type_line("tfa-enroll remove");
    terminal.expect("To remove it, type yes. To keep it, press Enter:");
    terminal.type_line("");
    terminal.expect("Not removed. Nothing was changed.");
    terminal.type_line("tfa-enroll remove");
    terminal.expect("To remove it, type yes");
    terminal.type_line("yes");
    terminal.expect("Password:");
    terminal.send(b"\x03");
    terminal.expect("Cancelled. Nothing was changed.");
    drop(ssh_to_code_prompt(&machine, "alice"));
    terminal.type_line("tfa-enroll remove");
    terminal.expect("To remove it, type yes");
    terminal.type_line("yes");
    authenticate(&terminal, &alice.phone.next_unused());
    terminal.expect("Two-factor login is off for alice.");
    assert_eq!(state(&machine), "none");
    // The record stays, so that no import brings the key back. It has nothing of the enrollment.
    let list = machine.succeed(["tfactl", "list"]);
    assert!(list.contains("\nalice "), "{list}");
    assert_eq!(left(&machine), 0);
    drop(at_the_shell(&machine));
}

#[test]
fn a_code_can_be_tested_and_is_not_used_up() {
    let (machine, alice) = machine_with_alice_set_up();
    begin_a_time_step(&machine, &alice.phone, 5);
    let terminal = logged_in_with(&machine, &alice.backup_codes[0]);
    let code = alice.phone.next_unused();
    for _ in 0..2 {
        terminal.type_line("tfa-enroll test");
        terminal.expect(PROOF);
        terminal.type_line(&code);
        terminal.expect("The code is correct. A login would accept it. It was not used up.");
        assert_exit_code(&terminal, 0);
    }
    terminal.type_line("tfa-enroll test");
    terminal.expect(PROOF);
    terminal.type_line(&alice.backup_codes[1]);
    terminal.expect("The backup code is correct. A login would accept it. It was not used up.");
    assert_eq!(left(&machine), 9);

    terminal.type_line("tfa-enroll test");
    terminal.expect(PROOF);
    terminal.type_line(&alice.phone.wrong_code());
    terminal.expect("A login would not accept this code.");
    assert_exit_code(&terminal, 1);
    terminal.type_line("tfa-enroll test");
    terminal.expect(PROOF);
    terminal.type_line(&alice.phone.code_at(-10));
    terminal.expect("A login would not accept this code.");
    terminal.expect("The clock of the phone is about 5 minutes behind");

    drop(logged_in_with(&machine, &code));
    terminal.type_line("tfa-enroll test");
    terminal.expect(PROOF);
    terminal.type_line(&code);
    terminal.expect("This code was already used.");
}

#[test]
fn the_json_status_has_the_same_keys_for_all_users() {
    const KEYS: &[&str] = &[
        "user",
        "uid",
        "state",
        "authenticators",
        "pending_authenticator",
        "pending_kind",
        "backup_codes_left",
        "failures",
        "locked_until",
        "permanently_locked",
        "console_failures",
        "console_locked_until",
        "console_permanently_locked",
        "own_failures",
        "own_locked_until",
        "own_permanently_locked",
        "member_locks",
        "wrong_codes",
        "last_wrong_code",
        "last_wrong_code_from",
        "failed_attempts",
        "required",
        "grace_until",
        "devices",
        "last_login",
        "problem",
        "note",
    ];
    let (machine, _) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    for (user, state) in [("alice", "enabled"), ("bob", "none")] {
        let json = machine
            .command(["tfa-enroll", "status", "--json"])
            .user(user)
            .succeed();
        let keys: Vec<&str> = json
            .lines()
            .filter_map(|line| line.strip_prefix("  \"")?.split_once("\":"))
            .map(|(key, _)| key)
            .collect();
        // Keys may be added. No key is removed.
        assert!(KEYS.iter().all(|key| keys.contains(key)), "{json}");
        assert!(json.contains(&format!("\"state\": \"{state}\"")), "{json}");
        assert_eq!(json, record_of(&machine, user));
    }
}

/// A shell over SSH after a login with the password alone.
#[track_caller]
fn at_the_shell(machine: &Machine) -> Terminal {
    let terminal = machine.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    assert_eq!(
        terminal.expect_any(&[SHELL, CODE]),
        0,
        "a code was asked for"
    );
    terminal
}

/// A shell over SSH after a login with password and code.
#[track_caller]
pub(crate) fn logged_in_with(machine: &Machine, code: &str) -> Terminal {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(code);
    terminal.expect(SHELL);
    terminal
}

/// Begins enrollment and continues to the question for the phone's code.
#[track_caller]
fn to_code_prompt(terminal: &Terminal, command: &str) -> Phone {
    terminal.type_line(command);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    for _ in 0..3 {
        let pages = [
            "Press Enter to show the QR code",
            "Scan it with the app",
            NEW_CODE,
        ];
        if terminal.expect_any(&pages) == 2 {
            return Phone::from_uri(&uri_in(&terminal.transcript()));
        }
        terminal.send(b"\r");
    }
    panic!("no question for a code: {}", terminal.screen());
}

/// Begins enrollment, scans the page with the QR code, and continues.
#[track_caller]
fn scanned_from_screen(machine: &Machine, terminal: &Terminal, command: &str) -> String {
    terminal.type_line(command);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Press Enter to show the QR code");
    terminal.send(b"\r");
    terminal.expect("Scan it with the app");
    let picture = machine.scratch().join("screen.png");
    terminal.screenshot(&picture);
    terminal.send(b"\r");
    read_qr(&picture)
}

#[track_caller]
fn assert_exit_code(terminal: &Terminal, code: u32) {
    terminal.type_line("echo ended with $?");
    terminal.expect(&format!("ended with {code}\n"));
}

#[track_caller]
fn assert_nothing_is_stored(machine: &Machine) {
    let list = machine.succeed(["tfactl", "list"]);
    assert_eq!(list, "No user has set up two-factor login.\n");
}

fn state(machine: &Machine) -> String {
    value(&record_of(machine, "alice"), "state")
        .trim_matches('"')
        .to_owned()
}

fn left(machine: &Machine) -> u32 {
    value(&record_of(machine, "alice"), "backup_codes_left")
        .parse()
        .unwrap()
}

fn value(json: &str, key: &str) -> String {
    let start = format!("\"{key}\": ");
    let line = json
        .lines()
        .find_map(|line| line.trim().strip_prefix(&start));
    line.unwrap().trim_end_matches(',').to_owned()
}

/// Waits until a command succeeds.
#[track_caller]
fn wait_until_success(machine: &Machine, command: &str) {
    let until = format!("until {command}; do sleep 0.05; done");
    machine.succeed(["timeout", "20", "sh", "-c", &until]);
}

fn line_after<'a>(screen: &'a str, heading: &str) -> &'a str {
    let mut lines = screen.lines().skip_while(|line| !line.starts_with(heading));
    lines.nth(1).unwrap_or_default().trim()
}

fn owner_and_mode(machine: &Machine, path: &Path) -> String {
    let path = path.to_str().unwrap();
    machine
        .succeed(["stat", "-c", "%U %a", path])
        .trim()
        .to_owned()
}

/// Copies a file of the machine to the scratch directory.
pub(crate) fn fetch(machine: &Machine, path: &Path) -> PathBuf {
    let text = machine.succeed(["base64", path.to_str().unwrap()]);
    let copy = machine.scratch().join(path.file_name().unwrap());
    let mut decode = Command::new("base64")
        .arg("--decode")
        .stdin(Stdio::piped())
        .stdout(fs::File::create(&copy).unwrap())
        .spawn()
        .unwrap();
    decode
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    assert!(decode.wait().unwrap().success());
    copy
}

/// The lines of a page, as they are in the file.
pub(crate) fn text_of_pdf(path: &Path) -> String {
    let output = Command::new("pdftotext")
        .arg("-layout")
        .arg(path)
        .arg("-")
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// Draws the squares of a QR code's SVG, as a browser does.
fn drawn_from_svg(machine: &Machine, svg: &str) -> PathBuf {
    const SCALE: usize = 8;
    let (_, rest) = svg.split_once("viewBox=\"0 0 ").unwrap();
    let side: usize = rest.split(' ').next().unwrap().parse().unwrap();
    let (_, path) = svg.split_once(" d=\"").unwrap();
    let mut pixels = vec![255_u8; side * side * SCALE * SCALE];
    for square in path.split('M').skip(1) {
        let (x, rest) = square.split_once(' ').unwrap();
        let (y, _) = rest.split_once('h').unwrap();
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        for row in y * SCALE..(y + 1) * SCALE {
            let start = row * side * SCALE + x * SCALE;
            pixels[start..start + SCALE].fill(0);
        }
    }
    let picture = machine.scratch().join("svg.png");
    let width = u32::try_from(side * SCALE).unwrap();
    let file = fs::File::create(&picture).unwrap();
    let mut encoder = png::Encoder::new(file, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&pixels)
        .unwrap();
    picture
}
