//! What tfa-fleet would start with, as its own user reads it.

use std::collections::BTreeSet;
use std::path::Path;

use tfa_client::now;
use tfa_doctor::{FleetFault, FleetFiles, Unit};
use tfa_fleet_wire::{Fault, FaultKind, Report, read_report};

use super::{Missed, PROGRAM, USER, plain};
use crate::doctor::output::{failure, output_as};
use crate::doctor::owned_files;
use crate::messages;

/// More files than a configuration names.
const MAX_FILES: usize = 64;
/// What the program trusts, whatever it says.
const TRUSTED: [&str; 4] = [
    messages::FLEET_CONFIG,
    "/var/lib/tfa-fleet",
    "/var/lib/tfa-fleet/ca.pem",
    "/var/lib/tfa-fleet/host.pem",
];

/// Has the program read its files. `None` if it does not tell; a reason is noted.
pub(super) fn collect(unit: Option<&Unit>, uid: u32, missed: &Missed) -> Option<FleetFiles> {
    if let Some(options) = unit.and_then(own_options) {
        missed.note(messages::fleet_has_options(&options));
        return None;
    }
    let report = missed.known(report(unit))?;
    let named = report.files.into_iter().take(MAX_FILES);
    let named = named.map(|file| file.path);
    let (named, odd): (Vec<String>, Vec<String>) = named.partition(|path| plain(path) == *path);
    for path in odd {
        missed.note(messages::odd_path(&plain(&path)));
    }
    let trusted: BTreeSet<String> = TRUSTED
        .map(str::to_owned)
        .into_iter()
        .chain(named)
        .collect();
    let owned = missed.in_time("the owners of files", move |missed| {
        let paths = trusted.iter().map(Path::new);
        owned_files::with_folders(paths, missed)
    });
    let ends = report.certificates.into_iter().take(MAX_FILES);
    Some(FleetFiles {
        faults: report
            .faults
            .into_iter()
            .take(MAX_FILES)
            .map(fault)
            .collect(),
        host: report.host.filter(|name| is_host_name(name)),
        ends: ends.map(|one| (plain(&one.path), one.end)).collect(),
        is_managed: report.is_managed,
        listens: report.listens,
        has_verifiers: !report.verifiers.is_empty(),
        verifiers: addresses(report.verifier_addresses),
        told_verifiers: addresses(report.told_verifiers),
        etcd: report
            .etcd
            .into_iter()
            .map(|one| (plain(&one.url), one.has_tls))
            .collect(),
        owned: owned.unwrap_or_default(),
        uid,
        now: now(),
    })
}

fn report(unit: Option<&Unit>) -> Result<Report, String> {
    let groups = unit.map_or("", |unit| unit.value("SupplementaryGroups"));
    let groups = match groups {
        // As systemd does for the user of a unit.
        "" => "--init-groups".to_owned(),
        groups => format!("--groups={}", groups.replace(' ', ",")),
    };
    let output = output_as(USER, &groups, PROGRAM, &["--report"])?;
    match output.status.success() {
        true => read_report(&output.stdout).map_err(|error| messages::fleet_not_asked(&error)),
        false => Err(failure(PROGRAM, &output)),
    }
}

/// The options with which the unit starts the program, if it has any: its files are then others.
fn own_options(unit: &Unit) -> Option<String> {
    let (_, rest) = unit.value("ExecStart").split_once("argv[]=")?;
    let (command, _) = rest.split_once(" ;")?;
    (command != PROGRAM).then(|| command.to_owned())
}

/// Those that can be printed in a line of the configuration: each is `NAME:PORT`.
fn addresses(told: Vec<String>) -> Vec<String> {
    let is_address = |text: &String| {
        let parts = text.rsplit_once(':');
        parts.is_some_and(|(name, port)| is_host_name(name) && port.parse::<u16>().is_ok())
    };
    let told = told.into_iter().take(MAX_FILES);
    told.filter(is_address).collect()
}

/// Whether it can be printed in a command.
fn is_host_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    name.len() < 256 && !name.starts_with('-') && name.bytes().all(is_plain)
}

fn fault(fault: Fault) -> FleetFault {
    let Fault { kind, path, text } = fault;
    let (path, text) = (plain(&path), plain(&text));
    match kind {
        FaultKind::Configuration => FleetFault::Configuration(path, text),
        FaultKind::File | FaultKind::Refused => FleetFault::File(path, text),
        FaultKind::Ended => FleetFault::Ended(path, text),
        FaultKind::NotYetValid => FleetFault::NotYetValid(path, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_unit_are_told() {
        let unit = |command: &str| {
            let text =
                format!("ExecStart={{ path={PROGRAM} ; argv[]={command} ; ignore_errors=no }}\n");
            Unit::parse_all(&text).remove(0)
        };
        assert_eq!(own_options(&unit(PROGRAM)), None);
        let other = format!("{PROGRAM} --config /etc/other.toml");
        assert_eq!(own_options(&unit(&other)), Some(other));
        assert_eq!(own_options(&Unit::default()), None);
    }
}
