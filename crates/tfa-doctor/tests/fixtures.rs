//! Each fault has a fixture: a folder of files that are laid over those of an untouched host, what the
//! policy asks for, and the findings. The checks read it as they read a real host.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tfa_core::DEFAULT_GUARD;
use tfa_doctor::sshd::{Settings, SshdFacts, config};
use tfa_doctor::{
    Administrator, BlockDevice, BusFacts, DaemonProblem, Facts, Finding, GroupCacheFacts,
    HostFacts, KINDS, LoginFacts, OwnedFile, PamFacts, PolicyFacts, Process, Room, SocketFacts,
    StateFacts, examine,
};
use tfa_pam_host::{ModuleFile, PamHost};

/// The untouched hosts: Debian 12 and 13 with the package.
const SHIPPED: [&str; 2] = ["shipped-12", "shipped-13"];
/// The PAM files of display managers, screen lockers and other packages of Debian 12.
const OTHER_PACKAGES: &str = "other-packages";

/// The files of the package that are examined, and their folders.
const PACKAGED: [(&str, &str); 3] = [
    ("pam/tfa", "usr/share/pam-configs"),
    ("dbus/org.tfad.Tfa1.conf", "usr/share/dbus-1/system.d"),
    (
        "dbus/org.tfad.Tfa1.service",
        "usr/share/dbus-1/system-services",
    ),
];

