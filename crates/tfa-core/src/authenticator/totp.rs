//! A time-based authenticator: codes of RFC 6238, each accepted once.

mod drift;

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::codes::Codes;
use super::used_steps::UsedSteps;
use super::{ImportedUse, Match, Parameters};
use crate::time::MAX_AHEAD;
use crate::{Code, Secret, Step, Time};

/// How many steps before and after the current one are accepted (RFC 6238 section 5.2). The window is
/// never widened.
const WINDOW: i64 = 1;
/// The maximum clock difference that is detected.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_secs(2 * 3600);
/// The maximum clock difference ahead, in steps, that is detected for an active authenticator.
const MAX_STEPS_AHEAD: i64 = 20;
/// How far the clock that dates the attempts elsewhere, that of a file server, may be behind.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// The difference between the clock of a phone and that of this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    /// Seconds; positive when the phone is ahead.
    pub seconds: i64,
}

/// The state of a time-based authenticator.
#[derive(Clone, Encode, Decode, CborLen)]
pub(super) struct Totp {
    #[n(0)]
    parameters: Parameters,
    #[n(1)]
    secret: Secret,
    /// The last used step. It and every earlier step are used, unless it lies too far ahead of now.
    #[n(2)]
    last_used: Option<Step>,
    /// A later step that counts as used, because a message told when its code is right.
    #[n(3)]
    burned: Option<Step>,
    /// All used steps. Absent in older records, which have the last one only.
    #[n(4)]
    used: Option<UsedSteps>,
    /// The last void step: its code and each earlier one may have been used before the account was moved
    /// or restored here, and is not accepted.
    #[n(5)]
    void_until: Option<Step>,
}

/// What is known of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StepState {
    Unused,
    Used,
    Void,
}

impl Totp {
    /// An authenticator without used steps.
    pub(super) fn new(parameters: Parameters, secret: Secret) -> Self {
        Self {
            parameters,
            secret,
            last_used: None,
            burned: None,
            used: None,
            void_until: None,
        }
    }

    /// The same authenticator with the used steps of an older record.
    pub(super) fn with_used(
        self,
        last_used: Option<Step>,
        burned: Option<Step>,
        used: Option<UsedSteps>,
    ) -> Self {
        Self {
            last_used,
            burned,
            used,
            ..self
        }
    }

    /// Marks the codes as used that an authenticator with the same secret has used. This one is new.
    pub(super) fn continue_from(&mut self, twin: &Self) {
        let has_same_steps = self.parameters.period() == twin.parameters.period();
        if has_same_steps && self.secret.is(&twin.secret) {
            self.last_used = twin.last_used;
            self.burned = twin.burned;
            self.used.clone_from(&twin.used);
            self.void_until = twin.void_until;
        }
    }

    /// Marks these codes as used or void, of an authenticator that was in use elsewhere. Returns whether
    /// that changed anything.
    pub(super) fn mark_imported(&mut self, used: &ImportedUse<'_>, now: Time) -> bool {
        let period = self.parameters.period();
        let mut steps: Vec<Step> = used.steps.iter().map(|step| Step::new(*step)).collect();
        if let Some(code) = used.last_code {
            let codes = self.codes();
            let back = -self.steps_in(MAX_CLOCK_DIFFERENCE);
            let near = self.around(now, back, MAX_STEPS_AHEAD);
            steps.extend(near.filter(|step| codes.is_code(step.counter(), code)));
        }
        steps.sort_unstable();
        let before = (self.last_used, self.used.clone(), self.void_until);
        for step in steps {
            if !self.is_used(step, self.last_believed(now)) {
                self.mark_used(step, now);
            }
        }
        if let Some(unknown) = used.unknown {
            // Further ahead, a step would be taken for one of a clock that was ahead.
            let ahead = i64::from(unknown.steps_ahead).min(steps_believed(period));
            let last = unknown.last_attempt.map(|last| last.plus(CLOCK_TOLERANCE));
            let last = last.map_or(now, |last| last.min(now));
            self.make_void_until(last.step(period).offset(ahead.max(WINDOW)), now);
        }
        before != (self.last_used, self.used.clone(), self.void_until)
    }

