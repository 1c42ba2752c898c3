//! Too many wrong codes: what is locked, for whom, for how long, and who opens it.

use tfa_tests::{Machine, Phone, Terminal};

use crate::bus::{perl, shown, try_codes};
use crate::people::{CODE, PASSWORD, give_password, machine_with_alice_set_up, screen};

/// A user at sshd's door with OpenSSH's own settings: the harness's client is quiet, and keeps
/// what is said at the end of a login that fails.
pub(crate) fn at_the_door(machine: &Machine, user: &str) -> Terminal {
    let words = [
        "ssh",
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/dev/null",
        "-oPreferredAuthentications=keyboard-interactive",
    ];
    machine.terminal(words.into_iter().chain([&*format!("{user}@localhost")]))
}

/// The same, past the password.
pub(crate) fn past_the_password(machine: &Machine) -> Terminal {
    let terminal = at_the_door(machine, "alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal
}

/// A login over SSH with the right password and this code gets in.
#[track_caller]
pub(crate) fn gets_in(machine: &Machine, code: &str) {
    let terminal = past_the_password(machine);
    terminal.expect(CODE);
    terminal.type_secret(code);
    terminal.expect("alice@host:~$");
}

/// A login over SSH with the right password is told this, and asked for no code.
#[track_caller]
fn is_told_and_not_asked(machine: &Machine, text: &str) {
    let terminal = past_the_password(machine);
    terminal.expect(text);
    assert!(
        !terminal.transcript().contains(CODE),
        "{}",
        terminal.transcript()
    );
}

/// Both clocks, the daemon's and the phone's, ahead of the real one.
fn shift_clocks(machine: &Machine, phone: &Phone, seconds: i64) {
    machine.shift_clock(seconds);
    phone.shift_clock(seconds);
}

#[test]
fn a_remote_lock_survives_restart_reboot_and_power_cut() {
    let (mut machine, alice) = machine_with_alice_set_up();
    let wrong = alice.phone.wrong_code();

    let terminal = past_the_password(&machine);
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
    // At this very moment the plug is pulled: what was said must hold.
    machine.power_cut();
    assert_eq!(shown(&machine, "failures"), "5");
    let until = shown(&machine, "locked_until");
    assert_ne!(until, "null");

    machine.reboot();
    // Some minutes back, so that the time that this takes opens nothing.
    shift_clocks(&machine, &alice.phone, -600);
    assert_eq!(shown(&machine, "failures"), "5");
    assert_eq!(shown(&machine, "locked_until"), until);
    is_told_and_not_asked(&machine, "Too many wrong codes. Try again in 1");
    machine.succeed(["systemctl", "restart", "tfad.service"]);
    is_told_and_not_asked(&machine, "Too many wrong codes. Try again in 1");
    machine.expect_in_journal("tfad", "alice: denied: locked after too many wrong codes");
    // The help desk reads it without a login.
    let explained = |more: &[&str]| {
        let words = ["tfactl", "explain", "alice"];
        machine.succeed(words.into_iter().chain(more.iter().copied()))
    };
    let told = explained(&[]);
    assert!(told.contains("\nOutcome: refused\n"), "{told}");
    assert!(told.contains("\nLocked: until "), "{told}");
    for open in [&["--service", "login"][..], &["--at", "+1h"]] {
        let told = explained(open);
        assert!(told.contains("\nOutcome: asked for a code\n"), "{told}");
    }
    let refused = machine.journal("sshd");
    assert!(
        refused.contains("pam_tfa(sshd:auth): authentication failure"),
        "{refused}"
    );

    shift_clocks(&machine, &alice.phone, 31);
    gets_in(&machine, &alice.phone.next_unused());
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
        // One try is open at the end of the lock, and no more than one.
        clock += lock + 1;
        shift_clocks(&machine, &alice.phone, clock);
        let told = try_codes(&machine, "", &wrong(), 1);
        assert!(told.contains(then), "{told}");
        let told = try_codes(&machine, "", &alice.phone.code(), 1);
        assert!(told.contains("verdict: locked"), "{told}");
    }
    assert_eq!(shown(&machine, "failures"), "8");
    is_told_and_not_asked(&machine, "Too many wrong codes. Try again in ");

    let listed = machine.succeed(["tfactl", "list", "--locked"]);
    assert!(listed.contains("alice"), "{listed}");
    let said = machine.succeed(["tfactl", "unlock", "alice"]);
    assert!(said.contains("alice is unlocked"), "{said}");
    gets_in(&machine, &alice.phone.next_unused());
    machine.expect_in_journal("tfad", "alice: unlocked by an administrator (by uid 0)");
}

