//! Notices: what the owner of an account learns at the next login that met the second factor.
//!
//! A notice is about a change of the account, or about used codes that were entered again. Wrong
//! codes (`attempts.rs`) are reported with them. As there, a login soon after the first report
//! repeats it. Not each login ends the notice of a change (`notice_readers.rs`).

use minicbor::{CborLen, Decode, Encode};

use super::OfflineNotices;
use super::attempts::{self, Attempts, Client, OwnAttempts};
use super::notice_readers::{self, Reader, Readers, VerifiedBy, is_soon};
use crate::{Account, Time};

/// The number of changes that are kept: as many as fit a terminal of 24 rows beside the rest.
const MAX_CHANGES: usize = 6;
/// Beside how many changes an import is reported. Beside more, it waits for a later login.
const MAX_CHANGES_BESIDE_IMPORT: usize = 4;
/// How many characters of a name are kept.
const MAX_NAME_LENGTH: usize = 64;

/// A change of an account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum Change {
    /// A further authenticator, or the first one where an administrator added it.
    #[n(0)]
    AuthenticatorAdded(#[n(0)] String),
    /// An authenticator that was not the last one.
    #[n(1)]
    AuthenticatorRemoved(#[n(0)] String),
    /// A new authenticator in place of another.
    #[n(2)]
    AuthenticatorReplaced {
        /// The name of the one that was removed.
        #[n(0)]
        old: String,
        /// The name of the new one.
        #[n(1)]
        new: String,
    },
    /// A new set of backup codes. The earlier one is void.
    #[n(3)]
    BackupCodesReplaced,
    /// Codes were no longer asked for.
    #[n(4)]
    Paused,
    /// Codes are asked for again.
    #[n(5)]
    Resumed,
    /// Everything was removed.
    #[n(6)]
    Reset,
    /// A device from which a login needs no code, by its name.
    #[n(7)]
    DeviceRemembered(#[n(0)] String),
    /// The recovery code of the host was entered in place of a code, at this terminal.
    #[n(8)]
    RecoveryCodeEntered(#[n(0)] String),
    /// The keys of the authenticators were exported.
    #[n(9)]
    Exported,
}

/// Who changed an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum ChangedBy {
    /// Its owner, with a code.
    #[n(0)]
    Owner,
    /// An administrator.
    #[n(1)]
    Administrator,
}

/// A change that the owner learns of.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Notice {
    /// The change.
    #[n(0)]
    pub change: Change,
    /// Who made it.
    #[n(1)]
    pub by: ChangedBy,
    /// The time of the change.
    #[n(2)]
    pub at: Time,
}

/// The changes since the last report.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Changes {
    /// The newest changes, oldest first.
    #[n(0)]
    pub newest: Vec<Notice>,
    /// The number of older changes that were dropped.
    #[n(1)]
    pub dropped: u32,
    /// The time of the report that ends them.
    #[n(2)]
    reported: Option<Time>,
    /// Absent where any report ends them.
    #[n(3)]
    readers: Option<Readers>,
}

/// An enrollment that was taken over from another program. Unlike a [`Change`] it needs no alarm: it gives the
/// owner nothing that the other program did not have.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct ImportNotice {
    /// The name of the program; empty if it is not known.
    #[n(0)]
    pub source: String,
    /// The number of authenticators.
    #[n(1)]
    pub authenticators: u32,
    /// Backup codes were taken over as well.
    #[n(2)]
    pub has_backup_codes: bool,
    /// The time of the import.
    #[n(3)]
    pub at: Time,
    /// The time of the first report.
    #[n(4)]
    reported: Option<Time>,
}

/// The stored notices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub(crate) struct Notices {
    #[n(0)]
    changes: Option<Changes>,
    #[n(1)]
    used_codes: Option<Attempts>,
    // A field of its own: daemons that do not know it read the others, which a further change would keep from them.
    #[n(2)]
    imported: Option<ImportNotice>,
    #[n(3)]
    pub(super) offline: Option<OfflineNotices>,
}

/// What a login reports to the owner. It holds something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Wrong codes.
    pub wrong_codes: Option<Attempts>,
    /// Codes that were entered again after they were accepted.
    pub used_codes: Option<Attempts>,
    /// An enrollment that was taken over.
    pub imported: Option<ImportNotice>,
    /// Changes of the account.
    pub changes: Option<Changes>,
    /// Logins on members that no verifier has answered.
    pub offline: Option<OfflineNotices>,
}

