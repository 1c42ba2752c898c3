//! Other users of the machine: what they may not do, and what they cannot learn.

use tfa_tests::{Command, Machine};

use crate::bus::{run_perl, shown, try_codes};
use crate::users::{machine_with_alice_set_up, record_of, ssh_to_code_prompt};

const SHELL: &str = "alice@host:~$";

/// Makes one call after the other, and prints the result of each on a line. The constructor selects
/// the endpoint.
const TRY: &str = r#"
    my $bus = Bus->CONSTRUCTOR;
    sub attempt {
        my ($interface, $method, @rest) = @_;
        my @answer = eval { $bus->tfa($interface, $method, @rest) };
        my $came = $@ || "answered\n";
        $came =~ s/org\.tfad\.Tfa1\.Error\.//;
        print "$interface.$method $came";
    }
"#;

#[test]
fn a_call_that_is_too_long_is_refused_before_it_is_read() {
    let machine = crate::users::machine_with_alice();
    machine.add_user("mallory", "letmein");
    const DAEMON: [&str; 4] = ["systemctl", "show", "--property=MainPID,NRestarts", "tfad"];
    let before = machine.succeed(DAEMON);
    const LONG: &str = r#"
        my $long = 'x' x (16 << 20);
        attempt('Login', 'Begin', 'sa{sv}', 'mallory', [['k', ['s', $long]]]) for 1 .. 3;
        attempt('Account', 'Setup', 'a{sv}', [['k', ['s', $long]]]);
        attempt('Account', 'Test', 's', $long);
        attempt('Admin', 'Show', 's', $long);
    "#;
    let said = as_user(&machine, "mallory", LONG, &[]).succeed();
    let refused = said
        .lines()
        .filter(|line| line.contains("InvalidArgument: the call is too long"));
    assert_eq!(refused.count(), 6, "{said}");
    assert_eq!(machine.succeed(DAEMON), before);
}

