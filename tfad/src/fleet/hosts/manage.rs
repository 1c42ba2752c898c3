//! What administrators do with the hosts of the fleet.

use std::time::Duration;

use tfa_core::{
    AUTHORITY_LIFETIME, Authority, CERTIFICATE_LIFETIME, Fingerprint, FleetHost, HostInvitation,
    HostName, InvitationId, InvitationSecret, JoinToken, MAX_VERIFIERS, Time, VerifierAddress,
};
use tfa_fleet_wire::{CaReply, CaRequest, KeyRequest};
use tfa_store::MAX_DOCUMENT_CHANGES;
use zeroize::Zeroizing;

use super::certify::validity;
use super::documents::{self, NewValue, Stored, invitation_name};
use super::{Error, Hosts, until_made};
use crate::host::{clock, random};
use crate::log::HostEvent;
use crate::messages;

/// Returned to root after the fleet was created.
#[derive(Debug)]
pub struct FoundedFleet {
    /// Whether the authority was made now.
    pub is_new: bool,
    /// The certificate of the authority, in DER.
    pub authority: Vec<u8>,
    /// That of this host.
    pub certificate: Vec<u8>,
}

/// A host, for an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEntry {
    /// Its name.
    pub name: String,
    /// What is known of it.
    pub state: HostState,
    /// For a verifier: where it accepts other hosts.
    pub port: Option<u16>,
    /// When it joined.
    pub joined: Option<Time>,
    /// The end of its certificate, or of its invitation.
    pub until: Option<Time>,
    /// When it was removed.
    pub removed: Option<Time>,
}

/// What is known of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostState {
    /// It is in the fleet.
    Joined,
    /// It may join.
    Invited,
    /// It is refused.
    Removed,
    /// Its document cannot be read. It is refused.
    Damaged,
}

/// By how much the clocks of two verifiers may differ in a removal of a host that the store does not show.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

impl Hosts {
    /// Makes the authority, unless the fleet has one, and has this host certified as a verifier. The caller is
    /// root on a verifier, who has the key of the authority anyway.
    ///
    /// # Errors
    /// [`Error`].
    pub fn found(
        &self,
        host: &HostName,
        port: u16,
        request: &KeyRequest,
    ) -> Result<FoundedFleet, Error> {
        let key = Fingerprint::of_point(&request.point);
        until_made(|| {
            let now = clock::now();
            let stored = documents::load::<Authority>(&*self.store, "")?;
            let made = match stored.value {
                Some(_) => None,
                None => Some(self.make_authority(now)?),
            };
            let Some(authority) = stored.value.as_ref().or(made.as_ref()) else {
                return Err(Error::NoAuthority);
            };
            let certificate = self.sign(authority, host, true, request, None, now)?;
            let of_host = documents::load::<FleetHost>(&*self.store, host.as_str())?;
            let removal = self.last_removal(host, of_host.value.as_ref())?;
            let joined = FleetHost::joined(key, Some(port), now).after(removal);
            let mut changes = vec![of_host.put(joined.encode())];
            changes.extend(made.as_ref().map(|made| stored.put(made.encode())));
            if documents::change(&*self.store, &changes)? {
                let event = match made {
                    Some(_) => HostEvent::FleetMade,
                    None => HostEvent::Recertified,
                };
                self.journal.log_host(host.as_str(), event);
                return Ok(Some(FoundedFleet {
                    is_new: made.is_some(),
                    authority: authority.certificate.clone(),
                    certificate,
                }));
            }
            Ok(None)
        })
    }

    fn make_authority(&self, now: Time) -> Result<Authority, Error> {
        let mut id = [0; 8];
        random::fill(&mut id)?;
        let validity = validity(now, AUTHORITY_LIFETIME);
        let request = CaRequest::Make { id, validity };
        match self.authority.call(&request).map_err(Error::Ca)? {
            CaReply::Made { key, certificate } => Ok(Authority {
                id,
                key: key.0,
                certificate,
                made: now,
            }),
            CaReply::Failed(why) => Err(Error::Ca(messages::ca_refused(&why))),
            CaReply::Signed { .. } | CaReply::NoProof => Err(another_reply()),
        }
    }

