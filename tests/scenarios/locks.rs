//! Too many wrong codes: which logins are locked, for how long, and what unlocks them.

use tfa_tests::{Machine, Phone, Terminal};

use crate::bus::{run_perl, shown, try_codes};
use crate::users::{CODE, PASSWORD, console_on_tty1, enter_password, machine_with_alice_set_up};

/// A login over SSH with default client settings. The client of the test machine is quiet, and
/// hides the messages at the end of a failed login.
pub(crate) fn ssh_with_messages(machine: &Machine, user: &str) -> Terminal {
    let words = [
        "ssh",
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/dev/null",
        "-oPreferredAuthentications=keyboard-interactive",
    ];
    machine.terminal(words.into_iter().chain([&*format!("{user}@localhost")]))
}

/// The same after the password.
pub(crate) fn after_password(machine: &Machine) -> Terminal {
    let terminal = ssh_with_messages(machine, "alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

/// A login over SSH with the right password and this code succeeds.
#[track_caller]
pub(crate) fn logs_in(machine: &Machine, code: &str) {
    let terminal = after_password(machine);
    terminal.expect(CODE);
    terminal.type_secret(code);
    terminal.expect("alice@host:~$");
}

/// A login over SSH with the right password is refused with this message, and no code is asked for.
#[track_caller]
fn is_refused_without_question(machine: &Machine, text: &str) {
    let terminal = after_password(machine);
    terminal.expect(text);
    assert!(
        !terminal.transcript().contains(CODE),
        "{}",
        terminal.transcript()
    );
}

/// Sets the clocks of the daemon and of the phone ahead of the real one.
fn shift_clocks(machine: &Machine, phone: &Phone, seconds: i64) {
    machine.shift_clock(seconds);
    phone.shift_clock(seconds);
}

#[test]
fn a_remote_lock_survives_restart_reboot_and_power_cut() {
    let (mut machine, alice) = machine_with_alice_set_up();
    let wrong = alice.phone.wrong_code();

    let terminal = after_password(&machine);
    for _ in 0..3 {
        terminal.expect(CODE);
        terminal.type_secret(&wrong);
        terminal.expect("Wrong code.");
    }
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&wrong);
    terminal.expect("Wrong code.");
    terminal.expect(CODE);
    terminal.type_secret(&wrong);
    terminal.expect("Too many wrong codes. Try again in 30 seconds.");
    // An immediate power failure does not lose the lock.
    machine.power_cut();
    assert_eq!(shown(&machine, "failures"), "5");
    let until = shown(&machine, "locked_until");
    assert_ne!(until, "null");

    machine.reboot();
    // Some minutes back, so that the lock does not end during the test.
    shift_clocks(&machine, &alice.phone, -600);
    assert_eq!(shown(&machine, "failures"), "5");
    assert_eq!(shown(&machine, "locked_until"), until);
    is_refused_without_question(&machine, "Too many wrong codes. Try again in 1");
    machine.succeed(["systemctl", "restart", "tfad.service"]);
    is_refused_without_question(&machine, "Too many wrong codes. Try again in 1");
    machine.expect_in_journal("tfad", "alice: denied: locked after too many wrong codes");
    // The help desk reads it without a login.
    let explained = |more: &[&str]| {
        let words = ["tfactl", "explain", "alice"];
        machine.succeed(words.into_iter().chain(more.iter().copied()))
    };
    let reply = explained(&[]);
    assert!(reply.contains("\nOutcome: refused\n"), "{reply}");
    assert!(reply.contains("\nLocked: until "), "{reply}");
    for open in [&["--service", "login"][..], &["--at", "+1h"]] {
        let reply = explained(open);
        assert!(reply.contains("\nOutcome: asked for a code\n"), "{reply}");
    }
    let refused = machine.journal("sshd");
    assert!(
        refused.contains("pam_tfa(sshd:auth): authentication failure"),
        "{refused}"
    );

    shift_clocks(&machine, &alice.phone, 31);
    logs_in(&machine, &alice.phone.next_unused());
    assert_eq!(shown(&machine, "failures"), "0");
    assert_eq!(shown(&machine, "locked_until"), "null");
}

#[test]
fn each_wrong_code_after_a_lock_doubles_it_until_unlock() {
    let (machine, alice) = machine_with_alice_set_up();
    let wrong = || alice.phone.wrong_code();
    machine.attach_clock();

    assert!(try_codes(&machine, "", &wrong(), 4).contains("Wrong code."));
    assert!(try_codes(&machine, "", &wrong(), 1).contains("Try again in 30 seconds."));
    let mut clock = 0;
    for (lock, then) in [
        (30, "Try again in 60 seconds."),
        (60, "Try again in 2 minutes."),
        (120, "Try again in 4 minutes."),
    ] {
        // One try is accepted after the lock, and no second one.
        clock += lock + 1;
        shift_clocks(&machine, &alice.phone, clock);
        let reply = try_codes(&machine, "", &wrong(), 1);
        assert!(reply.contains(then), "{reply}");
        let reply = try_codes(&machine, "", &alice.phone.code(), 1);
        assert!(reply.contains("verdict: locked"), "{reply}");
    }
    assert_eq!(shown(&machine, "failures"), "8");
    is_refused_without_question(&machine, "Too many wrong codes. Try again in ");

    let listed = machine.succeed(["tfactl", "list", "--locked"]);
    assert!(listed.contains("alice"), "{listed}");
    let said = machine.succeed(["tfactl", "unlock", "alice"]);
    assert!(said.contains("alice is unlocked"), "{said}");
    logs_in(&machine, &alice.phone.next_unused());
    machine.expect_in_journal("tfad", "alice: unlocked by an administrator (by uid 0)");
}

#[test]
fn remote_and_console_locks_are_independent() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_to_group("alice", "sudo");
    machine.add_user("bob", "tractor");
    let wrong = alice.phone.wrong_code();
    // Locked by a clock that is ahead, so that the lock does not end during the test.
    machine.shift_clock(600);
    try_codes(&machine, "", &wrong, 5);
    machine.shift_clock(0);
    is_refused_without_question(&machine, "Too many wrong codes. Try again in 1");

    let console = console_on_tty1(&machine);
    enter_password(console, "alice");
    console.expect(CODE);
    console.type_secret(&alice.phone.next_unused());
    console.expect("alice@host:~$");
    // The success at the console clears only the console's count.
    assert_eq!(shown(&machine, "failures"), "5");

    // sudo at the console counts as console.
    console.type_line("sudo -k id -un");
    console.expect("[sudo] password for alice:");
    console.type_secret(PASSWORD);
    console.expect(CODE);
    console.type_secret(&alice.phone.next_unused());
    console.expect("root");
    console.type_line("exit");

    // A pseudo-terminal does not, because users who log in over SSH have one too. su on it counts as
    // inside a session.
    let terminal = machine.terminal_as("bob", ["su", "-", "alice"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&wrong);
    terminal.expect("Wrong code.");
    assert_eq!(shown(&machine, "session_failures"), "1");
    assert_eq!(shown(&machine, "failures"), "5");
    assert_eq!(shown(&machine, "console_failures"), "0");
    machine.succeed(["tfactl", "unlock", "alice"]);
    assert_eq!(shown(&machine, "session_failures"), "0");

    // The reverse case.
    machine.shift_clock(600);
    let reply = try_codes(&machine, "tty1", &wrong, 5);
    assert!(reply.contains("Try again in 30 seconds."), "{reply}");
    assert_eq!(shown(&machine, "console_failures"), "5");
    shift_clocks(&machine, &alice.phone, 60);
    enter_password(console, "alice");
    console.expect("Too many wrong codes. Try again in ");
    logs_in(&machine, &alice.phone.next_unused());
}

/// Tries a wrong code at the end of each lock, until the given number were wrong. It makes the
/// calls of a login, and sets the daemon's clock an hour ahead before each.
const GUESS_UNTIL_PERMANENT: &str = r#"
    my ($tty, $code, $times) = @ARGV;
    my $bus = Bus->new;
    my @context = (tty => $tty || 'ssh', rhost => $tty ? '' : '192.0.2.66', service => 'sshd');
    my $clock = '/run/clocks/tfad.service';
    for my $try (1 .. $times) {
        open my $new, '>', "$clock.new" or die;
        printf $new "+%d\n", $try * 3601;
        close $new;
        rename "$clock.new", $clock or die;
        my ($dialog, $turn) = $bus->begin('alice', @context);
        die "try $try: " . Bus::words($turn) unless $dialog;
        $turn = $bus->answer($dialog, $code);
        print Bus::words($turn), "\n" if $try > $times - 2;
    }"#;

/// Enters wrong codes at the console until no time ends the lock, and waits for the end of the timed
/// one.
pub(crate) fn lock_the_console_permanently(machine: &Machine, phone: &Phone) {
    machine.attach_clock();
    let arguments = ["tty1", &phone.wrong_code(), "100"];
    run_perl(machine, GUESS_UNTIL_PERMANENT, &arguments).succeed();
    assert_eq!(shown(machine, "console_permanently_locked"), "true");
    shift_clocks(machine, phone, 400 * 24 * 3600);
}

#[test]
fn a_permanent_lock_ends_by_administrator_or_console_backup_code() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.attach_clock();
    let wrong = alice.phone.wrong_code();
    let reply = run_perl(&machine, GUESS_UNTIL_PERMANENT, &["", &wrong, "45"]).succeed();
    let (before, last) = reply.split_once('\n').unwrap();
    assert!(before.contains("Try again in 60 minutes."), "{reply}");
    assert!(last.contains("Ask your administrator"), "{reply}");
    assert_eq!(shown(&machine, "permanently_locked"), "true");

    // Time does not unlock it, and neither does a remote backup code.
    let ages = 400 * 24 * 3600;
    shift_clocks(&machine, &alice.phone, ages);
    is_refused_without_question(&machine, "Too many wrong codes. Ask your administrator");
    let reply = try_codes(&machine, "", &alice.backup_codes[0], 1);
    assert!(reply.contains("verdict: locked"), "{reply}");
    let listed = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        listed.contains("Logins from unknown places: locked until you unlock"),
        "{listed}"
    );

    // At the console a code of the phone is accepted, but does not unlock the remote origin.
    let console = console_on_tty1(&machine);
    let at_console = |answer: &str| {
        enter_password(console, "alice");
        console.expect(CODE);
        console.type_secret(answer);
    };
    at_console(&alice.phone.next_unused());
    console.expect("alice@host:~$");
    console.type_line("exit");
    assert_eq!(shown(&machine, "permanently_locked"), "true");

    // After as many wrong codes at the console, a code of the phone is refused there too.
    run_perl(&machine, GUESS_UNTIL_PERMANENT, &["tty1", &wrong, "100"]).succeed();
    assert_eq!(shown(&machine, "console_permanently_locked"), "true");
    shift_clocks(&machine, &alice.phone, ages);
    at_console(&alice.phone.next_unused());
    console.expect("Too many wrong codes. Ask your administrator");
    assert_eq!(shown(&machine, "console_failures"), "100");

    at_console(&alice.backup_codes[0]);
    console.expect("Backup code used, 9 left.");
    console.expect("alice@host:~$");
    assert_eq!(shown(&machine, "permanently_locked"), "false");
    assert_eq!(shown(&machine, "console_permanently_locked"), "false");
    logs_in(&machine, &alice.phone.next_unused());
}

