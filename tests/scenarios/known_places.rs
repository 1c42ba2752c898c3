//! Locks by place: guesses from elsewhere do not lock the places where the owner has logged in.

use tfa_tests::{Machine, Terminal};

use crate::bus::{run_perl, shown};
use crate::users::{CODE, PASSWORD, machine_with_alice_set_up};

const HOME: &str = "192.0.2.7";
const OFFICE: &str = "198.51.100.9";
const NEW_PLACE: &str = "198.51.100.77";
/// The address of the attacker's machine, and of the server on that cable.
const FAR_AWAY: &str = "203.0.113.66";
const SERVER: &str = "203.0.113.1";

/// A client with default settings, which shows the messages at the end of a failed login, after the
/// password.
#[track_caller]
fn log_in_to(client: &Machine, server: &str, options: &[&str]) -> Terminal {
    let words = [
        "ssh",
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/dev/null",
    ];
    let host = format!("alice@{server}");
    let words = words.into_iter().chain(options.iter().copied());
    let terminal = client.terminal(words.chain([&*host]));
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

/// A login of alice from this address of her machine, after the password.
#[track_caller]
fn log_in_from(machine: &Machine, address: &str, options: &[&str]) -> Terminal {
    machine.add_address(address);
    let bind = ["-b", address];
    let options: Vec<&str> = bind.into_iter().chain(options.iter().copied()).collect();
    log_in_to(machine, "localhost", &options)
}

const WITHOUT_KEY: &[&str] = &["-oPreferredAuthentications=keyboard-interactive"];

#[track_caller]
fn succeeds(terminal: &Terminal, code: &str) {
    terminal.expect(CODE);
    terminal.type_secret(code);
    terminal.expect("alice@host:~$");
}

#[track_caller]
fn is_refused_without_question(terminal: &Terminal, text: &str) {
    terminal.expect(text);
    let transcript = terminal.transcript();
    assert!(!transcript.contains(CODE), "{transcript}");
}

/// The value of a key of `tfactl explain --json` for a login of alice.
pub(crate) fn explained(machine: &Machine, key: &str, options: &[&str]) -> String {
    let words = ["tfactl", "explain", "alice", "--json"];
    let json = machine.succeed(words.into_iter().chain(options.iter().copied()));
    let label = format!("\"{key}\": ");
    let mut lines = json.lines();
    let value = lines.find_map(|line| line.trim().strip_prefix(&*label));
    let value = value.unwrap_or_else(|| panic!("{key} is not in {json}"));
    value.trim_end_matches(',').trim_matches('"').to_owned()
}

#[test]
fn guesses_from_another_host_do_not_lock_out_the_owner_at_home() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_to_group("alice", "sudo");
    let key = machine.authorize_key("alice");
    let with_key: &[&str] = &["-i", &key];
    machine.configure_sshd(
        "10-key",
        "AuthenticationMethods publickey,keyboard-interactive keyboard-interactive",
    );
    let at_home = log_in_from(&machine, HOME, WITHOUT_KEY);
    succeeds(&at_home, &alice.phone.next_unused());
    let at_office = log_in_from(&machine, OFFICE, with_key);
    succeeds(&at_office, &alice.phone.next_unused());
    assert_eq!(shown(&machine, "known_origins"), "3");

    // An attacker with the password guesses from another host. The clock is ahead, so that the lock
    // does not end during the test.
    let attacker = Machine::boot_bare();
    attacker.connect(FAR_AWAY, &machine, SERVER);
    machine.shift_clock(3000);
    let wrong = alice.phone.wrong_code();
    let guess = log_in_to(&attacker, SERVER, WITHOUT_KEY);
    for _ in 0..3 {
        guess.expect(CODE);
        guess.type_secret(&wrong);
        guess.expect("Wrong code.");
    }
    guess.expect("Password:");
    guess.type_secret(PASSWORD);
    guess.expect(CODE);
    guess.type_secret(&wrong);
    guess.expect("Wrong code.");
    guess.expect(CODE);
    guess.type_secret(&wrong);
    guess.expect("Too many wrong codes. Try again in 30 seconds. You can still log in from a");
    machine.shift_clock(0);
    machine.expect_in_journal(
        "tfad",
        "alice: denied: locked after too many wrong codes from places where the user has not logged in",
    );
    let guess = log_in_to(&attacker, SERVER, WITHOUT_KEY);
    is_refused_without_question(&guess, "Too many wrong codes. Try again in ");

    // The owner at a new place is told where a login is possible.
    let elsewhere = log_in_from(&machine, NEW_PLACE, WITHOUT_KEY);
    is_refused_without_question(&elsewhere, "Too many wrong codes. Try again in ");
    elsewhere.expect("within 30 days, or at the console.");
    assert_eq!(
        explained(&machine, "reason", &["--from", NEW_PLACE]),
        "locked"
    );
    let scope = |from| explained(&machine, "lock_scope", &["--from", from]);
    assert_eq!(scope(NEW_PLACE), "unknown-origins");
    assert_eq!(scope(HOME), "known-origin");
    assert_eq!(scope("local"), "console");
    let in_session = ["--service", "sudo", "--from", "session"];
    assert_eq!(explained(&machine, "lock_scope", &in_session), "sessions");

    // At home, at the office without the key, and with the key anywhere.
    assert_eq!(explained(&machine, "outcome", &["--from", HOME]), "code");
    for (from, options) in [
        (HOME, WITHOUT_KEY),
        (OFFICE, WITHOUT_KEY),
        (NEW_PLACE, with_key),
    ] {
        let terminal = log_in_from(&machine, from, options);
        succeeds(&terminal, &alice.phone.next_unused());
    }
    // Each right code there is no right code of the attacker's places.
    assert_eq!(shown(&machine, "failures"), "5");

    // sudo in a session that is open.
    at_home.type_line("sudo -k id -un");
    at_home.expect("[sudo] password for alice:");
    at_home.type_secret(PASSWORD);
    at_home.expect(CODE);
    at_home.type_secret(&alice.phone.next_unused());
    at_home.expect("root");

    at_home.type_line("tfa-enroll status");
    at_home.expect("Logins from unknown places: locked for ");
    at_home.expect("Places where you have logged in within 30 days: 4 (locked: 0)");
    let listed = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        listed.contains("Logins from unknown places: locked until 2"),
        "{listed}"
    );
    assert!(listed.contains("Known places: 4 (locked: 0)"), "{listed}");

    // The new place has become known with the key.
    let known = log_in_from(&machine, NEW_PLACE, WITHOUT_KEY);
    succeeds(&known, &alice.phone.next_unused());
}

