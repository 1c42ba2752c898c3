//! A host of the fleet, and whether it may speak.

use std::fmt;
use std::time::Duration;

use minicbor::{Decode, Encode};
use tfa_fleet_core::Fingerprint;

use super::document;
use crate::Time;

/// A host with a certificate of the authority, or one that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FleetHost {
    #[n(0)]
    joined: Time,
    /// When it got its certificate.
    #[n(1)]
    certified: Time,
    /// The key of its certificate.
    #[n(2)]
    key: Option<Fingerprint>,
    /// The key before, which it may still use: the reply with the certificate of the new one may be lost.
    #[n(3)]
    former_key: Option<Fingerprint>,
    /// Where it accepts other hosts. Only a verifier does.
    #[n(4)]
    port: Option<u16>,
    #[n(5)]
    removed: Option<Time>,
    /// The first call with the key of its certificate, if it has one from before.
    #[n(6)]
    used: Option<Time>,
}

/// How long calls with the key before are answered after the first one with the next key. Connections that were
/// open then end within this time.
const FORMER_KEY_TIME: Duration = Duration::from_secs(3600);

document!(FleetHost);

/// Why a host may not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostRefusal {
    /// The fleet has an authority, and has never had this host.
    Unknown,
    /// An administrator has removed it.
    Removed,
    /// Its certificate is for another key than the one that was certified last.
    OtherKey,
    /// It asks for a certificate with the key before, although it has used the next one.
    FormerKey,
    /// It was removed, and its document is one from before, or is absent.
    Returned,
}

impl FleetHost {
    /// A host that joins now.
    #[must_use]
    pub const fn joined(key: Fingerprint, port: Option<u16>, now: Time) -> Self {
        Self {
            joined: now,
            certified: now,
            key: Some(key),
            former_key: None,
            port,
            removed: None,
            used: None,
        }
    }

    /// The same with a certificate for another key, which it asks for with `present`.
    #[must_use]
    pub const fn renewed(&self, key: Fingerprint, present: Fingerprint, now: Time) -> Self {
        Self {
            joined: self.joined,
            certified: now,
            key: Some(key),
            former_key: Some(present),
            port: self.port,
            removed: None,
            used: None,
        }
    }

    /// A host that is removed now, and may never have been in the fleet. The removal is not earlier than what it ends.
    #[must_use]
    pub fn removed(host: Option<&Self>, now: Time) -> Self {
        Self {
            joined: host.map_or(now, |host| host.joined),
            certified: host.map_or(now, |host| host.certified),
            key: None,
            former_key: None,
            port: None,
            removed: Some(host.map_or(now, |host| now.max(host.joined))),
            used: None,
        }
    }

    /// A host that may speak again from now on, with a certificate of the organisation.
    #[must_use]
    pub const fn readmitted(now: Time) -> Self {
        Self {
            joined: now,
            certified: now,
            key: None,
            former_key: None,
            port: None,
            removed: None,
            used: None,
        }
    }

    /// The same, joined after a removal, whatever the clock says.
    #[must_use]
    pub fn after(self, removal: Option<Time>) -> Self {
        let first = removal.map(|removal| removal.plus(Duration::from_secs(1)));
        Self {
            joined: self.joined.max(first.unwrap_or(self.joined)),
            ..self
        }
    }

    /// Whether a removal at that time has ended this document.
    #[must_use]
    pub fn is_ended_by(&self, removal: Time) -> bool {
        self.removed.is_none() && self.joined <= removal
    }

    /// Whether it is a removed host that was admitted again, with a certificate of the organisation.
    #[must_use]
    pub const fn is_readmitted(&self) -> bool {
        self.removed.is_none() && self.key.is_none()
    }

    /// When it has joined.
    #[must_use]
    pub const fn joined_at(&self) -> Time {
        self.joined
    }

    /// When it got its certificate.
    #[must_use]
    pub const fn certified_at(&self) -> Time {
        self.certified
    }

    /// Where a verifier accepts other hosts; `None` for a member.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// When it was removed.
    #[must_use]
    pub const fn removed_at(&self) -> Option<Time> {
        self.removed
    }

