//! Certificates, right and wrong ones.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    SanType, date_time_ymd,
};

pub(crate) use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};

/// Signs certificates. Two of the same name have different keys.
pub(crate) struct Authority {
    certificate: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, in DER.
pub(crate) struct Issued {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key: Vec<u8>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let params = authority_params("test fleet");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        let issuer = Issuer::new(params, key);
        Self {
            certificate,
            issuer,
        }
    }

    pub(crate) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// A certificate that is right for both sides.
    pub(crate) fn issue(&self, name: &str) -> Issued {
        self.issue_changed(name, |_| {})
    }

    /// A right certificate of a member.
    pub(crate) fn issue_member(&self, name: &str) -> Issued {
        self.issue_changed(name, |params| {
            params.extended_key_usages = vec![ClientAuth];
        })
    }

    /// A certificate that is right for both sides but for a change.
    pub(crate) fn issue_changed(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Issued {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ServerAuth, ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued {
            chain: vec![certificate.der().to_vec()],
            key: key.serialize_der(),
        }
    }

    /// A certificate of an authority between this one and the host. It names no purpose.
    pub(crate) fn issue_through_another(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Issued {
        let params = authority_params("test between");
        let key = KeyPair::generate().unwrap();
        let between = params.signed_by(&key, &self.issuer).unwrap();
        let between = Self {
            certificate: between.der().to_vec(),
            issuer: Issuer::new(params, key),
        };
        let mut issued = between.issue_changed(name, change);
        issued.chain.push(between.certificate);
        issued
    }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

pub(crate) fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

pub(crate) fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2001, 1, 1);
}

pub(crate) fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(3000, 1, 1);
    params.not_after = date_time_ymd(3001, 1, 1);
}

impl Issued {
    /// Writes the files of a configuration into a folder.
    pub(crate) fn write(&self, folder: &Path, authority: &[u8]) {
        self.write_with(folder, &[authority]);
    }

    /// Writes them with several authorities.
    pub(crate) fn write_with(&self, folder: &Path, authorities: &[&[u8]]) {
        write(&folder.join("ca.pem"), 0o644, "CERTIFICATE", authorities);
        let chain: Vec<_> = self.chain.iter().map(Vec::as_slice).collect();
        write(&folder.join("host.pem"), 0o644, "CERTIFICATE", &chain);
        write(&folder.join("key.pem"), 0o600, "PRIVATE KEY", &[&self.key]);
    }
}

fn write(path: &Path, mode: u32, label: &str, blocks: &[&[u8]]) {
    let mut text = String::new();
    for der in blocks {
        let base64 = BASE64.encode(der);
        writeln!(
            text,
            "-----BEGIN {label}-----\n{base64}\n-----END {label}-----"
        )
        .unwrap();
    }
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
