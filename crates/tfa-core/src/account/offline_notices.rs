//! What the owner learns of codes that are bound to members: new sets, and each login with one, which no verifier
//! has answered.

use minicbor::{CborLen, Decode, Encode};

use super::Account;
use super::notice_readers::{self, Reader, Readers};
use crate::bound::short;
use crate::{OfflineEvent, OfflineOutcome, Time};

/// How many are kept.
const MAX_NOTICES: usize = 4;
/// Beside how many other notices they are reported. Beside more they wait, so that all fit the screen.
const MAX_BESIDE: usize = 2;

/// What happened on a member.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct OfflineNotice {
    /// The name of the member.
    #[n(0)]
    pub host: String,
    /// The time there.
    #[n(1)]
    pub at: Time,
    /// What a login came to; `None` for a new set of codes.
    #[n(2)]
    pub outcome: Option<OfflineOutcome>,
    /// The remote host, else the terminal; empty if neither is known.
    #[n(3)]
    pub from: String,
}

/// What happened since the last report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct OfflineNotices {
    /// The newest, oldest first.
    #[n(0)]
    pub newest: Vec<OfflineNotice>,
    /// How many older ones were dropped.
    #[n(1)]
    pub dropped: u32,
    /// The time of the report that ends them.
    #[n(2)]
    reported: Option<Time>,
    /// Absent where any report ends them.
    #[n(3)]
    readers: Option<Readers>,
}

impl OfflineNotices {
    pub(super) fn is_kept(&self, now: Time) -> bool {
        notice_readers::are_kept(self.reported, self.readers.as_ref(), now)
    }

    /// Whether a login shows them, if they are kept.
    pub(super) fn is_due(&self, reader: Reader, now: Time) -> bool {
        notice_readers::are_due(self.reported, self.readers.as_ref(), reader, now)
    }

    pub(super) fn is_sound(&self) -> bool {
        self.newest.len() <= MAX_NOTICES
    }

    pub(super) fn readers(&self) -> Option<&Readers> {
        self.readers.as_ref()
    }

    /// What a login reports that reports so many other notices.
    pub(super) fn report(
        all: &mut Option<Self>,
        beside: usize,
        reader: Reader,
        now: Time,
    ) -> Option<Self> {
        *all = all.take().filter(|all| all.is_kept(now));
        let due = all.as_mut().filter(|_| beside <= MAX_BESIDE);
        let due = due.filter(|all| all.is_due(reader, now))?;
        notice_readers::record_shown(&mut due.reported, due.readers.as_mut(), reader, now);
        Some(due.clone())
    }

    /// The same with one more. Of too many, the oldest one goes; one that tells of no login that was let in goes first.
    fn and(mut self, notice: OfflineNotice, readers: Option<Readers>) -> Self {
        if self.newest.len() >= MAX_NOTICES {
            let is_minor = |one: &OfflineNotice| one.outcome != Some(OfflineOutcome::Accepted);
            let place = self.newest.iter().position(is_minor).unwrap_or(0);
            self.newest.remove(place);
            self.dropped = self.dropped.saturating_add(1);
        }
        self.newest.push(notice);
        self.reported = None;
        self.readers = readers;
        self
    }
}

impl Account {
    /// Records a new set, for a login of the owner to report.
    pub(super) fn notify_bound(&mut self, host: &str, now: Time) {
        let notice = OfflineNotice {
            host: short(host),
            at: now,
            outcome: None,
            from: String::new(),
        };
        self.add_offline_notice(notice, now);
    }

    /// Records what a member has reported.
    pub(super) fn notify_offline(&mut self, host: &str, event: &OfflineEvent, now: Time) {
        let notice = OfflineNotice {
            host: short(host),
            // A member cannot tell what has not happened yet.
            at: event.at.min(now),
            outcome: Some(event.outcome),
            from: event.from.clone(),
        };
        self.add_offline_notice(notice, now);
    }

    fn add_offline_notice(&mut self, notice: OfflineNotice, now: Time) {
        let readers = self.readers_of_new(now);
        let notices = self.notices.get_or_insert_default();
        let earlier = notices.offline.take().filter(|all| all.is_kept(now));
        notices.offline = Some(earlier.unwrap_or_default().and(notice, readers));
    }
}
