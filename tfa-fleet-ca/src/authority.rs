//! The key of the authority, and its certificate.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tfa_fleet_wire::{CaReply, SecretBytes, Validity};
use zeroize::Zeroizing;

use crate::certificate::{failed, set_validity};

/// Makes a key on the curve P-256, and the certificate of the authority.
pub(crate) fn make(id: [u8; 8], validity: Validity) -> Result<CaReply, CaReply> {
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = params(id)?;
    set_validity(&mut params, validity)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok(CaReply::Made {
        key: SecretBytes(Zeroizing::new(key.serialize_der())),
        certificate: certificate.der().to_vec(),
    })
}

/// The authority with that id, which is part of its name, and with that key.
pub(crate) fn issuer(id: [u8; 8], key: &SecretBytes) -> Result<Issuer<'static, KeyPair>, CaReply> {
    let key = KeyPair::try_from(key.0.as_slice()).map_err(failed)?;
    Ok(Issuer::new(params(id)?, key))
}

/// What its certificate says. The certificates of hosts name their issuer by the same.
fn params(id: [u8; 8]) -> Result<CertificateParams, CaReply> {
    let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
    let id = u64::from_be_bytes(id);
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("tfa fleet {id:016x}"));
    // It signs hosts, and no further authority.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}