#[test]
fn every_call_of_another_user_is_refused_and_logged() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("mallory", "letmein");
    let before = record_of(&machine, "alice");
    // A login of alice is in progress while mallory calls.
    let login = ssh_to_code_prompt(&machine, "alice");
    let code = alice.phone.next_unused();

    const ATTEMPTS: &str = r#"
        my ($code) = @ARGV;
        for my $user ('alice', 'root', 'no-such-user') {
            for my $phase ('auth', 'account') {
                attempt('Login', 'Begin', 'sa{sv}', $user,
                    [['phase', ['s', $phase]], ['auth-result', ['s', 'verified']]]);
            }
        }
        attempt('Login', 'Answer', 'us', $_, $code) for 0 .. 40, 4294967295;
        attempt('Login', 'Cancel', 'u', $_) for 0 .. 40, 4294967295;
        attempt('Admin', 'List', 'ss', 'all', '');
        attempt('Admin', $_, 's', 'alice') for 'Show', 'Reset', 'Unlock';
        attempt('Account', 'Setup', 'a{sv}', []);
        attempt('Admin', 'RemoveAuthenticator', 'su', 'alice', 1);
        attempt('Admin', 'AddAuthenticator', 'sa{sv}ay', 'alice',
            [['kind', ['s', 'totp']], ['name', ['s', 'stolen']]], [(7) x 20]);
        attempt('Admin', 'Import', 'aa{sv}b', [[['user', ['s', 'mallory']],
            ['authenticators', ['aa{sv}', []]], ['backup_codes', ['as', []]]]], 0);
        attempt('Account', $_, 'sa{sv}', $code, []) for 'Add', 'Move';
        attempt('Account', 'RenameAuthenticator', 'uss', 1, 'stolen', $code);
        attempt('Account', 'RemoveAuthenticator', 'us', 1, $code);
        attempt('Account', 'Resynchronize', 'ss', $code, $code);
        attempt('Account', $_, 's', $code) for 'NewBackupCodes', 'Pause', 'Resume', 'Remove', 'Test';
        attempt('Account', 'Confirm', 's', $code);
        attempt('Account', 'Abandon', '');
        my ($status) = $bus->tfa('Account', 'Status', '');
        my %status = map { $_->[0] => $_->[1] } @$status;
        print "I am $status{user}, $status{state}\n";
    "#;
    let said = as_user(&machine, "mallory", ATTEMPTS, &[&code]).succeed();
    let came: Vec<&str> = said.lines().collect();
    let all = |start: &str| -> Vec<&str> {
        came.iter()
            .copied()
            .filter(|line| line.starts_with(start))
            .collect()
    };

    let begun = all("Login.Begin ");
    assert_eq!(begun.len(), 6);
    // The message is the same whether the user exists or not.
    assert!(begun.iter().all(|line| *line == begun[0]), "{said}");
    assert!(begun[0].starts_with("Login.Begin NotAuthorized:"), "{said}");
    for (method, number) in [("Login.Answer", 42), ("Login.Cancel", 42)] {
        let refused = all(&format!("{method} NoSuchDialog:"));
        assert_eq!(refused.len(), number, "{said}");
    }
    for method in [
        "List",
        "Show",
        "Reset",
        "Unlock",
        "AddAuthenticator",
        "RemoveAuthenticator",
        "Import",
    ] {
        assert_eq!(
            all(&format!("Admin.{method} NotAuthorized:")).len(),
            1,
            "{said}"
        );
    }
    assert_eq!(all("Account.Setup NotAuthorized:").len(), 1, "{said}");
    for method in [
        "Add",
        "Move",
        "RenameAuthenticator",
        "RemoveAuthenticator",
        "Resynchronize",
        "NewBackupCodes",
        "Pause",
        "Resume",
        "Remove",
        "Test",
    ] {
        assert_eq!(
            all(&format!("Account.{method} NotSetUp:")).len(),
            1,
            "{said}"
        );
    }
    for method in ["Confirm", "Abandon"] {
        assert_eq!(
            all(&format!("Account.{method} NothingPending:")).len(),
            1,
            "{said}"
        );
    }
    assert_eq!(came.last(), Some(&"I am mallory, none"));
    assert!(!said.contains("answered"), "{said}");

    let uid = machine.succeed(["id", "-u", "mallory"]);
    let uid = uid.trim();
    let by = format!("(by uid {uid})");
    machine.expect_in_journal(
        "tfad",
        &format!("alice: refused: uid {uid} may begin a login for"),
    );
    for about in ["list", "alice"] {
        let refused = format!("{about}: an administrator's call was refused {by}");
        machine.expect_in_journal("tfad", &refused);
    }
    machine.expect_in_journal("tfad", "mallory: refused: ");

    // The record of alice, her login in progress and her code are unchanged.
    assert_eq!(record_of(&machine, "alice"), before);
    login.type_secret(&code);
    login.expect(SHELL);
}

#[test]
fn a_users_own_screen_locker_verifies_only_that_user() {
    for endpoint in ENDPOINTS {
        screen_locker(endpoint);
    }
}

