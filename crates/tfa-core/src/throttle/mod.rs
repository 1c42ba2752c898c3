//! Limits on wrong codes: what is counted together, and how much of it.
//!
//! Each scope has a counter of its own, so that no place locks another one. The limits of all
//! counters of one host but the console's add up to those of NIST SP 800-63B section 3.2.2: 100 wrong
//! codes in a row, and here also 100 in a day. In a fleet, members add to these, see `members`.

mod counter;
mod members;
mod origins;

use minicbor::{CborLen, Decode, Encode};

use counter::{CLEAR, DayLimit, Limits, without_day};
pub use counter::{FailureCounter, LockState};
use members::MemberCounters;
pub use members::{MemberLock, MemberPlace, MemberScope};
pub use origins::{KnownOrigins, ORIGIN_LIFETIME, RemoteOrigin};

use crate::Time;

/// Remote logins from unknown origins, all of them together.
const UNKNOWN: Limits = Limits {
    in_a_row: 45,
    day: Some(DayLimit::new(30, 15)),
};
/// All known origins together. Beyond it, they count as unknown.
const KNOWN: Limits = Limits {
    in_a_row: 25,
    day: Some(DayLimit::new(17, 8)),
};
/// One known origin. Beyond it, it counts as unknown, and the others stay known.
const ONE_KNOWN: Limits = Limits {
    in_a_row: 10,
    day: Some(DayLimit::new(8, 4)),
};
const SESSION: Limits = Limits {
    in_a_row: 15,
    day: Some(DayLimit::new(10, 5)),
};
const OWN_PROGRAM: Limits = SESSION;
/// Apart from the others, and without a limit of the day, so that it remains available to the owner.
const CONSOLE: Limits = Limits {
    in_a_row: 100,
    day: None,
};

/// Where an attempt comes from, as the programs tell that can know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrottleScope {
    /// A remote login, or one that may be remote.
    Remote(RemoteOrigin),
    /// From inside a session: sudo, su, polkit.
    Session,
    /// From a console of this machine.
    Console,
    /// From a program that runs as the user: a screen locker, `tfa-enroll`.
    OwnProgram,
    /// From a place at a member of a fleet, by that member's word.
    AtMember(MemberScope),
}

impl ThrottleScope {
    /// A remote login of which neither a key nor an address is known.
    pub const UNKNOWN: Self = Self::Remote(RemoteOrigin::UNKNOWN);

    /// What an attempt is counted on where no origin is known.
    #[must_use]
    pub fn without_known_origins(self) -> LockScope {
        match self {
            Self::Remote(_) => LockScope::UnknownOrigins,
            Self::Session => LockScope::Sessions,
            Self::Console => LockScope::Console,
            Self::OwnProgram => LockScope::OwnPrograms,
            Self::AtMember(scope) => scope.place().lock_scope(),
        }
    }

    /// Whether a program that runs as the user asks.
    pub(crate) fn is_own_program(self) -> bool {
        match self {
            Self::OwnProgram => true,
            Self::AtMember(scope) => scope.place() == MemberPlace::OwnProgram,
            Self::Remote(_) | Self::Session | Self::Console => false,
        }
    }
}

/// What an attempt is counted on, and so what a lock applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockScope {
    /// A key or an address from which the owner has logged in lately.
    KnownOrigin,
    /// All other remote logins.
    UnknownOrigins,
    /// sudo, su and polkit.
    Sessions,
    /// Programs that run as the user.
    OwnPrograms,
    /// The consoles of this machine.
    Console,
}

/// As [`LockScope`], with the place of a known origin in the list.
#[derive(Clone, Copy)]
enum Counted {
    Known(usize),
    Unknown,
    Session,
    OwnProgram,
    Console,
    AtMember(MemberScope),
}

/// The wrong codes of an account, by scope; those of single known origins are with these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct Throttle {
    /// Of unknown origins. In older records, of all remote logins.
    #[n(0)]
    unknown: FailureCounter,
    #[n(1)]
    console: FailureCounter,
    #[n(2)]
    own_program: Option<FailureCounter>,
    #[n(3)]
    session: Option<FailureCounter>,
    /// Of all known origins, also of those that are no longer known.
    #[n(4)]
    known: Option<FailureCounter>,
    /// At members of a fleet.
    #[cbor(
        n(5),
        default,
        skip_if = "MemberCounters::is_clear",
        decode_with = "MemberCounters::or_none"
    )]
    members: MemberCounters,
}

