//! The role of a host, and the files that show what it was.

use super::{FleetFacts, FleetRole, found};
use crate::finding::Finding;
use crate::{STATE_DIR, messages};

pub(super) fn examine(fleet: &FleetFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mark = |name: &str| format!("{STATE_DIR}/{name}");
    if let Some(settings) = fleet.on_disk {
        if fleet.marks.member && settings.role != Some(FleetRole::Member) {
            let place = mark(messages::MEMBER_MARK);
            findings.push(found(&messages::FLEET_MARK_DIFFERS, &place, Vec::new(), ""));
        }
        // While the accounts are moved, the mark and the configuration differ.
        if fleet.marks.etcd && !settings.is_in_etcd && !fleet.marks.is_moving {
            let place = mark(messages::ETCD_MARK);
            findings.push(found(&messages::FLEET_MARK_DIFFERS, &place, Vec::new(), ""));
        }
        // A mark that differs says more.
        if findings.is_empty() && fleet.in_force.is_some_and(|role| role != settings.role) {
            let kind = &messages::FLEET_ROLE_NOT_IN_FORCE;
            findings.push(found(kind, "", Vec::new(), messages::role(settings.role)));
        }
    }
    if fleet.marks.member && fleet.marks.new_accounts {
        let place = mark("accounts.db");
        findings.push(found(&messages::FLEET_OLD_ACCOUNTS, &place, Vec::new(), ""));
    }
    findings
}

/// What members of a verifier need of it.
pub(super) fn verifier(fleet: &FleetFacts) -> Vec<Finding> {
    if fleet.role() != Some(FleetRole::Verifier) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let is_in_force = fleet.in_force == Some(Some(FleetRole::Verifier));
    if is_in_force && fleet.has_member_socket == Some(false) {
        let place = messages::MEMBER_SOCKET;
        findings.push(found(
            &messages::FLEET_SOCKET_MISSING,
            place,
            Vec::new(),
            "",
        ));
    }
    if !fleet.is_in_etcd()
        && let Some(count @ 2..) = fleet.verifiers
    {
        let detail = count.to_string();
        findings.push(found(&messages::FLEET_STORES_APART, "", Vec::new(), detail));
    }
    findings
}
