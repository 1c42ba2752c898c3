//! The store: what is on the disk, what happens if it is damaged, lost or foreign, and what remains
//! of an interrupted change.

use std::time::Duration;

use tfa_tests::Machine;

use crate::bus::{run_perl, shown};
use crate::faults::add_options;
use crate::locks::{after_password, logs_in, ssh_with_messages};
use crate::users::{CODE, PASSWORD, machine_with_alice, machine_with_alice_set_up, set_up};

/// The message for a login that cannot be decided.
const NOT_AVAILABLE: &str =
    "Two-factor login is not available right now. Please tell your administrator.";

/// A key of alice from another host.
const OLD_KEY: &str = "otpauth://totp/host:alice@host?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\n";

#[track_caller]
fn is_refused(machine: &Machine, user: &str, password: &str) {
    let terminal = ssh_with_messages(machine, user);
    terminal.expect("Password:");
    terminal.type_secret(password);
    terminal.expect(NOT_AVAILABLE);
    terminal.expect("Password:");
}

/// A login of a user who has not enrolled, with the password alone.
#[track_caller]
fn logs_in_without_code(machine: &Machine, user: &str, password: &str) {
    let terminal = ssh_with_messages(machine, user);
    terminal.expect("Password:");
    terminal.type_secret(password);
    terminal.expect(&format!("{user}@host:~$"));
    assert!(!terminal.transcript().contains(CODE));
}

fn restart(machine: &Machine) {
    machine.succeed(["systemctl", "restart", "tfad.service"]);
}

/// Changes a byte of alice's sealed record at its place in the file.
const FLIP: &str = r#"
    my ($path) = @ARGV;
    open my $file, '+<:raw', $path or die;
    local $/;
    my $bytes = <$file>;
    # The header of a row: the lengths of name, uid, revision and record. Then the name.
    $bytes =~ /\x17[\x01-\x06\x08\x09]{2}(?:[\x80-\xff][\x00-\x7f])alice/ or die "no row\n";
    my $at = $+[0] + 60;
    seek $file, $at, 0;
    print $file chr(ord(substr $bytes, $at, 1) ^ 1);
    close $file or die;
    print "byte $at\n";"#;

const DATABASE: &str = "/var/lib/tfa/accounts.db";

