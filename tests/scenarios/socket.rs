//! The daemon's own socket, where the PAM module comes to first: anybody may connect, and nobody
//! gets further by it than over the bus.

use std::time::{Duration, Instant};

use tfa_tests::Machine;

use crate::bus::{perl, shown};
use crate::locks::{gets_in, past_the_password};
use crate::outsiders::on_road;
use crate::people::{CODE, machine_with_alice, machine_with_alice_set_up, ssh_as_far_as_the_code};

const SHELL: &str = "alice@host:~$";

/// Its process, which must stay the same whatever comes.
fn daemon(machine: &Machine) -> String {
    machine.succeed(["systemctl", "show", "--property=MainPID,NRestarts", "tfad"])
}

#[test]
fn logins_take_the_daemons_own_socket_and_do_without_the_bus() {
    let (machine, alice) = machine_with_alice_set_up();
    // A bus that says nothing any more: the daemon's socket, and nothing else, gives the answer.
    machine.succeed(["systemctl", "kill", "--signal=STOP", "dbus.service"]);
    const LOGIN: &str = r#"
        my ($code) = @ARGV;
        my $own = Bus->own;
        my ($dialog, $turn) = $own->begin('alice', service => 'sshd', rhost => '192.0.2.66');
        print Bus::words($turn), "\n", Bus::words($own->answer($dialog, $code));"#;
    let code = alice.phone.next_unused();
    let said = perl(&machine, LOGIN, &[&code]).succeed();
    assert!(said.ends_with("verdict: verified"), "{said}");

    // The module goes the same way: its question is there long before its time for the bus is up.
    let lines = ["auth required pam_tfa.so", "account required pam_permit.so"];
    let service = format!("{}\nsession required pam_permit.so\n", lines.join("\n"));
    machine.write_file("/etc/pam.d/su", service);
    let started = Instant::now();
    let terminal = machine.terminal([
        "setpriv",
        "--reuid=1",
        "--clear-groups",
        "su",
        "alice",
        "-c",
        "echo in",
    ]);
    terminal.expect("Verification code or backup code:");
    terminal.type_secret(&alice.phone.next_unused());
    terminal.expect("in");
    assert!(started.elapsed() < Duration::from_secs(15));
    machine.succeed(["systemctl", "kill", "--signal=CONT", "dbus.service"]);
}

#[test]
fn the_socket_is_roots_and_open_to_all_and_goes_with_the_daemon() {
    let machine = machine_with_alice();
    let modes = ["find", "/run/tfa", "-printf", "%U:%G %m %y %p\n"];
    assert_eq!(
        machine.succeed(modes),
        "0:0 755 d /run/tfa\n0:0 666 s /run/tfa/login\n"
    );
    let remove = ["rm", "-f", "/run/tfa/login"];
    machine.command(remove).user("alice").fail();
    machine.succeed(["systemctl", "stop", "tfad"]);
    assert!(!machine.has_file("/run/tfa/login"));
    machine.succeed(["systemctl", "start", "tfad"]);
    assert!(machine.run(["test", "-S", "/run/tfa/login"]).success());

    // Killed, it leaves nothing that leads a login astray.
    machine.succeed(["systemctl", "kill", "--signal=KILL", "tfad"]);
    machine.succeed(["tfactl", "list"]);
    assert_eq!(machine.succeed(modes).lines().count(), 2);
}

#[test]
fn no_user_authenticates_as_another_uid() {
    let (machine, _) = machine_with_alice_set_up();
    machine.add_user("mallory", "letmein");
    const CLAIM: &str = r#"
        for my $uid (0, 1000, '', 'root') {
            my $socket = IO::Socket::UNIX->new(Peer => '/run/tfa/login') or die $!;
            print $socket "\0AUTH EXTERNAL ", unpack('H*', $uid), "\r\nBEGIN\r\n";
            $socket->flush;
            local $/;
            print "$uid: ", scalar(<$socket>) // '', "\n";
        }"#;
    let said = perl(&machine, CLAIM, &[]).user("mallory").succeed();
    assert!(!said.contains("OK"), "{said}");
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn another_user_begins_nothing_and_answers_nothing() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("mallory", "letmein");
    let login = ssh_as_far_as_the_code(&machine, "alice");
    let code = alice.phone.next_unused();
    const ATTEMPTS: &str = r#"
        my ($code) = @ARGV;
        for my $user ('alice', 'root', 'no-such-user') {
            attempt('Login', 'Begin', 'sa{sv}', $user, [['auth-result', ['s', 'verified']], ['phase', ['s', $_]]])
                for 'auth', 'account';
        }
        attempt('Login', 'Answer', 'us', $_, $code) for 0 .. 40;
        attempt('Login', 'Cancel', 'u', $_) for 0 .. 40;
        attempt('Admin', 'Reset', 's', 'alice');
        attempt('Account', 'Remove', 's', $code);"#;
    let said = on_road(&machine, "own", "mallory", ATTEMPTS, &[&code]).succeed();
    let refused = |how: &str| said.lines().filter(|line| line.contains(how)).count();
    assert_eq!(refused("NotAuthorized: "), 6, "{said}");
    assert_eq!(refused("NoSuchDialog: "), 82, "{said}");
    assert_eq!(refused("InvalidArgument: "), 2, "{said}");
    assert_eq!(said.lines().count(), 90, "{said}");
    login.type_secret(&code);
    login.expect(SHELL);
}

