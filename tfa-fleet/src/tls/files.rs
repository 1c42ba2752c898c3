//! The files with the certificates and the key.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::VerifierBuilderError;
use tfa_fleet_core::HostName;
use tfa_fleet_wire::FaultKind;
use zeroize::Zeroizing;

use super::own::end_of;
use super::peer::{UnnamedHost, host_of};
use crate::config::{Config, EtcdConfig};
use crate::etcd::EndpointUrl;

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The mode bits that the key's file must not have: none for others, and its group only reads.
const FORBIDDEN_MODE: u32 = 0o037;

/// Why a file cannot be used. The text names it.
#[derive(Debug)]
pub struct BadFile {
    /// The file.
    pub(crate) path: PathBuf,
    /// What is wrong with it.
    pub(crate) mistake: FileMistake,
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum FileMistake {
    /// It cannot be read.
    Read(io::Error),
    /// It is longer than any such file.
    TooLong,
    /// It was written to while it was read.
    Grew,
    /// Others can read the key, or change it. The mode.
    Mode(u32),
    /// There is no certificate in it.
    NoCertificate,
    /// There is no private key in it.
    NoKey,
    /// The certificate names no host.
    Unnamed(UnnamedHost),
    /// The certificate names the first host, and this is the second one.
    OtherHost(HostName, HostName),
    /// A certificate or key that TLS cannot use.
    Unusable(rustls::Error),
    /// The certificates sign nothing.
    NoAuthority(VerifierBuilderError),
    /// The peers would not accept it.
    Refused(rustls::Error),
}

impl BadFile {
    /// Whether it is a certificate whose time is over.
    pub(crate) fn has_ended(&self) -> bool {
        use rustls::CertificateError::{Expired, ExpiredContext};
        matches!(
            self.mistake,
            FileMistake::Refused(rustls::Error::InvalidCertificate(
                Expired | ExpiredContext { .. }
            ))
        )
    }

    pub(crate) fn new(path: &Path, mistake: FileMistake) -> Self {
        Self {
            path: path.to_owned(),
            mistake,
        }
    }
}

/// Where the files are.
#[derive(Clone, Copy)]
pub(super) struct Paths<'a> {
    pub(super) ca: &'a Path,
    pub(super) certificate: &'a Path,
    pub(super) key: &'a Path,
}

impl<'a> Paths<'a> {
    /// For connections with hosts.
    pub(super) fn of_host(config: &'a Config) -> Self {
        Self {
            ca: &config.ca,
            certificate: &config.certificate,
            key: &config.key,
        }
    }

    /// For connections with etcd.
    pub(super) fn of_etcd(config: &'a Config, etcd: &'a EtcdConfig) -> Self {
        let or = |path: &'a Option<PathBuf>, default: &'a PathBuf| path.as_ref().unwrap_or(default);
        Self {
            ca: or(&etcd.ca, &config.ca),
            certificate: or(&etcd.certificate, &config.certificate),
            key: or(&etcd.key, &config.key),
        }
    }
}

/// What the files hold.
pub(super) struct Files<'a> {
    paths: Paths<'a>,
    ca: Vec<CertificateDer<'static>>,
    /// The certificate of this host first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl<'a> Files<'a> {
    pub(super) fn read(paths: Paths<'a>) -> Result<Self, BadFile> {
        let (key, mode) = read(paths.key)?;
        if mode & FORBIDDEN_MODE != 0 {
            return Err(BadFile::new(paths.key, FileMistake::Mode(mode & 0o7777)));
        }
        let chain = match paths.certificate == paths.key {
            // Of one moment: the file may be replaced.
            true => certificates_in(&key, paths.key)?,
            false => certificates(paths.certificate)?,
        };
        Ok(Self {
            paths,
            ca: certificates(paths.ca)?,
            chain,
            key: PrivateKeyDer::from_pem_slice(&key)
                .map_err(|_| BadFile::new(paths.key, FileMistake::NoKey))?,
        })
    }

    pub(super) fn roots(&self) -> Result<RootCertStore, BadFile> {
        let mut roots = RootCertStore::empty();
        for certificate in &self.ca {
            roots
                .add(certificate.clone())
                .map_err(|error| BadFile::new(self.paths.ca, FileMistake::Unusable(error)))?;
        }
        Ok(roots)
    }

    /// The certificate of this host, and those between it and an authority.
    pub(super) fn own(
        &self,
    ) -> Result<(&CertificateDer<'static>, &[CertificateDer<'static>]), BadFile> {
        let own = self.chain.split_first();
        own.ok_or_else(|| BadFile::new(self.paths.certificate, FileMistake::NoCertificate))
    }

    pub(super) fn host(&self) -> Result<HostName, BadFile> {
        let (own, _) = self.own()?;
        host_of(own).map_err(|why| BadFile::new(self.paths.certificate, FileMistake::Unnamed(why)))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, BadFile> {
    let (bytes, _) = read(path)?;
    certificates_in(&bytes, path)
}

fn certificates_in(bytes: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, BadFile> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(BadFile::new(path, FileMistake::NoCertificate)),
    }
}

