//! Verifiers of other versions, and verifiers that send invalid messages.

use std::time::{Duration, Instant};

use tfa_fleet::generated::{
    BeginReply, Begun, Line, NeededFact, Refused, Turn, begin_reply::Is, turn,
};
use tfa_proto::{Next, Verdict};
use tfad::login::Error;

use super::fleet::{begin, forwarder};
use crate::authority::Authority;
use crate::fixture::Program;
use crate::test_verifier::{TestVerifier, changed_reply, right_reply};

/// A member of a verifier that replies this to `Begin`.
fn member(reply: Option<Is>) -> Program {
    let authority = Authority::new();
    let host = authority.issue("v1.test");
    let reply = BeginReply { is: reply };
    let verifier = TestVerifier::start_with(&host, right_reply(), reply);
    let member = authority.issue_member("web1.test");
    let member = Program::member(&member, authority.certificate(), verifier.address);
    member.wait_for_line("connected to v1.test");
    member
}

fn begun(turn: Turn) -> Option<Is> {
    let (dialog, turn) = (1, Some(turn));
    Some(Is::Begun(Begun { dialog, turn }))
}

#[test]
fn a_verifier_without_the_feature_is_not_asked() {
    let authority = Authority::new();
    let old = changed_reply(|reply| reply.features = vec!["later".to_owned()]);
    let verifier = TestVerifier::start(&authority.issue("v1.test"), old);
    let member = authority.issue_member("web1.test");
    let member = Program::member(&member, authority.certificate(), verifier.address);
    member.wait_for_line("connected to v1.test");
    let start = Instant::now();
    let begun = begin(&forwarder(&member));
    assert!(matches!(begun, Err(Error::CutOff { why, .. }) if why.contains("serves logins")));
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_verdict_of_a_later_version_denies() {
    for verdict in [0, 15, 99] {
        let member = member(begun(Turn {
            lines: Vec::new(),
            next: Some(turn::Next::Verdict(verdict)),
            covers_account: true,
        }));
        let (_, turn) = begin(&forwarder(&member)).unwrap();
        assert_eq!(turn.next, Next::Verdict(Verdict::Denied), "{verdict}");
    }
}

#[test]
fn an_error_of_a_later_version_denies() {
    let refused = Refused {
        error: 99,
        text: "later".to_owned(),
    };
    let member = member(Some(Is::Refused(refused)));
    let begun = begin(&forwarder(&member));
    assert!(matches!(begun, Err(Error::Refused(error)) if error.text() == "later"));
}

#[test]
fn a_reply_that_is_not_valid_is_none() {
    let line = Line {
        kind: 1,
        text: String::new(),
    };
    let replies = [
        None,
        // A fact that only a later version knows.
        Some(Is::NeedFact(NeededFact { fact: None })),
        Some(Is::Begun(Begun {
            dialog: 1,
            turn: None,
        })),
        begun(Turn::default()),
        begun(Turn {
            lines: vec![line; 1025],
            next: Some(turn::Next::Verdict(7)),
            covers_account: false,
        }),
    ];
    for reply in replies {
        let member = member(reply);
        let begun = begin(&forwarder(&member));
        assert!(matches!(begun, Err(Error::NoAnswer(why)) if why.contains("is not valid")));
    }
}
