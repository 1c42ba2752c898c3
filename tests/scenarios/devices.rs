//! Remembered devices: which logins over SSH are asked for a code again.

use crate::bus::run_perl;
use crate::users::{
    CODE, Owner, PASSWORD, authenticate, begin_a_time_step, machine_with_alice_set_up, record_of,
    set_policy, set_up, uri_in,
};
use tfa_tests::{Machine, Phone, Terminal};

const PROMPT: &str = "alice@host:~$";
const QUESTION: &str = "Remember this device for 30 days? [y/N]";
/// A login with a key first, or without one.
pub(crate) const METHODS: &str =
    "AuthenticationMethods publickey,keyboard-interactive keyboard-interactive password";
pub(crate) const MONTH: &str = "[policy]\nmode = \"optional\"\n[remember]\ndays = 30\n";
pub(crate) const DAY: i64 = 86_400;

/// A machine on which alice has a phone and an authorized key, under this policy.
pub(crate) fn machine_under(policy: &str) -> (Machine, Owner, String) {
    let (machine, alice) = machine_with_alice_set_up();
    machine.configure_sshd("10-methods", METHODS);
    let key = machine.authorize_key("alice");
    set_policy(&machine, policy);
    (machine, alice, key)
}

/// A login with a key from an address, up to the password.
fn ssh_with_key_from(machine: &Machine, address: &str, key: &str) -> Terminal {
    machine.add_address(address);
    let methods = "PreferredAuthentications=publickey,keyboard-interactive";
    let terminal = machine.ssh_with("alice", &["-b", address, "-i", key, "-o", methods]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

pub(crate) fn ssh_with_key(machine: &Machine, key: &str) -> Terminal {
    ssh_with_key_from(machine, "192.0.2.7", key)
}

/// Gives a code and has the device remembered.
pub(crate) fn remember(machine: &Machine, alice: &Owner, key: &str) {
    remember_with(&ssh_with_key(machine, key), &alice.phone.next_unused());
}

/// Gives this code in a login that is asked for one, and has the device remembered.
#[track_caller]
pub(crate) fn remember_with(terminal: &Terminal, code: &str) {
    terminal.expect(CODE);
    terminal.type_secret(code);
    terminal.expect(QUESTION);
    terminal.type_line("y");
    terminal.expect(PROMPT);
}

/// Checks that a login is asked for a code, and breaks it off.
pub(crate) fn is_asked(terminal: &Terminal) {
    terminal.expect(CODE);
}

/// Checks that a login gets its shell without a code.
#[track_caller]
pub(crate) fn is_not_asked(terminal: &Terminal) {
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains(CODE));
}

/// A second key of alice.
pub(crate) fn another_key(machine: &Machine) -> String {
    const MAKE: &str = "ssh-keygen -q -t ecdsa -N '' -f /root/.ssh/second &&
        cat /root/.ssh/second.pub >>/home/alice/.ssh/authorized_keys";
    machine.succeed(["sh", "-c", MAKE]);
    "/root/.ssh/second".to_owned()
}

pub(crate) fn fingerprint(machine: &Machine, key: &str) -> String {
    let listed = machine.succeed(["ssh-keygen", "-lf", key]);
    listed.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn a_remembered_key_without_a_password_is_asked() {
    let (machine, alice, key) = machine_under(MONTH);
    remember(&machine, &alice, &key);
    // A stack that asks for the code in place of the password.
    let line = "auth [success=done ignore=ignore default=die] \
                pam_tfa.so after_publickey enroll=account\n";
    let stack = machine.read_file("/etc/pam.d/sshd");
    machine.write_file("/etc/pam.d/sshd", format!("{line}{stack}"));
    let methods = "PreferredAuthentications=publickey,keyboard-interactive";
    let terminal = machine.ssh_with("alice", &["-i", &key, "-o", methods]);
    is_asked(&terminal);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("Password:"));
}

#[test]
fn a_remembered_key_is_not_asked_from_any_address_and_another_key_is() {
    let (machine, alice, key) = machine_under(MONTH);
    remember(&machine, &alice, &key);
    let shown = fingerprint(&machine, &key);
    let added = format!("alice: the device is now remembered: 1, {shown} (service sshd");
    machine.expect_in_journal("tfad", &added);

    is_not_asked(&ssh_with_key(&machine, &key));
    machine.expect_in_journal(
        "tfad",
        &format!("alice: not asked: remembered device 1, {shown} (service sshd, from 192.0.2.7)"),
    );
    is_not_asked(&ssh_with_key_from(&machine, "198.51.100.9", &key));

    let other = another_key(&machine);
    is_asked(&ssh_with_key(&machine, &other));
    is_asked(&with_password(machine.ssh_from("192.0.2.7", "alice")));
}

/// Enters the password.
pub(crate) fn with_password(terminal: Terminal) -> Terminal {
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

#[test]
fn only_a_plain_yes_remembers_and_a_broken_login_does_not() {
    let (machine, alice, key) = machine_under(MONTH);
    for answer in ["", "n", PASSWORD, "yes please"] {
        let terminal = ssh_with_key(&machine, &key);
        terminal.expect(CODE);
        terminal.type_secret(&alice.phone.next_unused());
        terminal.expect(QUESTION);
        terminal.type_line(answer);
        terminal.expect(PROMPT);
        begin_a_time_step(&machine, &alice.phone, 5);
    }
    let terminal = ssh_with_key(&machine, &key);
    terminal.expect(CODE);
    let code = alice.phone.next_unused();
    terminal.type_secret(&code);
    terminal.expect(QUESTION);
    drop(terminal);
    // The code is used up nevertheless.
    let terminal = ssh_with_key(&machine, &key);
    terminal.expect(CODE);
    terminal.type_secret(&code);
    terminal.expect("This code was already used.");
    assert!(!machine.journal("tfad").contains("is now remembered"));
}

#[test]
fn a_device_is_asked_again_after_its_days_and_when_the_policy_shortens_them() {
    let (machine, alice, key) = machine_under(MONTH);
    remember(&machine, &alice, &key);
    // The logins before do not extend it.
    for days in [1, 15, 29] {
        machine.shift_clock(days * DAY);
        is_not_asked(&ssh_with_key(&machine, &key));
    }
    machine.shift_clock(30 * DAY);
    is_asked(&ssh_with_key(&machine, &key));
    // A clock that is set back does not lengthen it, and neither do more days.
    machine.shift_clock(-DAY);
    is_asked(&ssh_with_key(&machine, &key));
    machine.shift_clock(10 * DAY);
    is_not_asked(&ssh_with_key(&machine, &key));
    for (days, asked) in [
        ("days = 9", true),
        ("days = 0", true),
        ("days = 365", false),
    ] {
        set_policy(&machine, &MONTH.replace("days = 30", days));
        let terminal = ssh_with_key(&machine, &key);
        if asked {
            is_asked(&terminal);
        } else {
            is_not_asked(&terminal);
        }
    }
    machine.shift_clock(31 * DAY);
    is_asked(&ssh_with_key(&machine, &key));
}

/// Five wrong codes for alice from this host, with the key of this line.
pub(crate) fn guess(machine: &Machine, service: &str, auth_info: &str, wrong: &str) {
    const GUESS: &str = r#"
        my ($service, $info, $wrong) = @ARGV;
        my $bus = Bus->new;
        my @info = $info ? ('ssh-auth-info' => $info) : ();
        for (1 .. 5) {
            my ($dialog) = $bus->begin('alice', tty => 'ssh', rhost => '203.0.113.66', service => $service, @info);
            $bus->answer($dialog, $wrong);
        }"#;
    run_perl(machine, GUESS, &[service, auth_info, wrong]).succeed();
}

#[test]
fn a_locked_key_does_not_let_its_device_in_and_other_locks_do() {
    let (machine, alice, key) = machine_under(MONTH);
    remember(&machine, &alice, &key);
    let wrong = alice.phone.wrong_code();
    // By a clock that is ahead, so that the locks do not end during the test.
    machine.shift_clock(3000);
    guess(&machine, "sshd", "", &wrong);
    machine.shift_clock(0);
    let unknown = with_password(machine.ssh("alice"));
    unknown.expect("Permission denied");
    is_not_asked(&ssh_with_key(&machine, &key));

    // A service in which no device is remembered asks for a code.
    let public = machine.read_file(&format!("{key}.pub"));
    machine.shift_clock(3000);
    guess(
        &machine,
        "sshd-other",
        &format!("publickey {public}"),
        &wrong,
    );
    machine.shift_clock(0);
    let terminal = ssh_with_key(&machine, &key);
    terminal.expect("Permission denied");
    assert!(!terminal.transcript().contains(PROMPT));
    machine.expect_in_journal(
        "tfad",
        "alice: denied: locked after too many wrong codes from this place",
    );
    machine.succeed(["tfactl", "unlock", "alice"]);
    is_not_asked(&ssh_with_key(&machine, &key));
}

#[test]
fn the_question_is_not_asked_without_a_key_nor_by_the_method_password() {
    let (machine, alice, key) = machine_under(MONTH);
    let terminal = with_password(machine.ssh("alice"));
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("Remember"));

    // sshd answers a hidden question of the method `password` with the password, and cannot ask others.
    machine.configure_sshd("00-methods", "AuthenticationMethods publickey,password");
    let methods = "PreferredAuthentications=publickey,password";
    let terminal = machine.ssh_with("alice", &["-i", &key, "-o", methods]);
    terminal.expect("password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("password:");
    assert!(!machine.journal("tfad").contains("is now remembered"));
}

#[test]
fn minutes_remember_without_a_question() {
    let policy = MONTH.replace("days = 30", "minutes = 5");
    let (machine, alice, key) = machine_under(&policy);
    let terminal = ssh_with_key(&machine, &key);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("Remember"));
    is_not_asked(&ssh_with_key(&machine, &key));
    machine.shift_clock(301);
    is_asked(&ssh_with_key(&machine, &key));
}

#[test]
fn an_address_is_a_device_where_the_policy_names_it() {
    let policy = format!("{MONTH}by = [\"address\"]\n");
    let (machine, alice, _) = machine_under(&policy);
    let terminal = with_password(machine.ssh_from("192.0.2.7", "alice"));
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(QUESTION);
    terminal.type_line("yes");
    terminal.expect(PROMPT);
    is_not_asked(&with_password(machine.ssh_from("192.0.2.7", "alice")));
    machine.expect_in_journal("tfad", "alice: not asked: remembered device 1, 192.0.2.7 (");
    is_asked(&with_password(machine.ssh_from("192.0.2.8", "alice")));
    // Every user of the host has the loopback address.
    begin_a_time_step(&machine, &alice.phone, 5);
    let terminal = with_password(machine.ssh("alice"));
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect(PROMPT);
    assert!(!terminal.transcript().contains("Remember"));
}

#[test]
fn a_reset_forgets_the_devices_and_an_unlock_does_not() {
    let (machine, alice, key) = machine_under(MONTH);
    remember(&machine, &alice, &key);
    machine.succeed(["tfactl", "unlock", "alice"]);
    is_not_asked(&ssh_with_key(&machine, &key));
    machine.succeed(["tfactl", "reset", "alice", "--yes"]);
    let again = crate::users::set_up(&machine, "alice", PASSWORD);
    is_asked(&ssh_with_key(&machine, &key));
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"devices\": []"), "{record}");
    drop(again);
}

