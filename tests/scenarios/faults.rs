//! The daemon or the bus is down, slow or killed, or another program replies in its name. No login
//! succeeds, each user gets a message, and afterwards all works as before.

use std::time::{Duration, Instant};

use tfa_tests::{Machine, Terminal};

use crate::bus::run_perl;
use crate::locks::{after_password, logs_in, ssh_with_messages};
use crate::users::{
    CODE, PASSWORD, console_on_tty1, enter_password, machine_with_alice, machine_with_alice_set_up,
};

/// The message for the user. The log lines for the administrator follow.
const NOT_AVAILABLE: &str =
    "Two-factor login is not available right now. Please tell your administrator.";
const ABSENT: &str = "pam_tfa(sshd:auth): tfad does not serve this login (";
const UNUSABLE: &str = "pam_tfa(sshd:auth): tfad could not process this login (";

/// A login over SSH with the right password is refused with the message and without a question.
#[track_caller]
fn is_refused(machine: &Machine, user: &str, password: &str) {
    let terminal = ssh_with_messages(machine, user);
    terminal.expect("Password:");
    terminal.type_secret(password);
    terminal.expect(NOT_AVAILABLE);
    terminal.expect("Password:");
    assert!(
        !terminal.transcript().contains(CODE),
        "{}",
        terminal.transcript()
    );
}

/// Adds options to both lines of the module.
pub(crate) fn add_options(machine: &Machine, options: &str) {
    let edit = format!("s/pam_tfa.so enroll=account/& {options}/");
    let files = ["/etc/pam.d/common-auth", "/etc/pam.d/common-account"];
    machine.succeed(["sed", "-i", &edit, files[0], files[1]]);
    for file in files {
        assert!(machine.read_file(file).contains(options));
    }
}

/// Stops the daemon and masks its unit, so that it is not started again.
fn stop_and_mask_daemon(machine: &Machine) {
    machine.succeed(["systemctl", "mask", "--quiet", "--now", "tfad.service"]);
}

/// Undoes [`stop_and_mask_daemon`].
fn start_daemon(machine: &Machine) {
    machine.succeed(["systemctl", "unmask", "--quiet", "tfad.service"]);
    machine.succeed(["systemctl", "start", "tfad.service"]);
}

#[test]
fn without_a_daemon_no_login_succeeds() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    stop_and_mask_daemon(&machine);
    is_refused(&machine, "alice", PASSWORD);
    // It is unknown whether bob has enrolled.
    is_refused(&machine, "bob", "tractor");
    machine.expect_in_journal("sshd", ABSENT);
    machine.expect_in_journal("sshd", "refusing. See: systemctl status tfad");

    // A login by key alone runs the account phase, which reports the same.
    let key = machine.authorize_key("bob");
    let terminal = machine.ssh_with("bob", &["-i", &key, "-oBatchMode=yes", "--", "echo in"]);
    assert!(!terminal.wait_exit().success());
    assert!(!terminal.transcript().contains("in\n"));
    machine.expect_in_journal(
        "sshd",
        "pam_tfa(sshd:account): tfad does not serve this login (",
    );
    let output = machine.run(["tfactl", "show", "alice"]);
    assert_eq!(output.code(), Some(3), "{output}");

    start_daemon(&machine);
    logs_in(&machine, &alice.phone.next_unused());
}

#[test]
fn a_login_starts_a_daemon_that_was_stopped() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.succeed(["systemctl", "stop", "tfad.service"]);
    logs_in(&machine, &alice.phone.next_unused());
    let state = machine.succeed(["systemctl", "is-active", "tfad.service"]);
    assert_eq!(state.trim(), "active");
}

#[test]
fn a_daemon_killed_before_the_answer_admits_no_login() {
    let (machine, alice) = machine_with_alice_set_up();
    let terminal = after_password(&machine);
    terminal.expect(CODE);
    machine.succeed(["systemctl", "kill", "--signal=KILL", "tfad.service"]);
    let code = alice.phone.next_unused();
    terminal.type_secret(&code);
    terminal.expect(NOT_AVAILABLE);
    terminal.expect("Password:");
    machine.expect_in_journal("sshd", "pam_tfa(sshd:auth): tfad ");
    // Whatever the old daemon received, it had not replied with success, so the code is unused.
    // systemd or this login started the new one.
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&code);
    terminal.expect("alice@host:~$");
}

