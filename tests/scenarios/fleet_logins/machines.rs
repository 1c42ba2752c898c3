//! The machines of a fleet: verifiers and members, with certificates of one authority, and cables between them.

use tfa_tests::Machine;

use crate::users::PASSWORD;

/// Where the authority of the fleet has its files, on the first verifier.
const AUTHORITY: &str = "
    set -e
    mkdir -p /root/ca
    cd /root/ca
    printf '[req]\\ndistinguished_name = dn\\n[dn]\\n' >config
    openssl req -config config -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \\
        -keyout ca.key -out ca.pem -subj /CN=fleet -addext basicConstraints=critical,CA:TRUE";

/// Makes the certificate of a host: its name, and its purposes.
const CERTIFY: &str = "
    set -e
    cd /root/ca
    openssl req -config config -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \\
        -CA ca.pem -CAkey ca.key -keyout \"$1.key\" -out \"$1.pem\" -subj \"/CN=$1\" \\
        -addext \"subjectAltName=DNS:$1\" -addext \"extendedKeyUsage=$2\" \\
        -addext basicConstraints=critical,CA:FALSE";

/// A machine with both packages, alice, and a certificate directory.
pub(crate) fn host(packages: &[&str]) -> Machine {
    let machine = Machine::boot_with(packages);
    machine.install_fleet();
    machine.add_user("alice", PASSWORD);
    machine.offer_questions();
    machine
}

/// Makes an authority on a machine.
pub(crate) fn make_authority(machine: &Machine) {
    machine.succeed(["sh", "-c", AUTHORITY]);
}

/// The files of a certificate.
pub(crate) struct Certificate {
    pub(crate) ca: String,
    host: String,
    key: String,
}

/// Has the authority on a machine certify a host: `clientAuth` for a member, `serverAuth` for a verifier.
pub(crate) fn certify(authority: &Machine, name: &str, purposes: &str) -> Certificate {
    certify_for(authority, name, &format!("DNS:{name}"), purposes)
}

/// The same, with other names in the certificate.
fn certify_for(authority: &Machine, name: &str, names: &str, purposes: &str) -> Certificate {
    let script = CERTIFY.replace("DNS:$1", names);
    authority.succeed(["sh", "-c", &script, "sh", name, purposes]);
    let read = |file: &str| authority.read_file(&format!("/root/ca/{file}"));
    Certificate {
        ca: read("ca.pem"),
        host: read(&format!("{name}.pem")),
        key: read(&format!("{name}.key")),
    }
}

/// Starts `tfa-fleet` with a certificate and these further lines.
pub(crate) fn start_fleet(machine: &Machine, certificate: &Certificate, lines: &str) {
    write_certificate(machine, certificate);
    let config = format!(
        "ca = '/etc/tfa/fleet/ca.pem'\ncertificate = '/etc/tfa/fleet/host.pem'\n\
         key = '/etc/tfa/fleet/key.pem'\n{lines}\n"
    );
    machine.write_file("/etc/tfa/tfa-fleet.toml", config);
    machine.succeed(["systemctl", "enable", "tfa-fleet"]);
    machine.succeed(["systemctl", "restart", "tfa-fleet"]);
}

/// Writes the files of a certificate.
pub(crate) fn write_certificate(machine: &Machine, certificate: &Certificate) {
    machine.succeed(["mkdir", "-p", "/etc/tfa/fleet"]);
    machine.write_file("/etc/tfa/fleet/ca.pem", certificate.ca.as_str());
    machine.write_file("/etc/tfa/fleet/host.pem", certificate.host.as_str());
    machine.write_file("/etc/tfa/fleet/key.pem", certificate.key.as_str());
    machine.succeed(["chown", "tfa-fleet:", "/etc/tfa/fleet/key.pem"]);
    machine.succeed(["chmod", "600", "/etc/tfa/fleet/key.pem"]);
}

/// Gives a machine its role, beside its policy.
pub(crate) fn take_role(machine: &Machine, role: &str) {
    let lines = format!("[fleet]\nrole = \"{role}\"\n");
    machine.write_file("/etc/tfa/tfad.toml.d/fleet.toml", lines);
    machine.succeed(["systemctl", "restart", "tfad"]);
}

