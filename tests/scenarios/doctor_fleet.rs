//! The doctor on members and verifiers of a fleet.

use serde_json::Value;
use tfa_tests::Machine;

use crate::doctor::{README, finding, findings, is_silent, mend, wait_for};
use crate::fleet_logins::joining::{invite, verifier_and_members};
use crate::fleet_logins::machines::host;
use crate::users::{PASSWORD, set_up};

/// Sets a host up as the README says, with this name.
fn set_up_host(machine: &Machine, name: &str) {
    machine.succeed(["hostname", name]);
    machine.succeed(["rm", "/etc/ssh/sshd_config.d/00-questions.conf"]);
    machine.configure_sshd("tfa", README);
}

/// The finding of this id among others.
#[track_caller]
fn among(machine: &Machine, severity: &str, id: &str) -> Value {
    let output = machine.run(["tfactl", "doctor", "--json"]);
    let findings = findings(&output.stdout);
    let found = findings.iter().find(|one| one["id"] == id);
    let found = found.unwrap_or_else(|| panic!("{id}: {findings:#?}"));
    assert_eq!(found["severity"], severity, "{found}");
    found.clone()
}

/// Waits until tfa-fleet of a member has a verifier, or has none.
#[track_caller]
fn is_connected(member: &Machine, id: &str, expected: bool) {
    let grep = format!("tfactl doctor --json --only {id} | grep -q '\"id\": \"{id}\"'");
    let wait = if expected {
        format!("! ( {grep} )")
    } else {
        grep
    };
    wait_for(member, &wait);
}

#[test]
fn healthy_hosts_of_a_fleet_have_no_finding_and_faults_are_found() {
    let (verifier, [web1, _web2]) = verifier_and_members();
    set_up(&verifier, "alice", PASSWORD);
    set_up_host(&verifier, "v1.test");
    is_silent(&verifier);
    let token = invite(&verifier, "web1.test");
    web1.command(["tfactl", "join"]).stdin(token).succeed();
    set_up_host(&web1, "web1.test");
    is_silent(&web1);
    let policy = web1.run(["tfactl", "doctor"]).text();
    assert!(policy.contains("the policy of this member"), "{policy}");

    // The program.
    web1.succeed(["systemctl", "stop", "tfa-fleet"]);
    let found = finding(&web1, "lock-out", "fleet-not-running");
    web1.succeed(["sh", "-c", found["commands"][0].as_str().unwrap()]);
    is_connected(&web1, "fleet-no-verifier", true);
    web1.succeed(["systemctl", "disable", "tfa-fleet"]);
    let found = finding(&web1, "lock-out", "fleet-not-enabled");
    mend(&web1, &found);
    is_silent(&web1);

    // Its files.
    let config = web1.read_file("/etc/tfa/tfa-fleet.toml");
    web1.write_file(
        "/etc/tfa/tfa-fleet.toml",
        format!("{config}verifers = []\n"),
    );
    let found = finding(&web1, "lock-out", "fleet-config-error");
    assert!(
        found["what"].as_str().unwrap().contains("line 3"),
        "{found}"
    );
    web1.write_file("/etc/tfa/tfa-fleet.toml", config);
    web1.succeed(["chmod", "666", "/etc/tfa/tfa-fleet.toml"]);
    among(&web1, "hole", "fleet-file-writable");
    web1.succeed(["chmod", "644", "/etc/tfa/tfa-fleet.toml"]);
    web1.succeed(["chown", "root:", "/var/lib/tfa-fleet/host.pem"]);
    let found = finding(&web1, "lock-out", "fleet-certificate-unusable");
    assert_eq!(found["place"], "/var/lib/tfa-fleet/host.pem");
    web1.succeed(["chown", "tfa-fleet:", "/var/lib/tfa-fleet/host.pem"]);
    is_silent(&web1);

    // The name, an old database, and the role.
    web1.succeed(["hostname", "db1"]);
    let found = finding(&web1, "advice", "fleet-name-differs");
    mend(&web1, &found);
    web1.succeed(["touch", "/var/lib/tfa/accounts.db"]);
    finding(&web1, "risk", "fleet-old-accounts");
    web1.succeed(["rm", "/var/lib/tfa/accounts.db"]);
    let drop_in = "/etc/tfa/tfad.toml.d/fleet.toml";
    let role = web1.read_file(drop_in);
    web1.succeed(["rm", drop_in]);
    among(&web1, "lock-out", "fleet-mark-differs");
    web1.write_file(drop_in, role);
    is_silent(&web1);

    // The verifier.
    verifier.succeed(["systemctl", "stop", "tfa-fleet"]);
    is_connected(&web1, "fleet-no-verifier", false);
    finding(&web1, "lock-out", "fleet-no-verifier");
    verifier.succeed(["systemctl", "start", "tfa-fleet"]);
    is_connected(&web1, "fleet-no-verifier", true);
    is_silent(&web1);
    verifier.succeed(["tfactl", "host", "remove", "web1.test"]);
    is_silent(&web1);
    let terminal = web1.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    is_connected(&web1, "fleet-host-refused", false);
    let found = finding(&web1, "lock-out", "fleet-host-refused");
    let what = found["what"].as_str().unwrap();
    assert!(
        what.contains("v1.test") && what.contains("removed"),
        "{what}"
    );
    verifier.succeed(["rm", "/run/tfa/fleet"]);
    finding(&verifier, "lock-out", "fleet-socket-missing");
}

/// etcd of Debian, as it listens after its installation.
#[test]
fn etcd_that_is_open_or_down_is_found_on_its_verifier() {
    let verifier = host(&["openssl", "etcd-server"]);
    let made = verifier.succeed(["tfactl", "fleet", "init", "--name", "v1.test"]);
    assert!(made.contains("v1.test is its first verifier"), "{made}");
    set_up_host(&verifier, "v1.test");
    let more = "[etcd]\nendpoints = ['http://127.0.0.1:2379']\n";
    let config = verifier.read_file("/etc/tfa/tfa-fleet.toml");
    verifier.write_file("/etc/tfa/tfa-fleet.toml", format!("{config}{more}"));
    verifier.succeed(["systemctl", "restart", "tfa-fleet"]);
    verifier.expect_in_journal("tfa-fleet", "connected to etcd");
    verifier.write_file(
        "/etc/tfa/tfad.toml.d/store.toml",
        "[store]\nkind = \"etcd\"\n",
    );
    verifier.succeed(["sh", "-c", "rm -f /var/lib/tfa/accounts.db*"]);
    verifier.succeed(["systemctl", "restart", "tfad"]);
    verifier.expect_in_journal("tfad", "a new store was made in etcd");
    among(&verifier, "risk", "etcd-open");
    verifier.succeed(["systemctl", "stop", "etcd"]);
    is_connected(&verifier, "etcd-unreachable", false);
    among(&verifier, "lock-out", "etcd-unreachable");
}
