//! A new phone: the old one works until the new one is confirmed, and then no longer.

use std::time::Duration;

use tfa_tests::{Machine, Phone, Terminal};

use crate::users::{
    CODE, Owner, PASSWORD, authenticate, begin_a_time_step, machine_with_alice_set_up, record_of,
    ssh_to_code_prompt, uri_in,
};

const SHELL: &str = "alice@host:~$";
const NEW_CODE: &str = "Code from your phone:";
const UNTOUCHED: &str = "Your old phone still works";

#[test]
fn the_old_phone_works_until_the_new_one_is_confirmed() {
    let (machine, alice) = machine_with_alice_set_up();
    begin_a_time_step(&machine, &alice.phone, 5);
    let terminal = logged_in_with(&machine, &alice.backup_codes[0]);
    let new = to_new_code_prompt(&terminal, &alice.phone.next_unused());
    new.shift_clock(clock_of(&machine));
    assert_ne!(new.secret(), alice.phone.secret());
    assert_eq!(
        (new.label(), new.issuer()),
        (alice.phone.label(), alice.phone.issuer())
    );

    // The new phone is valid only for the confirmation, the old one for everything else.
    assert_refused(&machine, &new.code_not_of(&alice.phone));
    drop(logged_in_with(&machine, &alice.phone.next_unused()));
    let status = machine.succeed(["tfactl", "show", "alice"]);
    assert!(status.contains("A new authenticator waits for its first correct code."));

    terminal.type_line(&alice.phone.code_not_of(&new));
    terminal.expect("Wrong code.");
    terminal.expect(NEW_CODE);
    terminal.type_line(&new.next_unused());
    terminal.expect("The new phone is active. The old phone no longer works.");
    terminal.expect("Your backup codes did not change. Unused backup codes: 9");
    terminal.expect(SHELL);

    begin_a_time_step(&machine, &alice.phone, 10);
    new.shift_clock(clock_of(&machine));
    assert_refused(&machine, &alice.phone.code_not_of(&new));
    drop(logged_in_with(&machine, &new.next_unused()));
    drop(logged_in_with(&machine, &alice.backup_codes[1]));
}

#[test]
fn the_code_that_confirms_the_new_phone_admits_no_login() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = logged_in_with(&machine, &alice.backup_codes[0]);
    let new = to_new_code_prompt(&terminal, &alice.backup_codes[1]);
    let code = new.next_unused();
    terminal.type_line(&code);
    terminal.expect("The new phone is active");
    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(&code);
    login.expect("This code was already used.");
    login.expect(CODE);
    login.type_secret(&new.next_unused());
    login.expect(SHELL);
}