#[test]
fn open_dialogs_do_not_bypass_a_lock() {
    let (machine, alice) = machine_with_alice_set_up();
    const FLOOD: &str = r#"
        my ($wrong, $right) = @ARGV;
        my $bus = Bus->new;
        my @dialogs = map { ($bus->begin('alice', tty => 'ssh', rhost => '192.0.2.66'))[0] } 1 .. 200;
        my %reply;
        $reply{Bus::words($bus->answer($_, $wrong))}++ for @dialogs[0 .. 198];
        print "$reply{$_} times $_\n" for sort keys %reply;
        print "right: ", Bus::words($bus->answer($dialogs[199], $right)), "\n";"#;
    let reply = run_perl(
        &machine,
        FLOOD,
        &[&alice.phone.wrong_code(), &alice.phone.code()],
    )
    .succeed();
    assert!(reply.contains("4 times Wrong code."), "{reply}");
    assert!(reply.contains("right: Too many wrong codes."), "{reply}");
    assert!(reply.trim_end().ends_with("verdict: locked"), "{reply}");
    assert_eq!(shown(&machine, "failures"), "5");
}

#[test]
fn wrong_codes_in_tfa_enroll_count_and_never_for_the_console() {
    let (machine, alice) = machine_with_alice_set_up();
    // Programs of alice may claim to be at the console. The daemon does not believe them.
    const CLAIM: &str = r#"
        my $bus = Bus->new;
        for (1 .. 3) {
            my ($dialog) = $bus->begin('alice', tty => 'tty1', service => 'login');
            $bus->answer($dialog, $ARGV[0]);
        }
        for (1 .. 3) {
            eval { $bus->tfa('Account', 'Test', 's', $ARGV[0]) };
            print $@;
        }
        eval { $bus->begin('root', tty => 'tty1') };
        print $@;"#;
    let reply = run_perl(&machine, CLAIM, &[&alice.phone.wrong_code()])
        .user("alice")
        .succeed();
    assert!(reply.contains("Error.WrongCode:"), "{reply}");
    assert!(
        reply.contains("Error.Locked: Too many wrong codes."),
        "{reply}"
    );
    assert!(
        reply.contains("Error.NotAuthorized: uid 1000 may begin a login for itself alone"),
        "{reply}"
    );
    assert_eq!(shown(&machine, "own_failures"), "5");
    for (from, outcome) in [("own", "refused"), ("session", "code"), ("local", "code")] {
        let words = "tfactl explain alice --json --service i3lock --from";
        let reply = machine.succeed(words.split(' ').chain([from]));
        let line = format!("\"outcome\": \"{outcome}\"");
        assert!(reply.contains(&line), "{from}: {reply}");
    }
    assert_eq!(shown(&machine, "failures"), "0");
    assert_eq!(shown(&machine, "console_failures"), "0");
    assert_eq!(shown(&machine, "state"), "\"enabled\"");
    logs_in(&machine, &alice.phone.next_unused());
}