#[test]
fn a_move_forgets_the_devices_when_the_new_phone_is_confirmed() {
    let (machine, alice, key) = machine_under(MONTH);
    remember(&machine, &alice, &key);
    let terminal = ssh_with_key(&machine, &key);
    is_not_asked(&terminal);
    terminal.type_line("tfa-enroll move --qr none");
    authenticate(&terminal, &alice.backup_codes[0]);
    terminal.expect("Code from your phone:");
    let new = Phone::from_uri(&uri_in(&terminal.transcript()));
    is_not_asked(&ssh_with_key(&machine, &key));
    terminal.type_line(&new.next_unused());
    terminal.expect("The new phone is active.");
    is_asked(&ssh_with_key(&machine, &key));
    let record = record_of(&machine, "alice");
    assert!(record.contains("\"devices\": []"), "{record}");
}

#[test]
fn a_program_that_wants_silence_is_not_asked_whether_to_remember() {
    let machine = Machine::boot_with(&["pamtester"]);
    machine.add_user("alice", PASSWORD);
    machine.add_to_group("alice", "sudo");
    machine.offer_questions();
    let alice = set_up(&machine, "alice", PASSWORD);
    let sudo_too = "by = [\"address\"]\nservices = [\"sshd\", \"sudo\"]\n";
    set_policy(&machine, &format!("{MONTH}{sudo_too}"));

    let sudo = machine.terminal_as("alice", ["sudo", "id", "-un"]);
    sudo.expect("[sudo] password for alice:");
    sudo.type_secret(PASSWORD);
    sudo.expect(CODE);
    sudo.type_secret(&alice.backup_codes[0]);
    sudo.expect("\nroot");
    assert!(!sudo.transcript().contains("Remember"));

    // The same login with and without the flag, from an address that can be remembered.
    let login = |operation: &str| {
        let words = ["pamtester", "-I", "rhost=192.0.2.7", "sshd", "alice"];
        with_password(machine.terminal(words.iter().copied().chain([operation])))
    };
    let (silent, passed) = ("authenticate(PAM_SILENT)", "successfully authenticated");
    let terminal = login(silent);
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[1]);
    terminal.expect(passed);
    assert!(!terminal.transcript().contains("Remember"));
    assert!(!machine.journal("tfad").contains("is now remembered"));
    let terminal = login("authenticate");
    terminal.expect(CODE);
    terminal.type_secret(&alice.backup_codes[2]);
    terminal.expect(QUESTION);
    terminal.type_line("y");
    terminal.expect(passed);
    machine.expect_in_journal(
        "tfad",
        "alice: the device is now remembered: 1, 192.0.2.7 (",
    );
    let terminal = login(silent);
    terminal.expect(passed);
    assert!(!terminal.transcript().contains(CODE));
}

