//! The machines of the fleet: one host with its own accounts, a verifier with a database and its member, etcd, three
//! verifiers with accounts in etcd, two members of the first of them, and two of all three.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use tfa_tests::{Machine, OrFail};

use super::authority::{Authority, Issued, Purpose};
use super::namespace;
use crate::{layout, machine};

/// The port of verifiers.
const PORT: u16 = 7443;
/// Three, as in an etcd that survives the loss of one.
const VERIFIERS: u8 = 3;
const FOLDER: &str = "/etc/tfa/fleet";
/// The lines of sshd's file on Debian.
const SERVICE_FILE: &str = "\
@include common-auth
account required pam_nologin.so
@include common-account
session required pam_loginuid.so
session optional pam_keyinit.so force revoke
@include common-session
session optional pam_motd.so motd=/run/motd.dynamic
session optional pam_mail.so standard noenv
session required pam_limits.so
session required pam_env.so
@include common-password
";
/// The state directory of the daemon.
pub(crate) const STATE: &str = "/var/lib/tfa";
/// The quota of etcd in bytes: the largest that its manual suggests.
pub(crate) const QUOTA: u64 = 8 << 30;

/// The booted machines.
pub(crate) struct FleetMachines {
    /// One host with its accounts in a database.
    pub(crate) alone: Machine,
    /// A verifier with its accounts in a database.
    pub(crate) database_verifier: Machine,
    pub(crate) database_member: Machine,
    pub(crate) etcd: Machine,
    /// Verifiers with accounts in etcd.
    pub(crate) verifiers: Vec<Machine>,
    /// Members of the first verifier alone.
    pub(crate) members_of_one: Vec<Machine>,
    /// Members of all three.
    pub(crate) members_of_all: Vec<Machine>,
    /// The certificate of this program at etcd.
    pub(crate) etcd_client: Issued,
}

impl FleetMachines {
    /// Boots all, and waits until the members are connected. The accounts are none yet.
    pub(crate) fn boot(authority: &Authority, name_service: &Path) -> Self {
        let mut machines = boot_all();
        let mut next = || machines.remove(0);
        let fleet = Self {
            etcd: next(),
            alone: next(),
            database_verifier: next(),
            database_member: next(),
            verifiers: (0..VERIFIERS).map(|_| next()).collect(),
            members_of_one: vec![next(), next()],
            members_of_all: vec![next(), next()],
            etcd_client: authority.issue(&["etcd.test"], Purpose::Both),
        };
        for machine in fleet.hosts_of_users() {
            machine::add_name_service(machine, name_service);
        }
        fleet.lay_cables();
        fleet.start_etcd(authority);
        fleet.start_verifiers(authority);
        fleet.start_members(authority);
        fleet
    }