/// What a verifier of [`Fleet`] has in `tfa-fleet.toml`.
pub(crate) const LINES_OF_VERIFIER: &str = "listen = ['[::]:7443']";

/// What a member of [`Fleet`] has there.
pub(crate) fn lines_of_member(number: u8) -> String {
    format!("verifiers = ['v1.test:7443']\naddresses = {{ 'v1.test' = '10.9.{number}.1' }}")
}

/// One verifier with its database, and two members.
pub(crate) struct Fleet {
    pub(crate) verifier: Machine,
    pub(crate) members: [Machine; 2],
}

impl Fleet {
    /// Boots them, and waits until the members are connected.
    pub(crate) fn boot() -> Self {
        Self::boot_with(&["openssl"])
    }

    /// The same with these packages on the members.
    pub(crate) fn boot_with(packages: &[&str]) -> Self {
        let verifier = host(&["openssl"]);
        make_authority(&verifier);
        let certificate = certify(&verifier, "v1.test", "serverAuth,clientAuth");
        start_fleet(&verifier, &certificate, LINES_OF_VERIFIER);
        take_role(&verifier, "verifier");
        let member = |number: u8| {
            let machine = host(packages);
            let address = format!("10.9.{number}.1");
            verifier.connect(&address, &machine, &format!("10.9.{number}.2"));
            let certificate = certify(&verifier, &format!("web{number}.test"), "clientAuth");
            start_fleet(&machine, &certificate, &lines_of_member(number));
            machine.expect_in_journal("tfa-fleet", "connected to v1.test");
            take_role(&machine, "member");
            machine
        };
        let members = [member(1), member(2)];
        Self { verifier, members }
    }
}

/// The address of the etcd that both verifiers share, on the second one.
const ETCD: &str = "10.9.3.2";

/// The command of etcd on the second verifier.
pub(super) const ETCDCTL: &str = "ETCDCTL_API=3 etcdctl --endpoints https://10.9.3.2:2379 --cacert /etc/etcd/ca.pem \
     --cert /etc/etcd/pem --key /etc/etcd/key";

/// The accounts are in etcd.
const IN_ETCD: &str = "[store]\nkind = \"etcd\"\n";

/// Certifies etcd at these addresses.
pub(crate) fn certify_etcd(authority: &Machine, addresses: &[&str]) -> Certificate {
    let mut names = "DNS:etcd.test".to_owned();
    for address in addresses {
        names += &format!(",IP:{address}");
    }
    certify_for(authority, "etcd.test", &names, "serverAuth,clientAuth")
}

/// Starts etcd at an address with a certificate, and has it ask for one. `more` are further settings.
pub(crate) fn start_etcd(machine: &Machine, address: &str, certificate: &Certificate, more: &str) {
    let Certificate { ca, host, key } = certificate;
    for (file, text) in [("ca.pem", ca), ("pem", host), ("key", key)] {
        machine.write_file(&format!("/etc/etcd/{file}"), text.as_str());
    }
    machine.succeed(["sh", "-c", "chown -R etcd: /etc/etcd"]);
    let environment = format!(
        "ETCD_LISTEN_CLIENT_URLS=https://{address}:2379\nETCD_ADVERTISE_CLIENT_URLS=https://{address}:2379\n\
         ETCD_CERT_FILE=/etc/etcd/pem\nETCD_KEY_FILE=/etc/etcd/key\n\
         ETCD_TRUSTED_CA_FILE=/etc/etcd/ca.pem\nETCD_CLIENT_CERT_AUTH=true\n{more}"
    );
    machine.write_file("/etc/default/etcd", environment);
    machine.succeed(["systemctl", "restart", "etcd", "--no-block"]);
}

/// The lines of a verifier's `tfa-fleet.toml`, with etcd at these addresses.
pub(crate) fn lines_with_etcd(addresses: &[&str]) -> String {
    let endpoints: Vec<_> = addresses
        .iter()
        .map(|it| format!("'https://{it}:2379'"))
        .collect();
    format!(
        "listen = ['[::]:7443']\n[etcd]\nendpoints = [{}]\n\
         ca = '/etc/tfa/fleet/ca.pem'\ncertificate = '/etc/tfa/fleet/host.pem'\n\
         key = '/etc/tfa/fleet/key.pem'",
        endpoints.join(", ")
    )
}

