//! The processes of sshd that listen, with or without a unit of their own.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::bounded::whole_bytes;
use super::loaded::Run;
use super::options::{self, Start};
use super::starts::NAME;
use super::variables::Word;
use crate::messages;

/// Where the kernel tells about processes.
const PROC: &str = "/proc";
/// Options with which sshd prints something, or is a part of another sshd.
const NO_SERVER: [&str; 4] = ["-T", "-t", "-G", "-R"];
/// Ticks in a second in the files of [`PROC`], on each architecture of Linux.
const TICKS: u64 = 100;

/// A process of sshd that listens.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listener {
    pub(super) pid: u32,
    program: String,
    /// The words of the command line after the program.
    words: Vec<String>,
    /// The words were joined with blanks before they were told.
    is_split: bool,
    /// The service of systemd to which it belongs.
    pub(super) unit: Option<String>,
    /// It sees other files than this program.
    has_other_files: bool,
}

/// The listeners of this host, without its containers, by their pids. A program that is not root's lets in its own
/// user only.
pub(super) fn listeners() -> Vec<Listener> {
    let names = fs::read_dir(PROC).into_iter().flatten().flatten();
    let pids = names.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut pids: Vec<u32> = pids.collect();
    pids.sort_unstable();
    pids.into_iter().filter_map(listener).collect()
}

fn listener(pid: u32) -> Option<Listener> {
    let folder = Path::new(PROC).join(pid.to_string());
    let program = fs::read_link(folder.join("exe")).ok()?;
    let program = program.to_str()?;
    let program = program.strip_suffix(" (deleted)").unwrap_or(program);
    let is_sshd = program.rsplit('/').next() == Some(NAME);
    let is_here = namespace(&folder, "pid")? == namespace(&own(), "pid")?;
    if !is_sshd || !is_here || fs::metadata(&folder).ok()?.uid() != 0 {
        return None;
    }
    let (words, is_split) = words(&whole_bytes(&folder.join("cmdline"))?)?;
    let is_at_root = fs::read_link(folder.join("root")).ok()? == Path::new("/");
    let has_own_mounts = namespace(&folder, "mnt")? != namespace(&own(), "mnt")?;
    Some(Listener {
        pid,
        program: program.to_owned(),
        words,
        is_split,
        unit: unit(&String::from_utf8_lossy(&whole_bytes(
            &folder.join("cgroup"),
        )?)),
        has_other_files: has_own_mounts || !is_at_root,
    })
}

fn own() -> PathBuf {
    Path::new(PROC).join("self")
}

fn namespace(folder: &Path, name: &str) -> Option<PathBuf> {
    fs::read_link(folder.join("ns").join(name)).ok()
}

/// The words after the program, and whether they were joined with blanks; `None` for a process of sshd that does not
/// listen. A listener writes its command line into its title.
fn words(cmdline: &[u8]) -> Option<(Vec<String>, bool)> {
    let text = String::from_utf8_lossy(cmdline);
    let words: Vec<String> = match text.strip_prefix("sshd: ") {
        Some(title) => {
            let (command, _) = title.rsplit_once(" [listener]")?;
            command.split(' ').map(str::to_owned).collect()
        }
        None => text
            .trim_end_matches('\0')
            .split('\0')
            .map(str::to_owned)
            .collect(),
    };
    let is_server = !words.iter().any(|word| NO_SERVER.contains(&word.as_str()));
    let is_split = text.starts_with("sshd: ");
    is_server.then(|| (words.into_iter().skip(1).collect(), is_split))
}

/// The service in the control groups of a process.
fn unit(groups: &str) -> Option<String> {
    let of_systemd = groups.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        matches!(controllers, "" | "name=systemd").then_some(path)
    });
    let mut parts = of_systemd?.split('/');
    parts
        .find(|part| part.ends_with(".service"))
        .map(str::to_owned)
}

impl Listener {
    /// Whether it was started as a unit says: by the unit itself, or by an instance of it.
    pub(super) fn is_of(&self, unit: &str) -> bool {
        let template = |name: &str| name.split_once('@').map(|(name, _)| name.to_owned());
        self.unit.as_deref().is_some_and(|own| {
            own == unit || (template(own).is_some() && template(own) == template(unit))
        })
    }

    /// How it was started, or why that is not known.
    pub(super) fn start(&self) -> Result<Start, String> {
        // Its program may be another file than the one of that path here.
        if self.has_other_files {
            return Err(messages::OTHER_MOUNTS.to_owned());
        }
        if self.is_split && !are_certain(&self.words) {
            return Err(messages::WORDS_NOT_KNOWN.to_owned());
        }
        let place = messages::process(self.pid);
        let words = self.words.iter().map(|text| Word {
            text: text.clone(),
            place: place.clone(),
            is_whole: true,
        });
        let start = options::parse("", &self.program, &words.collect::<Vec<_>>())?;
        let run = started(self.pid).map(|started| Run {
            pid: self.pid,
            started,
            files: Default::default(),
        });
        Ok(Start {
            runs: run.into_iter().collect(),
            ..start
        })
    }
}

