//! How a unit of systemd starts sshd.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use tfa_doctor::sshd::OtherFiles;

use super::super::systemd;
use super::loaded::Run;
use super::options::{self, Start};
use super::properties::{path, property};
use super::starts::NAME;
use super::variables::Variables;
use crate::messages;

const SERVICE: &str = "Service";
/// Properties that give a program other files, with the places of these.
const MOUNTS: [&str; 7] = [
    "BindPaths",
    "BindReadOnlyPaths",
    "TemporaryFileSystem",
    "InaccessiblePaths",
    "MountImages",
    "ExtensionImages",
    "ExtensionDirectories",
];
/// Where the files are that decide about logins.
const DECISIVE: [&str; 5] = ["/etc", "/run", "/usr", "/lib", "/var/lib/tfa"];
/// What the loader of programs reads: ld.so(8).
const LOADER: &str = "LD_";

/// A command line of a unit: the program, its words, whether a failure is ignored, and when it ran.
type Command = (String, Vec<String>, bool, u64, u64, u64, u64, u32, i32, i32);

/// How a unit starts sshd, or why that is not known.
pub(super) fn start(unit: &str) -> Result<Start, String> {
    let path = path(unit);
    let commands: Vec<Command> = property(&path, SERVICE, "ExecStart")?;
    let is_sshd = |program: &str| program.rsplit('/').next() == Some(NAME);
    let mut commands = commands.into_iter();
    let command = commands.find(|(program, ..)| is_sshd(program));
    let Some((program, words, ..)) = command else {
        return Err(messages::NO_SSHD_COMMAND.to_owned());
    };
    for name in ["RootDirectory", "RootImage"] {
        if !property::<String>(&path, SERVICE, name)?.is_empty() {
            return Err(messages::unit_has(name));
        }
    }
    let manager: Vec<String> = property("/org/freedesktop/systemd1", "Manager", "Environment")?;
    let own: Vec<String> = property(&path, SERVICE, "Environment")?;
    let passed: Vec<String> = property(&path, SERVICE, "PassEnvironment")?;
    let mut variables = Variables {
        passed: passed.into_iter().collect(),
        ..Variables::default()
    };
    variables.add(&manager, unit);
    variables.add(&own, unit);
    let files: Vec<(String, bool)> = property(&path, SERVICE, "EnvironmentFiles")?;
    for (pattern, _) in files {
        variables.read(&pattern)?;
    }
    for name in property::<Vec<String>>(&path, SERVICE, "UnsetEnvironment")? {
        variables.known.remove(&name);
    }
    let start = options::parse(unit, &program, &variables.expand(unit, &words))?;
    let of_loader = variables.known.keys().find(|name| name.starts_with(LOADER));
    let changed = [mounts(unit)?, of_loader.cloned()].into_iter().flatten();
    Ok(Start {
        other_files: changed
            .map(|setting| OtherFiles {
                unit: unit.to_owned(),
                setting,
            })
            .collect(),
        runs: run(unit, &path, &variables.files)?.into_iter().collect(),
        files: variables.files,
        ..start
    })
}

/// The first property with which sshd sees other files than this program, in a place that decides about logins.
fn mounts(unit: &str) -> Result<Option<String>, String> {
    let unit = systemd::units(&MOUNTS.join(","), &[unit])?
        .into_iter()
        .next();
    let unit = unit.unwrap_or_default();
    let found = MOUNTS
        .into_iter()
        .find(|name| is_decisive(name, unit.value(name)));
    Ok(found.map(str::to_owned))
}

/// Whether a property changes one of the places. Images may change each.
fn is_decisive(name: &str, value: &str) -> bool {
    let mut entries = value.split_whitespace();
    if name.contains("Image") || name.contains("Extension") {
        return entries.next().is_some();
    }
    entries.any(|entry| {
        let entry = entry.trim_start_matches(['-', '+']);
        let mut parts = entry.split(':');
        let source = parts.next().unwrap_or_default();
        let target = parts.next().filter(|target| target.starts_with('/'));
        let target = target.unwrap_or(source).trim_end_matches('/');
        let is_below = |one: &str, other: &str| {
            let rest = one.strip_prefix(other);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        DECISIVE
            .iter()
            .any(|place| is_below(target, place) || is_below(place, target))
    })
}

/// The main process of a unit, if it runs.
fn run(unit: &str, path: &str, environment: &BTreeSet<String>) -> Result<Option<Run>, String> {
    let pid: u32 = property(path, SERVICE, "MainPID")?;
    if pid == 0 {
        return Ok(None);
    }
    let micros: u64 = property(path, SERVICE, "ExecMainStartTimestamp")?;
    let mut files = environment.clone();
    files.insert(property(path, "Unit", "FragmentPath")?);
    files.extend(property::<Vec<String>>(path, "Unit", "DropInPaths")?);
    // A drop-in may have been removed.
    files.insert(format!("/etc/systemd/system/{unit}.d"));
    Ok(Some(Run {
        pid,
        started: UNIX_EPOCH + Duration::from_micros(micros),
        files,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_over_files_that_decide_about_logins_are_known() {
        for (name, value, expected) in [
            ("BindReadOnlyPaths", "/srv/pam.d:/etc/pam.d:rbind", true),
            ("BindPaths", "/srv:/", true),
            ("BindPaths", "/etc/x:/srv/x", false),
            ("BindPaths", "-/etc", true),
            ("TemporaryFileSystem", "/run/tfa:ro", true),
            ("TemporaryFileSystem", "/tmp /home", false),
            ("InaccessiblePaths", "-/boot /etcetera", false),
            ("InaccessiblePaths", "-/boot -/etc/tfa", true),
            ("ExtensionDirectories", "/srv/x", true),
            ("MountImages", "", false),
        ] {
            assert_eq!(is_decisive(name, value), expected, "{name} {value}");
        }
    }
}
