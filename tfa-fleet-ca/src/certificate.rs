//! The certificate of a host.

use std::time::Duration;

use rcgen::{
    CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm,
    date_time_ymd,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use tfa_fleet_core::{HostName, POINT_BYTES};
use tfa_fleet_wire::{CaReply, KeyRequest, MAX_PROOF, PresentKey, Validity};

/// The longest time of a certificate. A later one would not be of a date that X.509 can have.
const MAX_SECONDS: u64 = 100 * 366 * 24 * 3600;

/// The public key of a host, by its point.
struct HostPoint([u8; POINT_BYTES]);

impl PublicKeyData for HostPoint {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Signs the certificate of a host. A verifier is for both sides of a connection, a member for the side that
/// connects.
pub(crate) fn sign(
    issuer: &Issuer<'static, KeyPair>,
    host: &str,
    is_verifier: bool,
    request: &KeyRequest,
    renewed_by: Option<&PresentKey>,
    validity: Validity,
) -> Result<CaReply, CaReply> {
    let host = HostName::new(host).map_err(failed)?;
    let is_wanted = renewed_by.is_none_or(|present| {
        let signed = PresentKey::signed(host.as_str(), &request.point);
        has_signed(&present.point, &signed, &present.proof)
    });
    if !has_proof(request) || !is_wanted {
        return Err(CaReply::NoProof);
    }
    let mut params = CertificateParams::new([host.to_string()]).map_err(failed)?;
    // The name stands in the subjectAltName alone, as RFC 9525 has it.
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    if is_verifier {
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(serial_number()?);
    set_validity(&mut params, validity)?;
    let certificate = params.signed_by(&HostPoint(request.point), issuer);
    Ok(CaReply::Signed {
        certificate: certificate.map_err(failed)?.der().to_vec(),
    })
}

/// Whether the host has the private key. A point that is not on the curve has none.
fn has_proof(request: &KeyRequest) -> bool {
    let signed = KeyRequest::signed(&request.point);
    has_signed(&request.point, &signed, &request.proof)
}

fn has_signed(point: &[u8; POINT_BYTES], signed: &[u8], proof: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
    proof.len() <= MAX_PROOF && key.verify(signed, proof).is_ok()
}

/// 127 random bits: a positive number.
fn serial_number() -> Result<SerialNumber, CaReply> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(failed)?;
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}

pub(crate) fn set_validity(
    params: &mut CertificateParams,
    validity: Validity,
) -> Result<(), CaReply> {
    let Validity { from, until } = validity;
    if from >= until || until > MAX_SECONDS {
        return Err(failed("the clock is wrong"));
    }
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(from);
    params.not_after = epoch + Duration::from_secs(until);
    Ok(())
}

pub(crate) fn failed(why: impl std::fmt::Display) -> CaReply {
    CaReply::Failed(why.to_string())
}
