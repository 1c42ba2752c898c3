//! Whether tfa-fleet runs, and will run after the next boot.

use super::{FleetFacts, found};
use crate::finding::Finding;
use crate::messages;

pub(super) fn examine(fleet: &FleetFacts) -> Vec<Finding> {
    if fleet.role().is_none() && !fleet.is_in_etcd() {
        return Vec::new();
    }
    if !fleet.is_installed {
        return vec![found(&messages::FLEET_NOT_INSTALLED, "", Vec::new(), "")];
    }
    let Some(unit) = &fleet.unit else {
        return Vec::new();
    };
    // What it could not start with says more.
    let is_explained = fleet
        .files
        .as_ref()
        .is_some_and(|files| !files.faults.is_empty());
    let detail = match unit.is_masked {
        true => messages::FLEET_MASKED,
        false => "",
    };
    match (unit.is_active, unit.is_enabled) {
        (false, _) if is_explained && !unit.is_masked => Vec::new(),
        (false, _) => vec![found(&messages::FLEET_NOT_RUNNING, "", Vec::new(), detail)],
        (true, false) => vec![found(&messages::FLEET_NOT_ENABLED, "", Vec::new(), detail)],
        (true, true) => Vec::new(),
    }
}
