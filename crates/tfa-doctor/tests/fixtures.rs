//! Each fault has a fixture: a folder of files that are laid over those of an untouched host, what the
//! policy asks for, and the findings. The checks read it as they read a real host.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tfa_core::DEFAULT_GUARD;
use tfa_doctor::sshd::{OtherFiles, Settings, SshdFacts, StartedBy, config};
use tfa_doctor::{
    AccountFacts, Administrator, BlockDevice, BusFacts, Clock, DaemonProblem, Edit, Facts, Finding,
    GroupCacheFacts, HostFacts, KINDS, KeyAccount, Keys, Kind, Later, LoginFacts, MODULE,
    NotStartable, OtherWays, OwnedFile, PamFacts, PolicyFacts, PolkitFacts, Process, Reached,
    Refused, Required, Room, Severity, SocketFacts, StateFacts, examine, pam_update_files,
    sudo_services,
};
use tfa_pam_host::{ModuleFile, PamHost, Snapshot};

/// The untouched hosts: Debian 12 and 13 with the package.
const SHIPPED: [&str; 2] = ["shipped-12", "shipped-13"];
/// The PAM files of display managers, screen lockers and other packages of Debian 12.
const OTHER_PACKAGES: &str = "other-packages";

/// The file with which the configuration of another sshd begins.
const OTHER_SSHD: &str = "/etc/ssh/other_config";

