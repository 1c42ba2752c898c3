//! Certificates of the real program, verified as hosts verify them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tfa_fleet_core::Fingerprint;
use tfa_fleet_wire::frame::{self, LENGTH_BYTES};
use tfa_fleet_wire::{CaReply, CaRequest, KeyRequest, PresentKey, SecretBytes, Validity};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring::ECDSA_P256_SHA256};

const FROM: u64 = 1_700_000_000;
const DAY: u64 = 24 * 3600;
const ID: [u8; 8] = [7; 8];

fn validity(days: u64) -> Validity {
    Validity {
        from: FROM,
        until: FROM + days * DAY,
    }
}

/// The output of the program.
fn run(input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tfa-fleet-ca"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It may not read all of it.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap().stdout
}

fn ask(request: &CaRequest) -> CaReply {
    let output = run(&frame::encode(request).unwrap());
    frame::decode(output.get(LENGTH_BYTES..).unwrap()).unwrap()
}

fn authority() -> (SecretBytes, Vec<u8>) {
    match ask(&CaRequest::Make {
        id: ID,
        validity: validity(3650),
    }) {
        CaReply::Made { key, certificate } => (key, certificate),
        other => panic!("{other:?}"),
    }
}

fn request(key: &KeyPair) -> KeyRequest {
    let point = key.der_bytes().try_into().unwrap();
    let proof = key.sign(&KeyRequest::signed(&point)).unwrap();
    KeyRequest { point, proof }
}

fn sign(key: &SecretBytes, host: &str, is_verifier: bool, request: KeyRequest) -> CaReply {
    sign_renewal(key, host, is_verifier, request, None)
}

fn sign_renewal(
    key: &SecretBytes,
    host: &str,
    is_verifier: bool,
    request: KeyRequest,
    renewed_by: Option<PresentKey>,
) -> CaReply {
    ask(&CaRequest::Sign {
        id: ID,
        key: key.clone(),
        host: host.to_owned(),
        is_verifier,
        request,
        validity: validity(30),
        renewed_by,
    })
}

fn signed(key: &SecretBytes, is_verifier: bool, host: &KeyPair) -> Vec<u8> {
    match sign(key, "web1.example", is_verifier, request(host)) {
        CaReply::Signed { certificate } => certificate,
        other => panic!("{other:?}"),
    }
}

fn verify(
    certificate: &[u8],
    authority: &[u8],
    usage: KeyUsage,
    day: u64,
) -> Result<(), webpki::Error> {
    let (certificate, authority) = (
        CertificateDer::from(certificate),
        CertificateDer::from(authority),
    );
    let certificate = EndEntityCert::try_from(&certificate)?;
    let anchors = [anchor_from_trusted_cert(&authority)?];
    let now = UnixTime::since_unix_epoch(Duration::from_secs(FROM + day * DAY + 1));
    let algorithms = [ECDSA_P256_SHA256];
    certificate
        .verify_for_usage(&algorithms, &anchors, &[], now, usage, None, None)
        .map(|_| ())
}

#[test]
fn certificate_is_for_one_name_one_key_and_its_purposes() {
    let (key, authority) = authority();
    let host = KeyPair::generate().unwrap();
    for is_verifier in [false, true] {
        let certificate = signed(&key, is_verifier, &host);
        assert_eq!(
            verify(&certificate, &authority, KeyUsage::client_auth(), 0),
            Ok(())
        );
        let server = verify(&certificate, &authority, KeyUsage::server_auth(), 0);
        assert_eq!(server.is_ok(), is_verifier, "{server:?}");
        let der = CertificateDer::from(certificate.as_slice());
        let parsed = EndEntityCert::try_from(&der).unwrap();
        let names: Vec<_> = parsed.valid_dns_names().collect();
        assert_eq!(names, ["web1.example"]);
        let other = ServerName::try_from("web2.example").unwrap();
        assert!(parsed.verify_is_valid_for_subject_name(&other).is_err());
        let of_key = Fingerprint::of(&parsed.subject_public_key_info());
        assert_eq!(of_key, Fingerprint::of_point(&request(&host).point));
    }
}