#[test]
fn a_hanging_daemon_is_waited_for_up_to_the_timeout() {
    let (machine, alice) = machine_with_alice_set_up();
    let waits_and_is_refused = |terminal: Terminal, limit: u64| {
        let started = Instant::now();
        terminal.expect_within(NOT_AVAILABLE, Duration::from_secs(60));
        let waited = started.elapsed();
        assert!(waited > Duration::from_secs(limit - 2), "{waited:?}");
    };
    let signal = |name: &str| {
        let name = format!("--signal={name}");
        machine.succeed(["systemctl", "kill", &name, "tfad.service"]);
    };
    // The shipped timeout: 15 seconds.
    signal("STOP");
    waits_and_is_refused(after_password(&machine), 15);
    machine.expect_in_journal(
        "sshd",
        "pam_tfa(sshd:auth): tfad does not serve this login (timed out); refusing",
    );
    signal("CONT");

    // Longer than the default, so that the wait shows which of the two limits holds.
    add_options(&machine, "timeout=20");
    let terminal = after_password(&machine);
    terminal.expect(CODE);
    signal("STOP");
    terminal.type_secret(&alice.phone.next_unused());
    waits_and_is_refused(terminal, 20);
    signal("CONT");
    logs_in(&machine, &alice.phone.next_unused());
}

/// Owns the daemon's name and replies to every call in the way that the first argument names.
const IMPOSTOR: &str = r#"
    my ($way) = @ARGV;
    my $bus = Bus->new;
    my ($got) = $bus->daemon('RequestName', 'su', 'org.tfad.Tfa1', 4);
    die "cannot own the name\n" unless $got == 1;
    print "in its place\n";
    my $question = [[], 'ask-hidden', 'Verification code or backup code: ', 6];
    my $turn = '(a(ss)ssu)';
    my %answers = (
        'another type' => ['s', 'verified'],
        'no body' => [''],
        'an unknown verdict' => ["u$turn", 0, [[], 'verdict', 'Verified', 0]],
        'an unknown tag' => ["u$turn", 0, [[], 'verdict ', 'verified', 0]],
        'an unknown line' => ["u$turn", 0, [[['shout', 'hello']], 'verdict', 'verified', 0]],
        'half a turn' => ['ua(ss)s', 0, [], 'verdict'],
        'a question, then nothing' => ["u$turn", 7, $question],
        'a question, then garbage' => ["u$turn", 7, $question],
    );
    while (1) {
        my $call = $bus->receive;
        next unless $call->{type} == 1;
        my %to = (5 => ['u', $call->{serial}], 6 => ['s', $call->{7}]);
        if ($way eq 'an error') {
            $bus->send(3, {%to, 4 => ['s', 'org.freedesktop.DBus.Error.Failed']}, 's', 'verified');
        }
        elsif ($way eq 'not the bus\'s language') {
            $bus->raw("HTTP/1.1 200 OK\r\n\r\nverified");
        }
        elsif ($way eq 'an error in the bus\'s name') {
            $bus->send(3, {%to, 4 => ['s', 'org.freedesktop.DBus.Error.ServiceUnknown']}, 's', '');
        }
        elsif ($call->{3} eq 'Answer' and $way eq 'a question, then nothing') {
            exit;
        }
        elsif ($call->{3} eq 'Answer') {
            $bus->send(2, {%to}, 'ssu', 'verdict', 'verified', 0);
        }
        else {
            $bus->send(2, {%to}, @{$answers{$way}});
        }
    }"#;

#[test]
fn garbage_replies_admit_no_login() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    add_options(&machine, "timeout=3");
    stop_and_mask_daemon(&machine);
    for (way, asks) in [
        ("another type", false),
        ("no body", false),
        ("an unknown verdict", false),
        ("an unknown tag", false),
        ("an unknown line", false),
        ("half a turn", false),
        ("an error", false),
        ("an error in the bus's name", false),
        ("not the bus's language", false),
        ("a question, then nothing", true),
        ("a question, then garbage", true),
    ] {
        let impostor = run_perl(&machine, IMPOSTOR, &[way]).terminal();
        impostor.expect("in its place");
        let login = machine.command(["su", "alice", "--command", "echo I am in"]);
        let login = login.user("bob").terminal();
        login.expect("Password:");
        login.type_secret(PASSWORD);
        if asks {
            login.expect(CODE);
            login.type_secret("123456");
        }
        login.expect(NOT_AVAILABLE);
        assert!(!login.wait_exit().success(), "{way}");
        assert!(!login.transcript().contains("I am in"), "{way}");
    }
    let text = machine.journal("su");
    assert!(
        text.contains("pam_tfa(su:auth): tfad could not process this login ("),
        "{text}"
    );
    assert!(text.contains("refusing. See: journalctl -u tfad"), "{text}");
    start_daemon(&machine);
    logs_in(&machine, &alice.phone.next_unused());
}