    /// Whether it may speak with a certificate for this key.
    ///
    /// # Errors
    /// [`HostRefusal`].
    pub fn admit(&self, key: Fingerprint, now: Time) -> Result<(), HostRefusal> {
        if self.removed.is_some() {
            return Err(HostRefusal::Removed);
        }
        let has_ended = |used: Time| used.distance(now) > FORMER_KEY_TIME;
        let is_former = self.former_key == Some(key) && !self.used.is_some_and(has_ended);
        match self.key == Some(key) || is_former {
            true => Ok(()),
            false => Err(HostRefusal::OtherKey),
        }
    }

    /// Whether it may have the next key certified with this one: the key before ends with the first use of the
    /// last one.
    ///
    /// # Errors
    /// [`HostRefusal`].
    pub fn may_renew(&self, key: Fingerprint, now: Time) -> Result<(), HostRefusal> {
        self.admit(key, now)?;
        match self.has_last_key(key) || self.used.is_none() {
            true => Ok(()),
            false => Err(HostRefusal::FormerKey),
        }
    }

    /// The same with the first use of this key noted; `None` where it is noted, or there is no key before.
    #[must_use]
    pub fn with_first_use(&self, key: Fingerprint, now: Time) -> Option<Self> {
        let is_first = self.used.is_none() && self.former_key.is_some() && self.has_last_key(key);
        is_first.then(|| Self {
            used: Some(now),
            ..self.clone()
        })
    }

    /// Whether this is the key that was certified last.
    #[must_use]
    pub fn has_last_key(&self, key: Fingerprint) -> bool {
        self.removed.is_none() && self.key == Some(key)
    }
}

/// Whether a host may speak that shows a certificate for this key. Without an authority the certificates are
/// those of the organisation, and the documents are only the hosts that were removed, or admitted again.
///
/// # Errors
/// [`HostRefusal`].
pub fn admit_host(
    host: Option<&FleetHost>,
    has_authority: bool,
    key: Fingerprint,
    now: Time,
) -> Result<(), HostRefusal> {
    match host {
        Some(host) if host.is_readmitted() && !has_authority => Ok(()),
        Some(host) => host.admit(key, now),
        None if has_authority => Err(HostRefusal::Unknown),
        None => Ok(()),
    }
}