impl Throttle {
    /// The counter of one scope. For remote logins it is that of unknown origins.
    #[must_use]
    pub fn counter(&self, scope: ThrottleScope) -> &FailureCounter {
        let counter = match scope {
            ThrottleScope::Remote(_) => Some(&self.unknown),
            ThrottleScope::Console => Some(&self.console),
            ThrottleScope::OwnProgram => self.own_program.as_ref(),
            ThrottleScope::Session => self.session.as_ref(),
            ThrottleScope::AtMember(scope) => Some(self.members.counter(scope)),
        };
        counter.unwrap_or(&CLEAR)
    }

    fn known(&self) -> FailureCounter {
        self.known.unwrap_or(CLEAR)
    }

    /// What an attempt is counted on. A known origin that has reached a limit counts as unknown.
    fn counted(&self, origins: &KnownOrigins, scope: ThrottleScope, now: Time) -> Counted {
        match scope {
            ThrottleScope::Remote(origin) => {
                let all_reached = reached(&self.known(), KNOWN, now);
                let mut places = origins.places(origin, now);
                places
                    .find(|(_, known)| !all_reached && !reached(&known.wrong(), ONE_KNOWN, now))
                    .map_or(Counted::Unknown, |(place, _)| Counted::Known(place))
            }
            ThrottleScope::Session => Counted::Session,
            ThrottleScope::Console => Counted::Console,
            ThrottleScope::OwnProgram => Counted::OwnProgram,
            ThrottleScope::AtMember(scope) => Counted::AtMember(scope),
        }
    }

    /// What an attempt is counted on.
    pub(crate) fn lock_scope(
        &self,
        origins: &KnownOrigins,
        scope: ThrottleScope,
        now: Time,
    ) -> LockScope {
        match self.counted(origins, scope, now) {
            Counted::Known(_) => LockScope::KnownOrigin,
            _ => scope.without_known_origins(),
        }
    }

    /// Whether a one-time code is accepted now.
    pub(crate) fn lock_state(
        &self,
        origins: &KnownOrigins,
        scope: ThrottleScope,
        now: Time,
    ) -> LockState {
        let counter = self.counter(scope);
        match (self.counted(origins, scope, now), scope) {
            (Counted::Known(place), _) => match origins.get(place) {
                Some(known) => known
                    .wrong()
                    .closed_until(now)
                    .map_or(LockState::Unlocked, LockState::Until),
                None => counter.lock_state(UNKNOWN, now),
            },
            (Counted::Unknown, ThrottleScope::Remote(origin)) => {
                let closed = counter.lock_state(UNKNOWN, now);
                let closed = self.earlier(closed, origins, origin, now);
                later(closed, origins, origin, now)
            }
            (Counted::Unknown, _) => counter.lock_state(UNKNOWN, now),
            (Counted::Session, _) => counter.lock_state(SESSION, now),
            (Counted::OwnProgram, _) => counter.lock_state(OWN_PROGRAM, now),
            (Counted::Console, _) => counter.lock_state(CONSOLE, now),
            (Counted::AtMember(scope), _) => self.members.lock_state(scope, now),
        }
    }

    /// The lock of unknown origins, for a login from a known one that has reached the limit of the
    /// day: it ends when the origin counts as known again, if that is earlier.
    fn earlier(
        &self,
        closed: LockState,
        origins: &KnownOrigins,
        origin: RemoteOrigin,
        now: Time,
    ) -> LockState {
        if closed == LockState::Unlocked || self.known().is_full(KNOWN) {
            return closed;
        }
        let of_all = self.known().day_closed(KNOWN, now);
        let places = origins.places(origin, now).map(|(_, known)| known.wrong());
        let known_again = places
            .filter(|wrong| !wrong.is_full(ONE_KNOWN))
            .filter_map(|wrong| wrong.day_closed(ONE_KNOWN, now).max(of_all))
            .min();
        match (closed, known_again) {
            (LockState::Until(until), Some(again)) => LockState::Until(until.min(again)),
            (_, Some(again)) => LockState::Until(again),
            (closed, None) => closed,
        }
    }

    /// The timed lock of the console, which also applies to a backup code there.
    pub(crate) fn console_timed_lock(&self, now: Time) -> LockState {
        self.console.timed_lock(CONSOLE, now)
    }

    /// Counts a wrong code.
    pub(crate) fn fail(&mut self, origins: &mut KnownOrigins, scope: ThrottleScope, now: Time) {
        match self.counted(origins, scope, now) {
            Counted::Known(place) => {
                self.known.get_or_insert(CLEAR).count(KNOWN, now);
                if let Some(known) = origins.get_mut(place) {
                    let mut wrong = known.wrong();
                    wrong.fail(ONE_KNOWN, now);
                    known.set_wrong(wrong);
                }
            }
            Counted::Unknown => self.unknown.fail(UNKNOWN, now),
            Counted::Session => self.session.get_or_insert(CLEAR).fail(SESSION, now),
            Counted::OwnProgram => self.own_program.get_or_insert(CLEAR).fail(OWN_PROGRAM, now),
            Counted::Console => self.console.fail(CONSOLE, now),
            Counted::AtMember(scope) => self.members.fail(scope, now),
        }
    }

