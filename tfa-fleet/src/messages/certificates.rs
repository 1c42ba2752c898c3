//! Requests for certificates, and their replies.

use tfa_fleet_core::{InvitationId, InvitationSecret, VerifierAddress};
use tfa_fleet_wire::{HostCall, HostReply, KeyRequest, MAX_PROOF, PresentKey};

use super::Invalid;
use super::replies::{refusal_from, refusal_to};
use super::verifiers::verifiers_of;
use crate::generated::{
    self, Certified, CertifiedReply, JoinRequest, RenewRequest, certified_reply,
};

/// The longest certificate of a host, in bytes.
pub const MAX_CERTIFICATE: usize = 4096;

/// The request for a certificate for this key.
#[must_use]
pub fn key_request(request: &KeyRequest) -> generated::KeyRequest {
    generated::KeyRequest {
        point: request.point.to_vec(),
        proof: request.proof.clone(),
    }
}

fn key_from(request: Option<generated::KeyRequest>) -> Result<KeyRequest, Invalid> {
    let generated::KeyRequest { point, proof } = request.ok_or(Invalid("a key"))?;
    if proof.len() > MAX_PROOF {
        return Err(Invalid("the proof of a key"));
    }
    let point = point.try_into().map_err(|_| Invalid("a key"))?;
    Ok(KeyRequest { point, proof })
}

/// The request of a host that joins with this invitation. The secret is not in it.
#[must_use]
pub fn join_request(
    id: InvitationId,
    secret: &InvitationSecret,
    request: &KeyRequest,
) -> JoinRequest {
    JoinRequest {
        invitation: id.0.to_vec(),
        key: Some(key_request(request)),
        proof: secret.key().proof(id, &request.point).to_vec(),
    }
}

/// The call of a host that joins, from this address.
///
/// # Errors
/// [`Invalid`]; also where the host has an older version, which sends the secret of its invitation in place of a proof.
pub fn join_call(request: JoinRequest, from: String) -> Result<HostCall, Invalid> {
    let id = request.invitation.try_into();
    let proof = request.proof.try_into();
    Ok(HostCall::Join {
        id: id.map_err(|_| Invalid("the number of an invitation"))?,
        proof: proof.map_err(|_| {
            Invalid("the proof of an invitation (upgrade tfa and tfa-fleet of this host)")
        })?,
        request: key_from(request.key)?,
        from,
    })
}

/// The request of a host that renews its certificate.
#[must_use]
pub fn renew_request(present: &PresentKey, request: &KeyRequest) -> RenewRequest {
    RenewRequest {
        key: Some(key_request(request)),
        present_point: present.point.to_vec(),
        present_proof: present.proof.clone(),
    }
}

/// The present key of a host that renews its certificate, and the new one.
///
/// # Errors
/// [`Invalid`]; also where the host has an older version, which does not sign with its present key.
pub fn renewal(request: RenewRequest) -> Result<(PresentKey, KeyRequest), Invalid> {
    let point = request.present_point.try_into();
    let point = point.map_err(|_| Invalid("the present key (upgrade tfa-fleet of this host)"))?;
    let proof = request.present_proof;
    if proof.len() > MAX_PROOF {
        return Err(Invalid("the proof of the present key"));
    }
    Ok((PresentKey { point, proof }, key_from(request.key)?))
}

/// The reply of a verifier's tfad to a call about a certificate.
///
/// # Errors
/// [`Invalid`].
pub fn certified_reply(reply: HostReply) -> Result<CertifiedReply, Invalid> {
    let is = match reply {
        HostReply::Certified {
            certificate,
            verifiers,
            port,
        } => certified_reply::Is::Certified(Certified {
            certificate,
            verifiers,
            port: port.unwrap_or_default().into(),
        }),
        HostReply::Refused { error, text } => {
            certified_reply::Is::Refused(refusal_to(&error, text)?)
        }
        HostReply::Verifiers { .. } => return Err(Invalid("a reply about a certificate")),
    };
    Ok(CertifiedReply { is: Some(is) })
}

/// A certificate, as a verifier replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifiedHost {
    /// The certificate, in DER. It is not verified.
    pub certificate: Vec<u8>,
    /// The verifiers of the fleet.
    pub verifiers: Vec<VerifierAddress>,
    /// On a verifier: where it accepts hosts.
    pub port: Option<u16>,
}

/// What a verifier replies to a request for a certificate: the error and the text of a refusal.
///
/// # Errors
/// [`Invalid`].
pub fn certified_host(
    reply: CertifiedReply,
) -> Result<Result<CertifiedHost, (generated::Error, String)>, Invalid> {
    let certified = match reply.is.ok_or(Invalid("a reply about a certificate"))? {
        certified_reply::Is::Certified(certified) => certified,
        certified_reply::Is::Refused(refused) => return refusal_from(refused).map(Err),
    };
    let Certified {
        certificate,
        verifiers,
        port,
    } = certified;
    if certificate.is_empty() || certificate.len() > MAX_CERTIFICATE {
        return Err(Invalid("a certificate"));
    }
    let port = u16::try_from(port).map_err(|_| Invalid("a port"))?;
    Ok(Ok(CertifiedHost {
        certificate,
        verifiers: verifiers_of(verifiers)?,
        port: (port != 0).then_some(port),
    }))
}