#[test]
fn remote_and_console_locks_are_independent() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_to_group("alice", "sudo");
    machine.add_user("bob", "tractor");
    let wrong = alice.phone.wrong_code();
    // Locked by a clock that is ahead, so that the time that this takes opens nothing.
    machine.shift_clock(600);
    try_codes(&machine, "", &wrong, 5);
    machine.shift_clock(0);
    is_told_and_not_asked(&machine, "Too many wrong codes. Try again in 1");

    let console = screen(&machine);
    give_password(console, "alice");
    console.expect(CODE);
    console.type_secret(&alice.phone.next_unused());
    console.expect("alice@host:~$");
    // The success at the console clears the console's count alone.
    assert_eq!(shown(&machine, "failures"), "5");

    // sudo at the console is at the console.
    console.type_line("sudo -k id -un");
    console.expect("[sudo] password for alice:");
    console.type_secret(PASSWORD);
    console.expect(CODE);
    console.type_secret(&alice.phone.next_unused());
    console.expect("root");
    console.type_line("exit");

    // A pseudo-terminal is not: whoever came over SSH has one as well.
    let terminal = machine.terminal_as("bob", ["su", "-", "alice"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("Too many wrong codes. Try again in ");
    machine.succeed(["tfactl", "unlock", "alice"]);
    let terminal = machine.terminal_as("bob", ["su", "-", "alice"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&wrong);
    terminal.expect("Wrong code.");
    assert_eq!(shown(&machine, "failures"), "1");
    assert_eq!(shown(&machine, "console_failures"), "0");

    // And the other way round.
    machine.shift_clock(600);
    let told = try_codes(&machine, "tty1", &wrong, 5);
    assert!(told.contains("Try again in 30 seconds."), "{told}");
    assert_eq!(shown(&machine, "console_failures"), "5");
    shift_clocks(&machine, &alice.phone, 60);
    give_password(console, "alice");
    console.expect("Too many wrong codes. Try again in ");
    gets_in(&machine, &alice.phone.next_unused());
}

/// Tries a wrong code at the end of each lock, until so many were wrong: the same calls as a login
/// makes, with the daemon's clock moved on by an hour before each.
const WEAR_DOWN: &str = r#"
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

#[test]
fn a_permanent_lock_ends_by_administrator_or_console_backup_code() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.attach_clock();
    let wrong = alice.phone.wrong_code();
    let told = perl(&machine, WEAR_DOWN, &["", &wrong, "100"]).succeed();
    let (before, last) = told.split_once('\n').unwrap();
    assert!(before.contains("Try again in 60 minutes."), "{told}");
    assert!(last.contains("Ask your administrator"), "{told}");
    assert_eq!(shown(&machine, "permanently_locked"), "true");

    // No time opens it, and from afar no backup code either.
    let ages = 400 * 24 * 3600;
    shift_clocks(&machine, &alice.phone, ages);
    is_told_and_not_asked(&machine, "Too many wrong codes. Ask your administrator");
    let told = try_codes(&machine, "", &alice.backup_codes[0], 1);
    assert!(told.contains("verdict: locked"), "{told}");
    let listed = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        listed.contains("Remote logins: locked until you unlock"),
        "{listed}"
    );

    // At the console a code from the phone lets in and opens nothing else.
    let console = screen(&machine);
    let at_console = |answer: &str| {
        give_password(console, "alice");
        console.expect(CODE);
        console.type_secret(answer);
    };
    at_console(&alice.phone.next_unused());
    console.expect("alice@host:~$");
    console.type_line("exit");
    assert_eq!(shown(&machine, "permanently_locked"), "true");

    // The console worn down as well: a code from the phone does nothing there any more.
    perl(&machine, WEAR_DOWN, &["tty1", &wrong, "100"]).succeed();
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
    gets_in(&machine, &alice.phone.next_unused());
}