    /// Whether the fleet has an authority, also one that cannot be read, or that is not in the store any more.
    ///
    /// # Errors
    /// [`Error`].
    pub fn has_authority(&self) -> Result<bool, Error> {
        Ok(documents::exists::<Authority>(&*self.store, "")? || self.removals.has_authority()?)
    }

    /// Whether a host is a verifier, or may be one because its document cannot be read.
    ///
    /// # Errors
    /// [`Error`].
    pub fn may_be_verifier(&self, host: &HostName) -> Result<bool, Error> {
        let loaded = documents::load_to_replace::<FleetHost>(&*self.store, host.as_str());
        let (stored, is_damaged) = loaded?;
        Ok(is_damaged || stored.value.is_some_and(|host| host.port().is_some()))
    }

    /// Makes an invitation, which replaces those of the same host. A verifier has a port. Returns the token
    /// and its end.
    ///
    /// # Errors
    /// [`Error`].
    pub fn invite(
        &self,
        uid: u32,
        host: &HostName,
        port: Option<u16>,
        lifetime: Duration,
    ) -> Result<(Zeroizing<String>, Time), Error> {
        let authority = self.authority()?;
        let verifiers = self.verifiers()?;
        match verifiers.as_slice() {
            [] => return Err(Error::NoVerifier),
            // As a member it would accept no host, and none could be invited.
            [last] if last.name == *host && port.is_none() => {
                return Err(Error::LastVerifier(host.to_string()));
            }
            _ => {}
        }
        let mut id = InvitationId([0; InvitationId::LENGTH]);
        let mut secret = InvitationSecret(Zeroizing::default());
        random::fill(&mut id.0)?;
        random::fill(&mut *secret.0)?;
        let made = clock::now();
        let until = made.plus(lifetime);
        let name = host.to_string();
        let invitation = HostInvitation::new(name, &secret, port, made, until);
        // A damaged document is one of no removal that is known.
        let (of_host, _) = documents::load_to_replace::<FleetHost>(&*self.store, host.as_str())?;
        let removal = self.last_removal(host, of_host.value.as_ref())?;
        let invitation = invitation.after(removal);
        until_made(|| {
            let new = documents::load::<HostInvitation>(&*self.store, &invitation_name(id))?;
            let mut changes = self.withdrawn(host, made)?;
            changes.push(new.put(invitation.encode()));
            if documents::change(&*self.store, &changes)? {
                let is_verifier = port.is_some();
                let event = HostEvent::Invited {
                    is_verifier,
                    until,
                    uid,
                };
                self.journal.log_host(host.as_str(), event);
                return Ok(Some(()));
            }
            Ok(None)
        })?;
        let authority = Fingerprint::of(&authority.certificate);
        let token = JoinToken {
            id,
            host: host.clone(),
            secret,
            authority,
            verifiers,
        };
        Ok((token.to_text(), until))
    }

    /// Removes a host, and withdraws its invitations. Each name can be removed, also one that was removed before or that
    /// the store does not know: the organisation's certificates are not known here, and who can write to the store
    /// takes the document of a host away and puts it back later.
    ///
    /// # Errors
    /// [`Error`].
    pub fn remove(&self, uid: u32, host: &HostName) -> Result<(), Error> {
        until_made(|| {
            let now = clock::now();
            let has_authority = self.has_authority()?;
            // A damaged one is refused now, and is replaced in the same change: it is never absent.
            let replaced = documents::load_to_replace::<FleetHost>(&*self.store, host.as_str());
            let (of_host, _) = replaced?;
            let mut changes = self.withdrawn(host, now)?;
            let known = of_host.value.as_ref();
            if known.is_some_and(|known| known.port().is_some()) {
                changes.push(self.other_verifier(host)?);
            }
            // It is not earlier than what it ends, nor than what was ended before.
            let invited = self.last_invitation(host, now)?;
            let last = self.last_removal(host, known)?.max(invited);
            let at = last.map_or(now, |last| last.max(now));
            // A document that is not shown may be later than that, or of a verifier whose clock is ahead.
            let is_shown = known.is_some_and(|known| known.removed_at().is_none());
            let at = match is_shown {
                true => at,
                false => at.plus(CLOCKS_DIFFER),
            };
            let removed = FleetHost::removed(known, at);
            let removal = removed.removed_at();
            changes.push(of_host.put(removed.encode()));
            if documents::change(&*self.store, &changes)? {
                self.remember(removal.map(|at| (host, at)), has_authority);
                self.journal
                    .log_host(host.as_str(), HostEvent::Removed { uid });
                self.verifier_list.has_changed();
                return Ok(Some(()));
            }
            Ok(None)
        })
    }

