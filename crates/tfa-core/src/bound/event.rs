//! What happened while no verifier could be reached, until one has confirmed that it knows.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::{BoundCodes, BoundSetId, OfflineLogin};
use crate::Time;

/// How many events wait at most. Wrong codes beyond that are dropped, the oldest first; accepted codes are not.
const MAX_EVENTS: usize = 64;
/// How many characters of a service or an origin are kept.
const MAX_TEXT_LENGTH: usize = 64;
/// How often a used code is recorded. Nothing locks after used codes, and each record is a write.
const USED_CODE_INTERVAL: Duration = Duration::from_secs(60);

/// What an offline login came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum OfflineOutcome {
    /// A bound code let the user in.
    #[n(0)]
    Accepted,
    /// A wrong code.
    #[n(1)]
    WrongCode,
    /// A code that was used before.
    #[n(2)]
    UsedCode,
}

/// An answer to the question for a bound code.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct OfflineEvent {
    /// Its number. Numbers of one user on one host grow.
    #[n(0)]
    pub number: u64,
    /// When it happened, by the clock of the member.
    #[n(1)]
    pub at: Time,
    /// What it came to.
    #[n(2)]
    pub outcome: OfflineOutcome,
    /// The PAM service.
    #[n(3)]
    pub service: String,
    /// The remote host, else the terminal; empty if neither is known.
    #[n(4)]
    pub from: String,
    /// The set in use.
    #[n(5)]
    pub set: BoundSetId,
    /// How many codes were left afterwards.
    #[n(6)]
    pub left: u8,
}

impl OfflineEvent {
    /// Whether a decoded value is in the range of values that are made here.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.service == short(&self.service) && self.from == short(&self.from)
    }
}

impl BoundCodes {
    /// What a verifier has to learn, oldest first.
    #[must_use]
    pub fn events(&self) -> &[OfflineEvent] {
        &self.events
    }

    /// Forgets what a verifier has confirmed: all up to this number.
    pub fn confirm(&mut self, number: u64) {
        self.events.retain(|event| event.number > number);
    }

    pub(super) fn record_used(&mut self, login: OfflineLogin<'_>, now: Time) {
        let is_recent = self.events.iter().any(|event| {
            event.outcome == OfflineOutcome::UsedCode && event.at.distance(now) < USED_CODE_INTERVAL
        });
        if !is_recent {
            self.record(OfflineOutcome::UsedCode, login, now);
        }
    }

    pub(super) fn record(&mut self, outcome: OfflineOutcome, login: OfflineLogin<'_>, now: Time) {
        let Some(set) = self.set().map(|set| set.id) else {
            return;
        };
        if self.events.len() >= MAX_EVENTS {
            let is_droppable = |event: &OfflineEvent| event.outcome != OfflineOutcome::Accepted;
            if let Some(oldest) = self.events.iter().position(is_droppable) {
                self.events.remove(oldest);
            }
        }
        self.last_event = self.last_event.saturating_add(1);
        self.events.push(OfflineEvent {
            number: self.last_event,
            at: now,
            outcome,
            service: short(login.service),
            from: short(login.from),
            set,
            left: u8::try_from(self.left()).unwrap_or(u8::MAX),
        });
    }
}

/// A text in the form in which it is stored.
pub(crate) fn short(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_TEXT_LENGTH)
        .collect()
}