/// Makes hosts, of which the first is the authority, the verifiers of one store in etcd.
pub(crate) fn become_verifiers(verifiers: &[(&Machine, &str)], lines: &str) {
    let Some(((first, _), others)) = verifiers.split_first() else {
        return;
    };
    for (machine, name) in verifiers {
        let certificate = certify(first, name, "serverAuth,clientAuth");
        start_fleet(machine, &certificate, lines);
        machine.expect_in_journal("tfa-fleet", "connected to etcd");
        machine.write_file("/etc/tfa/tfad.toml.d/store.toml", IN_ETCD);
    }
    take_role(first, "verifier");
    first.expect_in_journal("tfad", "a new store was made in etcd");
    // Each verifier needs the key of the store.
    let key = first.succeed(["sh", "-c", "base64 /var/lib/tfa/key"]);
    for (machine, _) in others {
        machine.succeed(["systemctl", "stop", "tfad"]);
        let keep = "base64 -d >/var/lib/tfa/key && chmod 600 /var/lib/tfa/key";
        machine
            .command(["sh", "-c", keep])
            .stdin(key.clone())
            .succeed();
        let clear = "rm -f /var/lib/tfa/accounts.db* /var/lib/tfa/key.id";
        machine.succeed(["sh", "-c", clear]);
        take_role(machine, "verifier");
    }
}

/// Two verifiers that share an etcd, and a member of both.
pub(crate) fn two_verifiers_and_a_member() -> ([Machine; 2], Machine) {
    const PACKAGES: &[&str] = &["openssl", "etcd-server", "etcd-client", "nftables"];
    let (v1, v2, member) = (host(PACKAGES), host(PACKAGES), host(&["openssl"]));
    v1.connect("10.9.3.1", &v2, ETCD);
    v1.connect("10.9.1.1", &member, "10.9.1.2");
    v2.connect("10.9.2.1", &member, "10.9.2.2");
    make_authority(&v1);
    start_etcd(&v2, ETCD, &certify_etcd(&v1, &[ETCD]), "");
    become_verifiers(
        &[(&v1, "v1.test"), (&v2, "v2.test")],
        &lines_with_etcd(&[ETCD]),
    );
    let lines = "verifiers = ['v1.test:7443', 'v2.test:7443']\n\
                 addresses = { 'v1.test' = '10.9.1.1', 'v2.test' = '10.9.2.1' }";
    start_fleet(&member, &certify(&v1, "web1.test", "clientAuth"), lines);
    member.expect_in_journal("tfa-fleet", "connected to v1.test");
    member.expect_in_journal("tfa-fleet", "connected to v2.test");
    take_role(&member, "member");
    ([v1, v2], member)
}

/// Gives each of these machines one address, and a cable to each later one and to each of the others, by which both
/// reach these addresses. Returns of each cable the first machine, the interface, and the second machine: its place
/// among all.
pub(crate) fn lay_cables(
    addressed: &[(&Machine, &str)],
    others: &[&Machine],
) -> Vec<(usize, String, usize)> {
    for (machine, address) in addressed {
        machine.add_address(address);
    }
    let all = addressed
        .iter()
        .map(|(machine, address)| (*machine, Some(*address)));
    let all: Vec<_> = all
        .chain(others.iter().map(|machine| (*machine, None)))
        .collect();
    let mut cables = Vec::new();
    for (number, (machine, address)) in addressed.iter().enumerate() {
        let later = all.iter().enumerate().skip(number + 1);
        for (network, (place, (other, its_address))) in later.enumerate() {
            let network = 10 * (number + 1) + network;
            let (own, theirs) = (format!("10.8.{network}.1"), format!("10.8.{network}.2"));
            let interface = machine.connect(&own, other, &theirs);
            route(other, address, &own);
            if let Some(its_address) = its_address {
                route(machine, its_address, &theirs);
            }
            cables.push((number, interface, place));
        }
    }
    cables
}

fn route(machine: &Machine, address: &str, gateway: &str) {
    machine.succeed(["ip", "route", "add", address, "via", gateway]);
}
