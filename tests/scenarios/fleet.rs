//! The package of the network part of a fleet, and the sandbox of its program.

use std::fs;
use std::time::Duration;

use tfa_tests::Machine;

use crate::package::package;

/// Makes an authority, and a certificate of it for v1.test.
pub(crate) const CERTIFICATES: &str = "
    set -e
    mkdir /etc/tfa/fleet
    cd /etc/tfa/fleet
    printf '[req]\\ndistinguished_name = dn\\n[dn]\\n' >config
    make() {
        openssl req -config config -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \"$@\"
    }
    make -keyout ca.key -out ca.pem -subj /CN=fleet -addext basicConstraints=critical,CA:TRUE
    make -CA ca.pem -CAkey ca.key -keyout key.pem -out host.pem -subj /CN=v1.test \\
        -addext subjectAltName=DNS:v1.test -addext extendedKeyUsage=serverAuth,clientAuth \\
        -addext basicConstraints=critical,CA:FALSE
    chown tfa-fleet: key.pem
    chmod 600 key.pem";

/// A verifier that is a member of itself.
const CONFIGURATION: &str = "
ca = '/etc/tfa/fleet/ca.pem'
certificate = '/etc/tfa/fleet/host.pem'
key = '/etc/tfa/fleet/key.pem'
listen = ['[::]:7443']
verifiers = ['v1.test:7443']
addresses = { 'v1.test' = '127.0.0.1' }
";

pub(crate) fn apt(machine: &Machine, words: &[&str]) {
    machine
        .command(["apt-get", "--yes"].iter().chain(words))
        .env("DEBIAN_FRONTEND", "noninteractive")
        .within(Duration::from_secs(180))
        .succeed();
}

/// A property of the unit.
fn property(machine: &Machine, name: &str) -> String {
    let words = ["systemctl", "show", "--value", "-p", name, "tfa-fleet"];
    machine.succeed(words).trim().to_owned()
}

#[test]
fn package_of_the_fleet_connects_in_its_sandbox_and_can_be_removed() {
    let machine = Machine::boot_with(&["openssl"]);
    let folder = package().parent().unwrap().join("fleet");
    let mut packages = fs::read_dir(folder).unwrap();
    let built = packages.next().unwrap().unwrap().path();
    machine.write_file("/root/tfa-fleet.deb", fs::read(built).unwrap());
    apt(&machine, &["install", "/root/tfa-fleet.deb"]);
    assert_eq!(property(&machine, "UnitFileState"), "disabled");
    assert_eq!(property(&machine, "ActiveState"), "inactive");

    machine.succeed(["sh", "-c", CERTIFICATES]);
    machine.write_file("/etc/tfa/tfa-fleet.toml", CONFIGURATION);
    machine.succeed(["systemctl", "enable", "--now", "tfa-fleet"]);
    machine.expect_in_journal("tfa-fleet", "connected to v1.test");

    let process = format!("/proc/{}/status", property(&machine, "MainPID"));
    let status = machine.succeed(["cat", &process]);
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().to_owned()
    };
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(line(set), "0000000000000000");
    }
    assert_eq!(line("NoNewPrivs:"), "1");
    let uid = machine.succeed(["id", "-u", "tfa-fleet"]);
    assert!(
        line("Uid:")
            .split_whitespace()
            .all(|used| used == uid.trim())
    );

    machine.succeed(["systemctl", "reload", "tfa-fleet"]);
    machine.expect_in_journal("tfa-fleet", "read the certificates again");
    machine.succeed(["systemctl", "stop", "tfa-fleet"]);
    assert_eq!(property(&machine, "Result"), "success");
    assert!(!machine.has_file("/run/tfa-fleet/call"));

    machine.succeed(["systemctl", "start", "tfa-fleet"]);
    apt(&machine, &["purge", "tfa-fleet"]);
    machine.fail(["pgrep", "-x", "tfa-fleet"]);
    machine.succeed(["systemctl", "is-active", "tfad"]);
    let running = machine.succeed(["systemctl", "is-system-running"]);
    assert_eq!(running.trim(), "running");
}
