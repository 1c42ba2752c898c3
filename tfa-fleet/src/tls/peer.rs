//! The name of a host in its certificate.

use std::fmt;

use rustls::pki_types::CertificateDer;
use tfa_fleet_core::{Fingerprint, HostName, InvalidHostName};
use webpki::EndEntityCert;

/// The host at the other end of a connection, by its certificate. Calls are counted by the name, for a host may have as
/// many keys as it likes; connections by both, for an earlier certificate of the name must leave some to the present one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its name.
    pub host: HostName,
    /// Its public key.
    pub key: Fingerprint,
}

/// Why a certificate names no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnnamedHost {
    /// There is no certificate, or it is not X.509.
    NoCertificate,
    /// It has no DNS name.
    NoName,
    /// It has more than one DNS name. A host speaks for itself alone.
    SeveralNames,
    /// Its DNS name is a pattern, or not written as a host name.
    Invalid(InvalidHostName),
}

/// Returns the one DNS name of a certificate, and its key. The errors are those of [`host_of`].
pub(super) fn peer_in(certificate: &CertificateDer<'_>) -> Result<Peer, UnnamedHost> {
    let host = host_of(certificate)?;
    let certificate =
        EndEntityCert::try_from(certificate).map_err(|_| UnnamedHost::NoCertificate)?;
    let key = Fingerprint::of(&certificate.subject_public_key_info());
    Ok(Peer { host, key })
}

/// Returns the one DNS name of a certificate.
///
/// # Errors
/// [`UnnamedHost`].
pub fn host_of(certificate: &CertificateDer<'_>) -> Result<HostName, UnnamedHost> {
    let certificate =
        EndEntityCert::try_from(certificate).map_err(|_| UnnamedHost::NoCertificate)?;
    let mut names = certificate.valid_dns_names();
    let name = names.next().ok_or(UnnamedHost::NoName)?;
    if names.next().is_some() {
        return Err(UnnamedHost::SeveralNames);
    }
    HostName::new(name).map_err(UnnamedHost::Invalid)
}

impl fmt::Display for UnnamedHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => formatter.write_str("there is no certificate of a host"),
            Self::NoName => formatter.write_str("the certificate has no DNS name"),
            Self::SeveralNames => formatter.write_str("the certificate has several DNS names"),
            Self::Invalid(why) => write!(formatter, "the DNS name of the certificate: {why}"),
        }
    }
}

impl std::error::Error for UnnamedHost {}
