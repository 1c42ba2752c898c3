//! Certificates of etcd, and for etcd.

use rcgen::SanType;
use rustix::process::Signal;
use tfa_store::{Commit, Revision, Store as _, StoreError};
use tfa_testkit::EtcdServer;

use super::relay::Relay;
use super::{ONCE, PATIENT, store};
use crate::authority::{Authority, Issued};
use crate::fixture::{Folder, Program};

/// Starts an etcd with a certificate for 127.0.0.1, which serves those who have one of the authority.
fn start(authority: &Authority) -> Option<(EtcdServer, Folder)> {
    let folder = Folder::new();
    let certificate = authority.issue_changed("etcd.test", |params| {
        let address = SanType::IpAddress([127, 0, 0, 1].into());
        params.subject_alt_names.push(address);
    });
    certificate.write(folder.path(), authority.certificate());
    let path = folder.path().display();
    let options = [
        format!("--cert-file={path}/host.pem"),
        format!("--key-file={path}/key.pem"),
        format!("--trusted-ca-file={path}/ca.pem"),
        "--client-cert-auth".to_owned(),
    ];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    Some((EtcdServer::start_with(&options, 1)?, folder))
}

/// Starts the program with this certificate for etcd, which it expects to have one of `ca`.
fn program(host: &Issued, ca: &Authority, url: &str) -> (Program, Folder) {
    let own = Authority::new();
    let folder = Folder::new();
    host.write(folder.path(), ca.certificate());
    let path = folder.path().display();
    let lines = format!(
        "[etcd]\nendpoints = ['{url}']\nca = '{path}/ca.pem'\ncertificate = '{path}/host.pem'\n\
         key = '{path}/key.pem'"
    );
    let program = Program::start(&own.issue("v1.test"), own.certificate(), &lines);
    (program, folder)
}

#[test]
fn etcd_is_reached_with_certificates_on_both_sides() {
    let authority = Authority::new();
    let Some((etcd, _files)) = start(&authority) else {
        return;
    };
    let relay = Relay::start(etcd.socket(1));
    let url = format!("https://127.0.0.1:{}", relay.port());
    let member = authority.issue_member("v1.test");
    let (good, _files_of_good) = program(&member, &authority, &url);
    let store_of_good = store(&good, PATIENT);
    let outcome = store_of_good.commit("lea", 1000, b"one", Revision::NONE);
    assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");

    // A reload takes a new connection, with the certificate of now.
    good.wait_for_line("connected to etcd at ");
    good.send(Signal::HUP);
    good.wait_for_line("connected to etcd at ");
    assert!(store_of_good.load("lea").unwrap().is_some());

    let other = Authority::new();
    let localhost = format!("https://localhost:{}", relay.port());
    let wrong = [
        (
            "a certificate of another authority",
            program(&other.issue_member("v1.test"), &authority, &url),
        ),
        (
            "an etcd of another authority",
            program(&member, &other, &url),
        ),
        (
            "an etcd of another name",
            program(&member, &authority, &localhost),
        ),
    ];
    for (what, (program, _files)) in wrong {
        let outcome = store(&program, ONCE).load("lea");
        assert!(
            matches!(outcome, Err(StoreError::Unavailable { .. })),
            "{what}: {:?}",
            outcome.map(drop)
        );
    }
}

#[test]
fn wrong_file_for_etcd_is_told_at_the_start() {
    let authority = Authority::new();
    let folder = Folder::new();
    authority
        .issue("v1.test")
        .write(folder.path(), authority.certificate());
    folder.configure("[etcd]\nendpoints = ['https://etcd.test:2379']\nca = '/nonexistent'");
    let output = folder.command().output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("/nonexistent: No such file"), "{text}");
}
