//! Machines with a directory, and the parts of it that fail.

use tfa_tests::Machine;

use crate::users::PASSWORD;

/// Debian's packages of a directory: the server and the client.
const PACKAGES: &[&str] = &[
    "slapd",
    "ldap-utils",
    "nslcd",
    "libnss-ldapd",
    "libpam-ldapd",
];

/// The configuration of the server.
const SERVER: &str = "\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile /run/slapd/slapd.pid
database mdb
directory /var/lib/ldap
suffix dc=example
rootdn cn=admin,dc=example
rootpw admin
access to attrs=userPassword by anonymous auth by * none
access to * by * read
";

/// The configuration of the client. It retries a failed server after one second instead of ten.
const CLIENT: &str = "\
uid nslcd
gid nslcd
uri ldap://127.0.0.1/
base dc=example
reconnect_sleeptime 1
reconnect_retrytime 1
";

/// Both units may be restarted without a limit, and the client stops without a delay of 15 seconds.
const SERVER_UNIT: &str = "[Unit]\nStartLimitIntervalSec=0\n";
const CLIENT_UNIT: &str = "\
[Unit]
StartLimitIntervalSec=0
[Service]
RemainAfterExit=no
ExecStop=
KillMode=control-group
KillSignal=KILL
";

/// Starts the server with its configuration and an empty directory.
const SERVE: &str = r#"
    set -e
    systemctl daemon-reload
    systemctl stop slapd.service
    rm -rf /etc/ldap/slapd.d /var/lib/ldap/*
    sed -i 's|^SLAPD_CONF=.*|SLAPD_CONF=/etc/ldap/slapd.conf|
        s|^SLAPD_SERVICES=.*|SLAPD_SERVICES=ldap://127.0.0.1/|' /etc/default/slapd
    systemctl start slapd.service"#;

/// Starts nslcd with its configuration, and adds the directory to the name services after the
/// files.
const ASK: &str = r#"
    set -e
    sed -i -E 's/^(passwd|group|shadow):.*/\1: files ldap/' /etc/nsswitch.conf
    systemctl restart nslcd.service"#;

/// Debian's packages of a directory with sssd as its client. They configure NSS and PAM.
const SSSD_PACKAGES: &[&str] = &[
    "slapd",
    "ldap-utils",
    "sssd-ldap",
    "libnss-sss",
    "libpam-sss",
];

/// The configuration of sssd.
const SSSD: &str = "\
[sssd]
services = nss, pam
domains = example
[domain/example]
id_provider = ldap
auth_provider = ldap
ldap_uri = ldap://127.0.0.1/
ldap_search_base = dc=example
ldap_auth_disable_tls_never_use_in_production = true
";