/// The calls of logins of alice from an address, with a wrong code each. The daemon's clock is set an
/// hour ahead before each.
const GUESS_EACH_HOUR: &str = r#"
    my ($from, $code, $times) = @ARGV;
    my $bus = Bus->new;
    my $clock = '/run/clocks/tfad.service';
    my $last = '';
    for my $try (1 .. $times) {
        open my $new, '>', "$clock.new" or die;
        printf $new "+%d\n", $try * 3601;
        close $new;
        rename "$clock.new", $clock or die;
        my ($dialog, $turn) = $bus->begin('alice', tty => 'ssh', rhost => $from, service => 'sshd');
        die "try $try: " . Bus::words($turn) unless $dialog;
        $last = Bus::words($bus->answer($dialog, $code));
    }
    print $last;"#;

#[test]
fn a_permanent_lock_of_unknown_places_leaves_known_ones() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.attach_clock();
    let at_home = log_in_from(&machine, HOME, WITHOUT_KEY);
    succeeds(&at_home, &alice.phone.next_unused());
    let wrong = alice.phone.wrong_code();
    let last = run_perl(&machine, GUESS_EACH_HOUR, &[FAR_AWAY, &wrong, "45"]).succeed();
    assert!(
        last.contains("Ask your administrator to unlock you"),
        "{last}"
    );
    assert!(last.contains("within 30 days."), "{last}");
    assert_eq!(shown(&machine, "permanently_locked"), "true");

    let days = 3 * 24 * 3600;
    machine.shift_clock(days);
    alice.phone.shift_clock(days);
    let elsewhere = log_in_from(&machine, NEW_PLACE, WITHOUT_KEY);
    is_refused_without_question(&elsewhere, "Too many wrong codes. Ask your administrator");
    let at_home = log_in_from(&machine, HOME, WITHOUT_KEY);
    succeeds(&at_home, &alice.phone.next_unused());
    assert_eq!(shown(&machine, "permanently_locked"), "true");

    // After 30 days without a login from there, home is a place like any other.
    let month = days + 31 * 24 * 3600;
    machine.shift_clock(month);
    alice.phone.shift_clock(month);
    let at_home = log_in_from(&machine, HOME, WITHOUT_KEY);
    is_refused_without_question(&at_home, "Too many wrong codes. Ask your administrator");
    machine.succeed(["tfactl", "unlock", "alice"]);
    let at_home = log_in_from(&machine, HOME, WITHOUT_KEY);
    succeeds(&at_home, &alice.phone.next_unused());
    assert_eq!(shown(&machine, "known_origins"), "1");
}

/// Four wrong codes from a host, and a right one, for each backup code. Prints the last turn.
const GUESS_BETWEEN_RIGHT_CODES: &str = r#"
    my ($from, $wrong, @right) = @ARGV;
    my $bus = Bus->new;
    for my $right (@right) {
        for my $code (($wrong) x 4, $right) {
            my ($dialog, $turn) = $bus->begin('alice', tty => 'ssh', rhost => $from, service => 'sshd');
            $turn = $bus->answer($dialog, $code) if $dialog;
            print Bus::words($turn), "\n";
        }
    }"#;