#[test]
fn what_is_no_call_ends_its_connection_and_nothing_else() {
    let (machine, alice) = machine_with_alice_set_up();
    let before = daemon(&machine);
    const NONSENSE: &str = r#"
        my $long = pack 'aCCCVVV', 'l', 1, 0, 1, 200 << 20, 1, 16;
        my $lies = pack 'aCCCVVV', 'l', 1, 0, 1, 0xffffffff, 1, 0xffffffff;
        my $reply = pack 'aCCCVVV', 'l', 2, 0, 1, 0, 1, 0;
        for my $bytes ("GET / HTTP/1.1\r\n\r\n", 'l' x 4096, $long, $lies, $reply, "\0" x 100) {
            my $own = Bus->own;
            local $SIG{PIPE} = 'IGNORE';
            $own->raw($bytes . 'x' x 100_000);
            eval { $own->take(1) };
            print $@ || "it said something\n";
        }
        # Without end, without a line, without a handshake.
        for my $bytes ("\0" . 'A' x 100_000, 'x', "\0BEGIN\r\n", "\0" . "HELP\r\n" x 1000) {
            local $SIG{PIPE} = 'IGNORE';
            my $socket = IO::Socket::UNIX->new(Peer => '/run/tfa/login') or die $!;
            print $socket $bytes;
            $socket->flush;
            1 while sysread $socket, my $rest, 4096;
            print "over\n";
        }"#;
    for user in ["alice", "root"] {
        let said = perl(&machine, NONSENSE, &[]).user(user).succeed();
        assert_eq!(said.matches("the bus is gone").count(), 6, "{said}");
        assert_eq!(said.matches("over").count(), 4, "{said}");
    }
    assert_eq!(daemon(&machine), before);
    gets_in(&machine, &alice.phone.next_unused());
}

#[test]
fn one_users_connections_leave_room_for_others() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("mallory", "letmein");
    let before = daemon(&machine);
    // Most are ended at once, the others when they have been silent for ten seconds.
    const HOLD: &str = r#"
        my @held = map { IO::Socket::UNIX->new(Peer => '/run/tfa/login') or die $! } 1 .. 500;
        sleep 1;
        my $open = grep { $_->blocking(0); !defined sysread $_, my $byte, 1 } @held;
        print "$open open\n";
        <STDIN>;
        sleep 12;
        $open = grep { !defined sysread $_, my $byte, 1 } @held;
        print "$open left\n";
        while (1) { IO::Socket::UNIX->new(Peer => '/run/tfa/login') or die $! }"#;
    let hold = perl(&machine, HOLD, &[]).user("mallory").terminal();
    hold.expect("16 open\n");
    gets_in(&machine, &alice.phone.next_unused());
    hold.type_line("");
    hold.expect_within("0 left\n", Duration::from_secs(30));
    // Now it knocks as fast as it can.
    gets_in(&machine, &alice.phone.next_unused());
    assert_eq!(daemon(&machine), before);
}

#[test]
fn a_lock_holds_on_every_road() {
    let (machine, alice) = machine_with_alice_set_up();
    const TRY: &str = r#"
        my ($code) = @ARGV;
        my @roads = map { $_ % 2 ? Bus->own : Bus->new } 1 .. 6;
        my $last;
        for my $road (@roads) {
            my ($dialog, $turn) = $road->begin('alice', tty => 'ssh', rhost => '192.0.2.66');
            $turn = $road->answer($dialog, $code) if $dialog;
            $last = Bus::words($turn);
        }
        print $last;"#;
    let said = perl(&machine, TRY, &[&alice.phone.wrong_code()]).succeed();
    assert!(said.contains("verdict: locked"), "{said}");
    assert_eq!(shown(&machine, "failures"), "5");
}

#[test]
fn a_restart_refuses_no_login_that_comes_meanwhile() {
    let (machine, alice) = machine_with_alice_set_up();
    let login = past_the_password(&machine);
    login.expect(CODE);
    let again = "for i in 1 2 3 4 5; do systemctl restart tfad; sleep 0.3; done; \
                 touch /run/restarted; echo done";
    let restarts = machine.terminal(["sh", "-c", again]);
    // As the module does: the bus where nobody can be connected to, and for no other reason.
    const BEGIN: &str = r#"
        my ($roads, $began) = (0, 0);
        until (-e '/run/restarted') {
            my $own = IO::Socket::UNIX->new(Peer => '/run/tfa/login');
            $roads++ unless $own;
            my $road = $own ? Bus->over($own) : Bus->new;
            $road->begin('alice', service => 'sshd');
            $began++;
        }
        print "all of $began began, $roads over the bus\n";"#;
    let said = perl(&machine, BEGIN, &[]).succeed();
    restarts.expect("done");
    assert!(!said.contains(" 0 over the bus"), "{said}");
    // Whoever was asked by the old daemon is asked anew by the next.
    login.type_secret(&alice.phone.next_unused());
    login.expect("Two-factor login is not available right now.");
    let login = ssh_as_far_as_the_code(&machine, "alice");
    login.type_secret(&alice.phone.next_unused());
    login.expect(SHELL);
}
