//! tfa-fleet-setup(7), followed exactly on booted machines with a real etcd.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use tfa_tests::{Machine, Phone};

use crate::fleet_logins::is_served;
use crate::fleet_logins::machines::{host, lay_cables};
use crate::users::{PASSWORD, set_up, ssh_to_code_prompt};

/// Each host has a name of its own.
const SHELL: &str = ":~$";
/// Of the file for a further verifier.
const PASSPHRASE: &str = "correct horse battery staple";
pub(crate) const VERIFIERS: [(&str, &str); 3] = [
    ("v1", "192.0.2.1"),
    ("v2", "192.0.2.2"),
    ("v3", "192.0.2.3"),
];

/// A command of the page: the host, the command, and the lines that it prints.
struct Example {
    host: String,
    command: String,
    prints: Vec<String>,
}

/// The commands in a section of the page.
fn examples(section: &str) -> Vec<Example> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man/tfa-fleet-setup.7");
    let page = fs::read_to_string(path).unwrap().replace("\\e\n", "\\\n");
    let (_, rest) = page.split_once(&format!(".Ss {section}\n")).unwrap();
    let text = rest.split("\n.Ss ").next().unwrap();
    let text = text.split("\n.Sh ").next().unwrap();
    let mut examples: Vec<Example> = Vec::new();
    let mut is_literal = false;
    for line in text.replace("\\\n", "").lines() {
        match line {
            ".Bd -literal" => is_literal = true,
            ".Ed" => is_literal = false,
            _ if !is_literal => {}
            _ => match line.split_once("# ") {
                Some((host, command)) => examples.push(Example {
                    host: host.to_owned(),
                    command: command.to_owned(),
                    prints: Vec::new(),
                }),
                None => examples.last_mut().unwrap().prints.push(line.to_owned()),
            },
        }
    }
    assert!(
        examples.len() > 2,
        "{section} has {} commands",
        examples.len()
    );
    examples
}