    /// Resets the wrong codes in a row of what a right code is counted on. The origin of a remote
    /// login is known from now on. One that had reached a limit becomes known again, and with it end
    /// the wrong codes of all known origins together.
    pub(crate) fn succeed(&mut self, origins: &mut KnownOrigins, scope: ThrottleScope, now: Time) {
        let reset = |counter: &mut Option<FailureCounter>, limits| {
            if let Some(counter) = counter {
                counter.succeed(limits, now);
            }
            *counter = counter.filter(|counter| *counter != CLEAR);
        };
        let counted = self.counted(origins, scope, now);
        match counted {
            Counted::Known(_) => reset(&mut self.known, KNOWN),
            Counted::Unknown => {
                self.unknown.succeed(UNKNOWN, now);
                if let ThrottleScope::Remote(origin) = scope
                    && origins.places(origin, now).next().is_some()
                {
                    reset(&mut self.known, KNOWN);
                }
            }
            Counted::Session => reset(&mut self.session, SESSION),
            Counted::OwnProgram => reset(&mut self.own_program, OWN_PROGRAM),
            Counted::Console => self.console.succeed(CONSOLE, now),
            Counted::AtMember(scope) => self.members.succeed(scope, now),
        }
        if let ThrottleScope::Remote(origin) = scope {
            let places: Vec<usize> = match counted {
                Counted::Known(place) => vec![place],
                _ => origins
                    .places(origin, now)
                    .map(|(place, _)| place)
                    .collect(),
            };
            for place in places {
                if let Some(known) = origins.get_mut(place) {
                    let mut wrong = known.wrong();
                    wrong.succeed(ONE_KNOWN, now);
                    known.set_wrong(wrong);
                }
            }
            origins.learn(origin, now);
        }
    }

    /// The number of known origins, and how many of them are locked, or count as unknown because
    /// of a limit.
    pub(crate) fn known_origins(&self, origins: &KnownOrigins, now: Time) -> (usize, usize) {
        let all_reached = reached(&self.known(), KNOWN, now);
        let is_locked = |wrong: FailureCounter| {
            all_reached || reached(&wrong, ONE_KNOWN, now) || wrong.closed_until(now).is_some()
        };
        let recent = || origins.recent(now).map(|known| known.wrong());
        (
            recent().count(),
            recent().filter(|wrong| is_locked(*wrong)).count(),
        )
    }

    /// The same without the counts of the day. A user without enrollment is not asked for codes,
    /// and the counts would keep the record.
    pub(crate) fn without_days(&self) -> Self {
        Self {
            unknown: self.unknown.without_day(),
            console: self.console.without_day(),
            own_program: without_day(self.own_program),
            session: without_day(self.session),
            known: without_day(self.known),
            members: self.members.without_days(),
        }
    }

    /// Removes all counters and locks.
    pub(crate) fn clear(&mut self, origins: &mut KnownOrigins) {
        *self = Self::default();
        origins.clear_wrong();
    }

    /// The places at members that have a lock that has not ended.
    pub fn member_locks(&self, now: Time) -> impl Iterator<Item = MemberLock<'_>> {
        self.members.locks(now)
    }

    /// The lock of members that have no counters of their own.
    #[must_use]
    pub fn lock_of_further_members(&self, now: Time) -> LockState {
        self.members.lock_of_further(now)
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        self.members.is_sound()
    }

    /// Whether there are no counters and no locks.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

/// The lock of unknown origins, for a login from a known one that has reached a limit: its own timed
/// lock stays in force.
fn later(closed: LockState, origins: &KnownOrigins, origin: RemoteOrigin, now: Time) -> LockState {
    let places = origins.places(origin, now);
    let own = places.filter_map(|(_, known)| known.wrong().closed_until(now));
    match (closed, own.max()) {
        (LockState::Unlocked, Some(own)) => LockState::Until(own),
        (LockState::Until(until), Some(own)) => LockState::Until(until.max(own)),
        (closed, _) => closed,
    }
}

/// Whether a limit is reached, in a row or of the day.
fn reached(counter: &FailureCounter, limits: Limits, now: Time) -> bool {
    counter.is_full(limits) || counter.day_closed(limits, now).is_some()
}
