//! PAM files that are parts of others, and no services of their own.

use std::collections::{BTreeMap, BTreeSet};

use tfa_pam_host::Reading;
use tfa_pam_stack::{Phase, Position, Service};

use super::services;

/// The files that services which let users in include, and that no program is known to use by their names. Each line
/// that such a file has for the auth phase is one of theirs, so it is examined there.
pub(crate) fn parts(readings: &BTreeMap<String, Reading>) -> BTreeSet<String> {
    let is_open = |name: &&String| !services::is_known(name);
    let names = readings.keys().filter(is_open);
    let parts = names.filter(|name| {
        let own = readings.get(*name).map(lines).unwrap_or_default();
        let others = readings.iter().filter(|(other, _)| {
            other != name && *other != "other" && services::lets_users_in(other)
        });
        let theirs: BTreeSet<&Position> = others
            .map(|(_, reading)| lines(reading))
            .filter(|lines| lines.iter().any(|line| is_in(line, name)))
            .flatten()
            .collect();
        own.iter().any(|line| is_in(line, name)) && own.is_subset(&theirs)
    });
    parts.cloned().collect()
}

/// Whether the line stands in the file of an administrator with that name. Those below /usr are of packages.
fn is_in(line: &Position, service: &str) -> bool {
    line.file.strip_prefix("/etc/pam.d/") == Some(service)
}

fn lines(reading: &Reading) -> BTreeSet<&Position> {
    let services = reading.results().filter_map(Result::ok);
    let lines = services.flat_map(|service: &Service| &service.stack(Phase::Auth).lines);
    lines.map(|line| &line.position).collect()
}