/// The attempts of one dialog, which the login at its end does not report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OwnDialog {
    pub(crate) wrong_codes: OwnAttempts,
    pub(crate) used_codes: OwnAttempts,
}

impl Change {
    /// The change with its names in the form in which they are stored.
    fn stored(self) -> Self {
        match self {
            Self::AuthenticatorAdded(name) => Self::AuthenticatorAdded(short(&name)),
            Self::AuthenticatorRemoved(name) => Self::AuthenticatorRemoved(short(&name)),
            Self::AuthenticatorReplaced { old, new } => Self::AuthenticatorReplaced {
                old: short(&old),
                new: short(&new),
            },
            Self::DeviceRemembered(name) => Self::DeviceRemembered(short(&name)),
            Self::RecoveryCodeEntered(at) => Self::RecoveryCodeEntered(attempts::short(&at)),
            Self::BackupCodesReplaced
            | Self::Paused
            | Self::Resumed
            | Self::Reset
            | Self::Exported => self,
        }
    }
}

impl ImportNotice {
    fn is_due(&self, now: Time) -> bool {
        self.reported.is_none_or(|reported| is_soon(reported, now))
    }
}

impl Changes {
    fn is_kept(&self, now: Time) -> bool {
        notice_readers::are_kept(self.reported, self.readers.as_ref(), now)
    }

    /// Whether a login shows them, if they are kept.
    fn is_due(&self, reader: Reader, now: Time) -> bool {
        notice_readers::are_due(self.reported, self.readers.as_ref(), reader, now)
    }

    /// What a login shows.
    fn show(&mut self, reader: Reader, now: Time) -> Self {
        notice_readers::record_shown(&mut self.reported, self.readers.as_mut(), reader, now);
        self.clone()
    }

    /// The same with a change more. A repeated change replaces the earlier one, so that it pushes no
    /// other one out.
    fn and(mut self, notice: Notice, readers: Option<Readers>) -> Self {
        self.newest
            .retain(|one| (&one.change, one.by) != (&notice.change, notice.by));
        if self.newest.len() >= MAX_CHANGES {
            self.newest.remove(0);
            self.dropped = self.dropped.saturating_add(1);
        }
        self.newest.push(notice);
        self.reported = None;
        self.readers = readers;
        self
    }
}

impl Notices {
    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        let mut changes = self.changes.iter().flat_map(|changes| &changes.newest);
        let count = self.changes.as_ref().map_or(0, |all| all.newest.len());
        count <= MAX_CHANGES
            && changes.all(|notice| notice.change == notice.change.clone().stored())
            && self.readers().all(Readers::is_sound)
            && self.used_codes.as_ref().is_none_or(Attempts::is_sound)
            && self
                .imported
                .as_ref()
                .is_none_or(|one| one.source == short(&one.source))
            && self.offline.as_ref().is_none_or(OfflineNotices::is_sound)
    }

    fn readers(&self) -> impl Iterator<Item = &Readers> {
        let changes = self.changes.as_ref().and_then(|all| all.readers.as_ref());
        let offline = self.offline.as_ref().and_then(OfflineNotices::readers);
        changes.into_iter().chain(offline)
    }

    /// Whose logins end the notices that have not ended.
    pub(super) fn readers_of_pending(&self, now: Time) -> Option<&Readers> {
        let changes = self.changes.as_ref().filter(|all| all.is_kept(now));
        let offline = self.offline.as_ref().filter(|all| all.is_kept(now));
        let changes = changes.and_then(|all| all.readers.as_ref());
        changes.or_else(|| offline.and_then(OfflineNotices::readers))
    }
}

impl Account {
    /// Records a change, for a login of the owner to report. The caller makes a change of authenticators
    /// or backup codes after that.
    pub fn notify(&mut self, change: Change, by: ChangedBy, now: Time) {
        let readers = self.readers_of_new(now);
        let notices = self.notices.get_or_insert_default();
        let change = change.stored();
        let notice = Notice {
            change,
            by,
            at: now,
        };
        let earlier = notices.changes.take().filter(|all| all.is_kept(now));
        let earlier = earlier.unwrap_or(Changes {
            newest: Vec::new(),
            dropped: 0,
            reported: None,
            readers: None,
        });
        notices.changes = Some(earlier.and(notice, readers));
    }

