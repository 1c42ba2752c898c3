//! Calls of owners between a member and its verifiers.

use std::thread;
use std::time::Duration;

use tfa_fleet_wire::{LoginCall, LoginReply, MemberCall, SecretBytes};
use tfad::login::Error;
use tfad::owner::Method;

use super::fleet::{Fleet, alice};

fn call(fleet: &Fleet, method: Method) -> Result<SecretBytes, Error> {
    let none = SecretBytes::default();
    fleet.forwarder.account(&alice(), method, none, None)
}

fn told(answered: Result<SecretBytes, Error>) -> String {
    let error = tfa_proto::Error::from(answered.unwrap_err());
    error.text().to_owned()
}

/// Answers a call of an owner with this result.
fn result(call: &MemberCall, bytes: &[u8]) -> Option<LoginReply> {
    assert!(matches!(&call.call, LoginCall::Account(_)), "{call:?}");
    assert_eq!(call.member, "web1.test");
    Some(LoginReply::Account(SecretBytes::new(bytes.to_vec())))
}

#[test]
fn call_of_an_owner_is_answered_by_a_verifier_whose_daemon_runs() {
    let fleet = Fleet::start(2);
    let second = fleet.tfad(1, |call| result(&call, b"made"));
    // Whichever is asked first.
    for _ in 0..8 {
        let made = call(&fleet, Method::Pause).unwrap();
        assert_eq!(&**made.0, b"made");
    }
    assert_eq!(second.try_iter().count(), 8);
}

#[test]
fn change_of_an_owner_is_not_made_again_where_its_reply_is_lost() {
    let fleet = Fleet::start(2);
    // tfad closes the connection instead of a reply: the change may have been made.
    let calls = [0, 1].map(|verifier| {
        fleet.tfad(verifier, |call| {
            assert!(matches!(&call.call, LoginCall::Account(_)));
            // Ends the thread of the connection.
            std::panic::resume_unwind(Box::new(()))
        })
    });
    let text = told(call(&fleet, Method::Pause));
    assert!(text.contains("it is not known whether"), "{text}");
    let made: usize = calls.iter().map(|calls| calls.try_iter().count()).sum();
    assert_eq!(made, 1);
    // What changes nothing is asked for at both.
    let text = told(call(&fleet, Method::Status));
    assert!(!text.contains("it is not known whether"), "{text}");
    let made: usize = calls.iter().map(|calls| calls.try_iter().count()).sum();
    assert_eq!(made, 2);
}

#[test]
fn status_is_asked_for_at_another_verifier_where_one_is_silent() {
    let fleet = Fleet::start(2);
    let _silent = fleet.tfad(0, |_| {
        thread::sleep(Duration::from_secs(5));
        None
    });
    let _answers = fleet.tfad(1, |call| result(&call, b"status"));
    for _ in 0..3 {
        let status = call(&fleet, Method::Status).unwrap();
        assert_eq!(&**status.0, b"status");
    }
}
