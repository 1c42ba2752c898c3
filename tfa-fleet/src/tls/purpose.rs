//! Certificates are for one side or the other. rustls refuses one that is for other purposes only, and
//! accepts one that names no purpose, as RFC 5280 says. In a fleet that is not enough: a member whose
//! certificate names none could pose as a verifier, and let users in.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use tfa_fleet_core::HostName;
use webpki::{EndEntityCert, KeyUsage};

use super::peer::host_of;

/// id-kp-serverAuth, 1.3.6.1.5.5.7.3.1.
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
/// id-kp-clientAuth, 1.3.6.1.5.5.7.3.2.
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// Verifies the certificates of hosts that connect: issuer, time, the purpose clientAuth, and that it
/// names one host.
#[derive(Debug)]
pub(super) struct OfClients {
    verifier: Arc<dyn ClientCertVerifier>,
    /// Clients without a certificate are accepted as well.
    with_guests: bool,
}

/// Verifies the certificates of verifiers: issuer, time, the purpose serverAuth, and that the name is
/// the only one, and no pattern that includes it.
#[derive(Debug)]
pub(super) struct OfServers(Arc<WebPkiServerVerifier>);

impl OfClients {
    pub(super) fn new(
        roots: Arc<RootCertStore>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
        Ok(Self {
            verifier: builder.build()?,
            with_guests: false,
        })
    }

    /// The same, where clients without a certificate are accepted as well.
    pub(super) fn with_guests(self, with_guests: bool) -> Self {
        Self {
            with_guests,
            ..self
        }
    }
}

impl OfServers {
    pub(super) fn new(
        roots: Arc<RootCertStore>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
            .build()
            .map(Self)
    }
}

/// Requires that a certificate names this purpose. Nothing else is verified here.
fn require(
    purpose: &'static [u8],
    certificate: &CertificateDer<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    let refused = || Error::InvalidCertificate(CertificateError::InvalidPurpose);
    let certificate = EndEntityCert::try_from(certificate).map_err(|_| refused())?;
    // webpki checks the certificate itself first, then looks for an issuer. There is none: with the
    // issuers, it would require that each of them names the purpose as well.
    let usage = KeyUsage::required(purpose);
    match certificate.verify_for_usage(&[], &[], &[], now, usage, None, None) {
        Err(webpki::Error::UnknownIssuer) => Ok(()),
        _ => Err(refused()),
    }
}

/// Returns the only name in a certificate.
fn only_name(certificate: &CertificateDer<'_>) -> Result<HostName, Error> {
    host_of(certificate).map_err(|why| {
        Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
    })
}

impl ClientCertVerifier for OfClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // A stranger does not learn who issues the certificates.
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        !self.with_guests
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .verifier
            .verify_client_cert(certificate, intermediates, now)?;
        require(CLIENT_AUTH, certificate, now)?;
        only_name(certificate)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

impl ServerCertVerifier for OfServers {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self
            .0
            .verify_server_cert(certificate, intermediates, name, ocsp, now)?;
        require(SERVER_AUTH, certificate, now)?;
        if only_name(certificate)?.as_str() != name.to_str() {
            return Err(CertificateError::NotValidForName.into());
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