/// Whether a fixture decides about a file of the host.
fn is_in_fixture(layer: &str, path: &Path, host: &Path) -> bool {
    let path = path.strip_prefix(host).unwrap();
    fixtures().join(layer).join(path).exists()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn fixtures() -> PathBuf {
    repository().join("tests/doctor")
}

/// A host in a temporary folder, removed at the end.
struct Host(PathBuf);

impl Host {
    /// An untouched host, with the files of fixtures over it.
    fn new(layers: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tfa-doctor-{number}-{}", std::process::id());
        let host = Self(std::env::temp_dir().join(name));
        for layer in layers {
            copy(&fixtures().join(layer), &host.0);
        }
        for (file, folder) in PACKAGED {
            let folder = host.0.join(folder);
            let name = Path::new(file).file_name().unwrap();
            // A fixture may have removed it.
            if layers
                .iter()
                .all(|layer| !is_in_fixture(layer, &folder.join(name), &host.0))
            {
                fs::create_dir_all(&folder).unwrap();
                fs::copy(repository().join("packaging").join(file), folder.join(name)).unwrap();
            }
        }
        host
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.0.join(path)).ok()
    }

    /// The files of sshd, and the output of `sshd -T`: that of an untouched host with the README's file, with
    /// the lines of the file `sshd` over it. A line `[user=alice]` begins the output for such connections.
    fn sshd(&self) -> SshdFacts {
        let base = self.text("sshd-T").unwrap();
        let changes = self.text("sshd").unwrap_or_default();
        let mut corners = vec![(String::new(), base.clone())];
        let mut facts = SshdFacts::default();
        for line in changes.lines() {
            if let Some(name) = line.strip_prefix('[') {
                let (_, outside) = corners.first().unwrap().clone();
                corners.push((name.trim_end_matches(']').to_owned(), outside));
            } else if let Some(why) = line.strip_prefix("refuses ") {
                facts.refusal = Some(why.to_owned());
            } else if let Some(why) = line.strip_prefix("fails ") {
                facts.failure = Some(why.to_owned());
            } else if let Some(why) = line.strip_prefix("cut ") {
                facts.cuts.push(why.to_owned());
            } else {
                let (_, text) = corners.last_mut().unwrap();
                text.push_str(line);
                text.push('\n');
            }
        }
        let corners = corners.into_iter();
        facts.corners = corners
            .map(|(name, text)| (name, Settings::parse(&text)))
            .collect();
        facts.lines = config::read(&|pattern| self.files(pattern));
        facts
    }

    /// The files of sudo, and the facts of the files `host` and `more`, one a line.
    fn host(&self) -> HostFacts {
        let mut host = HostFacts {
            sudoers: self.files("/etc/sudoers.d/*"),
            group_cache: Some(self.group_cache()),
            selinux_log: self.text("selinux.log"),
            ..HostFacts::default()
        };
        let mut state = StateFacts::default();
        let mut room = Room {
            bytes: 1 << 30,
            ..Room::default()
        };
        let mut socket = SocketFacts {
            file: Some(OwnedFile {
                path: "/run/tfa/login".to_owned(),
                uid: 0,
                mode: 0o140_666,
            }),
            answers: true,
        };
        let mut bus = self.bus();
        let facts = ["host", "more"].map(|file| self.text(file).unwrap_or_default());
        for line in facts.iter().flat_map(|text| text.lines()) {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["file", path, uid, mode] => host.files.push(OwnedFile {
                    path: path.to_owned(),
                    uid: uid.parse().unwrap(),
                    mode: u32::from_str_radix(mode, 8).unwrap(),
                }),
                ["unit", name, value] => {
                    host.unit.insert(name.to_owned(), value.to_owned());
                }
                ["clock", is] => host.is_clock_synchronised = Some(is == "synchronised"),
                ["versions", daemon, command] => {
                    host.versions = Some((daemon.to_owned(), command.to_owned()));
                    host.installed_version = Some(command.to_owned());
                }
                ["module", path, searched, native, version] => host.modules.push(ModuleFile {
                    path: path.to_owned(),
                    is_searched: searched == "searched",
                    is_native: native == "native",
                    version: (version != "-").then(|| version.to_owned()),
                }),
                ["key", "file"] => state.has_key_file = true,
                ["key", "credential"] => state.has_credential = true,
                ["tpm"] => state.has_tpm = true,
                ["device", name, uuid, below] => state.devices.push(BlockDevice {
                    name: name.to_owned(),
                    dm_uuid: (uuid != "-").then(|| uuid.to_owned()),
                    below: below
                        .split(',')
                        .filter(|one| *one != "-")
                        .map(str::to_owned)
                        .collect(),
                }),
                ["room", "read-only"] => room.is_read_only = true,
                ["room", "bytes", bytes] => room.bytes = bytes.parse().unwrap(),
                ["room", "inodes", count] => room.inodes = Some(count.parse().unwrap()),
                ["room", "limit", bytes] => room.below_limit = Some(bytes.parse().unwrap()),
                ["log", bytes] => state.log_bytes = Some(bytes.parse().unwrap()),
                ["reader", name, pid] => state.readers.push(Process {
                    name: name.to_owned(),
                    pid: pid.parse().unwrap(),
                }),
                ["owner", uid] => bus.owner = Some(uid.parse().unwrap()),
                ["socket", "missing"] => socket.file = None,
                ["socket", "silent"] => socket.answers = false,
                ["socket", "owner", uid] => {
                    socket.file.as_mut().unwrap().uid = uid.parse().unwrap();
                }
                ["socket", "mode", mode] => {
                    let file = socket.file.as_mut().unwrap();
                    file.mode = u32::from_str_radix(mode, 8).unwrap();
                }
                ["weak", name] => host.users_with_weak_keys.push(name.to_owned()),
                ["group", name] => host.unknown_groups.push(name.to_owned()),
                ["exemption", place] => host.endless_exemptions.push(place.to_owned()),
                ["administrator", name, codes] => host.administrators.push(Administrator {
                    name: name.to_owned(),
                    backup_codes: codes.parse().ok(),
                }),
                ["recovery", is] => host.has_recovery_code = Some(is == "valid"),
                _ => panic!("{line}"),
            }
        }
        state.room = Some(room);
        host.state = Some(state);
        host.socket = Some(socket);
        host.bus = Some(bus);
        host
    }

    fn bus(&self) -> BusFacts {
        let folders = ["/usr/share/dbus-1/system.d/*", "/etc/dbus-1/system.d/*"];
        let main = self.files("/usr/share/dbus-1/system.conf");
        let files = folders.iter().flat_map(|pattern| self.files(pattern));
        let services = ["/usr/local/share", "/usr/share"];
        let services = services.iter().flat_map(|folder| {
            self.files(&format!(
                "{folder}/dbus-1/system-services/org.tfad.Tfa1.service"
            ))
        });
        BusFacts {
            files: main.into_iter().chain(files).collect(),
            activation: services.collect(),
            owner: Some(0),
        }
    }

    /// nscd runs if it has a file.
    fn group_cache(&self) -> GroupCacheFacts {
        let switch = self.text("etc/nsswitch.conf").unwrap_or_default();
        let sources = switch.lines().find_map(|line| line.strip_prefix("group:"));
        let sources = sources.unwrap_or("files").split_whitespace();
        GroupCacheFacts {
            rules_name_groups: true,
            sources: sources.map(str::to_owned).collect(),
            nscd: self.text("etc/nscd.conf"),
            sssd: self.files("/etc/sssd/sssd.conf"),
        }
    }

    /// The files that a pattern with one star at most matches.
    fn files(&self, pattern: &str) -> Vec<(String, String)> {
        let (folder, name) = pattern.rsplit_once('/').unwrap();
        let matches = |found: &str| match name.split_once('*') {
            Some((start, end)) => found.starts_with(start) && found.ends_with(end),
            None => found == name,
        };
        let entries = fs::read_dir(self.0.join(&folder[1..]))
            .into_iter()
            .flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| matches(name)).collect();
        names.sort();
        let read = |name: String| {
            let path = format!("{folder}/{name}");
            let text = self.text(&path[1..]).unwrap();
            (path, text)
        };
        names.into_iter().map(read).collect()
    }

    fn findings(&self) -> Vec<Finding> {
        let policy = fs::read_to_string(self.0.join("policy")).unwrap_or_default();
        examine(&Facts {
            pam: PamFacts::read(&PamHost::below(&self.0)),
            policy: Some(policy_of(&policy)),
            daemon: daemon_of(&policy),
            sshd: Some(self.sshd()),
            host: Some(self.host()),
            login: self.text("etc/login.defs").map(|defs| LoginFacts { defs }),
        })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Copies a folder. An empty file removes the one below.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.metadata().unwrap().len() > 0 {
            fs::copy(entry.path(), target).unwrap();
        } else if target.exists() {
            fs::remove_file(target).unwrap();
        }
    }
}

