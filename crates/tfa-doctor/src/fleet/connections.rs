//! What tfa-fleet is connected to.

use super::{Connections, FleetFacts, FleetRole, found};
use crate::finding::{Finding, Kind};
use crate::messages;

/// How far clocks may differ, in milliseconds. Dates in policies and certificates are compared with them.
const MAX_DIFFERENCE_MS: u64 = 10_000;
/// From here on, the codes that a phone shows may all be outside of the window.
const FAR_DIFFERENCE_MS: u64 = 60_000;

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
        findings.extend(lost(&verifiers, kinds, 1));
        findings.extend(refused(connections));
        findings.extend(clocks(connections));
    }
    if fleet.is_in_etcd() {
        let members = connections.etcd.iter();
        let members: Vec<Peer<'_>> = members
            .map(|one| (one.url.as_str(), one.is_connected, one.error.as_deref()))
            .collect();
        let kinds = [&messages::ETCD_UNREACHABLE, &messages::ETCD_PARTLY_REACHED];
        // Half of them is no majority. But the configuration may not name all members: where etcd has just answered
        // the daemon, it has one.
        let share = if fleet.verifiers.is_some() { 1 } else { 2 };
        findings.extend(lost(&members, kinds, share));
        if connections.is_etcd_full {
            findings.push(found(&messages::ETCD_FULL, "", Vec::new(), ""));
        }
    }
    findings
}

/// A name, whether it is connected, and why not.
type Peer<'a> = (&'a str, bool, Option<&'a str>);

/// The peers that are not connected: the first kind if all are lost, or with `share` 2 half of them; else the second.
fn lost(peers: &[Peer<'_>], [too_many, some]: [&'static Kind; 2], share: usize) -> Option<Finding> {
    let lost = || peers.iter().filter(|(_, is_connected, _)| !is_connected);
    let names: Vec<String> = lost().map(|(name, ..)| (*name).to_owned()).collect();
    if names.is_empty() {
        return None;
    }
    let kind = match names.len().saturating_mul(share) >= peers.len() {
        true => too_many,
        false => some,
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

/// The verifiers whose clocks differ from that of this host: so far that codes are refused, and less.
fn clocks(connections: &Connections) -> Vec<Finding> {
    let verifiers = connections.verifiers.iter();
    let ahead = verifiers.filter_map(|one| Some((one.name.clone(), one.clock_ahead_ms?)));
    let apart = ahead.filter(|(_, ms)| ms.unsigned_abs() > MAX_DIFFERENCE_MS);
    let (far, near): (Vec<_>, Vec<_>) =
        apart.partition(|(_, ms)| ms.unsigned_abs() > FAR_DIFFERENCE_MS);
    let finding = |kind, apart: Vec<(String, i64)>| {
        let (_, most) = apart.iter().max_by_key(|(_, ms)| ms.unsigned_abs())?;
        let detail = messages::seconds_apart(*most);
        let names = apart.iter().map(|(name, _)| name.clone()).collect();
        Some(found(kind, "", names, detail))
    };
    let far = finding(&messages::FLEET_CLOCK_FAR, far);
    let near = finding(&messages::FLEET_CLOCK, near);
    far.into_iter().chain(near).collect()
}
