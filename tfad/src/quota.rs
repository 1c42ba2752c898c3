//! What one user may cause in a minute or a day: lines of the log, changes of an account, records. A user who is not root
//! must not use up what is there for the others.
//!
//! The uid of a user on a member of a fleet is the word of that member. So it is counted apart from the uids of
//! this host and of other members, and the member has a quota for all its users together, root too.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tfa_core::HostName;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The numbers in the current periods.
#[derive(Debug)]
pub struct Quota {
    max: u32,
    max_of_member: u32,
    period: Duration,
    counted: Mutex<Periods>,
}

/// What has a quota of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Spender {
    /// A user of this host.
    Uid(u32),
    /// A user of a member.
    UidAt(HostName, u32),
    /// All users of a member.
    Member(HostName),
}

#[derive(Debug, Default)]
struct Periods {
    of: HashMap<Spender, Period>,
    /// When those that are over were dropped.
    pruned: Option<Instant>,
}

/// The number in a current period.
#[derive(Debug)]
struct Period {
    began: Instant,
    count: u32,
}

/// Whether a line or a change is within the quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// It is.
    Within,
    /// It is the first that is not, in the quota of this one.
    FirstOver(Spender),
    /// It is not.
    Over,
}

impl Quota {
    /// A quota of so many a minute for each uid other than root, and for all users of a member together.
    #[must_use]
    pub fn new(max: u32, max_of_member: u32) -> Self {
        Self {
            max,
            max_of_member,
            period: MINUTE,
            counted: Mutex::default(),
        }
    }

    /// A quota of so many a day for all users of a member together.
    #[must_use]
    pub fn of_members_a_day(max: u32) -> Self {
        Self {
            period: DAY,
            ..Self::new(max, max)
        }
    }

    /// Whether one more of a user is within the quota. It is not counted. Without a `member`, the user is one of
    /// this host.
    pub fn has_room(&self, member: Option<&HostName>, uid: u32, now: Instant) -> bool {
        let counted = self.counted();
        let is_full = |spender: &Spender| {
            let count = counted.of.get(spender);
            let count = count.filter(|count| !count.is_over(self.period, now));
            count.is_some_and(|count| count.count >= self.max_of(spender))
        };
        !spenders(member, uid).iter().any(is_full)
    }

    /// Counts one of a user. Root of this host has no quota.
    pub fn take(&self, member: Option<&HostName>, uid: u32, now: Instant) -> Share {
        let mut counted = self.counted();
        counted.prune(self.period, now);
        for spender in spenders(member, uid) {
            let max = self.max_of(&spender);
            // Past the quota of a member, its users are not counted: it may name any number of them.
            match counted.count(&spender, self.period, now).checked_sub(max) {
                None | Some(0) => {}
                Some(1) => return Share::FirstOver(spender),
                Some(_) => return Share::Over,
            }
        }
        Share::Within
    }

    fn max_of(&self, spender: &Spender) -> u32 {
        match spender {
            Spender::Uid(_) | Spender::UidAt(..) => self.max,
            Spender::Member(_) => self.max_of_member,
        }
    }

    fn counted(&self) -> MutexGuard<'_, Periods> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Periods {
    /// Drops those that are over, once in a period.
    fn prune(&mut self, period: Duration, now: Instant) {
        let pruned = *self.pruned.get_or_insert(now);
        if now.saturating_duration_since(pruned) >= period {
            self.of.retain(|_, one| !one.is_over(period, now));
            self.pruned = Some(now);
        }
    }

    fn count(&mut self, spender: &Spender, period: Duration, now: Instant) -> u32 {
        let fresh = Period {
            began: now,
            count: 0,
        };
        let current = self.of.entry(spender.clone()).or_insert(fresh);
        if current.is_over(period, now) {
            (current.began, current.count) = (now, 0);
        }
        current.count = current.count.saturating_add(1);
        current.count
    }
}

impl Period {
    fn is_over(&self, period: Duration, now: Instant) -> bool {
        now.saturating_duration_since(self.began) >= period
    }
}