#[test]
fn a_user_lists_and_forgets_devices_but_not_the_one_of_the_session() {
    let (machine, alice, key) = machine_under(MONTH);
    remember(&machine, &alice, &key);
    let second = another_key(&machine);
    remember(&machine, &alice, &second);
    let [first_mark, second_mark] = [&key, &second].map(|key| fingerprint(&machine, key));

    let terminal = ssh_with_key(&machine, &key);
    // The owner learns of the device that was added since.
    terminal.expect(&format!(
        "Device \"ECDSA\n{second_mark}\"\nis remembered since"
    ));
    is_not_asked(&terminal);
    terminal.type_line("tfa-enroll devices");
    terminal.expect(&format!("  {first_mark}\n"));
    terminal.expect(&format!("  {second_mark}\n"));
    terminal.expect("The device of this login session: 1\n");
    terminal.type_line("tfa-enroll devices forget 1");
    terminal.expect("This login session began from this device");
    terminal.type_line("tfa-enroll devices forget 3");
    terminal.expect("No device of this number is remembered.");
    terminal.type_line("tfa-enroll devices forget --all");
    terminal.expect("One device was forgotten.");
    terminal.expect("The device of this login session stays remembered: 1\n");
    let forgotten = "alice: remembered devices were forgotten: 1 (by uid 1000)";
    machine.expect_in_journal("tfad", forgotten);
    is_asked(&ssh_with_key(&machine, &second));
    is_not_asked(&ssh_with_key(&machine, &key));

    // Another user's devices are not within reach.
    machine.add_user("bob", PASSWORD);
    let as_bob = |words: &[&str]| machine.command(words).user("bob");
    assert_eq!(
        as_bob(&["tfa-enroll", "devices", "--json"]).succeed(),
        "[]\n"
    );
    as_bob(&["tfactl", "devices", "forget", "alice", "--all"]).fail();

    let listed = machine.succeed(["tfactl", "devices", "list", "alice"]);
    assert!(
        listed.contains(&first_mark) && !listed.contains(&second_mark),
        "{listed}"
    );
    machine.succeed(["tfactl", "devices", "forget", "alice", "1"]);
    let forgotten = format!("alice: a remembered device was forgotten: 1, {first_mark} (by uid 0)");
    machine.expect_in_journal("tfad", &forgotten);
    is_asked(&ssh_with_key(&machine, &key));
}

