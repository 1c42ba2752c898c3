//! Whose logins end a list of notices.
//!
//! A thief who has one code can add an authenticator. A login with that one must not end the notice before
//! the owner has seen it. So notices end with a login by an authenticator or by backup codes from before
//! the first of them. Other logins show them, once for each of what they were verified by.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::attempts::REPORT_AGAIN_TIMEOUT;
use super::{Account, Factor};
use crate::backup::BackupSetMark;
use crate::{AuthenticatorId, DeviceId, Time};

/// How many readers are kept. Further ones are shown the notices at each login.
const MAX_SHOWN: usize = 16;
/// How long notices wait for a login that ends them, from the first login on that has shown them.
const WAIT: Duration = Duration::from_secs(90 * 86_400);

/// What a login was verified by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum VerifiedBy {
    /// A code of this authenticator, or this security key.
    #[n(0)]
    Authenticator(#[n(0)] AuthenticatorId),
    /// A backup code of the present set.
    #[n(1)]
    BackupCode,
    /// This remembered device.
    #[n(2)]
    Device(#[n(0)] DeviceId),
    /// The recovery code of the host.
    #[n(3)]
    RecoveryCode,
}

impl From<Factor> for VerifiedBy {
    fn from(factor: Factor) -> Self {
        match factor {
            Factor::Authenticator(id, _) | Factor::SecurityKey(id) => Self::Authenticator(id),
            Factor::BackupCode => Self::BackupCode,
            Factor::RecoveryCode => Self::RecoveryCode,
        }
    }
}

/// A login that may show notices.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    by: VerifiedBy,
    /// The present set of backup codes.
    codes: Option<BackupSetMark>,
}

/// Whose logins end the notices of a list, and which other logins have shown them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub(super) struct Readers {
    /// The highest id that an authenticator had before the first notice.
    #[n(0)]
    newest: Option<AuthenticatorId>,
    /// The set of backup codes of that time.
    #[n(1)]
    codes: Option<BackupSetMark>,
    /// Other logins that have shown them, oldest first.
    #[n(2)]
    shown: Vec<Shown>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
struct Shown {
    #[n(0)]
    by: VerifiedBy,
    #[n(1)]
    at: Time,
}

impl Readers {
    /// Whether a decoded value is in the range of values that are made here.
    pub(super) fn is_sound(&self) -> bool {
        self.shown.len() <= MAX_SHOWN
    }

    /// The same for a list with a further notice, which no login has shown.
    pub(super) fn for_further_notice(&self) -> Self {
        Self {
            shown: Vec::new(),
            ..*self
        }
    }

    /// Whether the notices have waited long enough.
    fn is_over(&self, now: Time) -> bool {
        let first = self.shown.first();
        first.is_some_and(|first| first.at.distance(now) > WAIT)
    }

    fn end_with(&self, reader: Reader) -> bool {
        match reader.by {
            VerifiedBy::Authenticator(id) => self.newest.is_some_and(|newest| id <= newest),
            VerifiedBy::BackupCode => self.codes.is_some() && self.codes == reader.codes,
            VerifiedBy::Device(_) | VerifiedBy::RecoveryCode => false,
        }
    }

    fn shown_by(&self, reader: Reader) -> Option<Time> {
        let shown = self.shown.iter().find(|one| one.by == reader.by);
        shown.map(|shown| shown.at)
    }

    fn record(&mut self, reader: Reader, now: Time) {
        if self.shown_by(reader).is_none() && self.shown.len() < MAX_SHOWN {
            self.shown.push(Shown {
                by: reader.by,
                at: now,
            });
        }
    }
}

/// Whether a login repeats what one at `first` has shown, because it is not known whether that arrived.
pub(super) fn is_soon(first: Time, now: Time) -> bool {
    first.distance(now) <= REPORT_AGAIN_TIMEOUT
}

/// Whether notices are still kept, of which the login that ended them was at `ended`.
pub(super) fn are_kept(ended: Option<Time>, readers: Option<&Readers>, now: Time) -> bool {
    match ended {
        Some(ended) => is_soon(ended, now),
        None => !readers.is_some_and(|readers| readers.is_over(now)),
    }
}

/// Whether a login shows notices that are kept.
pub(super) fn are_due(
    ended: Option<Time>,
    readers: Option<&Readers>,
    reader: Reader,
    now: Time,
) -> bool {
    match readers {
        Some(readers) if ended.is_none() && !readers.end_with(reader) => readers
            .shown_by(reader)
            .is_none_or(|first| is_soon(first, now)),
        _ => true,
    }
}

/// Records that a login shows notices. It ends them, if it may.
pub(super) fn record_shown(
    ended: &mut Option<Time>,
    readers: Option<&mut Readers>,
    reader: Reader,
    now: Time,
) {
    match readers {
        _ if ended.is_some() => {}
        Some(readers) if !readers.end_with(reader) => readers.record(reader, now),
        _ => *ended = Some(now),
    }
}

impl Account {
    /// A login that was verified by this.
    pub(super) fn reader(&self, by: VerifiedBy) -> Reader {
        Reader {
            by,
            codes: self.backup.as_ref().map(|set| set.mark()),
        }
    }

    /// Whose logins end a notice of now. The caller makes it before the change. Beside notices that have not
    /// ended, it ends as they do: an authenticator of a thief ends none of the changes that it made. `None`
    /// for any login, where the user has nothing that is older than the change.
    pub(super) fn readers_of_new(&self, now: Time) -> Option<Readers> {
        let pending = self.notices.as_ref();
        let pending = pending.and_then(|notices| notices.readers_of_pending(now));
        pending.map(Readers::for_further_notice).or_else(|| {
            let has_older = !self.authenticators.is_empty() || self.backup.is_some();
            has_older.then(|| Readers {
                newest: self.highest_id,
                codes: self.backup.as_ref().map(|set| set.mark()),
                shown: Vec::new(),
            })
        })
    }
}
