//! Faults of a member or a verifier of a fleet: its role, its program with the network, its connections.

mod connections;
mod facts;
mod files;
mod program;
mod role;

use crate::facts::Facts;
use crate::finding::{Finding, Kind};

pub use facts::{
    Connections, EtcdLink, FleetFacts, FleetFault, FleetFiles, FleetRole, FleetSettings, FleetUnit,
    Marks, VerifierLink,
};

/// The configuration of tfa-fleet.
const CONFIG: &str = "/etc/tfa/tfa-fleet.toml";

/// The faults; none on a host without a fleet.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let Some(host) = &facts.host else {
        return Vec::new();
    };
    let Some(fleet) = &host.fleet else {
        return Vec::new();
    };
    let mut findings = role::examine(fleet);
    let program = program::examine(fleet);
    let is_there = program.is_empty();
    findings.extend(program);
    if let Some(files) = &fleet.files {
        findings.extend(files::examine(fleet, files, host.name.as_deref()));
    }
    if let Some(connections) = fleet.connections.as_ref().filter(|_| is_there) {
        findings.extend(connections::examine(fleet, connections));
    }
    findings.extend(role::verifier(fleet));
    findings
}

/// Whether verifiers answer the logins of the host.
pub(crate) fn is_member(facts: &Facts) -> bool {
    let fleet = facts.host.as_ref().and_then(|host| host.fleet.as_ref());
    fleet.is_some_and(|fleet| fleet.role() == Some(FleetRole::Member))
}

fn found(
    kind: &'static Kind,
    place: &str,
    names: Vec<String>,
    detail: impl Into<String>,
) -> Finding {
    Finding::beside_pam(kind, place, names, detail.into())
}
