//! A verifier whose fleet is not made yet: the authority will be in etcd.

use rustix::process::Signal;
use tfa_fleet_wire::{AttemptBytes, Client, LoginCall, Reply, Request};
use tfa_store::{Commit, Revision, Store as _};
use tfa_testkit::EtcdServer;

use super::relay::Relay;
use super::{PATIENT, start_uncertified, store};
use crate::TIMEOUT;

#[test]
fn verifier_without_a_certificate_carries_calls_to_etcd_alone() {
    let Some(etcd) = EtcdServer::start() else {
        return;
    };
    let relay = Relay::start(etcd.socket(1));
    let program = start_uncertified(&relay);
    let line = program.wait_for_line("no certificate of a fleet yet");
    assert!(line.contains("tfactl fleet init"), "{line}");
    let outcome = store(&program, PATIENT).commit("lea", 1000, b"one", Revision::NONE);
    assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");
    let status = program.status();
    assert!(status.host.is_empty() && status.etcd[0].is_connected);

    // A call for a verifier gets the reply of a host that has none.
    let uid = rustix::process::geteuid().as_raw();
    let client = Client::new(program.folder.path().join("call"), uid);
    let request = Request::Login {
        call: LoginCall::Cancel {
            attempt: AttemptBytes([0; 16]),
            dialog: 1,
        },
        budget_ms: 1000,
        verifier: Some("v1.test".to_owned()),
        only_there: true,
    };
    assert!(matches!(client.call(&request, TIMEOUT), Ok(Reply::Lost(_))));

    // It listens only after a restart with a certificate.
    program.send(Signal::HUP);
    program.wait_for_line("read the certificates again");
    std::fs::write(program.folder.path().join("host.pem"), "").unwrap();
    program.send(Signal::HUP);
    program.wait_for_line("restart tfa-fleet");
}
