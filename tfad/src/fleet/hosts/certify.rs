//! Hosts that join, and hosts that renew their certificates.

use tfa_core::{
    Authority, CERTIFICATE_LIFETIME, CLOCK_TOLERANCE, Fingerprint, FleetHost, HostInvitation,
    HostName, HostRefusal, InvitationId, InvitationUse, JOIN_PROOF_BYTES, JoinRefusal, Time,
};
use tfa_fleet_wire::{
    CaReply, CaRequest, HostCall, HostReply, KeyRequest, PresentKey, SecretBytes, Validity,
};

use super::documents::{self, Stored, invitation_name};
use super::{Error, Hosts, until_made};
use crate::host::clock;
use crate::log::HostEvent;

impl Hosts {
    /// Answers a call of a host about its certificate or its fleet. It blocks.
    #[must_use]
    pub fn answer(&self, call: &HostCall) -> HostReply {
        let replied = match call {
            HostCall::Join {
                id,
                proof,
                request,
                from,
            } => self.join(InvitationId(*id), proof, request, from),
            HostCall::Renew {
                host,
                present,
                request,
            } => match HostName::new(host) {
                Ok(host) => self.renew(&host, present, request),
                Err(_) => Err(HostRefusal::Unknown.into()),
            },
            HostCall::ListVerifiers { host, key } => match HostName::new(host) {
                Ok(host) => self.list_verifiers(&host, *key),
                Err(_) => Err(HostRefusal::Unknown.into()),
            },
        };
        replied.unwrap_or_else(|error| {
            let (error, text) = error.told();
            HostReply::Refused { error, text }
        })
    }

    fn join(
        &self,
        id: InvitationId,
        proof: &[u8; JOIN_PROOF_BYTES],
        request: &KeyRequest,
        from: &str,
    ) -> Result<HostReply, Error> {
        let key = Fingerprint::of_point(&request.point);
        until_made(|| {
            let now = clock::now();
            let authority = self.authority()?;
            let stored = documents::load::<HostInvitation>(&*self.store, &invitation_name(id))?;
            let invitation = stored.value.as_ref().ok_or(JoinRefusal::NotOpen)?;
            let name = invitation.host();
            // An invitation is made for no other name.
            let host = HostName::new(name)
                .map_err(|_| Error::Damaged(stored.id.to_string(), stored.revision))?;
            let judged = invitation.judge(id, proof, &request.point, now);
            let judged = judged.inspect_err(|why| self.log_refused_join(&host, from, *why))?;
            let of_host = documents::load::<FleetHost>(&*self.store, host.as_str())?;
            let removal = self.last_removal(&host, of_host.value.as_ref())?;
            if removal.is_some_and(|removal| invitation.is_withdrawn_by(removal, now)) {
                self.log_refused_join(&host, from, JoinRefusal::NotOpen);
                return Err(JoinRefusal::NotOpen.into());
            }
            if judged == InvitationUse::Again {
                let is_same = |host: &FleetHost| host.has_last_key(key);
                let is_returned = self.is_returned(&host, of_host.value.as_ref())?;
                if is_returned || !of_host.value.as_ref().is_some_and(is_same) {
                    return Err(JoinRefusal::NotOpen.into());
                }
                self.quota.charge(&host)?;
            }
            // Before the invitation is used up: what fails here can be tried again.
            let port = invitation.port();
            let certificate = self.sign(&authority, &host, port.is_some(), request, None, now)?;
            if judged == InvitationUse::Again {
                self.journal.log_host(name, HostEvent::JoinedAgain { from });
                return self.certified(certificate, port).map(Some);
            }
            let joined = FleetHost::joined(key, port, now).after(removal);
            let mut changes = vec![
                stored.put(invitation.used_by(key).encode()),
                of_host.put(joined.encode()),
            ];
            let was_verifier = of_host
                .value
                .as_ref()
                .is_some_and(|host| host.port().is_some());
            if was_verifier && port.is_none() {
                changes.push(self.other_verifier(&host)?);
            }
            if documents::change(&*self.store, &changes)? {
                self.journal.log_host(name, HostEvent::Joined { from });
                self.verifier_list.has_changed();
                return self.certified(certificate, port).map(Some);
            }
            Ok(None)
        })
    }