    /// Admits a host again that was removed, where the certificates are the organisation's.
    ///
    /// # Errors
    /// [`Error`].
    pub fn readmit(&self, uid: u32, host: &HostName) -> Result<(), Error> {
        until_made(|| {
            if self.has_authority()? {
                let text = messages::readmitted_by_invitation(host.as_str());
                return Err(Error::NothingToDo(text));
            }
            let now = clock::now();
            let of_host = documents::load::<FleetHost>(&*self.store, host.as_str())?;
            let known = of_host.value.as_ref();
            let removal = self.last_removal(host, known)?;
            let is_removed = known.is_some_and(|known| known.removed_at().is_some());
            if !is_removed && !self.is_returned(host, known)? {
                let text = messages::host_was_not_removed(host.as_str());
                return Err(Error::NothingToDo(text));
            }
            // An absent document would be refused where the removal was seen.
            let readmitted = FleetHost::readmitted(now).after(removal);
            if documents::change(&*self.store, &[of_host.put(readmitted.encode())])? {
                self.journal
                    .log_host(host.as_str(), HostEvent::Readmitted { uid });
                return Ok(Some(()));
            }
            Ok(None)
        })
    }

    /// A page of the hosts after a name, in the order of their names, and the name after which the next page
    /// begins. The first page begins with the open invitations.
    ///
    /// # Errors
    /// [`Error`].
    pub fn list(&self, after: &str) -> Result<(Vec<HostEntry>, Option<String>), Error> {
        let now = clock::now();
        let mut entries = Vec::new();
        if after.is_empty() {
            let invitations = documents::all::<HostInvitation>(&*self.store)?;
            let invitations = invitations
                .into_iter()
                .filter_map(|(_, stored)| stored.value);
            let open = invitations.filter(|one| one.is_open(now) && !one.is_used());
            entries.extend(open.map(|invitation| HostEntry {
                name: invitation.host().to_owned(),
                state: HostState::Invited,
                port: invitation.port(),
                joined: None,
                until: Some(invitation.until()),
                removed: None,
            }));
        }
        let (hosts, next) = documents::page::<FleetHost>(&*self.store, after)?;
        let hosts = hosts.into_iter().map(|(name, stored)| {
            let host = stored.ok().and_then(|stored| stored.value);
            (name, host)
        });
        let hosts: Vec<_> = hosts.collect();
        self.remember_all(hosts.iter().map(|(name, host)| (&**name, host.as_ref())));
        for (name, host) in hosts {
            if host.as_ref().is_some_and(FleetHost::is_readmitted) {
                continue;
            }
            let removal = self.removal(&name, host.as_ref())?;
            entries.push(entry(name, host, removal));
        }
        Ok((entries, next))
    }