fn screen_locker(endpoint: &str) {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    const LOCKER: &str = r#"
        my ($wrong, $code) = @ARGV;
        my ($dialog, $turn) = $bus->begin('alice', service => 'screen-locker');
        print Bus::words($turn), "\n";
        print Bus::words($bus->answer($dialog, $wrong)), "\n";
        print Bus::words($bus->answer($dialog, $code)), "\n";
        attempt('Login', 'Answer', 'us', $dialog, $code);
        attempt('Login', 'Begin', 'sa{sv}', 'bob', [['phase', ['s', 'auth']]]);
    "#;
    let (wrong, code) = (alice.phone.wrong_code(), alice.phone.next_unused());
    // A remote lock does not apply to the locker.
    let reply = try_codes(&machine, "", &wrong, 5);
    assert!(reply.contains("Too many wrong codes."), "{reply}");
    let arguments = [&*wrong, &code];
    let said = over_endpoint(&machine, endpoint, "alice", LOCKER, &arguments).succeed();
    let came: Vec<&str> = said.lines().collect();
    let [asked, wrong, right, over, bob] = came.as_slice() else {
        panic!("{said}");
    };
    assert_eq!(*asked, "ask-hidden: Verification code or backup code: ");
    assert!(wrong.starts_with("Wrong code."), "{said}");
    assert!(
        wrong.ends_with("ask-hidden: Verification code or backup code: "),
        "{said}"
    );
    assert_eq!(right.trim(), "verdict: verified-by-totp");
    assert!(over.contains("NoSuchDialog:"), "{said}");
    assert!(bob.contains("NotAuthorized:"), "{said}");
    machine.expect_in_journal(
        "tfad",
        "alice: verified by a code of phone (service screen-locker",
    );

    // A code used there is used everywhere.
    machine.succeed(["tfactl", "unlock", "alice"]);
    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(&code);
    login.expect("This code was already used.");
}

#[test]
fn claims_of_a_users_own_program_are_not_believed() {
    for endpoint in ENDPOINTS {
        claims(endpoint);
    }
}

fn claims(endpoint: &str) {
    let (machine, alice) = machine_with_alice_set_up();
    const CLAIMS: &str = r#"
        my ($wrong) = @ARGV;
        my ($dialog, $turn) = $bus->begin('alice', service => 'login', tty => 'tty1', ruser => 'root',
            rhost => '', 'ssh-auth-info' => 'publickey ssh-ed25519 AAAA', 'auth-result' => 'verified');
        print Bus::words($turn), "\n";
        print Bus::words($bus->answer($dialog, $wrong)), "\n";
        $bus->tfa('Login', 'Cancel', 'u', $dialog);
        ($dialog, $turn) = $bus->begin('alice', service => 'sshd', rhost => '192.0.2.99');
        $bus->answer($dialog, $wrong);
        for my $result ('verified', 'remembered') {
            ($dialog, $turn) = $bus->begin('alice', phase => 'account', 'auth-result' => $result);
            print Bus::words($turn), "\n";
        }
    "#;
    let wrong = alice.phone.wrong_code();
    let said = over_endpoint(&machine, endpoint, "alice", CLAIMS, &[&wrong]).succeed();
    let came: Vec<&str> = said.lines().collect();
    assert!(came[0].starts_with("ask-hidden:"), "{said}");
    assert!(came[1].starts_with("Wrong code."), "{said}");
    for verdict in &came[2..] {
        assert!(
            !verdict.contains("verified")
                && !verdict.contains("remembered")
                && !verdict.contains("code-of-session"),
            "{said}"
        );
    }
    // Whatever it claims, it does not count as console, and so cannot lock the console.
    assert_eq!(shown(&machine, "own_failures"), "2");
    assert_eq!(shown(&machine, "failures"), "0");
    assert_eq!(shown(&machine, "console_failures"), "0");
    let journal = machine.journal("tfad");
    assert!(
        !journal.contains("192.0.2.99") && !journal.contains("tty1"),
        "{journal}"
    );
    assert!(!journal.contains("alice: verified"), "{journal}");
}

#[test]
fn no_other_user_owns_the_daemons_bus_name() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("mallory", "letmein");
    const TAKE: &str = r#"
        for my $flags (0, 3) {
            eval { print "took it: ", $bus->daemon('RequestName', 'su', 'org.tfad.Tfa1', $flags) };
            print $@;
        }
    "#;
    let refused = |user: &str| {
        let said = as_user(&machine, user, TAKE, &[]).succeed();
        assert_eq!(
            said.matches("org.freedesktop.DBus.Error.AccessDenied")
                .count(),
            2,
            "{said}"
        );
        assert!(!said.contains("took it"), "{said}");
    };
    refused("mallory");
    refused("alice");
    machine.succeed(["systemctl", "stop", "tfad"]);
    refused("mallory");
    let own = machine
        .command(["/usr/sbin/tfad", "--state", "/home/mallory"])
        .user("mallory")
        .fail();
    assert!(!own.text().contains("panicked"), "{own}");

    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(&alice.phone.next_unused());
    login.expect(SHELL);
}