/// Whose quotas one of a user is in.
fn spenders(member: Option<&HostName>, uid: u32) -> Vec<Spender> {
    match (member, uid) {
        (None, 0) => Vec::new(),
        (None, uid) => vec![Spender::Uid(uid)],
        (Some(host), 0) => vec![Spender::Member(host.clone())],
        (Some(host), uid) => {
            let all = Spender::Member(host.clone());
            vec![all, Spender::UidAt(host.clone(), uid)]
        }
    }
}

impl fmt::Display for Spender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(formatter, "uid {uid}"),
            Self::UidAt(host, uid) => write!(formatter, "uid {uid} of host {host}"),
            Self::Member(host) => write!(formatter, "host {host}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u32 = 60;
    const MAX_OF_MEMBER: u32 = 100;

    fn quota() -> (Quota, Instant) {
        (Quota::new(MAX, MAX_OF_MEMBER), Instant::now())
    }

    #[test]
    fn a_uid_other_than_root_has_a_quota_a_minute() {
        let (quota, now) = quota();
        let has_room = |uid, now| quota.has_room(None, uid, now);
        let take = |uid, now| quota.take(None, uid, now);
        for _ in 0..MAX {
            assert!(has_room(1000, now) && has_room(1000, now));
            assert_eq!(take(1000, now), Share::Within);
        }
        assert!(!has_room(1000, now) && has_room(1001, now));
        assert!(has_room(1000, now + MINUTE));
        assert_eq!(take(1000, now), Share::FirstOver(Spender::Uid(1000)));
        assert_eq!(take(1000, now), Share::Over);
        assert_eq!(take(1001, now), Share::Within);
        assert!((0..1000).all(|_| take(0, now) == Share::Within));
        assert_eq!(take(1000, now + MINUTE), Share::Within);
    }

    #[test]
    fn users_of_a_member_count_for_that_member_alone() {
        let (quota, now) = quota();
        let [web1, web2] = ["web1", "web2"].map(|name| HostName::new(name).unwrap());
        for _ in 0..MAX {
            assert_eq!(quota.take(Some(&web1), 1000, now), Share::Within);
        }
        assert!(!quota.has_room(Some(&web1), 1000, now));
        let of_user = Spender::UidAt(web1.clone(), 1000);
        let first_over = quota.take(Some(&web1), 1000, now);
        assert_eq!(first_over, Share::FirstOver(of_user));
        assert!(quota.has_room(None, 1000, now) && quota.has_room(Some(&web2), 1000, now));
        // Root of a member counts too.
        for _ in MAX + 1..MAX_OF_MEMBER {
            assert_eq!(quota.take(Some(&web1), 0, now), Share::Within);
        }
        assert!(!quota.has_room(Some(&web1), 0, now) && !quota.has_room(Some(&web1), 7, now));
        let first_over = quota.take(Some(&web1), 7, now);
        assert_eq!(first_over, Share::FirstOver(Spender::Member(web1)));
        assert!(quota.has_room(Some(&web2), 0, now));
    }

    #[test]
    fn quota_of_a_day_lasts_a_day() {
        let (quota, now) = (Quota::of_members_a_day(1), Instant::now());
        let web1 = HostName::new("web1").unwrap();
        let take = |now| quota.take(Some(&web1), 0, now) == Share::Within;
        assert!(take(now));
        assert!(!take(now + DAY / 2));
        assert!(take(now + DAY));
    }

    #[test]
    fn number_of_users_that_are_counted_is_bounded() {
        let (quota, now) = quota();
        let web1 = HostName::new("web1").unwrap();
        for uid in 1..10 * MAX_OF_MEMBER {
            quota.take(Some(&web1), uid, now);
        }
        let counted = || quota.counted().of.len();
        assert_eq!(counted(), 1 + usize::try_from(MAX_OF_MEMBER).unwrap());
        quota.take(None, 1000, now + MINUTE);
        assert_eq!(counted(), 1);
    }
}
