//! Three verifiers, each with a member of one etcd, and five members of the fleet. Each verifier has one address, which
//! all others reach by a cable of their own.

use std::thread;

use tfa_tests::Machine;

use crate::fleet_logins::is_served;
use crate::fleet_logins::machines::{
    become_verifiers, certify, certify_etcd, host, lay_cables, lines_with_etcd, make_authority,
    start_etcd, start_fleet, take_role,
};

const ADDRESSES: [&str; 3] = ["10.7.0.1", "10.7.0.2", "10.7.0.3"];
const VERIFIERS: [&str; 3] = ["v1.test", "v2.test", "v3.test"];
const MEMBERS: [&str; 5] = [
    "web1.test",
    "web2.test",
    "web3.test",
    "web4.test",
    "web5.test",
];

/// How etcdctl reaches the etcd of a machine.
pub(crate) const ETCDCTL: &str = ". /etc/default/etcd; ETCDCTL_API=3 etcdctl --cacert /etc/etcd/ca.pem \
                                  --cert /etc/etcd/pem --key /etc/etcd/key \
                                  --endpoints \"$ETCD_ADVERTISE_CLIENT_URLS\"";

/// A host of the fleet.
pub(crate) struct Host {
    pub(crate) name: &'static str,
    pub(crate) machine: Machine,
}

/// A cable of a verifier: which one, its interface, and what is at its other end.
pub(crate) struct Cable {
    pub(crate) verifier: usize,
    pub(crate) interface: String,
    pub(crate) other: &'static str,
}

/// The fleet.
pub(crate) struct Cluster {
    pub(crate) verifiers: Vec<Host>,
    pub(crate) members: Vec<Host>,
    pub(crate) cables: Vec<Cable>,
}

impl Cluster {
    /// Boots it, and waits until each member is connected with each verifier.
    pub(crate) fn boot() -> Self {
        let verifiers = boot_all(
            &VERIFIERS,
            &["openssl", "etcd-server", "etcd-client", "nftables"],
        );
        let members = boot_all(&MEMBERS, &["openssl"]);
        let mut cluster = Self {
            verifiers,
            members,
            cables: Vec::new(),
        };
        cluster.lay_cables();
        cluster.start_etcd();
        let verifiers: Vec<_> = cluster
            .verifiers
            .iter()
            .map(|it| (&it.machine, it.name))
            .collect();
        become_verifiers(&verifiers, &lines_with_etcd(&ADDRESSES));
        for host in &cluster.verifiers {
            // A jump must not restart the daemon.
            host.machine.attach_clock();
            is_served(&host.machine);
        }
        cluster.start_members();
        for host in &cluster.members {
            host.machine.attach_clock();
        }
        cluster
    }

    fn lay_cables(&mut self) {
        let verifiers = self.verifiers.iter().zip(ADDRESSES);
        let verifiers: Vec<_> = verifiers
            .map(|(host, address)| (&host.machine, address))
            .collect();
        let members: Vec<_> = self.members.iter().map(|host| &host.machine).collect();
        let hosts = self.verifiers.iter().chain(&self.members);
        let names: Vec<&'static str> = hosts.map(|host| host.name).collect();
        let cables = lay_cables(&verifiers, &members).into_iter();
        self.cables = cables
            .map(|(verifier, interface, other)| Cable {
                verifier,
                interface,
                other: names[other],
            })
            .collect();
    }

    fn start_etcd(&self) {
        let authority = &self.verifiers[0].machine;
        make_authority(authority);
        let certificate = certify_etcd(authority, &ADDRESSES);
        let peer =
            |number: usize| format!("{}=http://{}:2380", VERIFIERS[number], ADDRESSES[number]);
        let all = [peer(0), peer(1), peer(2)].join(",");
        for (number, host) in self.verifiers.iter().enumerate() {
            // A disk that can be full.
            let disk = "systemctl stop etcd; rm -rf /var/lib/etcd/*; \
                        mount -t tmpfs -o size=256m,uid=etcd,mode=700 tmpfs /var/lib/etcd";
            host.machine.succeed(["sh", "-c", disk]);
            let url = format!("http://{}:2380", ADDRESSES[number]);
            let settings = format!(
                "ETCD_NAME={}\nETCD_LISTEN_PEER_URLS={url}\nETCD_INITIAL_ADVERTISE_PEER_URLS={url}\n\
                 ETCD_INITIAL_CLUSTER={all}\nETCD_HEARTBEAT_INTERVAL=150\nETCD_ELECTION_TIMEOUT=1500\n",
                host.name
            );
            start_etcd(&host.machine, ADDRESSES[number], &certificate, &settings);
        }
        let healthy = format!("until {ETCDCTL} endpoint health; do sleep 0.3; done");
        for host in &self.verifiers {
            host.machine.succeed(["bash", "-c", &healthy]);
        }
    }

    fn start_members(&self) {
        let quoted: Vec<_> = VERIFIERS
            .iter()
            .map(|name| format!("'{name}:7443'"))
            .collect();
        let named = VERIFIERS.iter().zip(ADDRESSES);
        let named: Vec<_> = named
            .map(|(name, address)| format!("'{name}' = '{address}'"))
            .collect();
        let (verifiers, addresses) = (quoted.join(", "), named.join(", "));
        let lines = format!("verifiers = [{verifiers}]\naddresses = {{ {addresses} }}");
        for Host { name, machine } in &self.members {
            let certificate = certify(&self.verifiers[0].machine, name, "clientAuth");
            start_fleet(machine, &certificate, &lines);
            take_role(machine, "member");
        }
        for Host { machine, .. } in &self.members {
            for verifier in VERIFIERS {
                machine.expect_in_journal("tfa-fleet", &format!("connected to {verifier}"));
            }
        }
    }
}

fn boot_all(names: &[&'static str], packages: &[&str]) -> Vec<Host> {
    thread::scope(|scope| {
        let boot = |name: &&'static str| {
            let name = *name;
            scope.spawn(move || Host {
                name,
                machine: host(packages),
            })
        };
        let booting: Vec<_> = names.iter().map(boot).collect();
        booting.into_iter().map(|one| one.join().unwrap()).collect()
    })
}
