//! A member speaks with verifiers only: one that poses as a verifier could let users in.

use rcgen::CertificateParams;

use crate::authority::{Authority, ClientAuth, Issued, ServerAuth, expired, not_yet_valid};
use crate::fixture::Program;

#[test]
fn member_refuses_a_verifier_with_a_wrong_certificate() {
    let authority = Authority::new();
    let changed = |change: fn(&mut CertificateParams)| authority.issue_changed("v1.test", change);
    let cases: [(&str, Issued); 6] = [
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
        ("of another host", authority.issue("v2.test")),
        ("of another authority", Authority::new().issue("v1.test")),
    ];
    let member = authority.issue_member("web1.test");
    for (what, certificate) in cases {
        // The verifier accepts this member: only the member can refuse.
        let (_verifier, address) = Program::verifier(&certificate, authority.certificate(), "");
        let member = Program::member(&member, authority.certificate(), address);
        let line = member.wait_for_line("cannot connect to v1.test: ");
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
        assert!(verifier.error.is_some(), "{what}");
    }
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
    let forged = Authority::new().issue_member("web1.test");
    let member = Program::member(&forged, authority.certificate(), address);
    let line = member.wait_for_line("cannot connect to v1.test: ");
    assert!(line.contains("received fatal alert"), "{line}");
    assert!(!member.status().verifiers[0].is_connected);
}
