//! The units that start sshd.

use tfa_doctor::Unit;

use super::super::systemd;
use super::starts::NAME;

/// The units on Debian, and elsewhere.
const UNITS: [&str; 2] = ["ssh.service", "sshd.service"];
/// The sockets that may start them.
const SOCKETS: [&str; 2] = ["ssh.socket", "sshd.socket"];
/// The instance that stands for each connection of a socket.
const INSTANCE: &str = "tfa";

fn show(properties: &str, units: &[&str]) -> Result<Vec<Unit>, String> {
    let properties = format!("Id,ActiveState,UnitFileState,{properties}");
    systemd::units(&properties, units)
}

/// The names of the units that start sshd, those of the packages first. If none is in use, those that could.
pub(super) fn names() -> Result<Vec<String>, String> {
    let sockets = show("Accept", &[&SOCKETS[..], &["*.socket"]].concat())?;
    let sockets: Vec<Unit> = sockets.into_iter().filter(Unit::is_in_use).collect();
    // A socket with a process for each connection starts an instance of the unit of its name.
    let instances = sockets.iter().filter_map(|socket| {
        let name = socket.value("Id").strip_suffix(".socket")?;
        let is_ours = name.contains("ssh") && socket.value("Accept") == "yes";
        is_ours.then(|| format!("{name}@{INSTANCE}.service"))
    });
    let instances: Vec<String> = instances.collect();
    let names = UNITS
        .into_iter()
        .chain(instances.iter().map(String::as_str));
    let names: Vec<&str> = names.chain(["*.service"]).collect();
    let shown = show("ExecStart,TriggeredBy,LoadState", &names)?;
    let is_known = |unit: &Unit| names.contains(&unit.value("Id"));
    let is_triggered = |unit: &Unit| {
        let mut triggers = unit.value("TriggeredBy").split(' ');
        triggers.any(|trigger| sockets.iter().any(|socket| socket.value("Id") == trigger))
    };
    let is_instance = |unit: &Unit| instances.iter().any(|name| name == unit.value("Id"));
    let mut candidates: Vec<&Unit> = Vec::new();
    for unit in &shown {
        let is_candidate = unit.value("LoadState") == "loaded"
            && (is_known(unit) || names_sshd(unit.value("ExecStart")));
        let is_double = candidates
            .iter()
            .any(|other| other.value("Id") == unit.value("Id"));
        if is_candidate && !is_double {
            candidates.push(unit);
        }
    }
    let used = candidates
        .iter()
        .filter(|unit| unit.is_in_use() || is_triggered(unit) || is_instance(unit));
    let used: Vec<String> = used.map(|unit| unit.value("Id").to_owned()).collect();
    match used.is_empty() {
        true => {
            let first = candidates.first().map(|unit| unit.value("Id").to_owned());
            Ok(first.into_iter().collect())
        }
        false => Ok(used),
    }
}

/// Whether a text has a path of a program with the name of sshd.
fn names_sshd(text: &str) -> bool {
    let is_of_path = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    let mut words = text.split(|c: char| !is_of_path(c));
    words.any(|word| word.rsplit('/').next() == Some(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_that_name_sshd_are_known() {
        for (command, expected) in [
            (
                "{ path=/usr/local/sbin/sshd ; argv[]=/usr/local/sbin/sshd -D ; }",
                true,
            ),
            (
                "{ path=/bin/sh ; argv[]=/bin/sh -c exec '/usr/sbin/sshd' -D ; }",
                true,
            ),
            (
                "{ path=/usr/libexec/openssh/sshd-keygen ; argv[]=sshd-keygen rsa ; }",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(names_sshd(command), expected, "{command}");
        }
    }
}
