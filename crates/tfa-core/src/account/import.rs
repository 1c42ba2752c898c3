//! An enrollment that another program kept, taken over by the administrator.
//!
//! It becomes the enrollment of a user who has none. An existing enrollment is not changed, except that
//! a repeated import marks codes as used that were used in the meantime.

use super::enrollment::must_leave_codes;
use super::{Account, Change, ChangedBy, Refusal};
use crate::{Authenticator, BackupSet, Code, Hashed, ImportedUse, Time, UnknownUse};

/// How far a repeated import advances a counter at most. A counter that lies further ahead is damaged or
/// forged, and would leave the owner no code.
const MAX_ADVANCE: u64 = 1000;

/// The enrollment of one user in another program.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    /// The name of that program, for the notice to the owner; empty if it is not known.
    pub source: &'a str,
    /// The authenticators. At least one.
    pub authenticators: &'a [ImportedAuthenticator],
    /// The backup codes.
    pub codes: ImportedCodes<'a>,
}

/// An authenticator, and which of its codes were used.
#[derive(Clone)]
pub struct ImportedAuthenticator {
    /// The authenticator.
    pub authenticator: Authenticator,
    /// The steps whose codes are known to be used; `None` if any code until now may be.
    pub used_steps: Option<Vec<u64>>,
    /// How many steps ahead the other program accepts codes, if it does not say which it did.
    pub steps_ahead: Option<u32>,
    /// When the other program was last asked for a code, if it writes that down.
    pub last_attempt: Option<Time>,
    /// The last used code of a time-based one, if that is known in place of its step.
    pub last_code: Option<Code>,
}

/// The backup codes of an import.
#[derive(Clone, Copy)]
pub enum ImportedCodes<'a> {
    /// They are not hashed: only whether the import is possible is asked.
    NotHashed,
    /// There are none.
    None,
    /// A new set.
    Set(&'a BackupSet),
    /// The unused codes, hashed with the parameters of the account's imported set.
    Left(&'a [Hashed]),
}

/// The result of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The user had no authenticator.
    Enrolled,
    /// The user has these authenticators already, and further codes are used now.
    CaughtUp,
    /// The user has these authenticators already.
    Unchanged,
    /// The backup codes changed in the meantime: the caller must hash again and repeat the call.
    Rehash,
}

impl ImportedAuthenticator {
    /// Which codes were used. Without known steps, any that was accepted so many steps ahead.
    fn used(&self, steps_ahead: Option<u32>) -> ImportedUse<'_> {
        let steps_ahead = steps_ahead.filter(|_| self.used_steps.is_none());
        ImportedUse {
            steps: self.used_steps.as_deref().unwrap_or_default(),
            last_code: self.last_code.as_ref(),
            unknown: steps_ahead.map(|steps_ahead| UnknownUse {
                steps_ahead,
                last_attempt: self.last_attempt,
            }),
        }
    }
}

impl Account {
    /// Takes over an enrollment.
    ///
    /// # Errors
    /// [`Refusal::AlreadySetUp`] if the user has another authenticator; [`Refusal::WasReset`] if the user
    /// had enrolled and was reset; [`Refusal::WasRemoved`] if the user has removed the enrollment; [`Refusal::NotSetUp`] if there is nothing to import;
    /// [`Refusal::CounterTooHigh`], [`Refusal::TooManyAuthenticators`], [`Refusal::NameTaken`].
    pub fn import(&mut self, import: Import<'_>, now: Time) -> Result<Imported, Refusal> {
        if import.authenticators.is_empty() {
            return Err(Refusal::NotSetUp);
        }
        if self.authenticators.is_empty() {
            // The file is older than the reset: its key may be the one that was lost or stolen.
            if self.has_no_grace() {
                return Err(Refusal::WasReset);
            }
            // As after a reset. The codes that were used here would be good once more, too.
            if self.was_enrolled() {
                return Err(Refusal::WasRemoved);
            }
            return self.enroll_imported(import, now);
        }
        let is_own = |one: &ImportedAuthenticator| {
            let mut own = self.authenticators.iter();
            own.any(|own| own.is_imported(&one.authenticator))
        };
        if !import.authenticators.iter().all(is_own) {
            return Err(Refusal::AlreadySetUp);
        }
        self.catch_up(import, now)
    }