/// Starts sssd with an empty cache.
pub(super) const CLEAR_CACHE: &str = r#"
    set -e
    chmod 600 /etc/sssd/sssd.conf
    systemctl stop sssd.service
    rm -f /var/lib/sss/db/* /var/lib/sss/mc/*
    systemctl start sssd.service"#;

/// The root of the directory, and the primary group of all its users.
const TREE: &str = "\
dn: dc=example
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=ldapusers,dc=example
objectClass: posixGroup
cn: ldapusers
gidNumber: 20000
";

/// A part of the directory that can fail: the server, or the client on the machine.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// The client gets no reply.
    Server,
    /// The name service has no client.
    Client,
}

impl Part {
    fn unit(self) -> &'static str {
        match self {
            Self::Server => "slapd.service",
            Self::Client => "nslcd.service",
        }
    }
}

/// A point in a login over SSH.
#[derive(Debug, Clone, Copy)]
pub(super) enum Point {
    /// The password was right, and the module is next.
    AfterThePassword,
    /// The auth phase is over, with a code if one was asked for.
    BeforeTheAccountPhase,
}

/// A machine with the package and a directory. Its users `ldapuser` and `ldapadmin` have the
/// password [`PASSWORD`] and home directories. Both are in the group `ldapgroup`, and `ldapadmin`
/// also in `ldapadmins`. The files have none of them. sshd asks questions.
pub(super) fn machine_with_directory() -> Machine {
    let machine = Machine::boot_with(PACKAGES);
    machine.write_file("/etc/nslcd.conf", CLIENT);
    add_drop_in(&machine, "nslcd.service", CLIENT_UNIT);
    start_server(&machine);
    machine.succeed(["sh", "-c", ASK]);
    machine
}

/// The same with sssd as the client. It caches known users, so a failure of the server has no
/// immediate effect on them. It reports unknown users as absent.
pub(super) fn machine_with_sssd() -> Machine {
    let machine = Machine::boot_with(SSSD_PACKAGES);
    machine.write_file("/etc/sssd/sssd.conf", SSSD);
    start_server(&machine);
    machine.succeed(["sh", "-c", CLEAR_CACHE]);
    machine
}

/// Starts the server, and adds the users to the directory.
fn start_server(machine: &Machine) {
    machine.write_file("/etc/ldap/slapd.conf", SERVER);
    add_drop_in(machine, "slapd.service", SERVER_UNIT);
    machine.succeed(["sh", "-c", SERVE]);
    add_entries(machine, TREE);
    add_directory_user(machine, "ldapuser", 10001);
    add_directory_user(machine, "ldapadmin", 10002);
    add_directory_group(machine, "ldapgroup", 20001, &["ldapuser", "ldapadmin"]);
    add_directory_group(machine, "ldapadmins", 20002, &["ldapadmin"]);
    machine.offer_questions();
}

fn add_drop_in(machine: &Machine, unit: &str, lines: &str) {
    machine.write_file(
        &format!("/etc/systemd/system/{unit}.d/scenario.conf"),
        lines,
    );
}

/// Adds a user to the directory, with [`PASSWORD`], and creates the home directory.
pub(super) fn add_directory_user(machine: &Machine, name: &str, uid: u32) {
    add_entries(
        machine,
        &format!(
            "dn: uid={name},dc=example\n\
             objectClass: account\n\
             objectClass: posixAccount\n\
             objectClass: shadowAccount\n\
             uid: {name}\n\
             cn: {name}\n\
             uidNumber: {uid}\n\
             gidNumber: 20000\n\
             homeDirectory: /home/{name}\n\
             loginShell: /bin/bash\n\
             userPassword: {PASSWORD}\n"
        ),
    );
    let owner = format!("--owner={uid}");
    let home = format!("/home/{name}");
    machine.succeed(["install", "-d", "-m700", &owner, "--group=20000", &home]);
}

/// Adds a group to the directory.
pub(super) fn add_directory_group(machine: &Machine, name: &str, gid: u32, members: &[&str]) {
    let mut entry = format!(
        "dn: cn={name},dc=example\n\
         objectClass: posixGroup\n\
         cn: {name}\n\
         gidNumber: {gid}\n"
    );
    for member in members {
        entry.push_str(&format!("memberUid: {member}\n"));
    }
    add_entries(machine, &entry);
}

fn add_entries(machine: &Machine, ldif: &str) {
    let words = "ldapadd -x -H ldap://127.0.0.1/ -D cn=admin,dc=example -w admin";
    machine.command(words.split(' ')).stdin(ldif).succeed();
}

/// Stops a part of the directory.
pub(super) fn stop_part(machine: &Machine, part: Part) {
    machine.succeed(["systemctl", "stop", part.unit()]);
}

/// Starts it again, and waits until the machine finds the users of the directory.
pub(super) fn start_part(machine: &Machine, part: Part) {
    machine.succeed(["systemctl", "start", part.unit()]);
    const WAIT: &str = "until getent passwd ldapuser; do sleep 0.05; done";
    machine.succeed(["timeout", "30", "sh", "-c", WAIT]);
}

/// The PAM line that stops a part of the directory.
const FAILS: &str = "pam_exec.so quiet /usr/bin/systemctl stop";

/// Stops a part of the directory at this point of every login over SSH, until [`stop_failing`] is
/// called.
pub(super) fn fail_at(machine: &Machine, moment: Point, part: Part) {
    let line = format!("auth required {FAILS} {}", part.unit());
    let (file, edit) = match moment {
        Point::AfterThePassword => ("/etc/pam.d/common-auth", format!("/pam_tfa.so/i {line}")),
        Point::BeforeTheAccountPhase => (
            "/etc/pam.d/sshd",
            format!("/^@include common-auth/a {line}"),
        ),
    };
    machine.succeed(["sed", "-i", &edit, file]);
    assert!(machine.read_file(file).contains(&line));
}

/// Undoes [`fail_at`], and starts the directory again.
pub(super) fn stop_failing(machine: &Machine, part: Part) {
    let edit = format!("\\|{FAILS}|d");
    machine.succeed([
        "sed",
        "-i",
        &edit,
        "/etc/pam.d/common-auth",
        "/etc/pam.d/sshd",
    ]);
    start_part(machine, part);
}