impl fmt::Display for HostRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unknown => "it has not joined the fleet",
            Self::Removed => "it was removed from the fleet",
            Self::OtherKey => {
                "it has renewed its certificate or joined again since, with another key"
            }
            Self::FormerKey => "it has used the key of its next certificate",
            Self::Returned => "it was removed, and the store no longer says so",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn key(byte: u8) -> Fingerprint {
        Fingerprint::new([byte; Fingerprint::LENGTH])
    }

    const NOW: Time = Time::from_secs(1_700_000_000);

    #[test]
    fn host_speaks_with_its_last_two_keys() {
        let host = FleetHost::joined(key(1), None, NOW);
        assert_eq!(host.admit(key(1), NOW), Ok(()));
        assert_eq!(host.admit(key(2), NOW), Err(HostRefusal::OtherKey));
        let renewed = host.renewed(key(2), key(1), NOW);
        let again = renewed.renewed(key(3), key(2), NOW);
        assert_eq!(
            (again.admit(key(2), NOW), again.admit(key(3), NOW)),
            (Ok(()), Ok(()))
        );
        assert_eq!(again.admit(key(1), NOW), Err(HostRefusal::OtherKey));
        assert!(again.has_last_key(key(3)) && !again.has_last_key(key(2)));
    }

    #[test]
    fn lost_reply_leaves_the_present_key() {
        let host = FleetHost::joined(key(1), None, NOW).renewed(key(2), key(1), NOW);
        let again = host.renewed(key(3), key(1), NOW);
        assert_eq!(
            (again.admit(key(1), NOW), again.admit(key(3), NOW)),
            (Ok(()), Ok(()))
        );
        assert_eq!(again.admit(key(2), NOW), Err(HostRefusal::OtherKey));
    }

    #[test]
    fn key_before_ends_with_the_first_use_of_the_last_one() {
        let host = FleetHost::joined(key(1), None, NOW).renewed(key(2), key(1), NOW);
        assert_eq!(host.with_first_use(key(1), NOW), None);
        assert_eq!(host.may_renew(key(1), NOW), Ok(()));
        let used = host.with_first_use(key(2), NOW).unwrap();
        assert_eq!(used.with_first_use(key(2), NOW), None);
        assert_eq!(used.may_renew(key(1), NOW), Err(HostRefusal::FormerKey));
        // Connections that are open are answered until they end.
        let end = NOW.plus(FORMER_KEY_TIME);
        let later = end.plus(Duration::from_secs(1));
        assert_eq!(used.admit(key(1), end), Ok(()));
        assert_eq!(used.admit(key(1), later), Err(HostRefusal::OtherKey));
        assert_eq!(used.may_renew(key(2), later), Ok(()));
        let renewed = used.renewed(key(3), key(2), later);
        assert_eq!(renewed.may_renew(key(2), later), Ok(()));
    }

    #[test]
    fn removed_host_is_refused_with_each_key_until_it_joins_anew() {
        let host = FleetHost::joined(key(1), Some(7443), NOW);
        for removed in [
            FleetHost::removed(Some(&host), NOW),
            FleetHost::removed(None, NOW),
        ] {
            assert_eq!(removed.admit(key(1), NOW), Err(HostRefusal::Removed));
            assert!(!removed.has_last_key(key(1)) && removed.port().is_none());
        }
        let anew = FleetHost::joined(key(2), None, NOW);
        assert_eq!(anew.admit(key(1), NOW), Err(HostRefusal::OtherKey));
    }

    #[test]
    fn absent_host_is_refused_where_the_fleet_has_an_authority() {
        assert_eq!(
            admit_host(None, true, key(1), NOW),
            Err(HostRefusal::Unknown)
        );
        assert_eq!(admit_host(None, false, key(1), NOW), Ok(()));
        let removed = FleetHost::removed(None, NOW);
        let refused = admit_host(Some(&removed), false, key(1), NOW);
        assert_eq!(refused, Err(HostRefusal::Removed));
    }

    #[test]
    fn removal_ends_each_document_of_before_and_none_of_later() {
        // The clock of the verifier that removes it is behind.
        let host = FleetHost::joined(key(1), None, NOW);
        let removed = FleetHost::removed(Some(&host), Time::from_secs(1));
        let removal = removed.removed_at().unwrap();
        assert!(host.is_ended_by(removal) && !removed.is_ended_by(removal));
        let renewed = host.renewed(key(2), key(1), Time::from_secs(u64::MAX));
        assert!(renewed.is_ended_by(removal));
        // So is that of the one with which it joins again.
        let anew = FleetHost::joined(key(3), None, Time::from_secs(1)).after(Some(removal));
        assert!(!anew.is_ended_by(removal));
        assert!(!anew.renewed(key(4), key(3), NOW).is_ended_by(removal));
    }

    #[test]
    fn readmitted_host_speaks_where_the_fleet_has_no_authority() {
        let host = FleetHost::readmitted(NOW);
        assert_eq!(admit_host(Some(&host), false, key(1), NOW), Ok(()));
        let refused = admit_host(Some(&host), true, key(1), NOW);
        assert_eq!(refused, Err(HostRefusal::OtherKey));
    }

    #[test]
    fn document_is_read_back_and_no_other_bytes_are_one() {
        let host = FleetHost::joined(key(1), Some(7443), NOW).renewed(key(2), key(1), NOW);
        let bytes = host.encode();
        assert_eq!(FleetHost::decode(&bytes), Ok(host));
        for length in 0..bytes.len() {
            assert!(FleetHost::decode(&bytes[..length]).is_err(), "{length}");
        }
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert!(FleetHost::decode(&longer).is_err());
        let mut later = bytes.to_vec();
        later[0] = 2;
        assert!(FleetHost::decode(&later).is_err());
    }
}