#[test]
fn certificate_ends_after_its_time_and_is_of_this_authority_alone() {
    let (key, certificate_of_authority) = authority();
    let certificate = signed(&key, false, &KeyPair::generate().unwrap());
    let usage = KeyUsage::client_auth;
    assert_eq!(
        verify(&certificate, &certificate_of_authority, usage(), 29),
        Ok(())
    );
    assert!(verify(&certificate, &certificate_of_authority, usage(), 30).is_err());
    // Another authority of the same name.
    let (_, other) = authority();
    assert!(verify(&certificate, &other, usage(), 0).is_err());
}

#[test]
fn host_cannot_sign_certificates() {
    let (key, authority) = authority();
    let host = KeyPair::generate().unwrap();
    let certificate = signed(&key, true, &host);
    let own = SecretBytes(host.serialize_der().into());
    let forged = signed(&own, true, &KeyPair::generate().unwrap());
    let (forged, between) = (
        CertificateDer::from(forged),
        CertificateDer::from(certificate),
    );
    let authority = CertificateDer::from(authority);
    let anchors = [anchor_from_trusted_cert(&authority).unwrap()];
    let now = UnixTime::since_unix_epoch(Duration::from_secs(FROM + 1));
    let forged = EndEntityCert::try_from(&forged).unwrap();
    let between = [between];
    let verified = forged.verify_for_usage(
        &[ECDSA_P256_SHA256],
        &anchors,
        &between,
        now,
        KeyUsage::client_auth(),
        None,
        None,
    );
    assert!(verified.is_err());
}

#[test]
fn key_without_a_proof_gets_no_certificate() {
    let (key, _) = authority();
    let (host, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let right = request(&host);
    let without_context = host.sign(&right.point).unwrap();
    let proofs = [
        request(&other).proof,
        without_context,
        Vec::new(),
        vec![0x30; 72],
    ];
    for proof in proofs {
        let request = KeyRequest {
            proof,
            ..right.clone()
        };
        assert_eq!(sign(&key, "web1.example", false, request), CaReply::NoProof);
    }
    // No point of the curve.
    let request = KeyRequest {
        point: [4; 65],
        ..right
    };
    assert_eq!(sign(&key, "web1.example", false, request), CaReply::NoProof);
}

#[test]
fn renewal_needs_the_signature_of_the_present_key_for_this_host_and_key() {
    let (authority, _) = authority();
    let [present, next, other] = [(); 3].map(|()| KeyPair::generate().unwrap());
    let point = |key: &KeyPair| key.der_bytes().try_into().unwrap();
    let renewed_by = |signer: &KeyPair, host: &str, of: &KeyPair| PresentKey {
        point: point(&present),
        proof: signer.sign(&PresentKey::signed(host, &point(of))).unwrap(),
    };
    let renew =
        |by: PresentKey| sign_renewal(&authority, "web1.example", false, request(&next), Some(by));
    let right = renew(renewed_by(&present, "web1.example", &next));
    assert!(matches!(right, CaReply::Signed { .. }), "{right:?}");
    for wrong in [
        renewed_by(&next, "web1.example", &next),
        renewed_by(&present, "web2.example", &next),
        renewed_by(&present, "web1.example", &other),
    ] {
        assert_eq!(renew(wrong), CaReply::NoProof);
    }
}

#[test]
fn name_that_is_no_host_gets_no_certificate() {
    let (key, _) = authority();
    let host = KeyPair::generate().unwrap();
    for name in ["*.example", "", "192.0.2.7", "Web1.example", "a,b"] {
        let reply = sign(&key, name, false, request(&host));
        assert!(matches!(reply, CaReply::Failed(_)), "{name}: {reply:?}");
    }
}

#[test]
fn other_input_has_no_output() {
    let long = [&u32::MAX.to_le_bytes()[..], &[1; 100]].concat();
    for input in [&b""[..], b"\x01", b"\x03\x00\x00\x00\x01\x81\x09", &long] {
        assert!(run(input).is_empty());
    }
}
