//! What tfa-fleet would start with, as it prints it for the doctor: one frame.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::frame::{self, FrameError, LENGTH_BYTES};

/// What tfa-fleet would start with, on this host and as its user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Report {
    /// The version of the program.
    #[n(0)]
    pub version: String,
    /// Why it could not start. What follows is then known as far as it was read.
    #[n(1)]
    pub faults: Vec<Fault>,
    /// The name of this host in its certificate.
    #[n(2)]
    pub host: Option<String>,
    /// The certificates of this host.
    #[n(3)]
    pub certificates: Vec<CertificateEnd>,
    /// The authority of the fleet makes the certificates, and this program renews them.
    #[n(4)]
    pub is_managed: bool,
    /// It accepts connections of hosts.
    #[n(5)]
    pub listens: bool,
    /// The verifiers that it connects to.
    #[n(6)]
    pub verifiers: Vec<String>,
    /// The members of etcd that it connects to.
    #[n(7)]
    pub etcd: Vec<EndpointSetting>,
    /// The files that it trusts.
    #[n(8)]
    pub files: Vec<ReportedFile>,
    /// On a member: the verifiers of the fleet by the list that one of them has told last, each as `NAME:PORT`. Empty
    /// if none has told one.
    #[cbor(n(9), default)]
    pub told_verifiers: Vec<String>,
    /// As `verifiers`, each as `NAME:PORT`. Empty in the report of an older version.
    #[cbor(n(10), default)]
    pub verifier_addresses: Vec<String>,
}

/// Why tfa-fleet could not start.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Fault {
    /// What a program can tell apart.
    #[n(0)]
    pub kind: FaultKind,
    /// The file.
    #[n(1)]
    pub path: String,
    /// What happened, for the administrator. It is printable.
    #[n(2)]
    pub text: String,
}

/// Why tfa-fleet could not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum FaultKind {
    /// The configuration cannot be read, or has an error.
    #[n(0)]
    Configuration,
    /// A certificate or a key is missing, cannot be read, or cannot be used.
    #[n(1)]
    File,
    /// The certificate of this host has ended.
    #[n(2)]
    Ended,
    /// The certificate of this host is not valid yet.
    #[n(3)]
    NotYetValid,
    /// The other hosts would refuse the certificate.
    #[n(4)]
    Refused,
}

/// A certificate of this host.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CertificateEnd {
    /// The file.
    #[n(0)]
    pub path: String,
    /// When it ends, in seconds since the epoch.
    #[n(1)]
    pub end: u64,
}

/// A member of etcd.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EndpointSetting {
    /// The URL of the configuration.
    #[n(0)]
    pub url: String,
    /// It is reached over TLS.
    #[n(1)]
    pub has_tls: bool,
}

/// A file that tfa-fleet trusts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReportedFile {
    /// The file.
    #[n(0)]
    pub path: String,
    /// It has a private key.
    #[n(1)]
    pub has_key: bool,
}

/// Why bytes are not a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportError {
    /// They are another number of bytes than the frame says.
    Length,
    /// The frame.
    Frame(FrameError),
}

impl fmt::Display for ReportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => formatter.write_str("the report of tfa-fleet is not whole"),
            Self::Frame(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for ReportError {}

/// Reads what tfa-fleet has printed.
///
/// # Errors
/// [`ReportError`]; also where the program has another version and prints something else.
pub fn read_report(printed: &[u8]) -> Result<Report, ReportError> {
    let (length, body) = printed
        .split_first_chunk::<LENGTH_BYTES>()
        .ok_or(ReportError::Length)?;
    match frame::body_length(*length).map_err(ReportError::Frame)? {
        length if length == body.len() => frame::decode(body).map_err(ReportError::Frame),
        _ => Err(ReportError::Length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_report_of_this_version_is_read() {
        let report = Report {
            version: "1".to_owned(),
            faults: vec![Fault {
                kind: FaultKind::Ended,
                path: "/a".to_owned(),
                text: "ended".to_owned(),
            }],
            ..Report::default()
        };
        let printed = frame::encode(&report).unwrap().to_vec();
        assert_eq!(read_report(&printed), Ok(report));
        for wrong in [
            &printed[..printed.len() - 1],
            &printed[..3],
            b"usage: tfa-fleet",
        ] {
            assert!(read_report(wrong).is_err());
        }
        let mut other = printed;
        other[LENGTH_BYTES] += 1;
        let version = FrameError::Version(frame::VERSION + 1);
        assert_eq!(read_report(&other), Err(ReportError::Frame(version)));
    }
}