    /// Keeps the removals of these hosts, which are written at once.
    fn remember_all<'a>(&self, hosts: impl Iterator<Item = (&'a str, Option<&'a FleetHost>)>) {
        let removed = hosts.filter_map(|(name, host)| {
            let at = host?.removed_at()?;
            Some((HostName::new(name).ok()?, at))
        });
        let removed: Vec<_> = removed.collect();
        self.remember(removed.iter().map(|(name, at)| (name, *at)), false);
    }

    /// When a host was removed, if it is a removed one.
    fn removal(&self, name: &str, host: Option<&FleetHost>) -> Result<Option<Time>, Error> {
        let (Ok(name), Some(host)) = (HostName::new(name), host) else {
            return Ok(None);
        };
        if let Some(at) = host.removed_at() {
            return Ok(Some(at));
        }
        let last = self.removals.last(&name)?;
        Ok(last.filter(|last| host.is_ended_by(*last)))
    }

    /// The hosts that were not removed.
    fn present(&self) -> Result<Vec<(String, Stored<FleetHost>)>, Error> {
        let all = documents::all::<FleetHost>(&*self.store)?;
        self.remember_all(
            all.iter()
                .map(|(name, stored)| (&**name, stored.value.as_ref())),
        );
        let mut present = Vec::new();
        for (name, stored) in all {
            if self.removal(&name, stored.value.as_ref())?.is_none() {
                present.push((name, stored));
            }
        }
        Ok(present)
    }

    /// The verifiers that hosts can join at, in the order of their names.
    pub(in crate::fleet) fn verifiers(&self) -> Result<Vec<VerifierAddress>, Error> {
        let addresses = self.present()?.into_iter().filter_map(|(name, stored)| {
            let port = stored.value?.port()?;
            let name = HostName::new(&name).ok()?;
            Some(VerifierAddress { name, port })
        });
        Ok(addresses.take(MAX_VERIFIERS).collect())
    }

    /// Another verifier, put as it is: where this change makes a host none, a change that removes the other one at the same
    /// moment is not made.
    pub(super) fn other_verifier(&self, host: &HostName) -> Result<NewValue, Error> {
        let mut others = self.present()?.into_iter().filter_map(|(name, stored)| {
            let other = stored.value.as_ref()?;
            (other.port().is_some() && name != host.as_str()).then(|| stored.put(other.encode()))
        });
        let last = || Error::LastVerifier(host.to_string());
        others.next().ok_or_else(last)
    }

    /// When the last open invitation of a host was made.
    fn last_invitation(&self, host: &HostName, now: Time) -> Result<Option<Time>, Error> {
        let all = documents::all::<HostInvitation>(&*self.store)?;
        let all = all.into_iter().filter_map(|(_, stored)| stored.value);
        let open = all.filter(|one| one.host() == host.as_str() && one.is_open(now));
        Ok(open.map(|one| one.made()).max())
    }

    /// The removal of the invitations of a host, and of some that are over.
    fn withdrawn(&self, host: &HostName, now: Time) -> Result<Vec<NewValue>, Error> {
        let all = documents::all::<HostInvitation>(&*self.store)?;
        let (own, over): (Vec<_>, Vec<_>) = all
            .iter()
            .filter_map(|(_, stored)| Some((stored, stored.value.as_ref()?)))
            .filter(|(_, one)| one.host() == host.as_str() || !one.is_open(now))
            .partition(|(_, one)| one.host() == host.as_str());
        let first = own.into_iter().chain(over);
        // With the document that the change is about, and that of another verifier.
        let first = first.take(MAX_DOCUMENT_CHANGES - 2);
        Ok(first.map(|(stored, _)| stored.remove()).collect())
    }
}

fn entry(name: String, host: Option<FleetHost>, removed: Option<Time>) -> HostEntry {
    let Some(host) = host else {
        return HostEntry {
            name,
            state: HostState::Damaged,
            port: None,
            joined: None,
            until: None,
            removed: None,
        };
    };
    let until = host.certified_at().plus(CERTIFICATE_LIFETIME);
    HostEntry {
        name,
        state: match removed {
            Some(_) => HostState::Removed,
            None => HostState::Joined,
        },
        port: host.port().filter(|_| removed.is_none()),
        joined: Some(host.joined_at()),
        until: removed.is_none().then_some(until),
        removed,
    }
}

/// The program that signs has replied to another request.
pub(super) fn another_reply() -> Error {
    Error::Ca(messages::CA_OTHER_REPLY.to_owned())
}
