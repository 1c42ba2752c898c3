//! The sets of codes that are bound to members, as the record at the verifiers knows them: no hash of a code.

use minicbor::{CborLen, Decode, Encode};
use tfa_fleet_core::HostName;

use super::{Account, Proof, Refusal};
use crate::bound::first_event;
use crate::{BackupSet, BoundSetId, OfflineEvent, Time};

/// For how many hosts an account has sets.
pub const MAX_BOUND_HOSTS: usize = 32;

/// The set of one member. Without an id it is void; the number of the last event stays, so that no event counts twice.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct BoundHost {
    /// The name of the member.
    #[n(0)]
    pub host: String,
    #[n(1)]
    set: Option<BoundSetId>,
    /// How many codes are left, as far as the member has told.
    #[n(2)]
    pub left: u8,
    /// When the set was made.
    #[n(3)]
    pub made: Time,
    #[n(4)]
    last_event: u64,
}

impl Account {
    /// The members with a set that is not void; the one that was changed last comes last.
    pub fn bound_hosts(&self) -> impl Iterator<Item = &BoundHost> {
        let hosts = self.bound_sets.as_deref().unwrap_or_default();
        hosts.iter().filter(|host| host.set.is_some())
    }

    /// Registers a set that a member has made. An earlier one of that member becomes void.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], [`Refusal::TooManyBoundHosts`], or why the proof was not accepted.
    pub fn bind_codes<'code>(
        &mut self,
        host: &HostName,
        set: BoundSetId,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<(), Refusal> {
        let is_known = self.bound_host(host).is_some();
        let count = self.bound_sets.as_ref().map_or(0, Vec::len);
        if !is_known && count >= MAX_BOUND_HOSTS && self.bound_hosts().count() == count {
            return Err(Refusal::TooManyBoundHosts);
        }
        self.prove(proof.into(), now)?;
        self.change_bound_host(host, now, |entry| {
            entry.set = Some(set);
            entry.left = u8::try_from(BackupSet::SIZE).unwrap_or(u8::MAX);
            entry.made = now;
            // A member that has told a number of the far future is heard again.
            entry.last_event = entry.last_event.min(first_event(now));
        });
        self.notify_bound(host.as_str(), now);
        Ok(())
    }

    /// Takes what a member reports. Returns the events that were not reported before.
    pub fn take_events<'event>(
        &mut self,
        host: &HostName,
        events: &'event [OfflineEvent],
        now: Time,
    ) -> Vec<&'event OfflineEvent> {
        let known = self.bound_host(host);
        let count = self.bound_sets.as_ref().map_or(0, Vec::len);
        // No report takes the place of a set that is in use. Such events are told, and may be told twice.
        if known.is_none() && count >= MAX_BOUND_HOSTS && self.bound_hosts().count() == count {
            for event in events {
                self.notify_offline(host.as_str(), event, now);
            }
            return events.iter().collect();
        }
        let last = known.map_or(0, |entry| entry.last_event);
        let new: Vec<&OfflineEvent> = events.iter().filter(|one| one.number > last).collect();
        let Some(newest) = new.iter().map(|one| one.number).max() else {
            return new;
        };
        self.change_bound_host(host, now, |entry| {
            entry.last_event = newest;
            let of_set = new.iter().filter(|event| entry.set == Some(event.set));
            let left = of_set.map(|event| event.left).min();
            entry.left = left.map_or(entry.left, |left| left.min(entry.left));
        });
        for event in &new {
            self.notify_offline(host.as_str(), event, now);
        }
        new
    }

    /// Whether a set is the one that is registered for a member.
    #[must_use]
    pub fn is_bound(&self, host: &HostName, set: BoundSetId) -> bool {
        self.bound_host(host)
            .is_some_and(|one| one.set == Some(set))
    }

    /// What remains of the sets where an account ends or goes to another user: that no event counts twice.
    pub(crate) fn void_bound_sets(&self) -> Option<Vec<BoundHost>> {
        let mut hosts = self.bound_sets.clone()?;
        hosts.iter_mut().for_each(|host| host.set = None);
        Some(hosts)
    }

    fn bound_host(&self, host: &HostName) -> Option<&BoundHost> {
        let mut hosts = self.bound_sets.iter().flatten();
        hosts.find(|one| one.host == host.as_str())
    }

    /// Changes what is known of a member, which comes last then.
    fn change_bound_host(
        &mut self,
        host: &HostName,
        now: Time,
        change: impl FnOnce(&mut BoundHost),
    ) {
        let hosts = self.bound_sets.get_or_insert_default();
        let known = hosts.iter().position(|one| one.host == host.as_str());
        let mut entry = match known {
            Some(place) => hosts.remove(place),
            None => {
                // A void one gives way.
                if hosts.len() >= MAX_BOUND_HOSTS
                    && let Some(void) = hosts.iter().position(|one| one.set.is_none())
                {
                    hosts.remove(void);
                }
                BoundHost {
                    host: host.as_str().to_owned(),
                    set: None,
                    left: 0,
                    made: now,
                    last_event: 0,
                }
            }
        };
        change(&mut entry);
        hosts.push(entry);
    }
}

/// Whether decoded sets are in the range of those that are made here.
pub(super) fn is_sound(hosts: &[BoundHost]) -> bool {
    hosts.len() <= MAX_BOUND_HOSTS && hosts.iter().all(|one| one.host.len() <= 253)
}
