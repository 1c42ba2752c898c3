//! The accounts of a verifier in a real etcd.

use std::fs;
use std::time::Duration;

use tfa_tests::{Machine, Suite};

use crate::fleet::{CERTIFICATES, apt};
use crate::locks::ssh_with_messages;
use crate::package::package;
use crate::users::{PASSWORD, set_up, ssh_to_code_prompt};

const SHELL: &str = "alice@host:~$";
const USED: &str = "This code was already used.";
const REFUSED: &str =
    "Two-factor login is not available right now. Please tell your administrator.";

/// A verifier that serves its own logins only. etcd is on the same host, without TLS.
const CONFIGURATION: &str = "
ca = '/etc/tfa/fleet/ca.pem'
certificate = '/etc/tfa/fleet/host.pem'
key = '/etc/tfa/fleet/key.pem'
[etcd]
endpoints = ['http://127.0.0.1:2379']
";

const IN_ETCD: &str = "[store]\nkind = \"etcd\"\n";
const DROP_IN: &str = "/etc/tfa/tfad.toml.d/store.toml";

/// A host with accounts in its database, which reaches an etcd.
fn host_with_etcd(suite: Suite) -> Machine {
    let packages = ["openssl", "etcd-server", "etcd-client"];
    let machine = Machine::boot_on_with(suite, &packages);
    machine.succeed(["systemctl", "restart", "etcd"]);
    let folder = package().parent().unwrap().join("fleet");
    let built = fs::read_dir(folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    machine.write_file("/root/tfa-fleet.deb", fs::read(built).unwrap());
    apt(&machine, &["install", "/root/tfa-fleet.deb"]);
    machine.succeed(["sh", "-c", CERTIFICATES]);
    machine.write_file("/etc/tfa/tfa-fleet.toml", CONFIGURATION);
    machine.succeed(["systemctl", "enable", "--now", "tfa-fleet"]);
    machine.expect_in_journal("tfa-fleet", "connected to etcd at http://127.0.0.1:2379");
    machine
}

fn verifier_with_etcd(suite: Suite) -> Machine {
    let machine = host_with_etcd(suite);
    machine.write_file(DROP_IN, IN_ETCD);
    machine.succeed(["systemctl", "restart", "tfad"]);
    machine.expect_in_journal("tfad", "a new store was made in etcd");
    machine
}

/// A login over SSH with the right password is refused with a message.
fn expect_refusal(machine: &Machine) {
    let terminal = ssh_with_messages(machine, "alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(REFUSED);
}

#[test]
fn accounts_in_etcd_serve_logins_while_etcd_answers() {
    serves_logins_while_etcd_answers(Suite::Bookworm);
}

#[test]
fn accounts_in_etcd_of_debian_13_serve_logins_while_etcd_answers() {
    serves_logins_while_etcd_answers(Suite::Trixie);
}

fn serves_logins_while_etcd_answers(suite: Suite) {
    let machine = verifier_with_etcd(suite);
    machine.add_user("alice", PASSWORD);
    let alice = set_up(&machine, "alice", PASSWORD);

    let code = alice.phone.next_unused();
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&code);
    terminal.expect(SHELL);
    let terminal = ssh_to_code_prompt(&machine, "alice");
    terminal.type_secret(&code);
    terminal.expect(USED);

    // The record is in etcd, and is sealed.
    let keys = machine.succeed([
        "sh",
        "-c",
        "ETCDCTL_API=3 etcdctl get --prefix / --keys-only",
    ]);
    let keys: Vec<&str> = keys.split_whitespace().collect();
    assert!(
        keys.contains(&"/tfa/a/alice") && keys.contains(&"/tfa/meta"),
        "{keys:?}"
    );
    let values = machine.succeed(["sh", "-c", "ETCDCTL_API=3 etcdctl get / --prefix -w json"]);
    assert!(!values.contains(alice.phone.secret()));

    machine.succeed(["systemctl", "stop", "etcd"]);
    expect_refusal(&machine);
    machine.expect_in_journal("tfad", "etcd does not answer");
    machine.succeed(["systemctl", "start", "etcd"]);
    log_in(&machine, &alice.phone.next_unused());

    // tfad comes before the others at a boot, and then serves without help.
    machine.succeed(["systemctl", "stop", "tfa-fleet", "etcd"]);
    machine.succeed(["systemctl", "restart", "tfad"]);
    machine.expect_in_journal("tfad", "tfa-fleet does not serve");
    let refused = machine.fail(["tfactl", "list"]).text();
    assert!(refused.contains("systemctl start tfa-fleet"), "{refused}");
    expect_refusal(&machine);
    machine.succeed(["systemctl", "start", "etcd", "tfa-fleet"]);
    wait_until_served(&machine);
    log_in(&machine, &alice.phone.next_unused());

    for command in ["tfactl backup /root/b", "tfactl key rotate"] {
        let refused = machine.fail(["sh", "-c", command]).text();
        assert!(refused.contains("are in etcd"), "{refused}");
    }

    // Without the lines, the database would have no record of alice.
    machine.succeed(["rm", DROP_IN]);
    machine.succeed(["systemctl", "restart", "tfad"]);
    machine.expect_in_journal(
        "tfad",
        "etcd.id shows that the accounts of this host are in etcd",
    );
    expect_refusal(&machine);
}

fn log_in(machine: &Machine, code: &str) {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(code);
    terminal.expect(SHELL);
}

/// Waits until the daemon has reached its store.
fn wait_until_served(machine: &Machine) {
    let serves =
        "until systemctl show -p StatusText --value tfad | grep -q '^Serving'; do sleep 0.2; done";
    let wait = machine.command(["sh", "-c", serves]);
    wait.within(Duration::from_secs(120)).succeed();
}

/// Kills a migration with SIGKILL after this time, unless it has ended. Nothing but the next login starts the
/// daemon again.
fn kill_migration(machine: &Machine, to: &str, seconds: &str) {
    let killed = format!(
        "(echo; sleep 20) | timeout -s KILL {seconds} /usr/sbin/tfad --task migrate --to {to} >/dev/null; true"
    );
    machine.succeed(["sh", "-c", &killed]);
}

/// A code that was used is refused, wherever the accounts are.
fn expect_used(machine: &Machine, code: &str) {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(code);
    terminal.expect(USED);
}

#[test]
fn accounts_move_to_etcd_and_back_through_kills() {
    let machine = host_with_etcd(Suite::Bookworm);
    machine.add_user("alice", PASSWORD);
    let alice = set_up(&machine, "alice", PASSWORD);
    let mut code = alice.phone.next_unused();
    log_in(&machine, &code);
    let to_etcd = [
        "1 record is in etcd now",
        "accounts are in etcd now",
        "in etcd already",
    ];
    let to_sqlite = [
        "1 record is in the database",
        "accounts are in the database",
        "in its database already",
    ];
    for (to, words, pattern) in [
        ("etcd", to_etcd, "etcd.id"),
        ("sqlite", to_sqlite, "accounts.db"),
    ] {
        for seconds in ["0.02", "0.1", "0.3"] {
            kill_migration(&machine, to, seconds);
            expect_used(&machine, &code);
            code = alice.phone.next_unused();
            log_in(&machine, &code);
        }
        // On a fast host the last kill may have come too late.
        let migrate = format!("tfactl store migrate --to {to} 2>&1 || true");
        let moved = machine.succeed(["sh", "-c", &migrate]);
        assert!(words.iter().any(|word| moved.contains(word)), "{moved}");
        machine.succeed(["test", "-e", &format!("/var/lib/tfa/{pattern}")]);
        let named = machine.succeed(["cat", DROP_IN]);
        assert!(named.contains(&format!("kind = \"{to}\"")), "{named}");
        // A start as after a boot.
        machine.succeed(["systemctl", "restart", "tfad"]);
        expect_used(&machine, &code);
        code = alice.phone.next_unused();
        log_in(&machine, &code);
    }
    machine.succeed(["tfactl", "backup", "/root/b"]);
    let files = machine.succeed(["ls", "/var/lib/tfa"]);
    assert!(files.contains("accounts.db.moved-"), "{files}");
    for left in ["etcd.id", "etcd.next", "sqlite.next", "sqlite.here"] {
        assert!(!files.contains(left), "{files}");
    }
}
