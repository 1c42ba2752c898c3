//! The configuration of tfa-fleet, the certificate and the key of the host, and who may change them.

use super::{CONFIG, FleetFacts, FleetFault, FleetFiles, FleetRole, found};
use crate::finding::Finding;
use crate::messages;

/// tfa-fleet renews a certificate ten days before its end, and tries that each hour.
const RENEWED_BEFORE: u64 = 9 * 24 * 3600;

pub(super) fn examine(fleet: &FleetFacts, files: &FleetFiles, name: Option<&str>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = files.faults.iter().map(fault).collect();
    findings.extend(ends(files));
    findings.extend(writable(files));
    if files
        .faults
        .iter()
        .any(|fault| matches!(fault, FleetFault::Configuration(..)))
    {
        // The rest of it is not known.
        return findings;
    }
    if let (Some(host), Some(name)) = (&files.host, name)
        && !is_same(host, name)
    {
        let names = vec![name.to_owned()];
        findings.push(found(
            &messages::FLEET_NAME_DIFFERS,
            "",
            names,
            host.as_str(),
        ));
    }
    let in_config = |kind, detail: &str| found(kind, CONFIG, Vec::new(), detail);
    match fleet.role() {
        Some(FleetRole::Verifier) if !files.listens => {
            findings.push(in_config(&messages::FLEET_NOT_LISTENING, ""));
        }
        Some(FleetRole::Member) if !files.has_verifiers => {
            findings.push(in_config(
                &messages::FLEET_NO_VERIFIER,
                messages::NO_VERIFIERS,
            ));
        }
        Some(FleetRole::Member) => findings.extend(not_in_fleet(files)),
        _ => {}
    }
    if fleet.is_in_etcd() && files.etcd.is_empty() {
        findings.push(in_config(&messages::ETCD_UNREACHABLE, messages::NO_ETCD));
    }
    let open = files.etcd.iter().filter(|(_, has_tls)| !has_tls);
    let open: Vec<String> = open.map(|(url, _)| url.clone()).collect();
    if !open.is_empty() {
        findings.push(found(&messages::ETCD_OPEN, CONFIG, open, ""));
    }
    findings
}

/// The verifiers of the configuration that the fleet does not have, with the line without them in the detail. It has
/// those that were told if no other is left.
fn not_in_fleet(files: &FleetFiles) -> Option<Finding> {
    let name = |address: &str| {
        let name = address.rsplit_once(':').map_or(address, |(name, _)| name);
        name.to_owned()
    };
    let told: Vec<String> = files.told_verifiers.iter().map(|one| name(one)).collect();
    let is_told = |address: &&String| told.contains(&name(address));
    let (left, gone): (Vec<&String>, Vec<&String>) = files.verifiers.iter().partition(is_told);
    if told.is_empty() || gone.is_empty() {
        return None;
    }
    let left = match left.is_empty() {
        true => files.told_verifiers.iter().collect(),
        false => left,
    };
    let gone = gone.into_iter().map(|one| name(one)).collect();
    let detail = messages::line_of_verifiers(&left);
    Some(found(
        &messages::FLEET_VERIFIER_NOT_IN_FLEET,
        CONFIG,
        gone,
        detail,
    ))
}

fn fault(fault: &FleetFault) -> Finding {
    let (kind, path, why) = match fault {
        FleetFault::Configuration(path, why) => (&messages::FLEET_CONFIG_ERROR, path, why),
        FleetFault::File(path, why) => (&messages::FLEET_CERTIFICATE_UNUSABLE, path, why),
        FleetFault::Ended(path, why) => (&messages::FLEET_CERTIFICATE_ENDED, path, why),
        FleetFault::NotYetValid(path, why) => (&messages::FLEET_CERTIFICATE_EARLY, path, why),
    };
    found(kind, path, managed_by(path), why.as_str())
}

/// The fleet, in the names of a finding about a file that tfa-fleet keeps.
fn managed_by(path: &str) -> Vec<String> {
    match path.starts_with(messages::FLEET_STATE) {
        true => vec![messages::BY_FLEET.to_owned()],
        false => Vec::new(),
    }
}

/// Certificates that have ended without a fault of tfa-fleet, such as the one for etcd, or will end soon.
fn ends(files: &FleetFiles) -> Vec<Finding> {
    let is_reported = |path: &str| {
        files.faults.iter().any(|fault| {
            matches!(fault, FleetFault::Ended(at, _) | FleetFault::NotYetValid(at, _) if at == path)
        })
    };
    let ends = files.ends.iter().filter(|(path, _)| !is_reported(path));
    let of_time = |(path, end): &(String, u64)| {
        let (kind, detail) = match end.checked_sub(files.now) {
            None | Some(0) => (&messages::FLEET_CERTIFICATE_ENDED, messages::ended(*end)),
            Some(1..RENEWED_BEFORE) => (&messages::FLEET_CERTIFICATE_ENDS, messages::ends(*end)),
            Some(RENEWED_BEFORE..) => return None,
        };
        Some(found(kind, path, managed_by(path), detail))
    };
    ends.filter_map(of_time).collect()
}

/// Files that others than root and the user of tfa-fleet can write.
fn writable(files: &FleetFiles) -> Vec<Finding> {
    let is_trusted = |uid: u32| uid == 0 || uid == files.uid;
    let open = files.owned.iter();
    let open = open.filter(|file| !is_trusted(file.uid) || file.mode & 0o022 != 0);
    let finding = |file: &crate::OwnedFile| {
        let owner = format!("uid {}, mode {:o}", file.uid, file.mode & 0o7777);
        found(
            &messages::FLEET_FILE_WRITABLE,
            &file.path,
            Vec::new(),
            owner,
        )
    };
    open.map(finding).collect()
}

/// Whether the name in a certificate is that of the host, which may have no domain.
fn is_same(certified: &str, name: &str) -> bool {
    let first = certified.split('.').next().unwrap_or_default();
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case(certified) || name.eq_ignore_ascii_case(first)
}