#[test]
fn a_yes_after_devices_were_forgotten_or_after_a_pause_remembers_nothing() {
    let (machine, alice, key) = machine_under(MONTH);
    let forget: &[&str] = &["tfactl", "devices", "forget", "alice", "--all"];
    let pause: &[&str] = &["tfactl", "disable", "alice"];
    for (command, minutes) in [(forget, 5), (pause, 10)] {
        begin_a_time_step(&machine, &alice.phone, minutes);
        let terminal = ssh_with_key(&machine, &key);
        terminal.expect(CODE);
        terminal.type_secret(&alice.phone.next_unused());
        terminal.expect(QUESTION);
        machine.succeed(command);
        terminal.type_line("yes");
        terminal.expect(PROMPT);
        if command == pause {
            machine.succeed(["tfactl", "enable", "alice"]);
        }
        is_asked(&ssh_with_key(&machine, &key));
    }
    assert!(!machine.journal("tfad").contains("is now remembered"));
}

#[test]
fn a_session_from_a_remembered_device_has_no_code_that_serves_sudo() {
    let policy = format!("{MONTH}session_minutes = 10\n");
    let (machine, alice, key) = machine_under(&policy);
    machine.add_to_group("alice", "sudo");
    remember(&machine, &alice, &key);
    let terminal = ssh_with_key(&machine, &key);
    is_not_asked(&terminal);
    terminal.type_line("sudo -k id -un");
    terminal.expect("[sudo] password for alice:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
}