#[test]
fn a_move_needs_a_code_of_the_old_phone() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = logged_in_with(&machine, &alice.backup_codes[0]);
    terminal.type_line("tfa-enroll move");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    for _ in 0..3 {
        terminal.expect(CODE);
        terminal.type_secret(&alice.phone.wrong_code());
        terminal.expect("Wrong code.");
    }
    terminal.expect("Not allowed");
    terminal.expect("Try again? [Y/n]");
    terminal.type_line("n");
    terminal.expect("Nothing was changed.");
    terminal.expect(SHELL);
    assert!(!terminal.transcript().contains("otpauth"));
    assert!(record_of(&machine, "alice").contains(r#""pending_authenticator": false"#));
}

#[test]
fn a_move_cancelled_at_any_step_keeps_the_old_phone() {
    let (machine, alice) = machine_with_alice_set_up();
    let mut codes = alice.backup_codes.iter();
    let mut code = || codes.next().unwrap();
    let terminal = logged_in_with(&machine, code());

    // At the password.
    terminal.type_line("tfa-enroll move");
    terminal.expect("Password:");
    terminal.send(b"\x03");
    terminal.expect("Cancelled. Nothing was changed.");
    terminal.expect(SHELL);

    // After the proof, before the QR code.
    terminal.type_line("tfa-enroll move");
    authenticate(&terminal, code());
    terminal.expect("Press Enter to show the QR code");
    terminal.send(b"\x03");
    terminal.expect(UNTOUCHED);
    terminal.expect(SHELL);

    // At the QR code.
    terminal.type_line("tfa-enroll move");
    authenticate(&terminal, code());
    terminal.expect("Press Enter to show the QR code");
    terminal.send(b"\r");
    terminal.expect("Scan it with the app");
    terminal.send(b"\x04");
    terminal.expect(UNTOUCHED);
    terminal.expect(SHELL);

    // After a wrong code, when the key was already shown.
    let new = to_new_code_prompt(&terminal, code());
    terminal.type_line(&new.wrong_code());
    terminal.expect("Wrong code.");
    terminal.expect(NEW_CODE);
    terminal.send(b"\x03");
    terminal.expect(UNTOUCHED);
    terminal.expect(SHELL);
    assert!(record_of(&machine, "alice").contains(r#""pending_authenticator": false"#));

    assert_refused(&machine, &new.code_not_of(&alice.phone));
    drop(logged_in_with(&machine, &alice.phone.next_unused()));
}

#[test]
fn a_cut_connection_during_a_move_keeps_the_old_phone() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = logged_in_with(&machine, &alice.backup_codes[0]);
    let new = to_new_code_prompt(&terminal, &alice.backup_codes[1]);
    drop(terminal);
    const WITHDRAWN: &str = "until tfactl show alice --json | grep -q '\"pending_authenticator\": false'; do sleep 0.05; done";
    machine.succeed(["timeout", "20", "sh", "-c", WITHDRAWN]);
    assert_old_phone_works(&machine, &alice, &new);

    // Killed, so that it cannot withdraw the pending authenticator, which stays stored and is not
    // valid.
    let terminal = logged_in_with(&machine, &alice.backup_codes[2]);
    let new = to_new_code_prompt(&terminal, &alice.backup_codes[3]);
    machine.succeed(["pkill", "-KILL", "tfa-enroll"]);
    terminal.expect("Killed");
    assert_old_phone_works(&machine, &alice, &new);
    // The next move replaces it.
    terminal.type_line("reset; clear");
    let newer = to_new_code_prompt(&terminal, &alice.backup_codes[4]);
    terminal.type_line(&new.code_not_of(&newer));
    terminal.expect("Wrong code.");
    terminal.expect(NEW_CODE);
    terminal.type_line(&newer.next_unused());
    terminal.expect("The new phone is active");
}

#[test]
fn a_move_survives_a_killed_daemon() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = logged_in_with(&machine, &alice.backup_codes[0]);
    let new = to_new_code_prompt(&terminal, &alice.backup_codes[1]);
    kill_daemon(&machine);
    assert_refused(&machine, &new.code_not_of(&alice.phone));
    drop(logged_in_with(&machine, &alice.phone.next_unused()));

    terminal.type_line(&new.next_unused());
    terminal.expect("The new phone is active. The old phone no longer works.");
    kill_daemon(&machine);
    assert_refused(&machine, &alice.phone.code_not_of(&new));
    drop(logged_in_with(&machine, &new.next_unused()));
}

/// A shell over SSH after a login with password and code.
#[track_caller]
fn logged_in_with(machine: &Machine, code: &str) -> Terminal {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(code);
    terminal.expect(SHELL);
    terminal
}

#[track_caller]
fn assert_refused(machine: &Machine, code: &str) {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(code);
    terminal.expect("Wrong code.");
    terminal.expect(CODE);
}

#[track_caller]
fn assert_old_phone_works(machine: &Machine, alice: &Owner, new: &Phone) {
    assert_refused(machine, &new.code_not_of(&alice.phone));
    drop(logged_in_with(machine, &alice.phone.next_unused()));
}

/// Begins a move and continues to the question for the new phone's code.
#[track_caller]
fn to_new_code_prompt(terminal: &Terminal, proof: &str) -> Phone {
    terminal.type_line("tfa-enroll move");
    terminal.expect("The old phone works\nuntil you have entered a correct code from the new one.");
    authenticate(terminal, proof);
    terminal.expect("Press Enter to show the QR code");
    terminal.send(b"\r");
    terminal.expect("Scan it with the app");
    terminal.send(b"\r");
    terminal.expect(NEW_CODE);
    Phone::from_uri(&uri_in(&terminal.transcript()))
}

/// How far the daemon's clock is ahead.
fn clock_of(machine: &Machine) -> i64 {
    machine
        .read_file("/run/clocks/tfad.service")
        .trim()
        .parse()
        .unwrap()
}

/// Kills the daemon, as in a crash, and waits until another one serves.
fn kill_daemon(machine: &Machine) {
    let pid = || machine.succeed(["systemctl", "show", "--value", "-p", "MainPID", "tfad"]);
    let before = pid();
    machine.succeed(["systemctl", "kill", "--signal=KILL", "tfad"]);
    // Skips systemd's delay before the restart, which any login would end.
    machine
        .command([
            "busctl",
            "call",
            "org.tfad.Tfa1",
            "/org/tfad/Tfa1",
            PEER,
            "Ping",
        ])
        .within(Duration::from_secs(30))
        .succeed();
    assert_ne!(pid(), before);
}

const PEER: &str = "org.freedesktop.DBus.Peer";
