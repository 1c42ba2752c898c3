//! The certificate of this host, as its authority has signed it.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier as _;
use rustls::{CertificateError, Error, RootCertStore};
use tfa_fleet_core::{Fingerprint, HostName};

use webpki::{EndEntityCert, KeyUsage};

use super::peer::peer_in;
use super::purpose::{OfClients, OfServers};

/// The year 10000, when each certificate has ended: its last date is in 9999.
const FAR_FUTURE: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(253_402_300_800));

/// Checks a certificate as the other hosts will. Returns the name of this host.
///
/// # Errors
/// What the other hosts would say.
pub(crate) fn check_own(
    certificate: &CertificateDer<'static>,
    authority: &CertificateDer<'static>,
    is_verifier: bool,
) -> Result<HostName, Error> {
    check_at(certificate, authority, is_verifier, UnixTime::now())
}

/// Whether the certificate of this host will be good after that time.
pub(crate) fn is_valid_for(
    certificate: &CertificateDer<'static>,
    authority: &CertificateDer<'static>,
    time: Duration,
) -> bool {
    let then = UnixTime::now().as_secs().saturating_add(time.as_secs());
    let then = UnixTime::since_unix_epoch(Duration::from_secs(then));
    check_at(certificate, authority, false, then).is_ok()
}

/// When a certificate ends, in seconds since the epoch. Its issuer is not looked at. `None` if it cannot be read.
pub(super) fn end_of(certificate: &CertificateDer<'_>) -> Option<u64> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let usage = KeyUsage::client_auth();
    // No date is parsed here: the time of the certificate is what is verified first.
    match certificate.verify_for_usage(&[], &[], &[], FAR_FUTURE, usage, None, None) {
        Err(webpki::Error::CertExpired { not_after, .. }) => Some(not_after.as_secs()),
        _ => None,
    }
}

/// The key of a certificate.
pub(crate) fn key_of(certificate: &CertificateDer<'_>) -> Result<Fingerprint, Error> {
    let peer = peer_in(certificate);
    Ok(peer.map_err(|_| CertificateError::BadEncoding)?.key)
}

fn check_at(
    certificate: &CertificateDer<'static>,
    authority: &CertificateDer<'static>,
    is_verifier: bool,
    time: UnixTime,
) -> Result<HostName, Error> {
    let host = peer_in(certificate).map_err(|_| CertificateError::NotValidForName)?;
    let host = host.host;
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone())?;
    let (roots, provider) = (Arc::new(roots), Arc::new(default_provider()));
    let unusable = |error: rustls::server::VerifierBuilderError| Error::General(error.to_string());
    let of_clients = OfClients::new(Arc::clone(&roots), &provider).map_err(unusable)?;
    of_clients.verify_client_cert(certificate, &[], time)?;
    if is_verifier {
        let of_servers = OfServers::new(roots, &provider).map_err(unusable)?;
        let name = ServerName::try_from(host.to_string());
        let name = name.map_err(|_| CertificateError::NotValidForName)?;
        of_servers.verify_server_cert(certificate, &[], &name, &[], time)?;
    }
    Ok(host)
}
