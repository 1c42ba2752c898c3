//! A verifier speaks with hosts of its fleet only.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, SanType};
use rustls::{HandshakeKind, SupportedCipherSuite};

use crate::authority::{Authority, ClientAuth, Issued, ServerAuth, dns, expired, not_yet_valid};
use crate::fixture::Program;
use crate::tls_client::{config, connect, is_served, tcp};

#[test]
fn hosts_with_a_wrong_certificate_are_refused() {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let is_served = |host: Option<&Issued>| {
        let config = Arc::new(config(&authority, host));
        is_served(&mut connect(address, &config))
    };
    type Change = fn(&mut CertificateParams);
    let changes: [(&str, Change); 10] = [
        ("expired", expired),
        ("not yet valid", not_yet_valid),
        ("for servers", |params| {
            params.extended_key_usages = vec![ServerAuth]
        }),
        ("for no purpose", |params| {
            params.extended_key_usages.clear()
        }),
        ("two names", |params| {
            params.subject_alt_names.push(dns("web2.test"))
        }),
        ("a pattern", |params| {
            params.subject_alt_names = vec![dns("*.test")]
        }),
        ("upper case", |params| {
            params.subject_alt_names = vec![dns("Web1.test")]
        }),
        ("no name", |params| params.subject_alt_names.clear()),
        ("an address", |params| {
            params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        }),
        ("an authority", |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }),
    ];
    for (what, change) in changes {
        let host = authority.issue_changed("web1.test", change);
        assert!(!is_served(Some(&host)), "{what}");
    }
    let forged = Authority::new().issue_member("web1.test");
    assert!(
        !is_served(Some(&forged)),
        "another authority of the same name"
    );
    assert!(!is_served(None), "no certificate");
    // The same client, with a right certificate: the cases above fail for their reasons only.
    assert!(is_served(Some(&authority.issue_member("web1.test"))));
    let member = |params: &mut CertificateParams| params.extended_key_usages = vec![ClientAuth];
    assert!(is_served(Some(
        &authority.issue_through_another("web1.test", member)
    )));
    let unnamed = |params: &mut CertificateParams| params.extended_key_usages.clear();
    assert!(!is_served(Some(
        &authority.issue_through_another("web1.test", unnamed)
    )));
}

#[test]
fn host_shows_its_certificate_on_each_connection() {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let config = Arc::new(config(
        &authority,
        Some(&authority.issue_member("web1.test")),
    ));
    for _ in 0..2 {
        let mut stream = connect(address, &config);
        assert!(is_served(&mut stream));
        assert_eq!(stream.conn.handshake_kind(), Some(HandshakeKind::Full));
        let suite = stream.conn.negotiated_cipher_suite();
        assert!(matches!(suite, Some(SupportedCipherSuite::Tls13(_))));
        // All that the verifier may have sent for a later session is read by now.
        assert_eq!(stream.conn.tls13_tickets_received(), 0);
    }
}

#[test]
fn client_without_http_2_is_refused() {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let mut config = config(&authority, Some(&authority.issue_member("web1.test")));
    for protocols in [vec![], vec![b"http/1.1".to_vec()]] {
        config.alpn_protocols = protocols;
        assert!(!is_served(&mut connect(address, &Arc::new(config.clone()))));
    }
}

#[test]
fn tls_1_2_is_refused() {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    // A ClientHello of TLS 1.2: no extension supported_versions, a suite with ECDSA and AES-GCM, and
    // the groups, points and signatures that belong to it.
    let extensions = [
        [0, 10, 0, 4, 0, 2, 0, 23].as_slice(),
        &[0, 11, 0, 2, 1, 0],
        &[0, 13, 0, 4, 0, 2, 4, 3],
    ]
    .concat();
    let length = u8::try_from(extensions.len()).unwrap();
    let hello = [
        &[3, 3][..],
        &[7; 32],
        &[0, 0, 2, 0xc0, 0x2b, 1, 0, 0, length],
        &extensions,
    ]
    .concat();
    let length = u8::try_from(hello.len()).unwrap();
    let record = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &hello].concat();
    let mut stream = tcp(address);
    stream.write_all(&record).unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).unwrap();
    // An alert, fatal, protocol_version.
    assert_eq!((answer[0], &answer[5..]), (21, [2, 70].as_slice()));
}