    /// The authenticators whose keys an administrator takes to another program. The owner learns of it.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`] if there is none with codes.
    pub fn export(&mut self, now: Time) -> Result<Vec<Authenticator>, Refusal> {
        let with_codes = self.authenticators.iter();
        let with_codes = with_codes.filter(|one| one.kind().has_codes());
        let exported: Vec<Authenticator> = with_codes.cloned().collect();
        if exported.is_empty() {
            return Err(Refusal::NotSetUp);
        }
        self.notify(Change::Exported, ChangedBy::Administrator, now);
        Ok(exported)
    }

    /// Whether the account has an imported set of backup codes.
    #[must_use]
    pub fn imported_codes(&self) -> Option<&BackupSet> {
        self.backup.as_ref().filter(|set| set.is_imported())
    }

    fn enroll_imported(&mut self, import: Import<'_>, now: Time) -> Result<Imported, Refusal> {
        let set = match import.codes {
            ImportedCodes::NotHashed | ImportedCodes::None => None,
            ImportedCodes::Set(set) => Some(set.clone()),
            ImportedCodes::Left(_) => return Ok(Imported::Rehash),
        };
        for one in import.authenticators {
            must_leave_codes(&one.authenticator)?;
        }
        // Refused as a whole, before the first is active.
        let mut enrolled = self.clone();
        enrolled.begin_enrollment();
        enrolled.pending = None;
        enrolled.backup = set;
        for one in import.authenticators {
            let authenticator = &one.authenticator;
            let used = one.used(Some(one.steps_ahead.unwrap_or_default()));
            let mut present = enrolled.authenticators.iter_mut();
            if let Some(twin) = present.find(|own| own.is_imported(authenticator)) {
                twin.mark_imported(authenticator, &used, now);
                continue;
            }
            enrolled.must_have_room_for(authenticator.name())?;
            let mut own = authenticator.clone();
            own.mark_imported(authenticator, &used, now);
            enrolled.activate(own, now);
        }
        let (count, has_codes) = (enrolled.authenticators.len(), enrolled.backup.is_some());
        enrolled.notify_import(import.source, count, has_codes, now);
        *self = enrolled;
        Ok(Imported::Enrolled)
    }

    /// Marks the codes as used that were used since the first import, and makes those void that may have
    /// been.
    fn catch_up(&mut self, import: Import<'_>, now: Time) -> Result<Imported, Refusal> {
        let leaps = |one: &ImportedAuthenticator| {
            let mut own = self.authenticators.iter();
            own.any(|own| {
                own.is_imported(&one.authenticator)
                    && own.advance_to(&one.authenticator) > MAX_ADVANCE
            })
        };
        if import.authenticators.iter().any(leaps) {
            return Err(Refusal::CounterTooHigh);
        }
        let mut changed = false;
        match (import.codes, &mut self.backup) {
            (ImportedCodes::Left(codes), Some(set)) if set.is_imported() => {
                changed |= set.keep_only(codes) > 0;
            }
            (ImportedCodes::Left(_), _) => return Ok(Imported::Rehash),
            (ImportedCodes::Set(_), Some(set)) if set.is_imported() => return Ok(Imported::Rehash),
            _ => {}
        }
        for one in import.authenticators {
            let used = one.used(one.steps_ahead);
            for own in &mut self.authenticators {
                if own.is_imported(&one.authenticator) {
                    changed |= own.mark_imported(&one.authenticator, &used, now);
                }
            }
        }
        Ok(if changed {
            Imported::CaughtUp
        } else {
            Imported::Unchanged
        })
    }
}