#[test]
fn a_code_used_far_ahead_stays_used_without_a_lockout() {
    let (machine, alice) = machine_with_alice_set_up();
    let ahead = 400 * 24 * 3600;
    shift_clocks(&machine, &alice.phone, ahead);
    let used = alice.phone.code();
    logs_in(&machine, &used);

    shift_clocks(&machine, &alice.phone, 0);
    // Enrollment may have used the current step.
    logs_in(&machine, &alice.phone.code_at(1));
    machine.expect_in_journal("tfad", "was used while the clock was ahead");

    // The clock reaches the step that was used while it was ahead.
    shift_clocks(&machine, &alice.phone, ahead);
    let reply = try_codes(&machine, "", &used, 1);
    assert!(!reply.contains("verdict: verified"), "{reply}");
    logs_in(&machine, &alice.phone.code_at(1));
}

#[test]
fn wrong_codes_are_reported_and_do_not_lock_the_users_programs() {
    let (machine, alice) = machine_with_alice_set_up();
    let wrong = alice.phone.wrong_code();
    try_codes(&machine, "", &wrong, 3);
    let status = machine.command(["tfa-enroll", "status"]);
    let reply = status.user("alice").succeed();
    assert!(
        reply.contains("Wrong codes since your last login: 3\nLast wrong code: "),
        "{reply}"
    );

    let terminal = after_password(&machine);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("3 wrong codes since your last login");
    terminal.expect("192.0.2.66. If");
    terminal.expect("your password.");
    terminal.expect("alice@host:~$");
    assert_eq!(shown(&machine, "wrong_codes"), "0");

    // A remote lock by a clock that is ahead, so that the lock does not end during the test.
    machine.shift_clock(600);
    try_codes(&machine, "", &wrong, 5);
    machine.shift_clock(0);
    assert_ne!(shown(&machine, "locked_until"), "null");
    terminal.type_line("tfa-enroll test");
    terminal.expect("backup code:");
    terminal.type_line(&alice.phone.next_unused());
    terminal.expect("The code is correct. A login would accept it.");
    let listed = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        listed.contains("Logins from unknown places: locked until 2"),
        "{listed}"
    );
    assert!(
        listed.contains("Programs of the user: not locked (wrong codes in a row: 0)"),
        "{listed}"
    );
}
