//! The authority of the fleet: certificates of machines, and the TLS of this program's own connections.

use std::sync::Arc;

use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use tfa_tests::{Machine, OrFail};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// What a certificate is for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// A member of the fleet.
    Client,
    /// A verifier, which is a client of etcd as well, or etcd.
    Both,
}

/// Signs certificates.
pub(crate) struct Authority {
    certificate: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
    /// One key for all simulated members: to make one for each would measure this program.
    key: KeyPair,
}

/// A certificate with its key, in DER.
pub(crate) struct Issued {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "bench");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = new_key();
        let certificate = params.self_signed(&key).or_fail("make an authority");
        Self {
            certificate: certificate.der().to_vec(),
            issuer: Issuer::new(params, key),
            key: new_key(),
        }
    }

    /// A certificate with a key of its own.
    pub(crate) fn issue(&self, names: &[&str], purpose: Purpose) -> Issued {
        self.sign(names, purpose, &new_key())
    }

    /// A certificate of a simulated member.
    pub(crate) fn issue_simulated(&self, name: &str) -> Issued {
        self.sign(&[name], Purpose::Client, &self.key)
    }

    fn sign(&self, names: &[&str], purpose: Purpose, key: &KeyPair) -> Issued {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).or_fail("name a certificate");
        params.extended_key_usages = match purpose {
            Purpose::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Purpose::Both => vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ],
        };
        let certificate = params.signed_by(key, &self.issuer);
        Issued {
            certificate: certificate.or_fail("sign a certificate").der().to_vec(),
            key: key.serialize_der(),
        }
    }

    /// Writes the files of a certificate into a folder of a machine, for a user there.
    pub(crate) fn write(&self, machine: &Machine, folder: &str, issued: &Issued, user: &str) {
        machine.succeed(["mkdir", "-p", folder]);
        for (file, label, content) in [
            ("ca.pem", "CERTIFICATE", &self.certificate),
            ("host.pem", "CERTIFICATE", &issued.certificate),
            ("key.pem", "PRIVATE KEY", &issued.key),
        ] {
            machine.write_file(&format!("{folder}/{file}"), pem(label, content));
        }
        let key = format!("{folder}/key.pem");
        machine.succeed(["chown", &format!("{user}:"), &key]);
        machine.succeed(["chmod", "600", &key]);
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from(self.certificate.clone());
        roots.add(certificate).or_fail("trust the authority");
        roots
    }

    /// The TLS of a client, as that of tfa-fleet: 1.3, both sides with certificates, nothing resumed.
    pub(crate) fn client(&self, issued: &Issued) -> Arc<ClientConfig> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13])
            .or_fail("use TLS 1.3")
            .with_root_certificates(self.roots())
            .with_client_auth_cert(issued.chain(), issued.private_key())
            .or_fail("use a certificate");
        config.alpn_protocols = vec![tfa_fleet::ALPN.to_vec()];
        config.resumption = tokio_rustls::rustls::client::Resumption::disabled();
        Arc::new(config)
    }

    /// The TLS of a server that asks for a certificate.
    pub(crate) fn server(&self, issued: &Issued) -> Arc<ServerConfig> {
        let provider = Arc::new(default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots()), provider.clone())
                .build()
                .or_fail("ask for certificates");
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .or_fail("use TLS 1.3")
            .with_client_cert_verifier(clients)
            .with_single_cert(issued.chain(), issued.private_key())
            .or_fail("use a certificate");
        config.alpn_protocols = vec![tfa_fleet::ALPN.to_vec()];
        Arc::new(config)
    }
}

impl Issued {
    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(self.certificate.clone())]
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.clone()).or_fail("read a key")
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().or_fail("make a key")
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = BASE64.encode(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}