/// The files of the package that are examined, and their folders.
const PACKAGED: [(&str, &str); 4] = [
    ("pam/tfa", "usr/share/pam-configs"),
    ("dbus/org.tfad.Tfa1.conf", "usr/share/dbus-1/system.d"),
    ("polkit/org.tfad.tfa1.policy", "usr/share/polkit-1/actions"),
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
        self.sshd_of("sshd", config::MAIN)
    }

    /// The same, with that of the file `other-sshd` if there is one.
    fn sshds(&self) -> Vec<SshdFacts> {
        let other = self.text("other-sshd").is_some();
        let other = other.then(|| self.sshd_of("other-sshd", OTHER_SSHD));
        [self.sshd()].into_iter().chain(other).collect()
    }

    fn sshd_of(&self, name: &str, main: &str) -> SshdFacts {
        let base = self.text("sshd-T").unwrap();
        let changes = self.text(name).unwrap_or_default();
        let mut connections = vec![(String::new(), base.clone())];
        let mut facts = SshdFacts::default();
        let mut blocks = Vec::new();
        for line in changes.lines() {
            if let Some(name) = line.strip_prefix('[') {
                let (_, outside) = connections.first().unwrap().clone();
                connections.push((name.trim_end_matches(']').to_owned(), outside));
            } else if let Some(why) = line.strip_prefix("refuses ") {
                facts.refusal = Some(why.to_owned());
            } else if let Some(option) = line.strip_prefix("option ") {
                let (place, text) = option.split_once(' ').unwrap();
                facts.lines.extend(config::option(place, text));
            } else if let Some(place) = line.strip_prefix("block ") {
                blocks.push(place.to_owned());
            } else if let Some(unit) = line.strip_prefix("unit ") {
                facts.started_by = StartedBy::Unit(unit.to_owned());
            } else if let Some(pid) = line.strip_prefix("process ") {
                facts.started_by = StartedBy::Process(pid.parse().unwrap());
            } else if let Some(path) = line.strip_prefix("changed-since-start ") {
                facts.changed_since_start.insert(path.to_owned());
            } else if let Some(path) = line.strip_prefix("changed ") {
                facts.changed.insert(path.to_owned());
            } else if let Some(path) = line.strip_prefix("not-read ") {
                facts.not_read.insert(path.to_owned());
            } else if line == "without-folder" {
                facts.lacks_folder = true;
            } else if let Some(why) = line.strip_prefix("fails ") {
                facts.failure = Some(why.to_owned());
            } else if let Some(why) = line.strip_prefix("not-examined ") {
                facts.not_examined.push(why.to_owned());
            } else if let Some(words) = line.strip_prefix("other-files ") {
                let (unit, setting) = words.split_once(' ').unwrap();
                facts.other_files.push(OtherFiles {
                    unit: unit.to_owned(),
                    setting: setting.to_owned(),
                });
            } else {
                let (_, text) = connections.last_mut().unwrap();
                text.push_str(line);
                text.push('\n');
            }
        }
        let connections = connections.into_iter();
        facts.connections = connections
            .map(|(name, text)| (name, Settings::parse(&text).with_blocks(blocks.clone())))
            .collect();
        let matching = |pattern: &str| {
            let files = pattern.starts_with('/').then(|| self.files(pattern))?;
            Some(files.into_iter().map(|(path, _)| path).collect())
        };
        let config = config::read(main, &|path| self.text(&path[1..]), &matching);
        facts.main = (main != config::MAIN).then(|| main.to_owned());
        let file = facts
            .main
            .iter()
            .flat_map(|main| ["-f".to_owned(), main.clone()]);
        facts.command = ["/usr/sbin/sshd".to_owned()]
            .into_iter()
            .chain(file)
            .collect();
        facts.lines.extend(config.lines);
        facts.not_examined.extend(config.not_read);
        facts
    }

    /// Changes the files as a remedy says, and what sshd prints.
    fn mend(&self, finding: &Finding) {
        let remedy = finding.remedy();
        let before = self.sshd().lines;
        if finding.subject.edits.iter().any(is_guard) {
            let policy = self.text("policy").unwrap().replace("unguarded\n", "");
            fs::write(self.0.join("policy"), policy).unwrap();
        }
        let paths: BTreeSet<&str> = finding
            .subject
            .edits
            .iter()
            .map(|edit| edit.file.as_str())
            .collect();
        for path in paths {
            let text = self.text(&path[1..]).unwrap_or_default();
            fs::create_dir_all(self.0.join(&path[1..]).parent().unwrap()).unwrap();
            let text = Edit::apply(&finding.subject.edits, path, &text);
            fs::write(self.0.join(&path[1..]), text).unwrap();
        }
        for command in remedy
            .commands
            .iter()
            .filter(|line| line.starts_with("printf "))
        {
            let command = command.replace(" >>/", &format!(" >>{}/", self.0.display()));
            let status = Command::new("sh").args(["-c", &command]).status().unwrap();
            assert!(status.success(), "{command}");
        }
        self.print_changes(&before);
    }

    /// Adds what has changed in the files of sshd to what sshd prints. Outside the `Match` blocks the first
    /// line of a keyword is in force. A line of a block is changed for the connections that had its value.
    fn print_changes(&self, before: &[config::ConfigLine]) {
        let print =
            |line: &config::ConfigLine| format!("{} {}\n", line.keyword, line.values.join(" "));
        let after = self.sshd().lines;
        let first = |lines: &[config::ConfigLine], keyword: &str| {
            let mut lines = lines.iter().filter(|line| !line.in_match);
            lines.find(|line| line.keyword == keyword).map(print)
        };
        let printed = self.text("sshd").unwrap_or_default();
        let mut outside = String::new();
        for line in after.iter().filter(|line| !line.in_match) {
            let now = first(&after, &line.keyword);
            if now != first(before, &line.keyword) && line.keyword != "include" {
                outside.push_str(&now.unwrap());
            }
        }
        let blocks = printed.find('[').unwrap_or(printed.len());
        let (head, blocks) = printed.split_at(blocks);
        let mut head = head.to_owned();
        // A connection has what is in force outside, unless a block sets it.
        let in_block = |keyword: &str| {
            after
                .iter()
                .any(|line| line.in_match && line.keyword == keyword)
        };
        let is_kept = |line: &&str| {
            let keyword = line.split(' ').next().unwrap();
            in_block(keyword) || !outside.contains(&format!("{keyword} "))
        };
        let blocks = blocks.lines().filter(is_kept);
        let mut blocks: String = blocks.map(|line| format!("{line}\n")).collect();
        for (old, new) in before.iter().zip(&after) {
            if old.in_match && old.place == new.place {
                let (old, new) = (print(old).to_lowercase(), print(new).to_lowercase());
                blocks = blocks.replace(&old, &new);
                // A block may apply to each connection.
                if head.contains("block ") {
                    head = head.replace(&old, &new);
                }
            }
        }
        fs::write(self.0.join("sshd"), format!("{head}{outside}{blocks}")).unwrap();
    }

    /// The files of sudo, and the facts of the files `host` and `more`, one a line.
    fn host(&self) -> HostFacts {
        let mut host = HostFacts {
            sudoers: self.files("/etc/sudoers.d/*"),
            group_cache: Some(self.group_cache()),
            selinux_log: self.text("selinux.log"),
            name: Some("host".to_owned()),
            sudo_rules: self.sudo_rules(),
            polkit: Some(PolkitFacts {
                actions: self.files("/usr/share/polkit-1/actions/*"),
                rules: self.files("/etc/polkit-1/rules.d/*"),
                pkla: self.files("/etc/polkit-1/localauthority/50-local.d/*"),
                allowed: Vec::new(),
            }),
            other_ways: OtherWays {
                units: self.text("units").unwrap_or_default(),
                doas: self.text("etc/doas.conf"),
            },
            accounts: AccountFacts {
                by_key: Some(Vec::new()),
                ..AccountFacts::default()
            },
            ..HostFacts::default()
        };
        let mut state = StateFacts::default();
        let mut room = Room {
            bytes: 1 << 30,
            ..Room::default()
        };
        let path = "/run/tfa/login".to_owned();
        let mut socket = SocketFacts {
            path: path.clone(),
            file: Some(OwnedFile {
                path,
                uid: 0,
                mode: 0o140_666,
                reached: Reached::Place,
            }),
            answers: Some(true),
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
                    reached: Reached::Place,
                }),
                [how @ ("link" | "named"), from, path, uid, mode] => host.files.push(OwnedFile {
                    path: path.to_owned(),
                    uid: uid.parse().unwrap(),
                    mode: u32::from_str_radix(mode, 8).unwrap(),
                    reached: match how {
                        "link" => Reached::Link(from.to_owned()),
                        _ => Reached::Name(from.to_owned()),
                    },
                }),
                ["secret", path, mode] => host.secret_files.push(OwnedFile {
                    path: path.to_owned(),
                    uid: 0,
                    mode: u32::from_str_radix(mode, 8).unwrap(),
                    reached: Reached::Place,
                }),
                ["unit", name, value] => {
                    host.unit.insert(name.to_owned(), value.to_owned());
                }
                ["clock", "synchronised"] => host.clock = Clock::Synchronised,
                ["clock", "free"] => host.clock = Clock::Free,
                ["clock", "unknown"] => host.clock = Clock::Unknown,
                ["polkit-allows", user, action] => {
                    let polkit = host.polkit.as_mut().unwrap();
                    polkit.allowed.push((user.to_owned(), action.to_owned()));
                }
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
                ["named-module", path, version] => host.named_modules.push(ModuleFile {
                    path: path.to_owned(),
                    is_searched: true,
                    is_native: true,
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
                ["socket", "unasked"] => socket.answers = None,
                ["socket", "missing"] => socket.file = None,
                ["socket", "silent"] => socket.answers = Some(false),
                ["socket", "owner", uid] => {
                    socket.file.as_mut().unwrap().uid = uid.parse().unwrap();
                }
                ["socket", "mode", mode] => {
                    let file = socket.file.as_mut().unwrap();
                    file.mode = u32::from_str_radix(mode, 8).unwrap();
                }
                ["masked"] => host.not_startable = Some(NotStartable::Masked),
                ["condition", condition] => {
                    host.not_startable = Some(NotStartable::Condition(condition.to_owned()));
                }
                ["other-program", path] => {
                    host.not_startable = Some(NotStartable::OtherProgram(path.to_owned()));
                }
                ["key-lost", ..] => host.key_lost = Some(words[1..].join(" ")),
                ["missed", ..] => host.not_examined.push(words[1..].join(" ")),
                ["unusable", name, ..] => {
                    let why = words[2..].join(" ");
                    host.accounts.unusable.push((name.to_owned(), why));
                }
                ["renamed", record, user] => {
                    let renamed = (record.to_owned(), user.to_owned());
                    host.accounts.renamed.push(renamed);
                }
                ["key-accounts", "unknown"] => host.accounts.by_key = None,
                ["key-account", name, ref facts @ ..] => {
                    let has = |fact| facts.contains(&fact);
                    host.accounts.by_key.as_mut().unwrap().push(KeyAccount {
                        name: name.to_owned(),
                        groups: has("groups").then(|| {
                            let groups =
                                facts.iter().filter_map(|fact| fact.strip_prefix("group="));
                            groups.map(str::to_owned).collect()
                        }),
                        has_password: has("password"),
                        keys: match () {
                            () if has("key") => Keys::Login,
                            () if has("forced") => Keys::Forced,
                            () if has("unknown") => Keys::Unknown,
                            () if has("elsewhere") => Keys::Elsewhere,
                            () => Keys::None,
                        },
                        has_codes: has("codes"),
                        is_asked: has("asked"),
                        refused: match (has("refused"), has("refused-later")) {
                            (true, _) => Some(Refused::Now),
                            (false, true) => Some(Refused::AfterGrace),
                            (false, false) => {
                                let mut words = words.iter();
                                let at = words.find_map(|word| word.strip_prefix("refused-at="));
                                at.map(|time| Refused::At(time.parse().unwrap()))
                            }
                        },
                        is_unguarded: has("unguarded"),
                    });
                }
                ["policy-warning", ..] => host.policy_warnings.push(words[1..].join(" ")),
                ["security-key", name] => host.accounts.by_security_key.push(name.to_owned()),
                ["locked", name] => host.accounts.locked.push(name.to_owned()),
                ["weak", name] => host.users_with_weak_keys.push(name.to_owned()),
                ["only-oath"] => host.only_oath = Some(BTreeSet::new()),
                ["only-oath", name] => {
                    let users = host.only_oath.get_or_insert_default();
                    users.insert(name.to_owned());
                }
                ["only-old-module"] => {
                    host.only_old_module = Some(BTreeSet::new());
                    host.old_module_is_whole = true;
                }
                ["homes", "unknown"] => host.old_module_is_whole = false,
                ["only-old-module", name] => {
                    host.only_old_module
                        .get_or_insert_default()
                        .insert(name.to_owned());
                }
                ["group", name] => host.unknown_groups.push(name.to_owned()),
                ["exemption-of-all", place] => host.exemptions_of_all.push(place.to_owned()),
                ["exemption", place] => host.endless_exemptions.push(place.to_owned()),
                ["administrator", name, codes] => {
                    let administrators = host.administrators.get_or_insert_default();
                    administrators.push(Administrator {
                        name: name.to_owned(),
                        backup_codes: codes.parse().ok(),
                    });
                }
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

    /// What cvtsudoers(1) prints for the files of sudo, or an error.
    fn sudo_rules(&self) -> Option<Result<String, String>> {
        let text = self.text("sudoers.json")?;
        let why = text.strip_prefix("fails ").map(|why| why.trim().to_owned());
        Some(why.map_or(Ok(text), Err))
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

    /// The PAM files, and the services of removed packages, those without a program and those of packages, one a line.
    fn pam(&self) -> PamFacts {
        let host = PamHost::below(&self.0);
        let files = pam_update_files(&host);
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let listed = |name| {
            let text = self.text(name).unwrap_or_default();
            text.lines().map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let sshd = self.sshds();
        let of_sshd = sshd.iter().flat_map(SshdFacts::pam_services);
        let of_sshd: BTreeSet<String> = of_sshd.map(str::to_owned).collect();
        let of_sudo = sudo_services(&self.sudo_rules().and_then(Result::ok).unwrap_or_default());
        let named = &of_sshd | &of_sudo;
        PamFacts::of(Snapshot::of(&host, &named, &files, &[MODULE]))
            .of_sshd(of_sshd)
            .of_sudo(of_sudo)
            .without(listed("removed"))
            .without_programs(listed("without-program"))
            .packaged(listed("packaged"))
    }

    fn findings(&self) -> Vec<Finding> {
        let policy = fs::read_to_string(self.0.join("policy")).unwrap_or_default();
        examine(&Facts {
            pam: Some(self.pam()),
            policy: Some(PolicyFacts {
                files: self.files("/etc/tfa/tfad.toml.d/*"),
                ..policy_of(&policy)
            }),
            daemon: daemon_of(&policy),
            sshd: self.sshds(),
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
        requires: text.lines().any(|line| line.starts_with("requires")),
        required: required(text, 0),
        must_enroll: required(text, 1),
        error_on_disk: text
            .lines()
            .find_map(|line| Some(line.strip_prefix("error ")?.to_owned())),
        is_outdated: has("outdated"),
        is_off: has("off"),
        files: Vec::new(),
        enrolled: Some(usize::from(!has("enrolled none"))),
        login_users: None,
        audits: has("audits"),
        names_methods: has("names-methods"),
        demands_security_keys: has("demands-security-keys"),
        guard: match has("unguarded") {
            true => Vec::new(),
            false => {
                let more = text.lines().filter_map(|line| line.strip_prefix("guard "));
                DEFAULT_GUARD
                    .into_iter()
                    .chain(more)
                    .map(str::to_owned)
                    .collect()
            }
        },
    }
}

/// From when on a second factor is required, and from when on users must enroll: the words behind `requires`.
fn required(text: &str, place: usize) -> Required {
    let line = text.lines().find_map(|line| line.strip_prefix("requires"));
    match line.map(str::trim) {
        None | Some("never") => Required::Never,
        Some("") => Required::Now,
        Some("after audit") => Required::Later(Later::AfterAudit),
        Some(times) => {
            let times: Vec<&str> = times.split(' ').collect();
            let time = times.get(place).unwrap_or(&times[0]);
            Required::Later(Later::From(time.parse().unwrap()))
        }
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

/// The findings in the form of the file `findings`: with the other faults that the remedy mends, and with the
/// remedy if it is a change of lines.
fn report(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let (severity, id) = (finding.severity().name(), finding.kind.id);
        writeln!(text, "{severity} {id}\n  {}", finding.what()).unwrap();
        for step in &finding.witness {
            writeln!(text, "    {step}").unwrap();
        }
        for (id, names) in &finding.subject.also {
            writeln!(text, "  also {id} {}", names.join(" ")).unwrap();
        }
        let remedy = finding.remedy();
        for line in finding.subject.edits.iter().flat_map(Edit::lines) {
            writeln!(text, "    {line}").unwrap();
        }
        if id.starts_with("pam-") || id.starts_with("sshd-") {
            for command in remedy.commands {
                writeln!(text, "    # {command}").unwrap();
            }
        }
    }
    text
}

/// The fixtures of faults: folders that have the name of a kind, and something behind a dot if there are several.
fn fixtures_of_faults() -> Vec<(String, &'static Kind)> {
    let names = fs::read_dir(fixtures()).unwrap().flatten();
    let names = names.filter(|entry| entry.path().is_dir());
    let names = names.map(|entry| entry.file_name().into_string().unwrap());
    let mut found: Vec<(String, &Kind)> = names
        .filter(|name| !SHIPPED.contains(&name.as_str()) && name != OTHER_PACKAGES)
        .map(|name| {
            let id = name.split('.').next().unwrap();
            let kind = KINDS.iter().find(|kind| kind.id == id);
            let kind = *kind.unwrap_or_else(|| panic!("{name} is no fault"));
            (name, kind)
        })
        .collect();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
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
    let fixtures_of_faults = fixtures_of_faults();
    for kind in KINDS {
        let has_fixture = fixtures_of_faults.iter().any(|(name, _)| name == kind.id);
        assert!(has_fixture, "{} has no fixture", kind.id);
    }
    for (name, kind) in fixtures_of_faults {
        for shipped in SHIPPED {
            let findings = Host::new(&[shipped, &name]).findings();
            let has_kind = findings.iter().any(|finding| finding.is_about(kind.id));
            let found = report(&findings);
            assert!(has_kind, "{shipped}, {name}: {found}");
            let file = fixtures().join(&name).join("findings");
            let expected = fs::read_to_string(file).unwrap_or_default();
            assert_eq!(found, expected, "{shipped}, {name}");
        }
    }
}

/// The remedies that are changes of lines, or of a file of sshd: made one after the other, each mends its
/// finding and makes no other.
#[test]
fn each_remedy_of_lines_mends_its_finding() {
    let mut tried = BTreeSet::new();
    for (name, _) in fixtures_of_faults() {
        let host = Host::new(&[SHIPPED[0], &name]);
        // What another sshd prints after a change is not known here.
        if host.text("other-sshd").is_some() {
            continue;
        }
        let mut findings = host.findings();
        while let Some(finding) = findings.iter().find(|finding| is_mechanical(finding)) {
            tried.insert(finding.kind.id);
            let count = findings.len();
            host.mend(finding);
            let mut left = host.findings();
            let found = report(&left);
            let was = |one: &Finding| findings.iter().any(|other| other.is_about(one.kind.id));
            // A method that is turned on may be better alone.
            left.retain(|one| one.severity() != Severity::Advice || was(one));
            assert!(left.len() < count, "{name}, {}: {found}", finding.kind.id);
            assert!(left.iter().all(was), "{name}: {found}");
            findings = left;
        }
    }
    let expected = [
        "moving-breaks",
        "pam-account-missing",
        "pam-account-skipped",
        "pam-after-publickey",
        "pam-auth-missing",
        "pam-cannot-enroll",
        "pam-code-refused",
        "pam-exempt-refused",
        "pam-jump-refuses",
        "pam-module-first",
        "pam-not-asked",
        "pam-nullok",
        "pam-off",
        "pam-password-not-asked",
        "pam-password-skipped",
        "pam-profile-changed",
        "pam-refusal-ignored",
        "pam-refusal-late",
        "pam-refuses",
        "pam-session-gate",
        "pam-session-missing",
        "pam-session-skipped",
        "pam-skipped",
        "pam-twice",
        "pam-twin",
        "pam-unknown-option",
        "pam-unreadable",
        "pam-wrong-password",
        "sshd-code-time",
        "sshd-empty-passwords",
        "sshd-grace-time",
        "sshd-keys-not-guarded",
        "sshd-keys-only",
        "sshd-match-weaker",
        "sshd-methods",
        "sshd-no-questions",
        "sshd-one-try",
        "sshd-password-method",
        "sshd-passwords",
        "sshd-touch",
        "sshd-without-pam",
    ];
    assert_eq!(tried, BTreeSet::from(expected));
}

/// Whether a remedy is a change of files that are examined.
fn is_mechanical(finding: &Finding) -> bool {
    let remedy = finding.remedy();
    let writes = |command: &String| {
        // The unit is known from the answers of systemd.
        command.starts_with("printf ") && !command.contains(".service.d/")
    };
    remedy.commands.iter().any(writes) || !finding.subject.edits.is_empty()
}

/// Whether a change is that of the guard, after which the daemon guards sshd.
fn is_guard(edit: &Edit) -> bool {
    edit.file.starts_with("/etc/tfa/")
}

/// `--only` never hides that something was not examined.
#[test]
fn a_report_of_one_id_says_what_was_not_examined() {
    let asked = "pam-auth-missing";
    for id in [
        "daemon-down",
        "daemon-silent",
        "daemon-refuses",
        "bus-name-denied",
        "pam-off",
        "pam-unreadable",
        "sshd-refuses",
        "sshd-not-loaded",
        "sshd-partly-examined",
        "sshd-other-files",
        "sshd-not-examined",
        "sudo-not-examined",
        "not-examined",
    ] {
        let findings = Host::new(&[SHIPPED[0], id]).findings();
        let mut reported = findings.iter().filter(|one| one.is_reported_for(asked));
        assert!(reported.any(|finding| finding.kind.id == id), "{id}");
    }
    let findings = Host::new(&[SHIPPED[0], "clock"]).findings();
    assert!(findings.iter().all(|one| !one.is_reported_for(asked)));
}

#[test]
fn the_remedy_of_a_daemon_depends_on_the_cause() {
    for (fixture, id, command) in [
        ("daemon-refuses", "daemon-refuses", "tfactl policy check"),
        (
            "daemon-refuses.database",
            "daemon-refuses",
            "ls -la /var/lib/tfa",
        ),
        (
            "daemon-refuses.etcd",
            "daemon-refuses",
            "systemctl status tfa-fleet",
        ),
        ("daemon-down", "daemon-down", "systemctl restart tfad"),
        ("daemon-down.masked", "daemon-down", "systemctl unmask tfad"),
        (
            "daemon-next-start",
            "daemon-next-start",
            "systemctl unmask tfad",
        ),
    ] {
        let findings = Host::new(&[SHIPPED[0], fixture]).findings();
        let finding = findings.iter().find(|one| one.kind.id == id).unwrap();
        assert_eq!(finding.remedy().commands[0], command, "{fixture}");
    }
}

/// The remedy of moving-unfinished where no user is left: of a fixture with a change of the file of login.
fn removal_of(fixture: &str, facts: &str, change: fn(&str) -> String) -> (Host, Vec<String>) {
    let host = Host::new(&[SHIPPED[0], fixture]);
    let facts = format!("only-old-module\nonly-oath\n{facts}");
    fs::write(host.0.join("more"), facts).unwrap();
    let file = "etc/pam.d/login";
    fs::write(host.0.join(file), change(&host.text(file).unwrap())).unwrap();
    let findings = host.findings();
    let id = "moving-unfinished";
    let finding = findings.iter().find(|finding| finding.kind.id == id);
    let commands = finding.unwrap().remedy().commands;
    (host, commands)
}

#[test]
fn the_lines_of_an_old_module_go_when_they_guard_no_user_alone() {
    for (fixture, module, import, pages) in [
        (
            "moving-unfinished",
            "pam_google_authenticator",
            "google-authenticator --homes",
            &["README.md", "docs/moving-in.md"][..],
        ),
        (
            "moving-unfinished.oath",
            "pam_oath",
            "oath /etc/liboath/users",
            &["docs/moving-in.md"],
        ),
    ] {
        let (host, commands) = removal_of(fixture, "", str::to_owned);
        let [keep, remove, last] = &commands[..] else {
            panic!("{commands:?}")
        };
        let moving_in = fs::read_to_string(repository().join("docs/moving-in.md")).unwrap();
        assert!(moving_in.contains(keep), "{keep}");
        for page in pages {
            let page = fs::read_to_string(repository().join(page)).unwrap();
            let last = last.replace("/etc/liboath/users", "/etc/users.oath");
            for command in [remove, &last] {
                assert!(page.contains(command), "{command}");
            }
        }
        assert_eq!(*last, format!("tfactl import {import} --apply"));
        assert!(host.text("etc/pam.d/login").unwrap().contains(module));
        let folder = host.0.join("etc/pam.d").display().to_string();
        let remove = remove.replace("/etc/pam.d", &folder);
        let status = Command::new("sh").args(["-c", &remove]).status().unwrap();
        assert!(status.success(), "{remove}");
        assert!(!report(&host.findings()).contains("moving"));
    }
}

/// The files of users may be elsewhere, and what would break comes first.
#[test]
fn the_lines_of_an_old_module_stay_while_more_is_to_be_done() {
    let elsewhere = |text: &str| text.replace("nullok", "secret=/var/otp/${USER}");
    let import = "tfactl import google-authenticator --homes";
    let (_, commands) = removal_of("moving-unfinished", "", elsewhere);
    assert_eq!(commands[0], import);
    let (_, commands) = removal_of("moving-unfinished", "homes unknown", str::to_owned);
    assert_eq!(commands[0], import);
    for fixture in ["moving-breaks", "moving-breaks.oath"] {
        let (_, commands) = removal_of(fixture, "", str::to_owned);
        assert_eq!(commands, ["tfactl doctor"], "{fixture}");
    }
}

/// A password would be asked for that these accounts do not have.
/// pam_oath has as many files as its lines name. A command with a path that only pam_oath understands cannot work.
#[test]
fn each_file_of_an_old_module_is_imported() {
    let findings = Host::new(&[SHIPPED[0], "moving-unfinished.files"]).findings();
    let id = "moving-unfinished";
    let finding = findings.iter().find(|finding| finding.kind.id == id);
    let remedy = finding.unwrap().remedy();
    let expected = ["/etc/su.oath", "/etc/users.oath"].map(|file| {
        let import = format!("tfactl import oath {file}");
        [import.clone(), format!("{import} --apply"), import]
    });
    assert_eq!(remedy.commands, expected.concat());
    let text = " Each user has an own ${HOME}/.users.oath: import each that names its user only.";
    assert!(remedy.text.ends_with(text), "{}", remedy.text);
}

#[test]
fn no_printed_command_locks_out_an_account_without_a_password() {
    for (fixture, id, expected) in [
        (
            "sshd-keys-not-guarded.no-password",
            "sshd-keys-not-guarded",
            "passwd cloud",
        ),
        (
            "sshd-keys-not-guarded.root",
            "sshd-keys-not-guarded",
            "# edit /etc/tfa/tfad.toml",
        ),
        ("sudo-nopasswd.no-password", "sudo-nopasswd", "passwd cloud"),
        (
            "sudo-nopasswd.unknown",
            "sudo-nopasswd",
            "tfactl doctor --only not-examined",
        ),
        (
            "sshd-keys-not-guarded.unknown",
            "sshd-keys-not-guarded",
            "tfactl doctor --only not-examined",
        ),
    ] {
        let findings = Host::new(&[SHIPPED[0], fixture]).findings();
        let mut all = findings.iter().filter(|one| one.kind.id == id);
        let finding = all.next().unwrap();
        let commands = finding.remedy().commands;
        assert_eq!(commands[0], expected, "{fixture}");
        let is_of_the_usual = |line: &&String| line.contains("sed ") || line.contains("printf ");
        assert_eq!(commands.iter().find(is_of_the_usual), None, "{fixture}");
        assert_eq!(finding.subject.edits, [], "{fixture}");
    }
}

/// Other rules of the file may be those of a package.
#[test]
fn a_remedy_of_polkit_changes_only_the_rule_that_was_found() {
    let host = Host::new(&[SHIPPED[0], "polkit-yes"]);
    let file = "etc/polkit-1/rules.d/10-units.rules";
    let before = host.text(file).unwrap();
    let [finding] = host.findings().try_into().unwrap();
    let remedy = finding.remedy();
    let command = remedy.commands[0].replace("/etc/", &format!("{}/etc/", host.0.display()));
    let status = Command::new("sh").args(["-c", &command]).status().unwrap();
    assert!(status.success(), "{command}");
    let (head, changed) = before.rsplit_once("Result.YES").unwrap();
    let expected = format!("{head}Result.AUTH_ADMIN{changed}");
    assert_eq!(host.text(file).unwrap(), expected);
    assert!(host.findings().is_empty());
}

#[test]
fn texts_are_short_and_whole() {
    for (name, kind) in fixtures_of_faults() {
        let findings = Host::new(&[SHIPPED[0], &name]).findings();
        let mut findings = findings.iter();
        let finding = findings.find(|finding| finding.is_about(kind.id)).unwrap();
        let remedy = finding.remedy();
        for text in [finding.what(), kind.why.to_owned(), remedy.text] {
            assert!(
                text.ends_with('.') && text.len() > 15,
                "{}: {text}",
                kind.id
            );
            assert!(text.len() < 260, "{}: {text}", kind.id);
        }
        let changes = finding.subject.edits.len() + remedy.commands.len();
        assert!(changes > 0, "{}", kind.id);
        for command in remedy.commands {
            assert!(command.len() < 150, "{}: {command}", kind.id);
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