/// The machines by the names of the page.
pub(crate) struct Fleet(BTreeMap<&'static str, Machine>);

impl Fleet {
    pub(crate) fn boot(verifiers: &[(&'static str, &str)], packages: &[&str]) -> Self {
        let mut machines = BTreeMap::new();
        thread::scope(|scope| {
            let names = verifiers.iter().map(|(name, _)| *name).chain(["web1"]);
            let booting: Vec<_> = names
                .map(|name| (name, scope.spawn(move || host(packages))))
                .collect();
            for (name, machine) in booting {
                machines.insert(name, machine.join().unwrap());
            }
        });
        let addressed: Vec<_> = verifiers
            .iter()
            .map(|(name, address)| (&machines[name], *address))
            .collect();
        lay_cables(&addressed, &[&machines["web1"]]);
        let lines = verifiers.iter();
        let lines: String = lines
            .map(|(name, address)| format!("{address} {name}.example\n"))
            .collect();
        for (name, machine) in &machines {
            let name = format!("{name}.example");
            machine.succeed(["hostnamectl", "hostname", &name]);
            let add = machine.command(["sh", "-c", "cat >>/etc/hosts"]);
            add.stdin(lines.clone()).succeed();
        }
        Self(machines)
    }

    pub(crate) fn machine(&self, name: &str) -> &Machine {
        &self.0[name]
    }

    /// Copies a file that the page says to copy: a command of another host names it.
    pub(crate) fn copy(&self, command: &str, to: &str) {
        let machine = self.machine(to);
        for word in command.split(' ') {
            let name = word.rsplit('/').next().unwrap();
            let is_of_etcd = name.ends_with(".etcd.sh");
            if to == "v1" || !(is_of_etcd || name.ends_with(".invite")) {
                continue;
            }
            let folder = if is_of_etcd {
                "/root/tfa-etcd"
            } else {
                "/root"
            };
            let read = format!("base64 {folder}/{name}");
            let bytes = self.machine("v1").succeed(["sh", "-c", &read]);
            let write = format!("umask 077; base64 -d >/root/{name}");
            machine.command(["sh", "-c", &write]).stdin(bytes).succeed();
        }
    }

    /// Runs the commands of a section, each on a terminal, and expects what the page says.
    pub(crate) fn follow(&self, section: &str) {
        self.follow_with(section, |_| {});
    }

    /// The same, with this before each command.
    pub(crate) fn follow_with(&self, section: &str, before: impl Fn(&str)) {
        let mut token: Option<String> = None;
        for Example {
            host,
            command,
            prints,
        } in examples(section)
        {
            self.copy(&command, &host);
            before(&command);
            let words = ["sh", "-c", &format!("cd /root && {command}")];
            let terminal = self.machine(&host).terminal(words);
            for line in prints {
                match line.strip_suffix("...") {
                    Some(start) => terminal.expect(start),
                    None => terminal.expect(&line),
                }
                match line.as_str() {
                    // Pasted from a terminal of 80 columns, with its line break.
                    "Token:" => {
                        let (first, rest) = token.as_deref().unwrap().split_at(80);
                        terminal.type_line(first);
                        terminal.type_line(rest);
                    }
                    prompt if prompt.ends_with("[y/N]") => terminal.type_line("y"),
                    prompt if prompt.ends_with(':') => terminal.type_secret(PASSPHRASE),
                    _ => {}
                }
            }
            let status = terminal.wait_exit();
            let transcript = terminal.transcript();
            assert!(status.success(), "{host}# {command}\n{transcript}");
            let mut lines = transcript.lines();
            let printed = lines.find(|line| line.starts_with("tfa-join-"));
            token = printed.map(str::to_owned).or(token);
        }
    }
}

pub(crate) fn logs_in(machine: &Machine, code: &str) {
    let terminal = ssh_to_code_prompt(machine, "alice");
    terminal.type_secret(code);
    terminal.expect(SHELL);
}

#[test]
fn small_fleet_is_made_as_the_page_says() {
    let fleet = Fleet::boot(&VERIFIERS[..1], &[]);
    fleet.follow("One verifier");
    let v1 = fleet.machine("v1");
    let alice = set_up(v1, "alice", PASSWORD);
    logs_in(fleet.machine("web1"), &alice.phone.next_unused());

    let refused = v1.fail(["tfactl", "fleet", "leave", "--yes"]).text();
    assert!(
        refused.contains("has the accounts of its fleet"),
        "{refused}"
    );
    // A database serves one verifier alone.
    write_passphrase(v1);
    let refused = v1.fail(["sh", "-c", INVITE]).text();
    assert!(
        refused.contains("tfactl store migrate --to etcd"),
        "{refused}"
    );
    assert!(!v1.has_file("/root/v4.invite"));
    let hosts = v1.succeed(["tfactl", "host", "list"]);
    assert!(!hosts.contains("v4.example"), "{hosts}");
}

const INVITE: &str = "cd /root && tfactl fleet invite-verifier v4.example --out v4.invite \
                      --passphrase-file passphrase";

fn write_passphrase(machine: &Machine) {
    let write = machine.command(["sh", "-c", "umask 077; cat >/root/passphrase"]);
    write.stdin(format!("{PASSPHRASE}\n")).succeed();
}

/// What a host has of a fleet, and what its key is.
fn state_of(machine: &Machine) -> String {
    const LOOK: &str = "cd /var/lib/tfa && sha256sum key && ls /etc/tfa /etc/tfa/tfad.toml.d /var/lib/tfa && \
                        systemctl is-enabled tfa-fleet; systemctl is-active tfad";
    machine.run(["sh", "-c", LOOK]).text()
}

/// A file that is not for this host is not used without a question.
fn asks_before_a_file_for_another_host(fleet: &Fleet) {
    fleet.copy("v2.example.invite", "v3");
    let v3 = fleet.machine("v3");
    let before = state_of(v3);
    let join = "cd /root && tfactl fleet join-verifier v2.example.invite";
    let terminal = v3.terminal(["sh", "-c", join]);
    terminal.expect("Passphrase of the file:");
    terminal.type_secret(PASSPHRASE);
    terminal.expect("This host is called v3.example, and the invitation is for v2.example.");
    terminal.expect("[y/N]");
    terminal.type_line("");
    assert!(!terminal.wait_exit().success());
    assert_eq!(state_of(v3), before);
    // A file is missing: that is told before anything else.
    v3.succeed(["mv", "/etc/tfa/etcd", "/etc/tfa/etcd.aside"]);
    let refused = v3.fail(["sh", "-c", INIT_V3]).text();
    assert!(refused.contains("/etc/tfa/etcd/"), "{refused}");
    v3.succeed(["mv", "/etc/tfa/etcd.aside", "/etc/tfa/etcd"]);
    let absent = v3.fail(["sh", "-c", &format!("{join}2")]).text();
    assert!(
        absent.contains("v2.example.invite2 cannot be read"),
        "{absent}"
    );
    let plain = v3.fail(["tfactl", "fleet", "init", "--etcd", "http://192.0.2.1:2379"]);
    assert!(plain.text().contains("127.0.0.1 and [::1] only"), "{plain}");
    assert_eq!(state_of(v3), before);
}

const INIT_V3: &str = "tfactl fleet init --etcd https://192.0.2.3:2379";

/// Nothing is removed or invited where there is no fleet.
fn has_no_hosts_yet(machine: &Machine) {
    for command in ["remove", "invite", "readmit"] {
        let refused = machine
            .fail(["tfactl", "host", command, "web9.example"])
            .text();
        assert!(refused.contains("is in no fleet"), "{refused}");
    }
    let invite = "cd /root && tfactl fleet invite-verifier v4.example --out v4.invite";
    let refused = machine.fail(["sh", "-c", invite]).text();
    assert!(refused.contains("is in no fleet"), "{refused}");
}

/// No verifier can be reached: the host is what it was before.
fn fails_without_a_verifier(fleet: &Fleet) {
    let [v1, v2] = ["v1", "v2"].map(|name| fleet.machine(name));
    write_passphrase(v2);
    let before = state_of(v2);
    v1.succeed(["systemctl", "stop", "tfa-fleet"]);
    let join =
        "cd /root && tfactl fleet join-verifier v2.example.invite --passphrase-file passphrase";
    let refused = v2.fail(["sh", "-c", join]).text();
    assert!(
        refused.contains("v1.example:7443 does not answer"),
        "{refused}"
    );
    assert_eq!(state_of(v2), before);
    v1.succeed(["systemctl", "start", "tfa-fleet"]);
    // Another passphrase opens nothing.
    v2.succeed([
        "sh",
        "-c",
        "echo correct horse battery stable >/root/passphrase",
    ]);
    let refused = v2.fail(["sh", "-c", join]).text();
    assert!(refused.contains("Wrong passphrase"), "{refused}");
    assert_eq!(state_of(v2), before);
}

/// A file of etcd runs on its host alone, and whole.
fn refuses_the_file_of_another_host(fleet: &Fleet) {
    let [v1, v3] = ["v1", "v3"].map(|name| fleet.machine(name));
    fleet.copy("sh v2.example.etcd.sh", "v3");
    fleet.copy("sh v3.example.etcd.sh", "v3");
    let look = "ls -lR /etc/etcd /etc/tfa /etc/systemd/system/etcd.service.d 2>&1";
    let before = v3.run(["sh", "-c", look]).text();
    let refused = v3.fail(["sh", "/root/v2.example.etcd.sh"]).text();
    assert!(refused.contains("192.0.2.2 is not an address"), "{refused}");
    for length in ["-c -100", "-n -1", "-n -40"] {
        let cut = format!("head {length} v3.example.etcd.sh >cut.sh && sh cut.sh");
        v3.run(["sh", "-c", &format!("cd /root && {cut}")]);
    }
    assert_eq!(v3.run(["sh", "-c", look]).text(), before);
    v3.succeed(["rm", "/root/v2.example.etcd.sh"]);
    // Without most of the nodes, the first verifier waits, and says for what.
    let refused = v1.fail([
        "tfactl",
        "fleet",
        "init",
        "--etcd",
        "https://192.0.2.1:2379",
    ]);
    let refused = refused.text();
    assert!(refused.contains("most of its nodes run"), "{refused}");
    assert!(!v1.has_file("/etc/tfa/tfa-fleet.toml"));
}

/// New certificates are in use at once; those of another authority are refused.
fn renews_the_certificates_of_etcd(fleet: &Fleet) {
    let [v1, v3] = ["v1", "v3"].map(|name| fleet.machine(name));
    let script = "sh /usr/share/tfa/etcd-certificates v1.example=192.0.2.1 v2.example=192.0.2.2 \
                  v3.example=192.0.2.3";
    let before = v3.read_file("/etc/tfa/etcd/host.pem");
    v1.succeed(["sh", "-c", &format!("cd /root && {script}")]);
    fleet.copy("sh v3.example.etcd.sh", "v3");
    let renewed = v3.succeed(["sh", "/root/v3.example.etcd.sh"]);
    assert!(renewed.contains("Its certificates are new."), "{renewed}");
    assert!(!v3.has_file("/root/v3.example.etcd.sh"));
    assert_ne!(v3.read_file("/etc/tfa/etcd/host.pem"), before);
    v3.expect_in_journal("tfa-fleet", "read the certificates again");
    v1.succeed([
        "sh",
        "-c",
        &format!("mkdir -p /root/new && cd /root/new && {script}"),
    ]);
    let other = v1.succeed(["base64", "/root/new/tfa-etcd/v3.example.etcd.sh"]);
    let write = v3.command(["sh", "-c", "base64 -d >/root/v3.example.etcd.sh"]);
    write.stdin(other).succeed();
    let before = v3.read_file("/etc/etcd/ca.pem");
    let refused = v3.fail(["sh", "/root/v3.example.etcd.sh"]).text();
    assert!(refused.contains("another authority"), "{refused}");
    assert_eq!(v3.read_file("/etc/etcd/ca.pem"), before);
}

/// One name fails after another.
fn keeps_the_files_before_an_error(fleet: &Fleet) {
    let v1 = fleet.machine("v1");
    write_passphrase(v1);
    // A name of a host, but with its ending not one of a file.
    let long = [
        "a".repeat(63),
        "b".repeat(63),
        "c".repeat(63),
        "d".repeat(60),
    ]
    .join(".");
    let invite = format!(
        "cd /root && tfactl fleet invite-verifier v4.example {long} --passphrase-file passphrase"
    );
    let failed = v1.fail(["sh", "-c", &invite]).text();
    assert!(
        failed.contains("v4.example.invite is for v4.example alone"),
        "{failed}"
    );
    assert!(
        failed.contains("The files named above are valid."),
        "{failed}"
    );
    assert!(v1.has_file("/root/v4.example.invite"));
    let failed = v1.fail(["sh", "-c", &invite]).text();
    assert!(failed.contains("v4.example.invite exists"), "{failed}");
}

#[test]
fn three_verifiers_with_etcd_are_made_as_the_page_says() {
    let fleet = Fleet::boot(&VERIFIERS, &["etcd-server", "openssl"]);
    fleet.follow_with("Three verifiers with etcd", |command| {
        if command.contains("fleet init") {
            has_no_hosts_yet(fleet.machine("v1"));
        }
        if command.contains("v2.example.etcd.sh") {
            refuses_the_file_of_another_host(&fleet);
        }
        if command.ends_with("join-verifier v2.example.invite") {
            fails_without_a_verifier(&fleet);
            asks_before_a_file_for_another_host(&fleet);
        }
    });
    let [v1, v2, v3, web1] = ["v1", "v2", "v3", "web1"].map(|name| fleet.machine(name));
    let alice = set_up(v3, "alice", PASSWORD);
    let code = alice.phone.next_unused();
    logs_in(web1, &code);
    // The code is used up at each verifier, and none of them is needed.
    for verifier in [v1, v2, v3] {
        let terminal = ssh_to_code_prompt(verifier, "alice");
        terminal.type_secret(&code);
        terminal.expect("This code was already used.");
    }
    // A member that has joined before the others learns of them.
    let first = "# Written by tfactl.\nverifiers = [\"v1.example:7443\"]\n";
    web1.write_file("/etc/tfa/tfa-fleet.toml", first);
    web1.succeed(["rm", "-f", "/var/lib/tfa-fleet/verifiers"]);
    web1.succeed(["systemctl", "restart", "tfa-fleet"]);
    for other in ["v2", "v3"] {
        let learned = format!("learned of the verifier {other}.example:7443");
        web1.expect_in_journal("tfa-fleet", &learned);
    }
    web1.expect_in_journal("tfa-fleet", "connected to v2.example");
    keeps_the_files_before_an_error(&fleet);
    renews_the_certificates_of_etcd(&fleet);
    v1.succeed(["systemctl", "stop", "etcd", "tfad", "tfa-fleet"]);
    logs_in(web1, &alice.phone.next_unused());
    // Also after a start without the only one that it was told of.
    web1.succeed(["systemctl", "restart", "tfa-fleet"]);
    logs_in(web1, &alice.phone.next_unused());

    // Nothing of the key was left readable, and none was printed.
    let modes = "stat -c '%U %a' /var/lib/tfa/key /etc/tfa/etcd/key.pem /etc/etcd/key.pem";
    let modes = v2.succeed(["sh", "-c", modes]);
    assert_eq!(modes, "root 600\ntfa-fleet 600\netcd 600\n");
    // etcd keeps no old values until it is full.
    let settings = v2.read_file("/etc/systemd/system/etcd.service.d/tfa.conf");
    for setting in [
        "ETCD_AUTO_COMPACTION_RETENTION=1h",
        "ETCD_QUOTA_BACKEND_BYTES=",
    ] {
        assert!(settings.contains(setting), "{settings}");
    }
    // A member has no certificate for etcd: that of the fleet does not open it.
    let member = web1.read_file("/var/lib/tfa-fleet/host.pem");
    v2.write_file("/root/member.pem", member);
    let asked = "sleep 2 | openssl s_client -connect 192.0.2.2:2379 -cert /root/member.pem -key /root/member.pem \
                 -CAfile /etc/etcd/ca.pem 2>&1 | grep -o 'alert [a-z ]*'";
    let refused = v2.succeed(["sh", "-c", asked]);
    assert!(refused.contains("alert"), "{refused}");

    leave_the_fleet(&fleet, &alice.phone);
}

/// A member and a verifier leave as the page says, and join again.
fn leave_the_fleet(fleet: &Fleet, phone: &Phone) {
    let [v1, v3, web1] = ["v1", "v3", "web1"].map(|name| fleet.machine(name));
    for name in ["etcd", "tfa-fleet", "tfad"] {
        v1.succeed(["systemctl", "start", name]);
    }
    is_served(v1);
    web1.succeed(["mkdir", "-p", "/var/lib/tfa/bound"]);
    web1.write_file("/var/lib/tfa/bound/codes", "hashes");
    let refused = web1.fail(["tfactl", "fleet", "leave"]).text();
    assert!(refused.contains("add --yes"), "{refused}");
    assert!(refused.contains("with the password alone"), "{refused}");
    fleet.follow("Leaving a fleet");
    for path in [
        "/var/lib/tfa/fleet.member",
        "/var/lib/tfa/bound",
        "/var/lib/tfa-fleet",
        "/etc/tfa/tfa-fleet.toml",
        "/etc/tfa/tfad.toml.d/fleet.toml",
        "/etc/tfa/tfad.toml.d/fleet.before",
    ] {
        assert!(!web1.has_file(path), "{path}");
    }
    let key = |machine: &Machine, name: &str| machine.succeed(["sha256sum", name])[..64].to_owned();
    let sealing = key(v1, "/var/lib/tfa/key");
    assert_eq!(key(v3, "/var/lib/tfa/key.left-fleet"), sealing);
    assert_ne!(key(v3, "/var/lib/tfa/key"), sealing);
    let again = web1.fail(["tfactl", "fleet", "leave"]).text();
    assert!(again.contains("is in no fleet"), "{again}");
    for machine in [web1, v3] {
        // The accounts of the fleet are not those of this host.
        let terminal = machine.ssh("alice");
        terminal.expect("Password:");
        terminal.type_secret(PASSWORD);
        terminal.expect(SHELL);
    }
    let token = v1.succeed(["tfactl", "host", "invite", "web1.example"]);
    web1.command(["tfactl", "join"])
        .stdin(token.lines().next().unwrap())
        .succeed();
    logs_in(web1, &phone.next_unused());
    let again = "cd /root && tfactl fleet invite-verifier v3.example --out again.invite --passphrase-file passphrase";
    write_passphrase(v1);
    write_passphrase(v3);
    v1.succeed(["sh", "-c", again]);
    fleet.copy("again.invite", "v3");
    v3.succeed([
        "sh",
        "-c",
        "cd /root && tfactl fleet join-verifier again.invite --passphrase-file passphrase",
    ]);
    logs_in(v3, &phone.next_unused());
    leaves_after_an_interruption(fleet, phone);
}

/// The role is gone already; the verifier that leaves is the one that has made the fleet.
fn leaves_after_an_interruption(fleet: &Fleet, phone: &Phone) {
    let [v1, v3] = ["v1", "v3"].map(|name| fleet.machine(name));
    let interrupted = "cd /etc/tfa/tfad.toml.d && mv fleet.toml fleet.before && mv store.toml store.before && \
                       systemctl restart tfad";
    v1.succeed(["sh", "-c", interrupted]);
    let refused = v1.run(["tfactl", "show", "alice"]).text();
    assert!(refused.contains("refuses every login"), "{refused}");
    let left = v1.succeed(["tfactl", "fleet", "leave", "--yes"]);
    assert!(left.contains("tfactl host remove v1.example"), "{left}");
    assert!(v1.has_file("/var/lib/tfa/key.left-fleet"));
    assert!(!v1.has_file("/etc/tfa/tfad.toml.d/fleet.before"));
    v3.succeed(["tfactl", "host", "remove", "v1.example"]);
    logs_in(v3, &phone.next_unused());
    v3.succeed(["tfactl", "host", "remove", "v2.example"]);
    let last = v3.fail(["tfactl", "fleet", "leave", "--yes"]).text();
    assert!(last.contains("only verifier with a certificate"), "{last}");
    // etcd answers.
    let last = v3.fail(["tfactl", "fleet", "leave", "--yes", "--without-etcd"]);
    let last = last.text();
    assert!(last.contains("only verifier with a certificate"), "{last}");
    logs_in(v3, &phone.next_unused());
    let log = v3.run(["tfactl", "log", "alice"]).text();
    assert!(log.contains("the log of this verifier alone"), "{log}");
    leaves_without_etcd(fleet);
}

/// etcd is lost for good.
fn leaves_without_etcd(fleet: &Fleet) {
    let [v1, v2, v3] = ["v1", "v2", "v3"].map(|name| fleet.machine(name));
    for machine in [v1, v2, v3] {
        machine.succeed(["systemctl", "stop", "etcd"]);
    }
    let key = |name: &str| {
        let path = format!("/var/lib/tfa/{name}");
        v3.succeed(["sha256sum", &path])[..64].to_owned()
    };
    let sealing = key("key");
    let refused = v3.fail(["tfactl", "fleet", "leave", "--yes"]).text();
    assert!(
        refused.contains("tfactl fleet leave --without-etcd"),
        "{refused}"
    );
    assert_eq!(key("key"), sealing);
    let left = v3.succeed(["tfactl", "fleet", "leave", "--yes", "--without-etcd"]);
    for text in [
        "it is not known whether another verifier stays",
        "tfactl host remove v3.example",
        "/var/lib/tfa/key.left-fleet-2",
    ] {
        assert!(left.contains(text), "{text}: {left}");
    }
    assert_eq!(key("key.left-fleet-2"), sealing);
    let terminal = v3.ssh("alice");
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect(SHELL);
}