#[test]
fn no_user_can_read_a_secret() {
    let (machine, alice) = machine_with_alice_set_up();
    let secret = alice.phone.secret();

    // Only root can read what is stored, and a copy of the files does not reveal secrets.
    let modes = machine.succeed(["find", "/var/lib/tfa", "-printf", "%U:%G %m %y %p\n"]);
    assert!(modes.lines().count() >= 3, "{modes}");
    for line in modes.lines() {
        let folder = line.starts_with("0:0 700 d /var/lib/tfa");
        assert!(
            folder || line.starts_with("0:0 600 f /var/lib/tfa/"),
            "{modes}"
        );
    }
    const LOOK: &str = r#"
        use MIME::Base64;
        my ($base32) = @ARGV;
        my $key = decode_base64(`printf %s $base32 | base32 --decode | base64`);
        die 'no key' unless length $key == 20;
        for my $file (</var/lib/tfa/*>) {
            open my $in, '<:raw', $file or die $!;
            local $/;
            my $content = <$in>;
            for my $form ($base32, $key, unpack('H*', $key)) {
                print "$file holds it\n" if index($content, $form) >= 0;
            }
        }"#;
    assert_eq!(run_perl(&machine, LOOK, &[secret]).succeed(), "");

    // Users of the daemon's uid, and a root without capabilities, cannot read the daemon's memory
    // and descriptors, because it is not dumpable.
    let pid = machine.succeed(["systemctl", "show", "--value", "-p", "MainPID", "tfad"]);
    let pid = pid.trim();
    for part in ["mem", "environ", "maps", "auxv", "io"] {
        let path = format!("/proc/{pid}/{part}");
        machine.command(["head", "-c1", &path]).user("alice").fail();
    }
    machine
        .command(["ls", &format!("/proc/{pid}/fd")])
        .user("alice")
        .fail();
    const BARE_ROOT: &[&str] = &["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
    let as_bare_root = |words: &[&str]| machine.run(BARE_ROOT.iter().chain(words).copied());
    let environ = format!("/proc/{pid}/environ");
    // They can read those of a process without this protection.
    let open = as_bare_root(&["sh", "-c", "head -c1 /proc/$$/environ; :"]);
    assert!(!open.stdout.is_empty(), "{open}");
    let closed = as_bare_root(&["head", "-c1", &environ]);
    assert!(
        !closed.success() && closed.stderr.contains("Permission denied"),
        "{closed}"
    );

    // No method returns it again, neither to alice nor to root.
    const ASK: &str = r#"
        use Data::Dumper;
        my ($code) = @ARGV;
        my @calls = (['Account', 'Status', ''], ['Account', 'Setup', 'a{sv}', []],
            ['Account', 'Test', 's', $code], ['Admin', 'List', ''], ['Admin', 'Show', 's', 'alice']);
        for my $call (@calls) {
            print Dumper([eval { $bus->tfa(@$call) }, $@]);
        }"#;
    for user in ["alice", "root"] {
        let said = as_user(&machine, user, ASK, &[&alice.phone.next_unused()]).succeed();
        assert!(said.contains("backup_codes_left"), "{said}");
        assert!(!said.contains(secret), "{said}");
        assert!(
            !alice.backup_codes.iter().any(|code| said.contains(code)),
            "{said}"
        );
    }
}

#[test]
fn a_uid_has_at_most_eight_login_dialogs() {
    let (machine, alice) = machine_with_alice_set_up();
    const FLOOD: &str = r#"
        my @buses = (Bus->new, Bus->own, Bus->own);
        my $number = 0;
        for (1 .. 12) {
            $number++;
            my ($dialog) = eval { $buses[$number % 3]->begin('alice', service => 'flood') };
            print $@ ? "$number $@" : "$number open\n";
        }
        print "full\n";
        <STDIN>;
    "#;
    let program = format!("{TRY}{FLOOD}").replace("CONSTRUCTOR", "new");
    let flood = run_perl(&machine, &program, &[]).user("alice").terminal();
    flood.expect("full\n");
    let said = flood.transcript();
    assert_eq!(said.matches(" open\n").count(), 8, "{said}");
    assert_eq!(
        said.matches("org.tfad.Tfa1.Error.Busy:").count(),
        4,
        "{said}"
    );
    machine.expect_in_journal("tfad", "alice: refused: too many logins are under way");

    // Her login over SSH succeeds nevertheless, because its dialogs belong to root.
    let login = ssh_to_code_prompt(&machine, "alice");
    login.type_secret(&alice.phone.next_unused());
    login.expect(SHELL);

    // The dialogs end with the connection.
    flood.type_line("");
    assert!(flood.wait_exit().success());
    let flood = run_perl(&machine, &program, &[]).user("alice").terminal();
    flood.expect("full\n");
    assert_eq!(flood.transcript().matches(" open\n").count(), 8);
}

#[test]
fn no_user_name_forges_a_line_of_the_journal() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("mallory", "letmein");
    const FORGE: &str = r#"
        my ($wrong) = @ARGV;
        my $line = "alice: verified by a code (service sshd, from ::1)";
        for my $name ("x\n$line", "x\r$line", "x\x1b[2K\r$line", $line) {
            eval { $bus->begin($name) };
            eval { $bus->tfa('Admin', 'Show', 's', $name) };
        }
        if ($ENV{USER} eq 'alice') {
            my ($dialog) = $bus->begin('alice', service => "x\n$line", rhost => "y\n$line");
            $bus->answer($dialog, $wrong);
        }
    "#;
    let wrong = alice.phone.wrong_code();
    for user in ["mallory", "alice"] {
        as_user(&machine, user, FORGE, &[&wrong])
            .env("USER", user)
            .succeed();
    }
    // The module itself, with a value from a client: a user name over SSH.
    let strange = "x\nalice: verified by a code (service sshd, from ::1)";
    machine
        .ssh_with(strange, &["-o", "BatchMode=yes"])
        .wait_exit();

    machine.expect_in_journal(
        "tfad",
        "alice: wrong code (service \"x?alice: verified by a code",
    );
    machine.succeed(["journalctl", "--sync"]);
    let messages = machine.succeed(["journalctl", "--quiet", "--output=cat", "-t", "tfad"]);
    assert!(messages.contains("\"x?alice: verified"), "{messages}");
    assert!(
        !messages
            .lines()
            .any(|line| line.starts_with("alice: verified by a code"))
    );
    assert!(
        !messages.contains('\u{1b}') && !messages.contains('\r'),
        "{messages:?}"
    );
}

/// The endpoints of the daemon: the bus, and its own socket.
const ENDPOINTS: [&str; 2] = ["new", "own"];

/// A Perl program of a user with a connection to the bus and the function `attempt`.
fn as_user(machine: &Machine, user: &str, program: &str, arguments: &[&str]) -> Command {
    over_endpoint(machine, "new", user, program, arguments)
}

/// The same for either endpoint.
pub(crate) fn over_endpoint(
    machine: &Machine,
    endpoint: &str,
    user: &str,
    program: &str,
    arguments: &[&str],
) -> Command {
    let program = format!("{TRY}{program}").replace("CONSTRUCTOR", endpoint);
    run_perl(machine, &program, arguments).user(user)
}
