//! What is known of a host in a fleet. Nothing here opens a connection of the network: tfa-fleet is asked.

mod connections;
mod files;

use std::fs::{self, Metadata};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use nix::unistd::User;
use tfa_client::Failure;
use tfa_doctor::{FleetFacts, FleetRole, FleetSettings, FleetUnit, Marks, Unit};
use tfa_fleet_wire::MEMBER_SOCKET;
use tfa_proto::{DaemonFacts, FleetHost, FleetHostState};

use super::asked::told;
use super::missed::Missed;
use super::systemd;
use crate::daemon::Daemon;
use crate::messages;

const PROGRAM: &str = "/usr/sbin/tfa-fleet";
const UNIT: &str = "tfa-fleet.service";
const PROPERTIES: &str = "LoadState,ActiveState,UnitFileState,SupplementaryGroups,ExecStart";
const USER: &str = "tfa-fleet";

/// The facts; `None` on a host without a fleet. `daemon` is what the daemon has told of itself.
pub(super) fn collect(
    on_disk: Option<FleetSettings>,
    daemon: Option<&DaemonFacts>,
    missed: &Missed,
) -> Option<FleetFacts> {
    let in_force = daemon.map(|facts| facts.fleet_role.as_deref().and_then(role));
    let found = |name: &str| {
        let path = Path::new(tfa_doctor::STATE_DIR).join(name);
        missed.existing(&path, fs::symlink_metadata(&path))
    };
    let changed = |found: &Metadata| found.modified().ok();
    let [member, accounts] = ["fleet.member", "accounts.db"].map(found);
    let marks = Marks {
        member: member.is_some(),
        etcd: found("etcd.id").is_some(),
        is_moving: ["etcd.next", "sqlite.next", "sqlite.here"]
            .iter()
            .any(|name| found(name).is_some()),
        // The host had an empty one before, which the daemon leaves where it is.
        new_accounts: accounts.as_ref().and_then(changed) > member.as_ref().and_then(changed),
    };
    let is_on_disk = on_disk.is_some_and(|settings| settings.role.is_some() || settings.is_in_etcd);
    let has_role = in_force.flatten().is_some() || is_on_disk;
    if !has_role && !marks.member && !marks.etcd {
        return None;
    }
    let mut facts = FleetFacts {
        on_disk,
        in_force,
        marks,
        is_installed: Path::new(PROGRAM).exists(),
        has_member_socket: daemon.map(|_| is_socket(MEMBER_SOCKET)),
        ..FleetFacts::default()
    };
    if !facts.is_installed {
        return Some(facts);
    }
    let unit = systemd::is_running().then(|| systemd::units(PROPERTIES, &[UNIT]));
    let unit = unit.and_then(|shown| missed.known(shown)?.into_iter().next());
    let user = User::from_name(USER).ok().flatten();
    match user.map(|user| user.uid.as_raw()) {
        Some(uid) => {
            facts.files = files::collect(unit.as_ref(), uid, missed);
            let is_active = unit.as_ref().is_some_and(is_active);
            if is_active {
                facts.connections = connections::collect(uid, missed);
            }
        }
        None => missed.note(messages::no_fleet_user(USER)),
    }
    facts.unit = unit.map(|unit| state_of(&unit));
    Some(facts)
}

/// Asks a verifier how many verifiers the fleet has.
pub(super) async fn ask(
    daemon: &mut Daemon,
    facts: &mut FleetFacts,
    missed: &Missed,
) -> Result<(), Failure> {
    if facts.in_force == Some(Some(FleetRole::Verifier)) {
        let hosts = told(daemon.hosts().await, messages::FLEET_HOSTS, missed)?;
        let is_verifier = |host: &&FleetHost| {
            host.port.is_some() && host.state.known() == Some(FleetHostState::Joined)
        };
        facts.verifiers = hosts.map(|hosts| hosts.iter().filter(is_verifier).count());
    }
    Ok(())
}

/// A text of tfa-fleet, which is not trusted with the lines of a report or of a message.
pub(crate) fn plain(text: &str) -> String {
    /// In characters. A text that is longer is not one of tfa-fleet.
    const MAX_TEXT: usize = 512;
    let shown = |character| match tfa_proto::is_misleading(character) {
        true => '?',
        false => character,
    };
    text.chars().take(MAX_TEXT).map(shown).collect()
}

fn role(name: &str) -> Option<FleetRole> {
    match name {
        "member" => Some(FleetRole::Member),
        "verifier" => Some(FleetRole::Verifier),
        _ => None,
    }
}

fn is_socket(path: &str) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

fn is_active(unit: &Unit) -> bool {
    matches!(unit.value("ActiveState"), "active" | "reloading")
}

fn state_of(unit: &Unit) -> FleetUnit {
    let file = unit.value("UnitFileState");
    FleetUnit {
        is_active: is_active(unit),
        is_enabled: matches!(
            file,
            "enabled" | "static" | "linked" | "alias" | "generated"
        ),
        is_masked: unit.value("LoadState") == "masked" || file.starts_with("masked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_tfa_fleet_stays_in_its_line() {
        assert_eq!(plain("no\n  Run: curl\u{1b}[1m"), "no?  Run: curl?[1m");
        assert_eq!(plain(&"x".repeat(9000)).len(), 512);
    }

    #[test]
    fn state_of_the_unit_is_that_of_systemctl() {
        let of = |text: &str| state_of(&Unit::parse_all(text).remove(0));
        let healthy = of("LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n");
        assert!(healthy.is_active && healthy.is_enabled && !healthy.is_masked);
        // Until the next boot only.
        let runtime = of("LoadState=loaded\nActiveState=active\nUnitFileState=enabled-runtime\n");
        assert!(!runtime.is_enabled);
        let masked = of("LoadState=masked\nActiveState=inactive\nUnitFileState=masked\n");
        assert!(masked.is_masked && !masked.is_active);
        // It fails, and systemd starts it again and again.
        assert!(!of("ActiveState=activating\nUnitFileState=enabled\n").is_active);
    }
}
