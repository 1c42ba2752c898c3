//! What tfa-fleet is connected to.

use super::{Connections, FleetFacts, FleetRole, found};
use crate::finding::{Finding, Kind};
use crate::messages;

/// How far clocks may differ, in milliseconds. Dates in policies and certificates are compared with them.
const MAX_DIFFERENCE_MS: u64 = 10_000;

pub(super) fn examine(fleet: &FleetFacts, connections: &Connections) -> Vec<Finding> {
    let mut findings = Vec::new();
    if fleet.role() == Some(FleetRole::Member) {
        let verifiers = connections.verifiers.iter();
        let verifiers: Vec<Peer<'_>> = verifiers
            .map(|one| (one.name.as_str(), one.is_connected, one.error.as_deref()))
            .collect();
        let kinds = [
            &messages::FLEET_NO_VERIFIER,
            &messages::FLEET_SOME_VERIFIERS,
        ];
        findings.extend(lost(&verifiers, kinds));
        findings.extend(refused(connections));
        findings.extend(clock(connections));
    }
    if fleet.is_in_etcd() {
        let members = connections.etcd.iter();
        let members: Vec<Peer<'_>> = members
            .map(|one| (one.url.as_str(), one.is_connected, one.error.as_deref()))
            .collect();
        let kinds = [&messages::ETCD_UNREACHABLE, &messages::ETCD_PARTLY_REACHED];
        findings.extend(lost(&members, kinds));
        if connections.is_etcd_full {
            findings.push(found(&messages::ETCD_FULL, "", Vec::new(), ""));
        }
    }
    findings
}

/// A name, whether it is connected, and why not.
type Peer<'a> = (&'a str, bool, Option<&'a str>);

/// The peers that are not connected: all, which is the first kind, or some, which is the second.
fn lost(peers: &[Peer<'_>], [all, some]: [&'static Kind; 2]) -> Option<Finding> {
    let lost = || peers.iter().filter(|(_, is_connected, _)| !is_connected);
    let names: Vec<String> = lost().map(|(name, ..)| (*name).to_owned()).collect();
    if names.is_empty() {
        return None;
    }
    let kind = if names.len() == peers.len() {
        all
    } else {
        some
    };
    let why = lost().find_map(|(_, _, error)| *error);
    Some(found(
        kind,
        "",
        names,
        why.unwrap_or(messages::NO_CONNECTION_YET),
    ))
}

/// The verifiers that refuse this host.
fn refused(connections: &Connections) -> Option<Finding> {
    let verifiers = connections.verifiers.iter();
    let mut refusing = verifiers.filter_map(|one| Some((one.name.clone(), one.refusal.as_ref()?)));
    let (name, why) = refusing.next()?;
    let names = [name].into_iter().chain(refusing.map(|(name, _)| name));
    let names: Vec<String> = names.collect();
    Some(found(
        &messages::FLEET_HOST_REFUSED,
        "",
        names,
        why.as_str(),
    ))
}

/// The verifiers whose clocks differ from that of this host.
fn clock(connections: &Connections) -> Option<Finding> {
    let verifiers = connections.verifiers.iter();
    let ahead = verifiers.filter_map(|one| Some((one.name.clone(), one.clock_ahead_ms?)));
    let apart: Vec<(String, i64)> = ahead
        .filter(|(_, ms)| ms.unsigned_abs() > MAX_DIFFERENCE_MS)
        .collect();
    let (_, most) = apart.iter().max_by_key(|(_, ms)| ms.unsigned_abs())?;
    let detail = messages::seconds_apart(*most);
    let names = apart.iter().map(|(name, _)| name.clone()).collect();
    Some(found(&messages::FLEET_CLOCK, "", names, detail))
}