#[test]
fn the_limit_of_the_day_of_unknown_places_leaves_known_ones() {
    let (machine, alice) = machine_with_alice_set_up();
    let at_home = log_in_from(&machine, HOME, WITHOUT_KEY);
    succeeds(&at_home, &alice.phone.next_unused());
    // The name of a host is not a known place, whatever codes come from there.
    let wrong = alice.phone.wrong_code();
    let mut arguments = vec!["laptop.example", &*wrong];
    arguments.extend(alice.backup_codes[..8].iter().map(|code| &**code));
    let turns = run_perl(&machine, GUESS_BETWEEN_RIGHT_CODES, &arguments).succeed();
    assert_eq!(turns.matches("verdict: verified").count(), 7, "{turns}");
    assert_eq!(turns.matches("Wrong code.").count(), 29, "{turns}");
    assert!(turns.contains("Try again in 2 hours."), "{turns}");
    assert_eq!(shown(&machine, "known_origins"), "1");
    let elsewhere = log_in_from(&machine, NEW_PLACE, WITHOUT_KEY);
    is_refused_without_question(&elsewhere, "Too many wrong codes. Try again in 2 hours.");
    let at_home = log_in_from(&machine, HOME, WITHOUT_KEY);
    succeeds(&at_home, &alice.phone.next_unused());
}

#[test]
fn wrong_codes_in_sudo_lock_sudo_alone() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_to_group("alice", "sudo");
    let session = log_in_from(&machine, HOME, WITHOUT_KEY);
    succeeds(&session, &alice.phone.next_unused());
    const TRY: &str = r#"
        my $bus = Bus->new;
        for (1 .. 5) {
            my ($dialog) = $bus->begin('alice', tty => 'pts/7', service => 'sudo', ruser => 'alice');
            print Bus::words($bus->answer($dialog, $ARGV[0])), "\n";
        }"#;
    // By a clock that is ahead, so that the lock does not end during the test.
    machine.shift_clock(3000);
    let turns = run_perl(&machine, TRY, &[&alice.phone.wrong_code()]).succeed();
    machine.shift_clock(0);
    assert!(
        turns.contains("Try again in 30 seconds. verdict: locked\n"),
        "{turns}"
    );
    assert_eq!(shown(&machine, "session_failures"), "5");
    assert_ne!(shown(&machine, "session_locked_until"), "null");

    session.type_line("sudo -k id -un");
    session.expect("[sudo] password for alice:");
    session.type_secret(PASSWORD);
    session.expect("Too many wrong codes. Try again in ");
    machine.expect_in_journal(
        "tfad",
        "locked after too many wrong codes in sudo, su or polkit",
    );
    for from in [HOME, NEW_PLACE] {
        let terminal = log_in_from(&machine, from, WITHOUT_KEY);
        succeeds(&terminal, &alice.phone.next_unused());
    }
    assert_eq!(shown(&machine, "session_failures"), "5");
}

#[test]
fn wrong_codes_at_a_known_place_lock_that_place_alone() {
    let (machine, alice) = machine_with_alice_set_up();
    for from in [HOME, OFFICE] {
        let terminal = log_in_from(&machine, from, WITHOUT_KEY);
        succeeds(&terminal, &alice.phone.next_unused());
    }
    const TRY: &str = r#"
        my $bus = Bus->new;
        for (1 .. 5) {
            my ($dialog) = $bus->begin('alice', tty => 'ssh', rhost => $ARGV[0], service => 'sshd');
            print Bus::words($bus->answer($dialog, $ARGV[1])), "\n";
        }"#;
    machine.shift_clock(3000);
    let wrong = alice.phone.wrong_code();
    let turns = run_perl(&machine, TRY, &[OFFICE, &wrong]).succeed();
    machine.shift_clock(0);
    assert!(
        turns.contains("Try again in 30 seconds. verdict: locked\n"),
        "{turns}"
    );
    assert_eq!(shown(&machine, "locked_known_origins"), "1");
    assert_eq!(shown(&machine, "failures"), "0");
    let listed = machine.succeed(["tfactl", "list", "--locked"]);
    assert!(listed.contains("alice"), "{listed}");
    let at_office = log_in_from(&machine, OFFICE, WITHOUT_KEY);
    is_refused_without_question(&at_office, "Too many wrong codes. Try again in ");
    machine.expect_in_journal(
        "tfad",
        "locked after too many wrong codes from this place, where the user has logged in",
    );
    for from in [HOME, NEW_PLACE] {
        let terminal = log_in_from(&machine, from, WITHOUT_KEY);
        succeeds(&terminal, &alice.phone.next_unused());
    }
}