#[test]
fn only_root_owns_the_bus_name_and_no_variable_changes_the_bus() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    machine.succeed(["systemctl", "stop", "tfad.service"]);
    let output = run_perl(&machine, IMPOSTOR, &["another type"])
        .user("bob")
        .fail();
    assert!(
        output
            .stderr
            .contains("org.freedesktop.DBus.Error.AccessDenied"),
        "{output}"
    );
    // su runs with the environment of its caller.
    let terminal = machine
        .command(["su", "alice", "--command", "echo I am in"])
        .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/home/bob/bus")
        .env("DBUS_STARTER_ADDRESS", "unix:path=/home/bob/bus")
        .user("bob")
        .terminal();
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("I am in");
}

#[test]
fn without_a_bus_no_login_succeeds_until_both_restart() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.succeed(["systemctl", "stop", "dbus.socket", "dbus.service"]);
    is_refused(&machine, "alice", PASSWORD);
    machine.expect_in_journal("sshd", ABSENT);
    machine.succeed(["systemctl", "start", "dbus.socket", "dbus.service"]);
    logs_in(&machine, &alice.phone.next_unused());

    // When the bus is killed, all connections to it end. The daemon is not started by hand.
    let ready = machine.journal("tfad").matches("tfad[").count();
    machine.succeed(["systemctl", "kill", "--signal=KILL", "dbus.service"]);
    machine.expect_in_journal("tfad", "stopped: the bus is gone");
    const UP: &str = r#"
        until busctl status org.tfad.Tfa1 >/dev/null 2>&1 || busctl call org.tfad.Tfa1 \
            /org/tfad/Tfa1 org.freedesktop.DBus.Peer Ping >/dev/null 2>&1
        do sleep 0.2; done"#;
    machine.succeed(["sh", "-c", UP]);
    assert!(machine.journal("tfad").matches("tfad[").count() > ready);
    logs_in(&machine, &alice.phone.next_unused());
}

#[test]
fn only_root_at_the_console_passes_an_absent_daemon() {
    let machine = machine_with_alice();
    machine.set_password("root", "mainframe");
    machine.configure_sshd("20-root", "PermitRootLogin yes");
    add_options(&machine, "unreachable=allow-root-console timeout=5");
    stop_and_mask_daemon(&machine);

    let console = console_on_tty1(&machine);
    enter_password(console, "alice");
    console.expect(NOT_AVAILABLE);
    is_refused(&machine, "root", "mainframe");
    machine.add_user("bob", "tractor");
    let terminal = machine.terminal_as("bob", ["su", "-"]);
    terminal.expect("Password:");
    terminal.type_secret("mainframe");
    terminal.expect(NOT_AVAILABLE);
    assert!(!terminal.wait_exit().success());

    console.expect("host login:");
    console.type_line("root");
    console.expect("Password:");
    console.type_secret("mainframe");
    console.expect("root@host:~#");
    let text = machine.expect_in_journal("login", "WITHOUT a second factor");
    assert!(text.contains("root logs in on "), "{text}");

    // A daemon that runs decides. Root is asked like other users.
    console.type_line("systemctl unmask --quiet tfad; systemctl start tfad; tfa-enroll setup");
    console.expect("Press Enter to show the QR code");
    console.send(b"\r");
    console.expect("Scan it with the app, then press Enter:");
    console.send(b"\r");
    console.expect("Code from your phone:");
    let phone = tfa_tests::Phone::from_uri(&crate::users::uri_in(&console.transcript()));
    console.type_line(&phone.next_unused());
    console.expect("Press Enter when you have saved them:");
    console.send(b"\r");
    console.expect("root@host:~#");
    console.type_line("exit");
    console.expect("host login:");
    console.type_line("root");
    console.expect("Password:");
    console.type_secret("mainframe");
    console.expect(CODE);
    console.type_secret(&phone.wrong_code());
    console.expect("Wrong code.");
    // It stops after the first question, which does not count as absence.
    console.expect(CODE);
    stop_and_mask_daemon(&machine);
    console.type_secret(&phone.next_unused());
    console.expect(NOT_AVAILABLE);
    console.expect("Login incorrect");
}

