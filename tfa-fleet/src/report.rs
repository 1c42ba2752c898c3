//! What this program would start with, for the doctor of tfactl. It is read as this program's user reads it, also
//! while another process of it serves.

use std::path::Path;

use tfa_fleet_wire::{CertificateEnd, EndpointSetting, Fault, FaultKind, Report, ReportedFile};

use crate::config::{BadConfig, Config};
use crate::credentials::Folder;
use crate::log::printable;
use crate::peers::is_not_certified_yet;
use crate::tls::{self, BadFile, Identity};

/// Reads the configuration, and the files that it names. Opens no connection.
#[must_use]
pub(crate) fn report(config: &Path, folder: &Folder) -> Report {
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Report::default()
    };
    let config = match Config::read(config, folder) {
        Ok(config) => config,
        Err(bad) => {
            report.faults.push(of_configuration(config, &bad));
            return report;
        }
    };
    report.is_managed = config.is_managed;
    report.listens = !config.listen.is_empty();
    let verifiers = config.verifiers.iter();
    report.verifiers = verifiers.map(|one| one.name.to_string()).collect();
    let verifiers = config.verifiers.iter();
    report.verifier_addresses = verifiers
        .map(|one| format!("{}:{}", one.name, one.port))
        .collect();
    report.told_verifiers = told_verifiers(&config, folder);
    let endpoints = config.etcd.iter().flat_map(|etcd| &etcd.endpoints);
    report.etcd = endpoints
        .map(|url| EndpointSetting {
            url: url.to_string(),
            has_tls: url.has_tls(),
        })
        .collect();
    let files = tls::files_of(&config).into_iter();
    report.files = files
        .map(|(path, has_key)| ReportedFile {
            path: path.display().to_string(),
            has_key,
        })
        .collect();
    report.host = tls::own_name(&config).map(|host| host.to_string());
    let ends = tls::ends(&config).into_iter();
    report.certificates = ends
        .map(|(path, end)| CertificateEnd {
            path: path.display().to_string(),
            end,
        })
        .collect();
    let identity = match is_not_certified_yet(&config, folder) {
        true => None,
        false => Identity::read(&config).err(),
    };
    let bad = [identity, tls::of_etcd(&config).err()];
    for fault in bad.into_iter().flatten().map(|bad| of_file(&bad)) {
        if !report.faults.contains(&fault) {
            report.faults.push(fault);
        }
    }
    report
}

/// The list that a member uses. Another host has none, or one of the time when it was a member.
fn told_verifiers(config: &Config, folder: &Folder) -> Vec<String> {
    if !config.is_managed || !config.listen.is_empty() {
        return Vec::new();
    }
    let Ok((_, authority)) = folder.certificates() else {
        return Vec::new();
    };
    let told = folder.learned_verifiers(&authority).into_iter();
    told.map(|one| one.to_string()).collect()
}

fn of_configuration(path: &Path, bad: &BadConfig) -> Fault {
    Fault {
        kind: FaultKind::Configuration,
        path: path.display().to_string(),
        text: printable(&bad.mistake),
    }
}

fn of_file(bad: &BadFile) -> Fault {
    Fault {
        kind: bad.mistake.kind(),
        path: bad.path.display().to_string(),
        text: printable(&bad.mistake),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn configuration_with_an_error_is_the_only_fault() {
        let path = std::env::temp_dir().join(format!("tfa-fleet-report-{}", std::process::id()));
        fs::write(&path, "listen = 1").unwrap();
        let found = report(&path, &Folder::new("/nonexistent".into()));
        fs::remove_file(&path).unwrap();
        let [fault] = &found.faults[..] else {
            panic!("{found:?}");
        };
        assert_eq!(fault.kind, FaultKind::Configuration);
        assert!(fault.text.starts_with("line 1, column 10: "), "{fault:?}");
        // Of a file that is not there as well.
        let found = report(&path, &Folder::new("/nonexistent".into()));
        assert_eq!(found.faults[0].kind, FaultKind::Configuration);
    }
}