#[test]
fn dialogs_that_were_open_before_the_lock_are_no_way_round_it() {
    let (machine, alice) = machine_with_alice_set_up();
    const FLOOD: &str = r#"
        my ($wrong, $right) = @ARGV;
        my $bus = Bus->new;
        my @dialogs = map { ($bus->begin('alice', tty => 'ssh', rhost => '192.0.2.66'))[0] } 1 .. 200;
        my %told;
        $told{Bus::words($bus->answer($_, $wrong))}++ for @dialogs[0 .. 198];
        print "$told{$_} times $_\n" for sort keys %told;
        print "right: ", Bus::words($bus->answer($dialogs[199], $right)), "\n";"#;
    let told = perl(
        &machine,
        FLOOD,
        &[&alice.phone.wrong_code(), &alice.phone.code()],
    )
    .succeed();
    assert!(told.contains("4 times Wrong code."), "{told}");
    assert!(told.contains("right: Too many wrong codes."), "{told}");
    assert!(told.trim_end().ends_with("verdict: locked"), "{told}");
    assert_eq!(shown(&machine, "failures"), "5");
}

#[test]
fn wrong_codes_in_tfa_enroll_count_and_never_for_the_console() {
    let (machine, alice) = machine_with_alice_set_up();
    // alice's own programs may say that they sit at the console. They are not believed.
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
    let told = perl(&machine, CLAIM, &[&alice.phone.wrong_code()])
        .user("alice")
        .succeed();
    assert!(told.contains("Error.WrongCode:"), "{told}");
    assert!(
        told.contains("Error.Locked: Too many wrong codes."),
        "{told}"
    );
    assert!(
        told.contains("Error.NotAuthorized: uid 1000 may begin a login for itself alone"),
        "{told}"
    );
    assert_eq!(shown(&machine, "own_failures"), "5");
    for (from, outcome) in [("own", "refused"), ("session", "code"), ("local", "code")] {
        let words = "tfactl explain alice --json --service i3lock --from";
        let told = machine.succeed(words.split(' ').chain([from]));
        let line = format!("\"outcome\": \"{outcome}\"");
        assert!(told.contains(&line), "{from}: {told}");
    }
    assert_eq!(shown(&machine, "failures"), "0");
    assert_eq!(shown(&machine, "console_failures"), "0");
    assert_eq!(shown(&machine, "state"), "\"enabled\"");
    gets_in(&machine, &alice.phone.next_unused());
}

#[test]
fn a_code_used_under_a_clock_far_ahead_leaves_the_owner_in_and_stays_used() {
    let (machine, alice) = machine_with_alice_set_up();
    let ahead = 400 * 24 * 3600;
    shift_clocks(&machine, &alice.phone, ahead);
    let used = alice.phone.code();
    gets_in(&machine, &used);

    shift_clocks(&machine, &alice.phone, 0);
    // The set-up may have used the present step.
    gets_in(&machine, &alice.phone.code_at(1));
    machine.expect_in_journal("tfad", "was used while the clock was ahead");

    // Its time comes: the clock stands where it was wrong before.
    shift_clocks(&machine, &alice.phone, ahead);
    let told = try_codes(&machine, "", &used, 1);
    assert!(!told.contains("verdict: verified"), "{told}");
    gets_in(&machine, &alice.phone.code_at(1));
}

#[test]
fn wrong_codes_are_reported_and_do_not_lock_the_users_programs() {
    let (machine, alice) = machine_with_alice_set_up();
    let wrong = alice.phone.wrong_code();
    try_codes(&machine, "", &wrong, 3);
    let status = machine.command(["tfa-enroll", "status"]);
    let told = status.user("alice").succeed();
    assert!(
        told.contains("Wrong codes since your last login: 3\nLast wrong code: "),
        "{told}"
    );

    let terminal = past_the_password(&machine);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("3 wrong codes since your last login, the last on ");
    terminal.expect("from 192.0.2.66. If that was not you, change your password.");
    terminal.expect("alice@host:~$");
    assert_eq!(shown(&machine, "wrong_codes"), "0");

    // Locked from afar by a clock that is ahead, so that the time that this takes opens nothing.
    machine.shift_clock(600);
    try_codes(&machine, "", &wrong, 5);
    machine.shift_clock(0);
    is_told_and_not_asked(&machine, "Too many wrong codes. Try again in 1");
    terminal.type_line("tfa-enroll test");
    terminal.expect("backup code:");
    terminal.type_line(&alice.phone.next_unused());
    terminal.expect("The code is correct. A login would accept it.");
    let listed = machine.succeed(["tfactl", "show", "alice"]);
    assert!(listed.contains("Remote logins: locked until 2"), "{listed}");
    assert!(
        listed.contains("Programs of the user: not locked (wrong codes in a row: 0)"),
        "{listed}"
    );
}