    fn renew(
        &self,
        host: &HostName,
        present: &PresentKey,
        request: &KeyRequest,
    ) -> Result<HostReply, Error> {
        // tfa-fleet of this host may lie: the holder of the key that is certified has signed for the next one.
        let holder = Fingerprint::of_point(&present.point);
        let key = Fingerprint::of_point(&request.point);
        let mut is_charged = false;
        until_made(|| {
            let now = clock::now();
            let authority = self.authority()?;
            let stored = documents::load::<FleetHost>(&*self.store, host.as_str())?;
            self.admit_read(host, stored.value.as_ref(), true, holder)?;
            let known = stored.value.as_ref().ok_or(HostRefusal::Unknown)?;
            let renewable = known.may_renew(holder, now);
            renewable.inspect_err(|why| self.log_refusal(host, *why))?;
            if !is_charged {
                self.quota.check(host)?;
            }
            let port = known.port();
            let is_verifier = port.is_some();
            let signed = self.sign(&authority, host, is_verifier, request, Some(present), now);
            if matches!(signed, Err(Error::NoProof)) {
                self.quota.note_unproved(host);
            }
            let certificate = signed?;
            // After the proof: who has no key uses up no certificate of the host. Once, however often it is judged.
            if !is_charged {
                self.quota.charge(host)?;
                is_charged = true;
            }
            let renewed = known.renewed(key, holder, now);
            if documents::change(&*self.store, &[stored.put(renewed.encode())])? {
                self.journal.log_host(host.as_str(), HostEvent::Renewed);
                return self.certified(certificate, port).map(Some);
            }
            Ok(None)
        })
    }

    /// The authority of the fleet.
    pub(super) fn authority(&self) -> Result<Authority, Error> {
        let Stored { value, .. } = documents::load::<Authority>(&*self.store, "")?;
        value.ok_or(Error::NoAuthority)
    }

    /// Has a certificate signed, from now on.
    pub(super) fn sign(
        &self,
        authority: &Authority,
        host: &HostName,
        is_verifier: bool,
        request: &KeyRequest,
        renewed_by: Option<&PresentKey>,
        now: Time,
    ) -> Result<Vec<u8>, Error> {
        let request = CaRequest::Sign {
            id: authority.id,
            key: SecretBytes(authority.key.clone()),
            host: host.to_string(),
            is_verifier,
            request: request.clone(),
            validity: validity(now, CERTIFICATE_LIFETIME),
            renewed_by: renewed_by.cloned(),
        };
        match self.authority.call(&request).map_err(Error::Ca)? {
            CaReply::Signed { certificate } => Ok(certificate),
            CaReply::NoProof => Err(Error::NoProof),
            CaReply::Failed(why) => Err(Error::Ca(crate::messages::ca_refused(&why))),
            CaReply::Made { .. } => Err(super::manage::another_reply()),
        }
    }

    fn certified(&self, certificate: Vec<u8>, port: Option<u16>) -> Result<HostReply, Error> {
        let verifiers = self.verifiers()?.into_iter().map(|one| one.to_string());
        Ok(HostReply::Certified {
            certificate,
            verifiers: verifiers.collect(),
            port,
        })
    }
}

/// The time of a certificate that is valid from now on, also for hosts whose clock is behind.
pub(super) fn validity(now: Time, lifetime: std::time::Duration) -> Validity {
    let from = now.as_secs().saturating_sub(CLOCK_TOLERANCE.as_secs());
    let until = now.as_secs().saturating_add(lifetime.as_secs());
    Validity { from, until }
}
