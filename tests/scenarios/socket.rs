//! The daemon's own socket, to which the PAM module connects first. Any user may connect, and may
//! do no more there than over the bus.

use std::time::Duration;

use tfa_tests::Machine;

use crate::bus::{run_perl, shown};
use crate::locks::{after_password, logs_in};
use crate::other_users::over_endpoint;
use crate::users::{CODE, machine_with_alice, machine_with_alice_set_up, ssh_to_code_prompt};

const SHELL: &str = "alice@host:~$";

/// The pid of the daemon, which must not change.
fn daemon(machine: &Machine) -> String {
    machine.succeed(["systemctl", "show", "--property=MainPID,NRestarts", "tfad"])
}

#[test]
fn logins_use_the_daemons_own_socket_without_the_bus() {
    let (machine, alice) = machine_with_alice_set_up();
    // The bus is stopped, so only the daemon's socket can reply.
    machine.succeed(["systemctl", "kill", "--signal=STOP", "dbus.service"]);
    const LOGIN: &str = r#"
        my ($code) = @ARGV;
        my $own = Bus->own;
        my ($dialog, $turn) = $own->begin('alice', service => 'sshd', rhost => '192.0.2.66');
        print Bus::words($turn), "\n", Bus::words($own->answer($dialog, $code));"#;
    let code = alice.phone.next_unused();
    let said = run_perl(&machine, LOGIN, &[&code]).succeed();
    assert!(said.ends_with("verdict: verified-by-totp"), "{said}");

    // The module uses the socket too: with a wait for the bus, its question would come too late.
    let lines = [
        "auth required pam_tfa.so timeout=600",
        "account required pam_permit.so",
    ];
    let service = format!("{}\nsession required pam_permit.so\n", lines.join("\n"));
    machine.write_file("/etc/pam.d/su", service);
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
    machine.succeed(["systemctl", "kill", "--signal=CONT", "dbus.service"]);
}

#[test]
fn the_socket_is_owned_by_root_and_removed_with_the_daemon() {
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

    // A killed daemon leaves no file that misdirects a login.
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
    let said = run_perl(&machine, CLAIM, &[]).user("mallory").succeed();
    assert!(!said.contains("OK"), "{said}");
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn another_user_can_neither_begin_nor_answer_a_login() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("mallory", "letmein");
    let login = ssh_to_code_prompt(&machine, "alice");
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
    let said = over_endpoint(&machine, "own", "mallory", ATTEMPTS, &[&code]).succeed();
    let refused = |how: &str| said.lines().filter(|line| line.contains(how)).count();
    assert_eq!(refused("NotAuthorized: "), 6, "{said}");
    assert_eq!(refused("NoSuchDialog: "), 82, "{said}");
    assert_eq!(refused("InvalidArgument: "), 2, "{said}");
    assert_eq!(said.lines().count(), 90, "{said}");
    login.type_secret(&code);
    login.expect(SHELL);
}

#[test]
fn an_invalid_message_ends_only_its_connection() {
    let (machine, alice) = machine_with_alice_set_up();
    let before = daemon(&machine);
    const INVALID: &str = r#"
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
        # Endless input, input without a line end, input without a handshake.
        for my $bytes ("\0" . 'A' x 100_000, 'x', "\0BEGIN\r\n", "\0" . "HELP\r\n" x 1000) {
            local $SIG{PIPE} = 'IGNORE';
            my $socket = IO::Socket::UNIX->new(Peer => '/run/tfa/login') or die $!;
            print $socket $bytes;
            $socket->flush;
            1 while sysread $socket, my $rest, 4096;
            print "over\n";
        }"#;
    for user in ["alice", "root"] {
        let said = run_perl(&machine, INVALID, &[]).user(user).succeed();
        assert_eq!(said.matches("the bus is gone").count(), 6, "{said}");
        assert_eq!(said.matches("over").count(), 4, "{said}");
    }
    assert_eq!(daemon(&machine), before);
    logs_in(&machine, &alice.phone.next_unused());
}

#[test]
fn one_users_connections_leave_room_for_others() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("mallory", "letmein");
    let before = daemon(&machine);
    // Most are closed at once, the others after ten idle seconds.
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
    let hold = run_perl(&machine, HOLD, &[]).user("mallory").terminal();
    hold.expect("16 open\n");
    logs_in(&machine, &alice.phone.next_unused());
    hold.type_line("");
    hold.expect_within("0 left\n", Duration::from_secs(30));
    // Now it connects as fast as it can.
    logs_in(&machine, &alice.phone.next_unused());
    assert_eq!(daemon(&machine), before);
}

#[test]
fn a_lock_applies_at_both_endpoints() {
    let (machine, alice) = machine_with_alice_set_up();
    const TRY: &str = r#"
        my ($code) = @ARGV;
        my @connections = map { $_ % 2 ? Bus->own : Bus->new } 1 .. 6;
        my $last;
        for my $connection (@connections) {
            my ($dialog, $turn) = $connection->begin('alice', tty => 'ssh', rhost => '192.0.2.66');
            $turn = $connection->answer($dialog, $code) if $dialog;
            $last = Bus::words($turn);
        }
        print $last;"#;
    let said = run_perl(&machine, TRY, &[&alice.phone.wrong_code()]).succeed();
    assert!(said.contains("verdict: locked"), "{said}");
    assert_eq!(shown(&machine, "failures"), "5");
}

#[test]
fn a_login_during_a_restart_is_not_refused() {
    let (machine, alice) = machine_with_alice_set_up();
    let login = after_password(&machine);
    login.expect(CODE);
    let again = "for i in 1 2 3 4 5; do systemctl restart tfad; sleep 0.3; done; \
                 touch /run/restarted; echo done";
    let restarts = machine.terminal(["sh", "-c", again]);
    // As the module does: the bus is used only if the socket has no listener.
    const BEGIN: &str = r#"
        my ($over_bus, $began) = (0, 0);
        until (-e '/run/restarted') {
            my $own = IO::Socket::UNIX->new(Peer => '/run/tfa/login');
            $over_bus++ unless $own;
            my $connection = $own ? Bus->from_socket($own) : Bus->new;
            $connection->begin('alice', service => 'sshd');
            $began++;
        }
        print "all of $began began, $over_bus over the bus\n";"#;
    let said = run_perl(&machine, BEGIN, &[]).succeed();
    restarts.expect("done");
    assert!(!said.contains(" 0 over the bus"), "{said}");
    // A user whom the old daemon asked is asked again by the next one.
    login.type_secret(&alice.phone.next_unused());
    login.expect("Two-factor login is not available right now.");
    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(&alice.phone.next_unused());
    login.expect(SHELL);
}