    /// Records an import, for a login of the owner to report.
    pub(crate) fn notify_import(
        &mut self,
        source: &str,
        authenticators: usize,
        has_backup_codes: bool,
        now: Time,
    ) {
        self.notices.get_or_insert_default().imported = Some(ImportNotice {
            source: short(source),
            authenticators: u32::try_from(authenticators).unwrap_or(u32::MAX),
            has_backup_codes,
            at: now,
            reported: None,
        });
    }

    /// The changes that were not reported yet.
    #[must_use]
    pub fn changes_to_report(&self) -> Option<&Changes> {
        let changes = self.notices.as_ref()?.changes.as_ref();
        changes.filter(|all| all.reported.is_none())
    }

    /// The used codes that were entered again, and that were not reported yet.
    #[must_use]
    pub fn used_codes(&self) -> Option<&Attempts> {
        let used_codes = self.notices.as_ref()?.used_codes.as_ref();
        used_codes.filter(|used| used.is_unreported())
    }

    /// Whether a login at that time has something to report, for the first time or again.
    #[must_use]
    pub fn has_report(&self, by: VerifiedBy, now: Time) -> bool {
        let reader = self.reader(by);
        let notices = self.notices.as_ref();
        let changes = notices.and_then(|notices| notices.changes.as_ref());
        let used_codes = notices.and_then(|notices| notices.used_codes.as_ref());
        let imported = notices.and_then(|notices| notices.imported.as_ref());
        let offline = notices.and_then(|notices| notices.offline.as_ref());
        changes.is_some_and(|all| all.is_kept(now) && all.is_due(reader, now))
            || offline.is_some_and(|all| all.is_kept(now) && all.is_due(reader, now))
            || imported.is_some_and(|one| one.is_due(now))
            || used_codes.is_some_and(|used| used.is_pending(now))
            || self.pending_wrong_codes(now).is_some()
    }

    /// Records that a used code was entered again.
    pub(crate) fn record_used_code(&mut self, from: &str, now: Time) {
        let notices = self.notices.get_or_insert_default();
        Attempts::record_used(&mut notices.used_codes, from, now);
    }

    /// What a dialog that begins now leaves out of its report.
    pub(crate) fn own_dialog(&self, now: Time) -> OwnDialog {
        let used_codes = self.notices.as_ref();
        let used_codes = used_codes.and_then(|notices| notices.used_codes.as_ref());
        OwnDialog {
            wrong_codes: OwnAttempts::begin(self.pending_wrong_codes(now)),
            used_codes: OwnAttempts::begin(used_codes.filter(|used| used.is_pending(now))),
        }
    }

    /// What a login reports that met the second factor without a question.
    pub fn report(&mut self, by: VerifiedBy, client: Client<'_>, now: Time) -> Option<Box<Report>> {
        self.report_after(&OwnDialog::default(), by, client, now)
    }

    /// What a login reports after a right code. A program that shows no messages leaves everything
    /// for a later login.
    pub(crate) fn report_after(
        &mut self,
        dialog: &OwnDialog,
        by: VerifiedBy,
        client: Client<'_>,
        now: Time,
    ) -> Option<Box<Report>> {
        if !client.shows {
            return None;
        }
        let reader = self.reader(by);
        let wrong_codes = Attempts::report(&mut self.wrong_codes, &dialog.wrong_codes, now);
        let mut notices = self.notices.take().unwrap_or_default();
        let used_codes = Attempts::report(&mut notices.used_codes, &dialog.used_codes, now);
        notices.changes = notices.changes.filter(|all| all.is_kept(now));
        let due = notices.changes.as_mut();
        let due = due.filter(|all| all.is_due(reader, now));
        let changes = due.map(|all| all.show(reader, now));
        notices.imported = notices.imported.filter(|one| one.is_due(now));
        let count = changes.as_ref().map_or(0, |all| all.newest.len());
        let imported = notices.imported.as_mut();
        let imported = imported
            .filter(|_| count <= MAX_CHANGES_BESIDE_IMPORT)
            .map(|one| {
                one.reported = one.reported.or(Some(now));
                one.clone()
            });
        let beside = count + usize::from(imported.is_some());
        let offline = OfflineNotices::report(&mut notices.offline, beside, reader, now);
        self.notices = Some(notices).filter(|notices| *notices != Notices::default());
        let report = Report {
            wrong_codes,
            used_codes,
            imported,
            changes,
            offline,
        };
        (report != Report::default()).then(|| Box::new(report))
    }
}

/// A name in the form in which it is stored: short, and without control characters.
fn short(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_NAME_LENGTH)
        .collect()
}