#[test]
fn no_secret_is_on_the_disk_in_the_clear() {
    let (machine, alice) = machine_with_alice_set_up();
    // The calls below have no terminal on which polkit could ask for the password.
    machine.write_file(
        "/etc/polkit-1/rules.d/10-unasked.rules",
        "polkit.addRule(function(action, subject) {\n\
         if (action.id == 'org.tfad.tfa1.enroll') return polkit.Result.YES;\n});\n",
    );
    machine.succeed(["systemctl", "restart", "polkit"]);
    // More data: a pending authenticator, a new set of backup codes, wrong codes.
    const MORE: &str = r#"
        my ($backup, $other) = @ARGV;
        my $bus = Bus->new;
        my ($offer) = $bus->tfa('Account', 'Move', 'sa{sv}', $backup, []);
        my %offer = map { @$_ } @$offer;
        print "$offer{secret}\n";
        my ($codes) = $bus->tfa('Account', 'NewBackupCodes', 's', $other);
        print "$_\n" for @$codes;"#;
    let more = run_perl(
        &machine,
        MORE,
        &[&alice.backup_codes[0], &alice.backup_codes[1]],
    )
    .user("alice")
    .succeed();
    let mut secrets: Vec<String> = alice.backup_codes.clone();
    secrets.extend(more.lines().map(str::to_owned));
    secrets.push(alice.phone.secret().to_owned());
    assert_eq!(secrets.len(), 22);

    // Searches for each secret as text, in both cases and without its dash, and for each key as
    // bytes, in every file of the state and in each place on the disk where the daemon could have
    // left it. It also searches for the user's name, which must be found.
    const SEARCH: &str = r#"
        my @needles = map { ($_, lc, do { (my $bare = $_) =~ s/-//g; ($bare, lc $bare) }) } @ARGV;
        my @letters = ('A' .. 'Z', 2 .. 7);
        my %value = map { $letters[$_] => $_ } 0 .. 31;
        for my $key (grep { /^[A-Z2-7]{32}$/ } @ARGV) {
            my $bits = join '', map { sprintf '%05b', $value{$_} } split //, $key;
            push @needles, pack 'B*', $bits;
            push @needles, unpack 'H*', pack 'B*', $bits;
        }
        my ($files, $names) = (0, 0);
        for my $path (split /\n/, `find /var/lib/tfa /var/log /var/tmp /tmp /run/log -type f`) {
            open my $file, '<:raw', $path or next;
            local $/;
            my $bytes = <$file> // '';
            $files++;
            $names++ if $path =~ m{^/var/lib/tfa/accounts} and $bytes =~ /alice/;
            for my $needle (@needles) {
                print "$path holds a secret\n" if index($bytes, $needle) >= 0;
            }
        }
        print scalar(@needles), " needles, $names databases\n" if $files > 2 and $names;"#;
    machine.succeed(["journalctl", "--sync"]);
    let arguments: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let search = |what: &str| {
        let found = run_perl(&machine, SEARCH, &arguments).succeed();
        assert!(found.starts_with("92 needles, "), "{what}: {found}");
    };
    search("while the daemon runs");
    machine.succeed(["systemctl", "stop", "tfad.service"]);
    search("when it has stopped");
    let modes = machine.succeed(["sh", "-c", "cd /var/lib/tfa; stat -c '%a %U %n' . *"]);
    assert!(modes.contains("700 root .\n"), "{modes}");
    assert!(modes.contains("600 root accounts.db\n"), "{modes}");
    assert!(modes.contains("600 root key\n"), "{modes}");

    // The secrets of the search are the valid ones.
    machine.succeed(["systemctl", "start", "tfad.service"]);
    logs_in(&machine, secrets.get(11).unwrap());
}

#[test]
fn a_damaged_record_refuses_only_its_owner_until_the_reset() {
    let (machine, _alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    machine.add_user("carol", "teapot");
    let carol = set_up(&machine, "carol", "teapot");
    machine.succeed(["systemctl", "stop", "tfad.service"]);
    run_perl(&machine, FLIP, &[DATABASE]).succeed();
    machine.succeed(["systemctl", "start", "tfad.service"]);

    is_refused(&machine, "alice", PASSWORD);
    let printed = machine.expect_in_journal("tfad", "the record of alice is damaged");
    assert!(printed.contains("`tfactl reset alice`"), "{printed}");
    logs_in_without_code(&machine, "bob", "tractor");
    let terminal = ssh_with_messages(&machine, "carol");
    terminal.expect("Password:");
    terminal.type_secret("teapot");
    terminal.expect(CODE);
    terminal.type_secret(&carol.phone.next_unused());
    terminal.expect("carol@host:~$");

    let said = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        said.contains("Problem: the record of alice is damaged"),
        "{said}"
    );
    let said = machine.succeed(["tfactl", "list"]);
    let line = said.lines().find(|line| line.starts_with("alice"));
    assert!(line.is_some_and(|line| line.contains("unusable")), "{said}");
    assert!(said.contains("carol"), "{said}");
    // The commands of alice do not change it either.
    let output = machine.run_as("alice", ["tfa-enroll", "status"]);
    assert_eq!(output.code(), Some(1), "{output}");
    machine.fail(["tfactl", "unlock", "alice"]);

    // The byte is restored, and the record is otherwise unchanged.
    machine.succeed(["systemctl", "stop", "tfad.service"]);
    let copy = format!("{DATABASE}.damaged");
    machine.succeed(["cp", DATABASE, &copy]);
    run_perl(&machine, FLIP, &[DATABASE]).succeed();
    machine.succeed(["systemctl", "start", "tfad.service"]);
    assert_eq!(shown(&machine, "state"), "\"enabled\"");
    machine.succeed(["systemctl", "stop", "tfad.service"]);
    machine.succeed(["mv", &copy, DATABASE]);
    machine.succeed(["systemctl", "start", "tfad.service"]);

    machine.succeed(["tfactl", "reset", "alice", "--yes"]);
    logs_in_without_code(&machine, "alice", PASSWORD);
    // Nothing is known of the record: a key of before the reset stays out.
    let import = ["tfactl", "import", "otpauth", "-", "--apply"];
    let refused = machine.command(import).stdin(OLD_KEY).fail();
    assert!(
        refused
            .to_string()
            .contains("alice: refused: The account of alice was reset"),
        "{refused}"
    );
    logs_in_without_code(&machine, "alice", PASSWORD);
    let alice = set_up(&machine, "alice", PASSWORD);
    logs_in(&machine, &alice.phone.next_unused());
}

#[test]
fn a_damaged_or_missing_database_serves_no_login_and_is_unchanged() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    machine.succeed(["systemctl", "stop", "tfad.service"]);
    const KEEP: &str = "cp -a /var/lib/tfa /root/kept";
    machine.succeed(["sh", "-c", KEEP]);
    // The bus waits while systemd restarts the daemon. The module need not wait that long.
    add_options(&machine, "timeout=3");
    for (damage, printed, user, password) in [
        (
            "head -c 20000 /dev/urandom >accounts.db",
            "accounts.db is damaged (file is not a database)",
            "alice",
            PASSWORD,
        ),
        (
            "truncate -s 5000 accounts.db",
            "accounts.db is damaged (database disk image is malformed)",
            "bob",
            "tractor",
        ),
        (
            "truncate -s 0 accounts.db",
            "the file accounts.db is not a database of tfad",
            "alice",
            PASSWORD,
        ),
        (
            "rm accounts.db",
            "accounts.db is missing, though",
            "alice",
            PASSWORD,
        ),
        (
            "ln -sf /etc/passwd accounts.db",
            "is not a regular file of uid 0",
            "bob",
            "tractor",
        ),
    ] {
        let script = format!(
            "systemctl stop tfad; rm -rf /var/lib/tfa; cp -a /root/kept /var/lib/tfa; \
             cd /var/lib/tfa; {damage}; rm -f /root/sum; sha256sum accounts.db >/root/sum; \
             systemctl start --no-block tfad"
        );
        machine.succeed(["sh", "-c", &script]);
        machine.expect_in_journal("tfad", printed);
        // For all users: their records cannot be printed apart.
        is_refused(&machine, user, password);
        const AS_IT_WAS: &str = "cd /var/lib/tfa; [ ! -s /root/sum ] || sha256sum -c /root/sum";
        machine.succeed(["sh", "-c", AS_IT_WAS]);
    }
    const RESTORE: &str = "systemctl stop tfad; rm -rf /var/lib/tfa; \
        cp -a /root/kept /var/lib/tfa; systemctl start tfad";
    machine.succeed(["sh", "-c", RESTORE]);
    logs_in(&machine, &alice.phone.next_unused());
    logs_in_without_code(&machine, "bob", "tractor");
}

#[test]
fn without_the_sealing_key_enrolled_users_are_refused() {
    let (machine, alice) = machine_with_alice_set_up();
    machine.add_user("bob", "tractor");
    machine.succeed(["mv", "/var/lib/tfa/key", "/root/key"]);
    restart(&machine);
    let printed = machine.expect_in_journal(
        "tfad",
        "is not here: the key file /var/lib/tfa/key is missing",
    );
    assert!(
        printed.contains("Put the right key back as /var/lib/tfa/key"),
        "{printed}"
    );
    is_refused(&machine, "alice", PASSWORD);
    logs_in_without_code(&machine, "bob", "tractor");
    assert!(!machine.has_file("/var/lib/tfa/key"));
    let said = machine.succeed(["tfactl", "show", "alice"]);
    assert!(said.contains("Put the right key back"), "{said}");

    // Another key is refused, and so is one that others can read.
    machine.succeed([
        "sh",
        "-c",
        "umask 077; head -c 32 /dev/urandom >/var/lib/tfa/key",
    ]);
    restart(&machine);
    machine.expect_in_journal("tfad", "is another one (fingerprint ");
    is_refused(&machine, "alice", PASSWORD);
    machine.succeed(["install", "-m", "644", "/root/key", "/var/lib/tfa/key"]);
    restart(&machine);
    machine.expect_in_journal("tfad", "has mode 0644: run `chmod 600 /var/lib/tfa/key`");
    is_refused(&machine, "alice", PASSWORD);

    machine.succeed(["chmod", "600", "/var/lib/tfa/key"]);
    restart(&machine);
    logs_in(&machine, &alice.phone.next_unused());
}

#[test]
fn a_new_user_of_the_same_name_does_not_get_the_record() {
    let (machine, alice) = machine_with_alice_set_up();
    const DELETE: &str = "loginctl terminate-user alice; \
        while pgrep -u alice >/dev/null; do sleep 0.1; done; userdel --remove alice";
    machine.succeed(["sh", "-c", DELETE]);
    let said = machine.succeed(["tfactl", "list"]);
    assert!(said.contains("alice"), "{said}");
    machine.succeed([
        "useradd",
        "--uid",
        "4321",
        "--create-home",
        "--shell",
        "/bin/bash",
        "alice",
    ]);
    machine.set_password("alice", PASSWORD);

    is_refused(&machine, "alice", PASSWORD);
    let printed = machine.expect_in_journal(
        "tfad",
        "alice was set up with the uid 1000 and has the uid 4321 now",
    );
    assert!(printed.contains("tfactl reset alice"), "{printed}");
    let output = machine.run_as("alice", ["tfa-enroll", "status"]);
    assert_eq!(output.code(), Some(1), "{output}");
    let said = machine.succeed(["tfactl", "show", "alice"]);
    assert!(
        said.contains("Problem: alice was set up with the uid 1000"),
        "{said}"
    );

    machine.succeed(["tfactl", "reset", "alice", "--yes"]);
    logs_in_without_code(&machine, "alice", PASSWORD);
    let other = set_up(&machine, "alice", PASSWORD);
    let terminal = after_password(&machine);
    terminal.expect(CODE);
    terminal.type_secret(&alice.phone.code_not_of(&other.phone));
    terminal.expect("Wrong code.");
    terminal.expect(CODE);
    terminal.type_secret(&other.phone.next_unused());
    terminal.expect("alice@host:~$");
}

/// Starts the daemon anew, with a credential of systemd as its key.
pub(crate) const SEAL_WITH_CREDENTIAL: &str = r#"
        set -e
        systemctl stop tfad
        rm -r /var/lib/tfa
        mkdir -p -m 700 /etc/credstore.encrypted
        head -c 32 /dev/urandom | systemd-creds encrypt --with-key=host --name=tfad.key \
            - /etc/credstore.encrypted/tfad.key
        systemctl start tfad"#;

#[test]
fn a_credential_from_systemd_replaces_the_key_file() {
    let mut machine = machine_with_alice();
    machine.succeed(["sh", "-c", SEAL_WITH_CREDENTIAL]);
    machine.expect_in_journal("tfad", "sealed with the systemd credential tfad.key");
    let alice = set_up(&machine, "alice", PASSWORD);
    assert!(machine.has_file(DATABASE));
    assert!(!machine.has_file("/var/lib/tfa/key"));
    machine.reboot();
    logs_in(&machine, &alice.phone.next_unused());
    assert!(!machine.has_file("/var/lib/tfa/key"));

    // Without the credential the daemon creates no key.
    machine.succeed(["mv", "/etc/credstore.encrypted/tfad.key", "/root/"]);
    restart(&machine);
    machine.expect_in_journal("tfad", "the key that sealed the accounts");
    is_refused(&machine, "alice", PASSWORD);
    assert!(!machine.has_file("/var/lib/tfa/key"));
    machine.succeed(["mv", "/root/tfad.key", "/etc/credstore.encrypted/"]);
    restart(&machine);
    logs_in(&machine, &alice.phone.next_unused());
}

/// Kills the daemon at a random time during each kind of change of root's account, from before the
/// request until after the reply. The account must then be as before the change or as after it, and
/// as after it if the daemon has reported success.
const KILL_DURING_CHANGES: &str = r#"
    use Digest::SHA 'hmac_sha1';
    use Time::HiRes qw(sleep time);
    my ($rounds) = @ARGV;
    my $bus = Bus->new;
    my (%key, %took, %count, $kills);

    sub account { $bus->tfa('Account', @_) }
    # What says nothing is left out of a status.
    my %nothing = (authenticators => [], backup_codes_left => 0, pending_authenticator => 0);
    sub status { my ($status) = account('Status', ''); return {%nothing, map { @$_ } @$status} }
    sub offer { my %offer = map { @$_ } @{$_[0]}; return $offer{secret} }
    # The code of a key, `$later` time steps from now.
    sub code {
        my ($key, $later) = @_;
        my %value; @value{'A' .. 'Z', 2 .. 7} = 0 .. 31;
        my $secret = pack 'B*', join '', map { sprintf '%05b', $value{$_} } split //, $key;
        my $digest = hmac_sha1(pack('Q>', int(time / 30) + $later), $secret);
        my $number = unpack 'N', substr $digest, ord(substr $digest, -1) & 15, 4;
        return sprintf '%06d', ($number & 0x7fffffff) % 1000000;
    }
    sub works { my ($code) = @_; return eval { account('Test', 's', $code); 1 } ? 1 : 0 }
    # Enrolls. Returns the key and the backup codes. Uses the current code, so the next one is valid.
    sub set_up {
        eval { $bus->tfa('Admin', 'Reset', 's', 'root') };
        my ($offer) = account('Setup', 'a{sv}', []);
        my $key = offer($offer);
        my ($codes) = account('Confirm', 's', code($key, 0));
        return ($key, @$codes);
    }
    # Calls, kills the daemon meanwhile, and waits for the next one. Returns the reply, if any.
    sub cut {
        my ($what, @call) = @_;
        my ($pid) = $bus->daemon('GetConnectionUnixProcessID', 's', 'org.tfad.Tfa1');
        my $moment = rand(1.3) * ($took{$what} // 0.03);
        my $killer = fork // die;
        if (!$killer) { sleep $moment; kill 'KILL', $pid; require POSIX; POSIX::_exit(0) }
        my @answer = eval { $bus->tfa(@call) };
        my $answered = $@ eq '';
        die "$what: $@" unless $answered or $@ =~ /DBus\.Error/;
        waitpid $killer, 0;
        $kills++;
        for (1 .. 200) {
            my ($now) = eval { $bus->daemon('GetConnectionUnixProcessID', 's', 'org.tfad.Tfa1') };
            last if $now and $now != $pid and eval { status() };
            eval { $bus->daemon('StartServiceByName', 'su', 'org.tfad.Tfa1', 0) } unless $now;
            sleep 0.02;
        }
        return ($answered, @answer);
    }
    # Counts the outcome. Dies if the state is neither of the two, or if a reported change is lost.
    sub judge {
        my ($what, $answered, $before, $after) = @_;
        my $status = status();
        die "$what: neither the state before nor after: ", join(' ', map { "$_=" . (ref $$status{$_} ? "[@{$$status{$_}}]" : $$status{$_}) } sort keys %$status), "\n"
            unless $before xor $after;
        die "$what: reported as done, and is not stored\n" if $answered and !$after;
        $count{$what}{$after ? 'after' : 'before'}++;
    }
    sub measured {
        my ($what, @call) = @_;
        my $start = time;
        my @answer = $bus->tfa(@call);
        $took{$what} = time - $start;
        return @answer;
    }

    # The duration of each without a kill.
    my ($key, @codes) = set_up();
    measured('codes', 'Account', 'NewBackupCodes', 's', $codes[0]);
    ($key, @codes) = set_up();
    my ($offer) = measured('move', 'Account', 'Move', 'sa{sv}', $codes[0], []);
    measured('confirm the move', 'Account', 'Confirm', 's', code(offer($offer), 0));
    measured('remove', 'Account', 'Remove', 's', $codes[1]);
    ($offer) = measured('setup', 'Account', 'Setup', 'a{sv}', []);
    measured('confirm', 'Account', 'Confirm', 's', code(offer($offer), 0));

    for (1 .. $rounds) {
        # Enrollment, and its confirmation.
        eval { $bus->tfa('Admin', 'Reset', 's', 'root') };
        my ($answered, $printed) = cut('setup', 'Account', 'Setup', 'a{sv}', []);
        my $state = status()->{state};
        judge('setup', $answered, $state eq 'none', $state eq 'pending');
        ($printed) = account('Setup', 'a{sv}', []) unless $answered;
        my $key = offer($printed);
        ($answered, $printed) = cut('confirm', 'Account', 'Confirm', 's', code($key, 0));
        my $is = status();
        judge('confirm', $answered,
            $is->{state} eq 'pending' && $is->{backup_codes_left} == 0 && !@{$is->{authenticators}},
            $is->{state} eq 'enabled' && $is->{backup_codes_left} == 10 && works(code($key, 1)));
        die "the codes that were shown do not work\n" if $answered and !works($printed->[7]);

        # New backup codes.
        ($key, my @codes) = set_up();
        ($answered, $printed) = cut('codes', 'Account', 'NewBackupCodes', 's', $codes[0]);
        my ($proof, $old) = (works($codes[0]), works($codes[1]));
        my $left = status()->{backup_codes_left};
        judge('codes', $answered, $left == 10 && $proof && $old, $left == 10 && !$proof && !$old);
        die "the new codes do not work\n" if $answered and !works($printed->[0]);

        # A move: the pending authenticator, then its confirmation.
        ($key, @codes) = set_up();
        ($answered, $printed) = cut('move', 'Account', 'Move', 'sa{sv}', $codes[0], []);
        $is = status();
        my $old_works = works(code($key, 1));
        judge('move', $answered,
            $old_works && !$is->{pending_authenticator} && $is->{backup_codes_left} == 10,
            $old_works && $is->{pending_authenticator} && $is->{backup_codes_left} == 9);
        ($printed) = account('Move', 'sa{sv}', $codes[1], []) unless $answered;
        my $new = offer($printed);
        ($answered) = cut('confirm the move', 'Account', 'Confirm', 's', code($new, 0));
        my $pending = status()->{pending_authenticator};
        my ($old_phone, $new_phone) = (works(code($key, 1)), works(code($new, 1)));
        judge('confirm the move', $answered,
            $pending && $old_phone && !$new_phone, !$pending && !$old_phone && $new_phone);

        # A login: the accepted code is used up.
        ($key, @codes) = set_up();
        my ($dialog) = $bus->begin('root', rhost => '192.0.2.66');
        my $code = code($key, 1);
        ($answered, my $turn) = cut('login', 'Login', 'Answer', 'us', $dialog, $code);
        die Bus::words($turn) if $answered and $turn->[2] ne 'verified-by-totp';
        my $good = works($code);
        judge('login', $answered, $good, !$good);

        # Removal.
        ($key, @codes) = set_up();
        ($answered) = cut('remove', 'Account', 'Remove', 's', $codes[0]);
        $is = status();
        judge('remove', $answered,
            $is->{state} eq 'enabled' && $is->{backup_codes_left} == 10 && works($codes[0]),
            $is->{state} eq 'none' && $is->{backup_codes_left} == 0);
    }
    for my $what (sort keys %count) {
        printf "%s: %d before, %d after\n", $what, map { $count{$what}{$_} // 0 } 'before', 'after';
    }
    print "killed $kills times\n";"#;

#[test]
fn a_killed_daemon_leaves_the_state_before_or_after_a_change() {
    let machine = Machine::boot();
    // A daemon that cannot start is restarted after two seconds.
    machine.write_file(
        "/etc/systemd/system/tfad.service.d/at-once.conf",
        "[Service]\nRestartSec=10ms\n",
    );
    machine.succeed(["systemctl", "daemon-reload"]);
    let printed = run_perl(&machine, KILL_DURING_CHANGES, &["4"])
        .within(Duration::from_secs(240))
        .succeed();
    assert!(printed.contains("killed 28 times"), "{printed}");
}