/// What the daemon would say: a line for each fact. The services are those guarded by default.
fn policy_of(text: &str) -> PolicyFacts {
    let has = |fact: &str| text.lines().any(|line| line == fact);
    PolicyFacts {
        requires: has("requires"),
        audits: has("audits"),
        names_methods: has("names-methods"),
        demands_security_keys: has("demands-security-keys"),
        guard: match has("unguarded") {
            true => Vec::new(),
            false => DEFAULT_GUARD.map(str::to_owned).to_vec(),
        },
    }
}

/// The reason why the daemon says nothing.
fn daemon_of(text: &str) -> Option<DaemonProblem> {
    text.lines().find_map(|line| match line {
        "daemon-down" => Some(DaemonProblem::Down),
        "daemon-silent" => Some(DaemonProblem::Silent),
        line => {
            let why = line.strip_prefix("daemon-refuses ")?;
            Some(DaemonProblem::Refuses(why.to_owned()))
        }
    })
}

/// The findings in the form of the file `findings`.
fn report(findings: &[Finding]) -> String {
    let lines = findings.iter().flat_map(|finding| {
        let (severity, id) = (finding.kind.severity.name(), finding.kind.id);
        let steps = finding.witness.iter().map(|step| format!("    {step}\n"));
        [
            format!("{severity} {id}\n"),
            format!("  {}\n", finding.what()),
        ]
        .into_iter()
        .chain(steps)
    });
    lines.collect()
}

#[test]
fn untouched_hosts_have_no_finding() {
    for shipped in SHIPPED {
        for layers in [&[shipped][..], &[shipped, OTHER_PACKAGES]] {
            let findings = Host::new(layers).findings();
            assert_eq!(report(&findings), "", "{layers:?}");
        }
    }
}

#[test]
fn each_fault_is_found_in_its_fixture() {
    for kind in KINDS {
        for shipped in SHIPPED {
            let findings = Host::new(&[shipped, kind.id]).findings();
            let has_kind = findings.iter().any(|finding| finding.kind.id == kind.id);
            let found = report(&findings);
            assert!(has_kind, "{shipped}, {}: {found}", kind.id);
            let expected = fs::read_to_string(fixtures().join(kind.id).join("findings"));
            assert_eq!(
                found,
                expected.unwrap_or_default(),
                "{shipped}, {}",
                kind.id
            );
        }
    }
}

#[test]
fn each_fixture_is_that_of_a_fault() {
    for entry in fs::read_dir(fixtures()).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let is_fault = KINDS.iter().any(|kind| kind.id == name);
        let is_untouched = SHIPPED.contains(&name.as_str()) || name == OTHER_PACKAGES;
        assert!(is_fault || is_untouched, "{name}");
    }
}

#[test]
fn texts_are_short_and_whole() {
    for kind in KINDS {
        let host = Host::new(&[SHIPPED[0], kind.id]);
        let findings = host.findings();
        let finding = findings
            .iter()
            .find(|finding| finding.kind.id == kind.id)
            .unwrap();
        let remedy = finding.remedy();
        for text in [finding.what(), kind.why.to_owned(), remedy.text] {
            assert!(
                text.ends_with('.') && text.len() > 15,
                "{}: {text}",
                kind.id
            );
            assert!(text.len() < 260, "{}: {text}", kind.id);
        }
        assert!(!remedy.commands.is_empty(), "{}", kind.id);
        for command in remedy.commands {
            assert!(command.len() < 100, "{}: {command}", kind.id);
        }
    }
}

#[test]
fn the_manual_has_a_paragraph_for_each_finding_with_its_severity() {
    let page = fs::read_to_string(repository().join("man/tfa-doctor.7")).unwrap();
    let heads = page.lines().filter_map(|line| line.strip_prefix(".It Li "));
    let described: BTreeSet<&str> = heads.collect();
    let expected: BTreeSet<String> = KINDS
        .iter()
        .map(|kind| format!("{} Pq {}", kind.id, kind.severity.name()))
        .collect();
    let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    assert_eq!(described, expected);
    assert_eq!(expected.len(), KINDS.len(), "an id stands twice");
}
