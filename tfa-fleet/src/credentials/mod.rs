//! The key and the certificates that this host has from the authority of its fleet.
//!
//! One file has the key and its certificate, so that a rename replaces both: there is no moment with a pair that
//! does not fit. A key that waits for its certificate has a file of its own.

mod file;
mod join_key;
mod key;
mod learned;
mod pem;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tfa_fleet_core::HostName;
use zeroize::Zeroizing;

use crate::tls;
pub(crate) use key::{BadKey, HostKey};

/// The certificate of the authority.
const CA: &str = "ca.pem";
/// The key of this host, and its certificate, and that of the authority.
const HOST: &str = "host.pem";
/// The key that waits for its certificate.
const NEW: &str = "new.pem";

/// The folder with these files. It belongs to the user of this program alone.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// Why a key or a certificate cannot be kept. The text says what happened.
#[derive(Debug)]
pub enum FolderError {
    /// A file cannot be read or written.
    File(PathBuf, io::Error),
    /// A file has no key.
    BadKey(PathBuf),
    /// A file has no certificate.
    NoCertificate(PathBuf),
    /// The kernel gives no random bytes.
    NoKey,
    /// The certificate is for another key.
    OtherKey,
    /// The certificate is for a host of this name, and not for the expected one.
    OtherHost(HostName),
    /// The certificate is not one that other hosts would accept.
    Refused(rustls::Error),
}

impl Folder {
    /// The folder at that path.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file with the certificate of the authority.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.0.join(CA)
    }

    /// The file with the key of this host and its certificate.
    #[must_use]
    pub fn host(&self) -> PathBuf {
        self.0.join(HOST)
    }

    /// Whether this host certainly has no certificate from the authority of its fleet.
    pub(crate) fn has_no_certificate(&self) -> bool {
        is_absent(&self.host())
    }

    /// Whether this host certainly knows no authority of a fleet.
    pub(crate) fn has_no_authority(&self) -> bool {
        is_absent(&self.ca())
    }

    /// The key that waits for its certificate; a new one if none does. It is on the disk before it is used: a
    /// request whose reply is lost is made again with the same key.
    pub(crate) fn new_key(&self) -> Result<HostKey, FolderError> {
        match self.read(NEW)? {
            Some(text) => self.key_in(NEW, &text),
            None => {
                let key = HostKey::generate().map_err(|BadKey| FolderError::NoKey)?;
                self.write(NEW, &pem::section("PRIVATE KEY", key.as_pkcs8()))?;
                Ok(key)
            }
        }
    }

    /// The key of the certificate of this host.
    pub(crate) fn own_key(&self) -> Result<HostKey, FolderError> {
        let missing = || FolderError::NoCertificate(self.host());
        let text = self.read(HOST)?.ok_or_else(missing)?;
        self.key_in(HOST, &text)
    }

    /// The contents of a file, if there is one.
    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, FolderError> {
        let path = self.0.join(name);
        match file::read(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FolderError::File(path, error)),
        }
    }

    /// The key in the contents of a file.
    fn key_in(&self, name: &str, text: &[u8]) -> Result<HostKey, FolderError> {
        let bad = || FolderError::BadKey(self.0.join(name));
        let key = PrivateKeyDer::from_pem_slice(text).map_err(|_| bad())?;
        let key = Zeroizing::new(key.secret_der().to_vec());
        HostKey::from_pkcs8(key).map_err(|BadKey| bad())
    }

    /// The certificate of this host, and that of its authority.
    pub(crate) fn certificates(
        &self,
    ) -> Result<(CertificateDer<'static>, CertificateDer<'static>), FolderError> {
        let read = |path: PathBuf| {
            let text = file::read(&path);
            let text = text.map_err(|error| FolderError::File(path.clone(), error))?;
            CertificateDer::from_pem_slice(&text).map_err(|_| FolderError::NoCertificate(path))
        };
        Ok((read(self.host())?, read(self.ca())?))
    }

    /// Puts the key with its certificate in force: at the next start, or reading. It must be one of this authority,
    /// and other hosts must accept it. Returns the name of this host, which is the expected one if there is one.
    pub(crate) fn put_in_force(
        &self,
        key: &HostKey,
        certificate: &CertificateDer<'static>,
        authority: &CertificateDer<'static>,
        is_verifier: bool,
        expected: Option<&HostName>,
    ) -> Result<HostName, FolderError> {
        let host = tls::check_own(certificate, authority, is_verifier);
        let host = host.map_err(FolderError::Refused)?;
        let certified = tls::key_of(certificate).map_err(FolderError::Refused)?;
        let own = key.fingerprint().map_err(|BadKey| FolderError::NoKey)?;
        if certified != own {
            return Err(FolderError::OtherKey);
        }
        if expected.is_some_and(|expected| *expected != host) {
            return Err(FolderError::OtherHost(host));
        }
        // First: without the authority, the rest is of no use.
        let authority = pem::section("CERTIFICATE", authority);
        if file::read(&self.ca()).ok().as_ref() != Some(&authority) {
            self.write(CA, &authority)?;
        }
        let sections = [
            pem::section("PRIVATE KEY", key.as_pkcs8()),
            pem::section("CERTIFICATE", certificate),
            authority,
        ];
        let length = sections.iter().map(|section| section.len()).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(length));
        for section in &sections {
            text.extend_from_slice(section);
        }
        self.write(HOST, &text)?;
        // It is in the other file. What stays is found again, and used for the next request.
        let _ = std::fs::remove_file(self.0.join(NEW));
        Ok(host)
    }

    fn write(&self, name: &str, text: &[u8]) -> Result<(), FolderError> {
        let path = self.0.join(name);
        file::replace(&self.0, name, text).map_err(|error| FolderError::File(path, error))
    }
}

fn is_absent(path: &Path) -> bool {
    let found = path.symlink_metadata();
    found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

impl fmt::Display for FolderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(formatter, "{}: {error}", path.display()),
            Self::BadKey(path) => write!(
                formatter,
                "{}: it has no private key on the curve P-256. Remove it",
                path.display()
            ),
            Self::NoCertificate(path) => {
                write!(formatter, "{}: no certificate in PEM", path.display())
            }
            Self::NoKey => {
                formatter.write_str("no key can be made: the kernel gives no random bytes")
            }
            Self::OtherKey => formatter.write_str("the certificate is for another key"),
            Self::OtherHost(host) => {
                write!(formatter, "the certificate is for another host, {host}")
            }
            Self::Refused(error) => {
                write!(
                    formatter,
                    "other hosts would refuse the certificate: {error}"
                )
            }
        }
    }
}

impl std::error::Error for FolderError {}
