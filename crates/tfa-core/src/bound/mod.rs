//! Codes that are bound to one member of a fleet, for logins while no verifier can be reached.
//!
//! The member keeps [`BoundCodes`] for each user: the hashes, the counters of wrong codes, and what it has still
//! to report. The record at the verifiers knows each set by its id (`account/bound_sets.rs`), and no hash.

mod event;
mod record;
mod report;

use minicbor::{CborLen, Decode, Encode};

pub(crate) use event::short;
pub use event::{OfflineEvent, OfflineOutcome};
pub use record::UnknownBoundCodes;
pub use report::{BoundReply, BoundReport};

use crate::backup::Found;
use crate::{
    BackupSet, HashParams, Hashed, KnownOrigins, LockState, Throttle, ThrottleScope, Time,
};

/// The id of a set, which no other set has: 16 random bytes. It proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct BoundSetId(#[cbor(n(0), with = "minicbor::bytes")] [u8; Self::LENGTH]);

impl BoundSetId {
    /// The number of random bytes.
    pub const LENGTH: usize = 16;

    /// The id of these bytes.
    #[must_use]
    pub const fn new(random: [u8; Self::LENGTH]) -> Self {
        Self(random)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; Self::LENGTH] {
        self.0
    }
}

/// A set of codes that a verifier has registered for this host.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct BoundSet {
    /// Its id at the verifiers.
    #[n(0)]
    pub id: BoundSetId,
    /// When it was made.
    #[n(1)]
    pub made: Time,
    /// The codes.
    #[n(2)]
    pub codes: BackupSet,
}

/// What a member keeps of one user.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct BoundCodes {
    #[n(0)]
    format: u8,
    #[n(1)]
    uid: u32,
    #[n(2)]
    set: Option<BoundSet>,
    #[n(3)]
    throttle: Throttle,
    /// What no verifier has confirmed yet, oldest first.
    #[n(4)]
    events: Vec<OfflineEvent>,
    /// The number of the last event.
    #[n(5)]
    last_event: u64,
}

/// What an answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundJudgement {
    /// Right; the code is now used.
    Accepted {
        /// How many codes are left on this host.
        left: usize,
    },
    /// The code was used before. It does not count as a wrong one.
    AlreadyUsed,
    /// Wrong, and counted. The state tells whether a further code is accepted now.
    Wrong(LockState),
    /// Not checked: there were too many wrong codes.
    Locked(LockState),
    /// The set is another one than the hash was made for, or there is none now.
    OtherSet,
}

/// Before which number the events of a record begin that is made at that time.
pub(crate) fn first_event(now: Time) -> u64 {
    now.as_secs().saturating_mul(1000)
}

/// Where an offline login comes from.
#[derive(Debug, Clone, Copy)]
pub struct OfflineLogin<'a> {
    /// The PAM service.
    pub service: &'a str,
    /// The remote host, else the terminal; empty if neither is known.
    pub from: &'a str,
    /// What wrong codes are counted on.
    pub scope: ThrottleScope,
}

impl BoundCodes {
    /// A user without codes. Numbers of events begin with the time: those of a record that was lost do not come again.
    #[must_use]
    pub fn new(uid: u32, now: Time) -> Self {
        Self {
            format: record::FORMAT,
            uid,
            set: None,
            throttle: Throttle::default(),
            events: Vec::new(),
            last_event: first_event(now),
        }
    }

    /// The uid that the user had when the codes were made.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The set in use.
    #[must_use]
    pub fn set(&self) -> Option<&BoundSet> {
        self.set.as_ref()
    }

    /// How many codes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.set.as_ref().map_or(0, |set| set.codes.left())
    }

    /// The parameters to hash a code with; `None` without a set.
    #[must_use]
    pub fn hash_params(&self) -> Option<&HashParams> {
        self.set.as_ref().map(|set| set.codes.hash_params())
    }

    /// Takes a set into use that a verifier has registered. The one before is void. A lock ends: the owner has given a
    /// code at the verifier.
    pub fn activate(&mut self, uid: u32, set: BoundSet) {
        self.uid = uid;
        self.throttle = Throttle::default();
        self.set = Some(set);
    }

    /// Makes the set void, if it is still this one.
    pub fn make_void(&mut self, set: BoundSetId) {
        self.set = self.set.take().filter(|own| own.id != set);
    }

    /// Whether a code is accepted now.
    #[must_use]
    pub fn lock_state(&self, scope: ThrottleScope, now: Time) -> LockState {
        self.throttle
            .lock_state(&KnownOrigins::default(), scope, now)
    }

    /// Checks the hash of a code. A right code becomes used, a wrong one is counted. The caller must store this
    /// before it lets the login proceed.
    #[must_use]
    pub fn judge(&mut self, hashed: &Hashed, login: OfflineLogin<'_>, now: Time) -> BoundJudgement {
        match self.lock_state(login.scope, now) {
            LockState::Unlocked => {}
            closed => return BoundJudgement::Locked(closed),
        }
        let Some(set) = &mut self.set else {
            return BoundJudgement::OtherSet;
        };
        // Addresses of this host alone would be known ones, and a lock could be escaped by them.
        let mut origins = KnownOrigins::default();
        match set.codes.find(hashed) {
            Found::OtherSet => BoundJudgement::OtherSet,
            Found::Used => {
                self.record_used(login, now);
                BoundJudgement::AlreadyUsed
            }
            Found::No => {
                self.throttle.fail(&mut origins, login.scope, now);
                self.record(OfflineOutcome::WrongCode, login, now);
                BoundJudgement::Wrong(self.lock_state(login.scope, now))
            }
            Found::At(place) => {
                set.codes.mark_used(place);
                self.throttle.succeed(&mut origins, login.scope, now);
                self.record(OfflineOutcome::Accepted, login, now);
                BoundJudgement::Accepted { left: self.left() }
            }
        }
    }
}
