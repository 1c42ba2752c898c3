//! A verifier that a host knows by the certificate of the authority in its token, and by its name.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tfa_fleet_core::Fingerprint;

use super::purpose::OfServers;
use super::tls_13;
use crate::ALPN;

/// The authority, once a verifier has shown it.
pub(crate) type Shown = Arc<Mutex<Option<CertificateDer<'static>>>>;

/// Accepts a verifier whose chain has the pinned authority, by the rules for each verifier with this authority as the
/// only one.
#[derive(Debug)]
struct Pinned {
    authority: Fingerprint,
    provider: Arc<CryptoProvider>,
    shown: Shown,
}

/// The TLS of a host without a certificate, which knows the authority of its fleet by this fingerprint.
///
/// # Errors
/// TLS cannot be used.
pub(crate) fn pinned(authority: Fingerprint) -> Result<(Arc<ClientConfig>, Shown), Error> {
    let provider = Arc::new(default_provider());
    let shown = Shown::default();
    let verifier = Pinned {
        authority,
        provider: Arc::clone(&provider),
        shown: Arc::clone(&shown),
    };
    let mut client = tls_13(ClientConfig::builder_with_provider(provider))?
        // Not dangerous: it verifies all that the standard one does, and the purpose.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    client.alpn_protocols = vec![ALPN.to_vec()];
    client.resumption = Resumption::disabled();
    Ok((Arc::new(client), shown))
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let is_pinned = |one: &&CertificateDer<'_>| Fingerprint::of(one) == self.authority;
        let authority = intermediates.iter().find(is_pinned);
        let authority = authority.ok_or(CertificateError::UnknownIssuer)?;
        let authority = authority.clone().into_owned();
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone())?;
        let verifier = OfServers::new(Arc::new(roots), &self.provider);
        let verifier = verifier.map_err(|error| Error::General(error.to_string()))?;
        let verified = verifier.verify_server_cert(certificate, &[], name, ocsp, now)?;
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(authority);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