/// Whether the words of a title are those of the command line: a value may have had blanks.
fn are_certain(words: &[String]) -> bool {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (letter, value) = match options::with_value(word) {
            Some((letter, "")) => (letter, words.next().map_or("", String::as_str)),
            Some(option) => option,
            None if word.starts_with('-') => continue,
            None => return false,
        };
        if letter == "o" && !value.contains('=') {
            return false;
        }
    }
    true
}

/// When a process was started, at the latest: the kernel tells whole seconds.
fn started(pid: u32) -> Option<SystemTime> {
    let text = |path: &str| String::from_utf8(whole_bytes(Path::new(path))?).ok();
    let stat = text(&format!("{PROC}/{pid}/stat"))?;
    // The name of the program may have blanks and brackets. The time is the twenty-second field.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: u64 = fields.split_whitespace().nth(19)?.parse().ok()?;
    let of_host = text("/proc/stat")?;
    let boot = of_host.lines().find_map(|line| line.strip_prefix("btime "));
    let boot: u64 = boot?.trim().parse().ok()?;
    Some(UNIX_EPOCH + Duration::from_secs(boot + 1 + ticks.div_ceil(TICKS)))
}

#[cfg(test)]
mod tests {
    use super::super::starts::PROGRAM;
    use super::*;

    fn listener(cmdline: &[u8]) -> Option<Listener> {
        let (words, is_split) = words(cmdline)?;
        Some(Listener {
            pid: 12,
            program: PROGRAM.to_owned(),
            words,
            is_split,
            unit: None,
            has_other_files: false,
        })
    }

    #[test]
    fn the_command_line_of_a_listener_is_known() {
        let title = b"sshd: /usr/sbin/sshd -f /etc/ssh/two -oUsePAM=no -p 22 [listener] 0 of 10-100 startups\0\0";
        let found = listener(title).unwrap().start().unwrap();
        assert_eq!(found.main.as_deref(), Some("/etc/ssh/two"));
        assert_eq!(found.words, ["-f", "/etc/ssh/two", "-o", "UsePAM=no"]);
        let found = listener(b"/usr/sbin/sshd\0-D\0-o\0LoginGraceTime 600\0").unwrap();
        assert_eq!(found.start().unwrap().words, ["-o", "LoginGraceTime 600"]);
        for words in ["-o LoginGraceTime 600", "-oUsePAM no", "-f /etc/my file"] {
            let title = format!("sshd: /usr/sbin/sshd {words} [listener] 0 of 10-100 startups");
            assert!(
                listener(title.as_bytes()).unwrap().start().is_err(),
                "{words}"
            );
        }
        for other in [
            &b"sshd: alice [priv]\0"[..],
            b"sshd: alice@pts/0\0",
            b"sshd: [accepted]\0",
            b"/usr/sbin/sshd\0-D\0-R\0",
            b"/usr/sbin/sshd\0-T\0-C\0user=x\0",
        ] {
            assert_eq!(listener(other), None);
        }
    }

    #[test]
    fn the_unit_of_a_process_is_its_control_group() {
        for (groups, expected) in [
            ("0::/system.slice/ssh.service\n", Some("ssh.service")),
            (
                "4:cpu:/x\n1:name=systemd:/system.slice/rc-local.service\n",
                Some("rc-local.service"),
            ),
            (
                "0::/system.slice/system-ssh.slice/ssh@1-a.service",
                Some("ssh@1-a.service"),
            ),
            ("0::/user.slice/user-0.slice/session-1.scope", None),
            ("", None),
        ] {
            assert_eq!(unit(groups).as_deref(), expected, "{groups}");
        }
        let of = |name: &str| Listener {
            unit: Some(name.to_owned()),
            ..listener(b"/usr/sbin/sshd\0-D\0").unwrap()
        };
        assert!(of("ssh.service").is_of("ssh.service"));
        assert!(of("ssh@1-a.service").is_of("ssh@tfa.service"));
        assert!(!of("rc-local.service").is_of("ssh.service"));
        assert!(!of("ssh.service").is_of("ssh@tfa.service"));
    }

    #[test]
    fn the_start_of_a_process_is_in_the_past() {
        let own = started(std::process::id()).unwrap();
        assert!(own <= SystemTime::now() + Duration::from_secs(2));
    }
}
