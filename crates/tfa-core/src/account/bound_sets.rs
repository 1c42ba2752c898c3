//! The sets of codes that are bound to members, as the record at the verifiers knows them: no hash of a code.

use tfa_fleet_core::HostName;

use super::bound_host::BoundHost;
use super::{Account, Proof, Refusal};
use crate::{BoundSetId, OfflineEvent, Time};

/// For how many hosts an account has sets.
pub const MAX_BOUND_HOSTS: usize = 32;

impl Account {
    /// The members with a set that is not void; the one that was changed last comes last.
    pub fn bound_hosts(&self) -> impl Iterator<Item = &BoundHost> {
        let hosts = self.bound_sets.as_deref().unwrap_or_default();
        hosts.iter().filter(|host| host.has_set())
    }

    /// Registers a set that a member makes. An earlier one of that member becomes void when the member
    /// [uses](Self::confirm_bound) the new one.
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
        if self.bound_host(host).is_none() && self.has_no_place() {
            return Err(Refusal::TooManyBoundHosts);
        }
        self.prove(proof.into(), now)?;
        self.change_bound_host(host, now, |entry| entry.register(set, now));
        self.notify_bound(host.as_str(), now);
        Ok(())
    }

    /// Takes what a member reports. Returns the events that were not reported before. An event of a set that was never
    /// registered for that member is none: the owner has nothing to learn of it.
    pub fn take_events<'event>(
        &mut self,
        host: &HostName,
        events: &'event [OfflineEvent],
        now: Time,
    ) -> Vec<&'event OfflineEvent> {
        let Some(known) = self.bound_host(host) else {
            return Vec::new();
        };
        let last = known.last_event();
        let is_new = |one: &&OfflineEvent| one.number > last && known.knows(one.set);
        let new: Vec<&OfflineEvent> = events.iter().filter(is_new).collect();
        if new.is_empty() {
            return new;
        }
        self.change_bound_host(host, now, |entry| entry.count(&new));
        for event in &new {
            self.notify_offline(host.as_str(), event, now);
        }
        new
    }

    /// Whether a set was registered for a member, void or not.
    #[must_use]
    pub fn knows_bound(&self, host: &HostName, set: BoundSetId) -> bool {
        self.bound_host(host).is_some_and(|one| one.knows(set))
    }

    /// Takes which set a member uses. Returns whether it is registered; if not, it is void. The sets that were registered
    /// before it are void from now on. Those after it stay: the report may be older than they are.
    pub fn confirm_bound(&mut self, host: &HostName, used: BoundSetId) -> bool {
        let mut hosts = self.bound_sets.iter_mut().flatten();
        let known = hosts.find(|one| one.host == host.as_str());
        known.is_some_and(|one| one.confirm(used))
    }

    /// What remains of the sets where an account ends or goes to another user: that no event counts twice.
    pub(crate) fn void_bound_sets(&self) -> Option<Vec<BoundHost>> {
        let mut hosts = self.bound_sets.clone()?;
        hosts.iter_mut().for_each(BoundHost::make_void);
        Some(hosts)
    }

    fn bound_host(&self, host: &HostName) -> Option<&BoundHost> {
        let mut hosts = self.bound_sets.iter().flatten();
        hosts.find(|one| one.host == host.as_str())
    }

    /// Whether each place has a set that is not void.
    fn has_no_place(&self) -> bool {
        self.bound_hosts().count() >= MAX_BOUND_HOSTS
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
                // A void one gives way, the one that was changed first.
                if hosts.len() >= MAX_BOUND_HOSTS
                    && let Some(void) = hosts.iter().position(|one| !one.has_set())
                {
                    hosts.remove(void);
                }
                BoundHost::new(host, now)
            }
        };
        change(&mut entry);
        hosts.push(entry);
    }
}

/// Whether decoded sets are in the range of those that are made here.
pub(super) fn is_sound(hosts: &[BoundHost]) -> bool {
    hosts.len() <= MAX_BOUND_HOSTS && hosts.iter().all(BoundHost::is_sound)
}