    /// The address of a verifier, for all that reach it.
    pub(crate) fn verifier_address(number: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([10, 7, 0, number + 1], port))
    }

    pub(crate) fn etcd_address() -> SocketAddr {
        SocketAddr::from(([10, 7, 0, 10], 2379))
    }

    /// The name of a verifier.
    pub(crate) fn verifier_name(number: u8) -> String {
        format!("v{}.test", number + 1)
    }

    fn hosts_of_users(&self) -> impl Iterator<Item = &Machine> {
        let one_each = [&self.alone, &self.database_member];
        let members = self.members_of_one.iter().chain(&self.members_of_all);
        one_each.into_iter().chain(members)
    }

    fn lay_cables(&self) {
        let mut network = 0;
        let mut lay = |to: &Machine, address: SocketAddr, from: &Machine| {
            network += 1;
            let (own, theirs) = (format!("10.8.{network}.1"), format!("10.8.{network}.2"));
            to.connect(&own, from, &theirs);
            let address = address.ip().to_string();
            from.succeed(["ip", "route", "add", &address, "via", &own]);
        };
        let etcd = Self::etcd_address();
        self.etcd.add_address(&etcd.ip().to_string());
        for (verifier, number) in self.verifiers.iter().zip(0..) {
            let address = Self::verifier_address(number, PORT);
            verifier.add_address(&address.ip().to_string());
            lay(&self.etcd, etcd, verifier);
            let of_one = self.members_of_one.iter().filter(|_| number == 0);
            for member in of_one.chain(&self.members_of_all) {
                lay(verifier, address, member);
            }
        }
        let first = Self::verifier_address(0, PORT);
        let verifier = &self.database_verifier;
        verifier.add_address(&first.ip().to_string());
        lay(verifier, first, &self.database_member);
    }

    fn start_etcd(&self, authority: &Authority) {
        let address = Self::etcd_address();
        let names = ["etcd.test", &address.ip().to_string()];
        let issued = authority.issue(&names, Purpose::Both);
        authority.write(&self.etcd, "/etc/etcd", &issued, "etcd");
        let environment = format!(
            "ETCD_LISTEN_CLIENT_URLS=https://{address}\nETCD_ADVERTISE_CLIENT_URLS=https://{address}\n\
             ETCD_CERT_FILE=/etc/etcd/host.pem\nETCD_KEY_FILE=/etc/etcd/key.pem\n\
             ETCD_TRUSTED_CA_FILE=/etc/etcd/ca.pem\nETCD_CLIENT_CERT_AUTH=true\n\
             ETCD_QUOTA_BACKEND_BYTES={QUOTA}\n"
        );
        self.etcd.write_file("/etc/default/etcd", environment);
        self.etcd.succeed(["systemctl", "restart", "etcd"]);
    }

    fn start_verifiers(&self, authority: &Authority) {
        let listen = format!("listen = ['[::]:{PORT}']\n");
        start_fleet(authority, &self.database_verifier, "v1.test", &listen);
        take_role(&self.database_verifier, "verifier");
        let with_etcd = format!(
            "{listen}[etcd]\nendpoints = ['https://{}']\nca = '{FOLDER}/ca.pem'\n\
             certificate = '{FOLDER}/host.pem'\nkey = '{FOLDER}/key.pem'\n",
            Self::etcd_address()
        );
        for (verifier, number) in self.verifiers.iter().zip(0..) {
            let name = Self::verifier_name(number);
            start_fleet(authority, verifier, &name, &with_etcd);
            verifier.expect_in_journal("tfa-fleet", "connected to etcd");
            let store = "[store]\nkind = \"etcd\"\n";
            verifier.write_file("/etc/tfa/tfad.toml.d/store.toml", store);
            verifier.succeed(["systemctl", "stop", "tfad"]);
            clear_state(verifier);
            if number > 0 {
                self.copy_key(verifier);
            }
            take_role(verifier, "verifier");
            if number == 0 {
                verifier.expect_in_journal("tfad", "a new store was made in etcd");
            }
        }
    }

    /// Each verifier needs the key of the store.
    fn copy_key(&self, verifier: &Machine) {
        let key = format!("{STATE}/key");
        let from = self.verifiers[0].path_on_host(&key);
        fs::copy(from, verifier.path_on_host(&key)).or_fail("copy the key of the store");
    }

    fn start_members(&self, authority: &Authority) {
        let start = |machine: &Machine, name: &str, verifiers: u8| {
            let (mut names, mut addresses) = (Vec::new(), Vec::new());
            for number in 0..verifiers {
                let name = Self::verifier_name(number);
                let address = Self::verifier_address(number, PORT).ip();
                names.push(format!("'{name}:{PORT}'"));
                addresses.push(format!("'{name}' = '{address}'"));
            }
            let lines = format!(
                "verifiers = [{}]\naddresses = {{ {} }}\n",
                names.join(", "),
                addresses.join(", ")
            );
            start_fleet(authority, machine, name, &lines);
            for number in 0..verifiers {
                let connected = format!("connected to {}", Self::verifier_name(number));
                machine.expect_in_journal("tfa-fleet", &connected);
            }
            take_role(machine, "member");
        };
        start(&self.database_member, "database.test", 1);
        for (number, machine) in self.members_of_one.iter().enumerate() {
            start(machine, &format!("one{number}.test"), 1);
        }
        for (number, machine) in self.members_of_all.iter().enumerate() {
            start(machine, &format!("all{number}.test"), VERIFIERS);
        }
    }

    /// Runs something in the network of a member of the first verifier.
    pub(crate) fn beside_a_member<T: Send>(&self, run: impl FnOnce() -> T + Send) -> T {
        namespace::inside(&self.members_of_one[0], run)
    }
}

/// Boots etcd's machine, and ten others with both packages.
fn boot_all() -> Vec<Machine> {
    // The layers are made once, not by each of the machines.
    let etcd = Machine::boot_bare_with(&["etcd-server"]);
    let first = boot_host();
    let others: Vec<_> = thread::scope(|scope| {
        let booting: Vec<_> = (0..9).map(|_| scope.spawn(boot_host)).collect();
        let booted = booting.into_iter().map(|one| one.join().ok());
        booted.map(|one| one.or_fail("boot a machine")).collect()
    });
    [etcd, first].into_iter().chain(others).collect()
}

fn boot_host() -> Machine {
    let machine = Machine::boot();
    let package = "/root/tfa-fleet.deb";
    machine.write_file(package, machine::fleet_package());
    machine
        .command(["apt-get", "--yes", "install", package])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .within(Duration::from_secs(180))
        .succeed();
    // A member reads the file of the service, and keeps what it says.
    let service = format!("/etc/pam.d/{}", layout::LOAD_SERVICE);
    machine.write_file(&service, SERVICE_FILE);
    machine
}

/// Starts `tfa-fleet` with a certificate and these further lines.
fn start_fleet(authority: &Authority, machine: &Machine, name: &str, lines: &str) {
    let purpose = match lines.contains("listen") {
        true => Purpose::Both,
        false => Purpose::Client,
    };
    let issued = authority.issue(&[name], purpose);
    authority.write(machine, FOLDER, &issued, "tfa-fleet");
    let config = format!(
        "ca = '{FOLDER}/ca.pem'\ncertificate = '{FOLDER}/host.pem'\nkey = '{FOLDER}/key.pem'\n{lines}"
    );
    machine.write_file("/etc/tfa/tfa-fleet.toml", config);
    machine.succeed(["systemctl", "enable", "--now", "tfa-fleet"]);
}

fn take_role(machine: &Machine, role: &str) {
    let lines = format!("[fleet]\nrole = \"{role}\"\n");
    machine.write_file("/etc/tfa/tfad.toml.d/fleet.toml", lines);
    machine.succeed(["systemctl", "restart", "tfad"]);
}

/// Removes what the daemon has written before it had a role.
pub(crate) fn clear_state(machine: &Machine) {
    let clear = format!("rm -rf {STATE}/*");
    machine.succeed(["sh", "-c", &clear]);
}