#[test]
fn a_daemon_that_cannot_serve_refuses_at_once_with_the_reason() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    machine.set_password("root", "mainframe");
    // A refusal that comes only with the timeout would come too late for this test.
    add_options(&machine, "unreachable=allow-root-console timeout=600");
    machine.write_file("/etc/tfa/tfad.toml", "[policy]\nmode = \"of\"\n");
    machine.succeed(["systemctl", "restart", "tfad"]);
    machine.expect_in_journal("tfad", "every login is refused");

    is_refused(&machine, "alice", PASSWORD);
    is_refused(&machine, "bob", "tractor");
    let text = machine.expect_in_journal("sshd", ABSENT);
    assert!(text.contains("/etc/tfa/tfad.toml"), "{text}");

    let console = console_on_tty1(&machine);
    console.expect("host login:");
    console.type_line("root");
    console.expect("Password:");
    console.type_secret("mainframe");
    console.expect("root@host:~#");
    machine.expect_in_journal("login", "WITHOUT a second factor");
    console
        .type_line("sed -i s/of/optional/ /etc/tfa/tfad.toml; systemctl restart tfad; echo mended");
    console.expect("\nmended");
    logs_in(&machine, &alice.phone.next_unused());
}

#[test]
fn a_dialog_ends_with_its_connection() {
    let (machine, alice) = machine_with_alice_set_up();
    // The maximum number of dialogs of alice. One more is refused.
    const FILL: &str = r#"
        my $bus = Bus->new;
        my $open = 0;
        while (eval { $bus->begin('alice', rhost => '192.0.2.66') }) { $open++ }
        die $@ unless $@ =~ /Error\.Busy:/;
        print "$open\n";"#;
    let most = run_perl(&machine, FILL, &[]).succeed();
    assert_eq!(most.trim(), "256");

    let terminal = after_password(&machine);
    terminal.expect(CODE);
    assert_eq!(run_perl(&machine, FILL, &[]).succeed().trim(), "255");
    // The connection is lost.
    machine.succeed(["pkill", "-KILL", "-x", "ssh"]);
    const GONE: &str = "while grep -q ' 03 .* /run/tfa/login$' /proc/net/unix; do sleep 0.1; done";
    machine.succeed(["sh", "-c", GONE]);
    assert_eq!(run_perl(&machine, FILL, &[]).succeed(), most);

    // No user answers the dialog of another user, or an own one after its end. The programs of
    // alice may have few.
    const OWN: &str = r#"
        my ($code) = @ARGV;
        my ($one, $other) = (Bus->new, Bus->new);
        my ($dialog) = $one->begin('alice');
        eval { $other->answer($dialog, $code) };
        print "another's: $@";
        eval { $other->tfa('Login', 'Cancel', 'u', $dialog) };
        print "another's: $@";
        $one->tfa('Login', 'Cancel', 'u', $dialog);
        eval { $one->answer($dialog, $code) };
        print "over: $@";
        my $open = 0;
        $open++ while eval { $one->begin('alice') };
        print "$open, then $@";
        close $one->{socket};
        for (1 .. 100) {
            last if eval { $other->begin('alice') };
            select undef, undef, undef, 0.05;
        }
        print "and again: ", ($@ || 'yes'), "\n";"#;
    let code = alice.phone.next_unused();
    let text = run_perl(&machine, OWN, &[&code]).user("alice").succeed();
    assert_eq!(
        text.matches("another's: org.tfad.Tfa1.Error.NoSuchDialog:")
            .count(),
        2,
        "{text}"
    );
    assert!(
        text.contains("over: org.tfad.Tfa1.Error.NoSuchDialog:"),
        "{text}"
    );
    assert!(text.contains("8, then org.tfad.Tfa1.Error.Busy:"), "{text}");
    assert!(text.contains("and again: yes"), "{text}");
    logs_in(&machine, &code);
}

#[test]
fn on_a_full_disk_no_code_is_accepted_and_none_is_used_up() {
    let (machine, alice) = machine_with_alice_set_up();
    const MOVE_TO_A_SMALL_DISK: &str = r#"
        set -e
        systemctl stop tfad
        cp -a /var/lib/tfa /root/tfa
        mount -t tmpfs -o size=2m,mode=700 none /var/lib/tfa
        cp -a /root/tfa/. /var/lib/tfa/
        dd if=/dev/zero of=/var/lib/tfa/ballast bs=4k 2>/dev/null || true
        truncate --size=-40K /var/lib/tfa/ballast
        systemctl start tfad"#;
    // The disk is full before the daemon starts. If there is space left, the log takes some of it,
    // and logins succeed until that is used.
    machine.succeed(["sh", "-c", MOVE_TO_A_SMALL_DISK]);
    let code = alice.phone.next_unused();
    let terminal = after_password(&machine);
    terminal.expect(CODE);
    terminal.type_secret(&code);
    terminal.expect(NOT_AVAILABLE);
    machine.expect_in_journal("tfad", "free some space in the file system");
    machine.expect_in_journal("sshd", UNUSABLE);
    machine.succeed(["rm", "/var/lib/tfa/ballast"]);
    logs_in(&machine, &code);
}
