//! What the program tells the doctor that it would start with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use rcgen::date_time_ymd;
use tfa_fleet_wire::{Fault, FaultKind, Report, read_report};

use crate::authority::{Authority, Issued, expired, not_yet_valid};
use crate::fixture::Folder;

/// The report about a host with this certificate, whose configuration has these lines.
fn report(host: &Issued, authority: &Authority, lines: &str) -> (Report, Folder) {
    let folder = Folder::new();
    host.write(folder.path(), authority.certificate());
    folder.configure(lines);
    (report_in(&folder), folder)
}

pub(crate) fn report_in(folder: &Folder) -> Report {
    let output = Command::new(env!("CARGO_BIN_EXE_tfa-fleet"))
        .arg("--report")
        .arg(folder.path())
        .arg(folder.path().join("tfa-fleet.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    read_report(&output.stdout).unwrap()
}

const LINES: &str = "listen = ['127.0.0.1:7443']\nverifiers = ['v2.test:7443']\n\
                     [etcd]\nendpoints = ['http://127.0.0.1:2379', 'https://e2.test:2379']";

#[test]
fn report_has_what_the_program_would_start_with() {
    let authority = Authority::new();
    let host = authority.issue_changed("v1.test", |params| {
        params.not_after = date_time_ymd(2999, 1, 1);
    });
    let (report, folder) = report(&host, &authority, LINES);
    assert_eq!(report.faults, []);
    assert_eq!(report.host.as_deref(), Some("v1.test"));
    assert!(report.listens && !report.is_managed);
    assert_eq!(report.verifiers, ["v2.test"]);
    let has_tls: Vec<bool> = report.etcd.iter().map(|one| one.has_tls).collect();
    assert_eq!(has_tls, [false, true]);
    let [certificate] = &report.certificates[..] else {
        panic!("{report:?}");
    };
    assert_eq!(
        certificate.path,
        folder.path().join("host.pem").display().to_string()
    );
    // The first second of 2999.
    assert_eq!(certificate.end, 32_472_144_000);
    let keys: Vec<bool> = report.files.iter().map(|file| file.has_key).collect();
    assert_eq!(keys, [true, false, false]);
}

/// The only fault.
#[track_caller]
fn fault(report: &Report) -> (FaultKind, &str) {
    let [Fault { kind, path, .. }] = &report.faults[..] else {
        panic!("{report:?}");
    };
    (*kind, path.rsplit('/').next().unwrap())
}

#[test]
fn each_fault_has_its_kind_and_its_file() {
    let authority = Authority::new();
    let ended = authority.issue_changed("v1.test", expired);
    let (found, _folder) = report(&ended, &authority, LINES);
    assert_eq!(fault(&found), (FaultKind::Ended, "host.pem"));
    assert_eq!(found.certificates[0].end, 978_307_200);
    let early = authority.issue_changed("v1.test", not_yet_valid);
    let (found, _folder) = report(&early, &authority, LINES);
    assert_eq!(fault(&found), (FaultKind::NotYetValid, "host.pem"));
    // A member cannot be a verifier.
    let member = authority.issue_member("v1.test");
    let (found, _folder) = report(&member, &authority, LINES);
    assert_eq!(fault(&found), (FaultKind::Refused, "host.pem"));
    let (found, _folder) = report(&authority.issue("v1.test"), &authority, "listen = 1");
    assert_eq!(fault(&found), (FaultKind::Configuration, "tfa-fleet.toml"));

    let (_, folder) = report(&authority.issue("v1.test"), &authority, LINES);
    let key = folder.path().join("key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let found = report_in(&folder);
    assert_eq!(fault(&found), (FaultKind::File, "key.pem"));
    assert!(found.faults[0].text.contains("chmod 600"), "{found:?}");
    fs::remove_file(&key).unwrap();
    assert_eq!(fault(&report_in(&folder)), (FaultKind::File, "key.pem"));
}
