//! A member speaks with verifiers only: one that poses as a verifier could let users in.

use rcgen::CertificateParams;
use tfa_fleet_wire::LinkErrorKind;

use crate::authority::{Authority, ClientAuth, Issued, ServerAuth, dns, expired, not_yet_valid};
use crate::fixture::{Program, verifier_line};
use crate::test_verifier::{TestVerifier, right_reply};

#[test]
fn member_refuses_a_verifier_with_a_wrong_certificate() {
    let authority = Authority::new();
    let changed = |change: fn(&mut CertificateParams)| authority.issue_changed("v1.test", change);
    let cases: [(&str, Issued); 8] = [
        ("expired", changed(expired)),
        ("not yet valid", changed(not_yet_valid)),
        (
            "of a member",
            changed(|params| params.extended_key_usages = vec![ClientAuth]),
        ),
        (
            "for no purpose",
            changed(|params| params.extended_key_usages.clear()),
        ),
        (
            "two names",
            changed(|params| params.subject_alt_names.push(dns("v2.test"))),
        ),
        (
            "upper case",
            changed(|params| params.subject_alt_names = vec![dns("V1.test")]),
        ),
        ("of another host", authority.issue("v2.test")),
        ("of another authority", Authority::new().issue("v1.test")),
    ];
    let member = authority.issue_member("web1.test");
    for (what, certificate) in cases {
        // This verifier accepts each member: only the member can refuse.
        let verifier = TestVerifier::start(&certificate, right_reply());
        let member = Program::member(&member, authority.certificate(), verifier.address);
        let line = member.wait_for_line("connect");
        assert!(
            line.contains("the TLS handshake failed: invalid peer certificate"),
            "{what}: {line}"
        );
        let status = member.status();
        let verifier = &status.verifiers[0];
        assert!(
            !verifier.is_connected && verifier.round_trip_us.is_none(),
            "{what}"
        );
        let error = verifier.error.as_ref().unwrap();
        assert_eq!(error.kind, LinkErrorKind::Refused, "{what}");
    }
}

#[test]
fn member_refuses_a_verifier_with_a_pattern() {
    let authority = Authority::new();
    // Below a name of two parts, because rustls itself refuses a pattern such as *.test.
    let certificate = authority.issue_changed("v1.fleet.test", |params| {
        params.subject_alt_names = vec![dns("*.fleet.test")];
    });
    let verifier = TestVerifier::start(&certificate, right_reply());
    let member = authority.issue_member("web1.test");
    let lines = verifier_line(verifier.address).replace("v1.test", "v1.fleet.test");
    let member = Program::start(&member, authority.certificate(), &lines);
    let line = member.wait_for_line("connect");
    assert!(line.contains("cannot connect to v1.fleet.test"), "{line}");
}

#[test]
fn member_accepts_the_verifier_of_these_tests_with_a_right_certificate() {
    let authority = Authority::new();
    let verifier = TestVerifier::start(&authority.issue("v1.test"), right_reply());
    let member = authority.issue_member("web1.test");
    let member = Program::member(&member, authority.certificate(), verifier.address);
    member.wait_for_line("connected to v1.test");
}

#[test]
fn member_accepts_a_verifier_of_an_authority_in_between() {
    let authority = Authority::new();
    let server = |params: &mut CertificateParams| params.extended_key_usages = vec![ServerAuth];
    let certificate = authority.issue_through_another("v1.test", server);
    let (_verifier, address) = Program::verifier(&certificate, authority.certificate(), "");
    let member = authority.issue_member("web1.test");
    let member = Program::member(&member, authority.certificate(), address);
    member.wait_for_line("connected to v1.test");
}

#[test]
fn member_says_that_its_own_certificate_was_refused() {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    // The member knows both authorities, and the verifier one of them.
    let other = Authority::new();
    let other_member = other.issue_member("web1.test");
    let both = [authority.certificate(), other.certificate()];
    let member = Program::start_with(&other_member, &both, &verifier_line(address));
    // At one of the attempts: the end of the connection can overtake the alert.
    let line = member.wait_for_line("received fatal alert");
    assert!(line.contains("cannot connect to v1.test: "), "{line}");
    let link = &member.status().verifiers[0];
    assert!(!link.is_connected);
    assert_eq!(link.error.as_ref().unwrap().kind, LinkErrorKind::Refused);
}