    pub(super) fn parameters(&self) -> Parameters {
        self.parameters
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Checks a code against the window around `now`. Every step of the window is computed, so that
    /// the time taken does not tell the step that matched.
    pub(super) fn check(&self, code: &Code, now: Time) -> Match<Step> {
        let codes = self.codes();
        let last = self.last_believed(now);
        let mut found = Match::No;
        for step in self.around(now, -WINDOW, WINDOW) {
            if codes.is_code(step.counter(), code) {
                // The same digits may stand for two steps: a fresh one counts.
                if self.state_of(step, last, now) == StepState::Unused {
                    found = Match::Fresh(step);
                } else if found == Match::No {
                    found = Match::Used;
                }
            }
        }
        found
    }

    /// If a code of the window is void and not known to be used: when a step begins that is not void.
    pub(super) fn void_end(&self, code: &Code, now: Time) -> Option<Time> {
        let end = self.void_until?.offset(1);
        let is_void = self.is_void_from(-WINDOW, code, now);
        is_void.then(|| end.begin(self.parameters.period()))
    }

    /// Whether a code of the last two hours is void and not known to be used.
    pub(super) fn is_void_of_past(&self, code: &Code, now: Time) -> bool {
        let back = self.steps_in(MAX_CLOCK_DIFFERENCE);
        self.is_void_from(-back, code, now)
    }

    fn is_void_from(&self, first: i64, code: &Code, now: Time) -> bool {
        let (codes, last) = (self.codes(), self.last_believed(now));
        let steps = self.around(now, first, WINDOW);
        let mut states = steps
            .filter(|step| codes.is_code(step.counter(), code))
            .map(|step| self.state_of(step, last, now))
            .peekable();
        states.peek().is_some() && states.all(|state| state == StepState::Void)
    }

    /// What is known of a step; `last` is the last used step that is believed.
    fn state_of(&self, step: Step, last: Option<Step>, now: Time) -> StepState {
        match self.void_until {
            _ if self.is_used(step, last) => StepState::Used,
            // One too far ahead of now was made void while the clock was ahead. It alone stays void.
            Some(void) if step == void || (step < void && self.is_believed(void, now)) => {
                StepState::Void
            }
            _ => StepState::Unused,
        }
    }

    /// Whether a step is used; `last` is the last used step that is believed.
    fn is_used(&self, step: Step, last: Option<Step>) -> bool {
        last.is_some_and(|last| step <= last)
            || self.used.as_ref().is_some_and(|used| used.contains(step))
            || self.burned == Some(step)
    }

    /// Marks a step and every earlier one as used.
    pub(super) fn mark_used(&mut self, step: Step, now: Time) {
        let last = self.last_believed(now);
        self.record_used(step);
        self.last_used = last.max(Some(step));
    }

    fn record_used(&mut self, step: Step) {
        let used = self.used.get_or_insert_with(|| {
            let known = self.last_used.map(UsedSteps::up_to);
            known.unwrap_or_default()
        });
        let reach = steps_believed(self.parameters.period());
        used.insert(step, reach.unsigned_abs());
    }

    /// Makes every step void whose code is or was accepted at some time until now.
    pub(super) fn make_void(&mut self, now: Time) {
        let last = now.step(self.parameters.period()).offset(WINDOW);
        self.make_void_until(last, now);
    }

    fn make_void_until(&mut self, step: Step, now: Time) {
        self.put_aside_ahead(now);
        self.void_until = self.void_until.max(Some(step));
    }

    /// Sets a last used step, or a last void one, aside that lies too far ahead of now. It counts as used,
    /// and no longer invalidates earlier steps.
    pub(super) fn put_aside_ahead(&mut self, now: Time) {
        self.last_used = self.last_believed(now);
        if let Some(void) = self.void_until.filter(|void| !self.is_believed(*void, now)) {
            self.record_used(void);
            self.void_until = None;
        }
    }

    /// The last used step that does not lie too far ahead of now. One that does was used while the
    /// clock was ahead.
    fn last_believed(&self, now: Time) -> Option<Step> {
        let last = self.last_used?;
        match &self.used {
            Some(used) if !self.is_believed(last, now) => used.highest_up_to(self.furthest(now)),
            _ => Some(last),
        }
    }

    /// Whether a last step does not lie too far ahead of now.
    fn is_believed(&self, last: Step, now: Time) -> bool {
        last <= self.furthest(now)
    }

    /// The furthest step that is believed to be the last one.
    fn furthest(&self, now: Time) -> Step {
        let period = self.parameters.period();
        now.step(period).offset(steps_believed(period))
    }

    /// The time of the last used or void step, where that lies too far ahead of now.
    pub(super) fn used_ahead(&self, now: Time) -> Option<Time> {
        let used = self.last_used;
        let used = used.filter(|last| self.last_believed(now) != Some(*last));
        let void = self.void_until;
        let void = void.filter(|last| !self.is_believed(*last, now));
        let last = used.max(void)?;
        Some(last.begin(self.parameters.period()))
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(super) fn is_sound(&self) -> bool {
        self.parameters.are_sound() && self.used.as_ref().is_none_or(UsedSteps::is_sound)
    }

    fn steps_in(&self, duration: Duration) -> i64 {
        let period = u64::from(self.parameters.period());
        let steps = duration.as_secs().checked_div(period).unwrap_or(0);
        i64::try_from(steps).unwrap_or(0)
    }

    fn around(&self, now: Time, from: i64, to: i64) -> impl Iterator<Item = Step> {
        let here = now.step(self.parameters.period());
        (from..=to).map(move |steps| here.offset(steps))
    }

    fn codes(&self) -> Codes {
        Codes::new(self.parameters.format(), &self.secret)
    }
}

/// How many steps ahead of now a used step may lie; one beyond was used while the clock was ahead.
fn steps_believed(period: u32) -> i64 {
    let steps = MAX_AHEAD.as_secs().checked_div(period.into());
    steps
        .and_then(|steps| i64::try_from(steps).ok())
        .unwrap_or(0)
}