/// Reads a file, and returns its mode.
fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, u32), BadFile> {
    let bad = |error: io::Error| BadFile::new(path, FileMistake::Read(error));
    let file = File::open(path).map_err(bad)?;
    let metadata = file.metadata().map_err(bad)?;
    if metadata.len() > MAX_FILE {
        return Err(BadFile::new(path, FileMistake::TooLong));
    }
    let length = metadata.len().saturating_add(1);
    // Does not move while it is filled: what it leaves behind would not be wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length as usize));
    file.take(length).read_to_end(&mut bytes).map_err(bad)?;
    if bytes.len() as u64 == length {
        return Err(BadFile::new(path, FileMistake::Grew));
    }
    Ok((bytes, metadata.permissions().mode()))
}

impl FileMistake {
    /// What the doctor can tell apart.
    pub(crate) const fn kind(&self) -> FaultKind {
        use rustls::CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
        use rustls::Error::InvalidCertificate;
        match self {
            Self::Refused(InvalidCertificate(Expired | ExpiredContext { .. })) => FaultKind::Ended,
            Self::Refused(InvalidCertificate(NotValidYet | NotValidYetContext { .. })) => {
                FaultKind::NotYetValid
            }
            Self::Refused(_) => FaultKind::Refused,
            _ => FaultKind::File,
        }
    }
}

/// The files that a configuration names, each once, and whether it has a key.
pub(crate) fn files_of(config: &Config) -> Vec<(&Path, bool)> {
    let mut files: Vec<(&Path, bool)> = Vec::new();
    for paths in all_paths(config) {
        for (path, has_key) in [
            (paths.key, true),
            (paths.certificate, false),
            (paths.ca, false),
        ] {
            if !files.iter().any(|(known, _)| *known == path) {
                files.push((path, has_key));
            }
        }
    }
    files
}

/// The files with certificates of this host, and when these end. Those that cannot be read are not among them.
pub(crate) fn ends(config: &Config) -> Vec<(&Path, u64)> {
    let mut ends: Vec<(&Path, u64)> = Vec::new();
    for path in all_paths(config).map(|paths| paths.certificate) {
        let is_known = ends.iter().any(|(known, _)| *known == path);
        let end = certificates(path)
            .ok()
            .and_then(|chain| end_of(chain.first()?));
        if let Some(end) = end.filter(|_| !is_known) {
            ends.push((path, end));
        }
    }
    ends
}

/// The name in the certificate of this host, if it can be read.
pub(crate) fn own_name(config: &Config) -> Option<HostName> {
    host_of(certificates(&config.certificate).ok()?.first()?).ok()
}

fn all_paths(config: &Config) -> impl Iterator<Item = Paths<'_>> {
    let of_etcd = config.etcd.as_ref();
    let of_etcd = of_etcd.filter(|etcd| etcd.endpoints.iter().any(EndpointUrl::has_tls));
    let of_etcd = of_etcd.map(|etcd| Paths::of_etcd(config, etcd));
    [Paths::of_host(config)].into_iter().chain(of_etcd)
}

impl fmt::Display for BadFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.mistake)
    }
}

impl fmt::Display for FileMistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => error.fmt(formatter),
            Self::TooLong => formatter.write_str("the file is longer than 1 MiB"),
            Self::Grew => formatter.write_str("the file grew while it was read"),
            Self::Mode(mode) => write!(formatter, "the mode is {mode:o}: run chmod 600"),
            Self::NoCertificate => formatter.write_str("no certificate in PEM"),
            Self::NoKey => formatter.write_str("no private key in PEM"),
            Self::Unnamed(why) => why.fmt(formatter),
            Self::OtherHost(named, host) => write!(
                formatter,
                "it names {named}, and this host is {host}: restart tfa-fleet to change its name"
            ),
            Self::Unusable(error) => error.fmt(formatter),
            Self::NoAuthority(error) => error.fmt(formatter),
            Self::Refused(error) => {
                write!(
                    formatter,
                    "other hosts would refuse the certificate: {error}"
                )
            }
        }
    }
}

impl std::error::Error for BadFile {}
