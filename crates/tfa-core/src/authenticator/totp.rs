//! A time-based authenticator: codes of RFC 6238, each accepted once.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use super::codes::Codes;
use super::used_steps::UsedSteps;
use super::{ImportedUse, Match, Parameters};
use crate::time::MAX_AHEAD;
use crate::{Code, OtherTime, Secret, Step, Time};

/// How many steps before and after the current one are accepted (RFC 6238 section 5.2). The window is
/// never widened.
const WINDOW: i64 = 1;
/// The maximum clock difference that is detected.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_secs(2 * 3600);
/// The maximum clock difference ahead, in steps, that is detected for an active authenticator.
const MAX_STEPS_AHEAD: i64 = 20;

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
        }
    }

    /// Marks these codes as used, of an authenticator that was in use elsewhere. Returns whether that
    /// changed anything.
    pub(super) fn mark_imported(&mut self, used: &ImportedUse<'_>, now: Time) -> bool {
        let period = self.parameters.period();
        let mut steps: Vec<Step> = used.steps.iter().map(|step| Step::new(*step)).collect();
        if let Some(code) = used.last_code {
            let codes = self.codes();
            let back = -self.steps_in(MAX_CLOCK_DIFFERENCE);
            let near = self.around(now, back, MAX_STEPS_AHEAD);
            steps.extend(near.filter(|step| codes.is_code(step.counter(), code)));
        }
        if let Some(ahead) = used.all_until {
            // Further ahead, a step would be taken for one of a clock that was ahead.
            let ahead = i64::from(ahead).min(steps_believed(period));
            steps.push(now.step(period).offset(ahead.max(WINDOW)));
        }
        steps.sort_unstable();
        let before = (self.last_used, self.used.clone());
        for step in steps {
            if !self.is_used(step, self.last_believed(now)) {
                self.mark_used(step, now);
            }
        }
        before != (self.last_used, self.used.clone())
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
                if !self.is_used(step, last) {
                    found = Match::Fresh(step);
                } else if found == Match::No {
                    found = Match::Used;
                }
            }
        }
        found
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
        let used = self.used.get_or_insert_with(|| {
            let known = self.last_used.map(UsedSteps::up_to);
            known.unwrap_or_default()
        });
        used.insert(
            step,
            steps_believed(self.parameters.period()).unsigned_abs(),
        );
        self.last_used = last.max(Some(step));
    }

    /// Marks every step as used whose code is or was accepted at some time until now.
    pub(super) fn mark_used_until(&mut self, now: Time) {
        let last = now.step(self.parameters.period()).offset(WINDOW);
        self.mark_used(last, now);
    }

    /// Sets a last used step aside that lies too far ahead of now. It stays used, and no longer
    /// invalidates earlier steps.
    pub(super) fn put_aside_ahead(&mut self, now: Time) {
        self.last_used = self.last_believed(now);
    }

    /// The last used step that does not lie too far ahead of now. One that does was used while the
    /// clock was ahead.
    fn last_believed(&self, now: Time) -> Option<Step> {
        let last = self.last_used?;
        let period = self.parameters.period();
        let limit = now.step(period).offset(steps_believed(period));
        match &self.used {
            Some(used) if limit < last => used.highest_up_to(limit),
            _ => Some(last),
        }
    }

    /// The time of the last used step, where that lies too far ahead of now.
    pub(super) fn used_ahead(&self, now: Time) -> Option<Time> {
        let last = self.last_used?;
        let moment = last.begin(self.parameters.period());
        (self.last_believed(now) != Some(last)).then_some(moment)
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(super) fn is_sound(&self) -> bool {
        self.parameters.are_sound() && self.used.as_ref().is_none_or(UsedSteps::is_sound)
    }

    /// The clock difference of the phone that shows this code. The code is marked as used. A code of
    /// the past that was used before is no sign of a clock difference.
    pub(super) fn find_drift(&mut self, code: &Code, now: Time) -> Match<Drift> {
        let back = self.steps_in(MAX_CLOCK_DIFFERENCE);
        let Some(steps) = self.steps_off(code, now, back, MAX_STEPS_AHEAD) else {
            return Match::No;
        };
        let was_used = self.was_used(steps, now);
        let drift = self.burn(steps, now);
        if was_used {
            Match::Used
        } else {
            Match::Fresh(drift)
        }
    }

    /// The same while the key is on the screen.
    pub(super) fn find_drift_of_pending(&mut self, code: &Code, now: Time) -> Option<Drift> {
        let reach = self.steps_in(MAX_CLOCK_DIFFERENCE);
        let steps = self.steps_off(code, now, reach, reach)?;
        Some(self.burn(steps, now))
    }

    /// For which other time the code is right. A code of the past is marked as used, and one that was
    /// used before is told apart.
    pub(super) fn find_other_time(&mut self, code: &Code, now: Time) -> Match<OtherTime> {
        let reach = self.steps_in(MAX_CLOCK_DIFFERENCE);
        let Some(steps) = self.steps_off(code, now, reach, reach) else {
            return Match::No;
        };
        let was_used = self.was_used(steps, now);
        if steps < 0 {
            self.burn(steps, now);
        }
        if was_used {
            return Match::Used;
        }
        let period = self.parameters.period();
        let after_window = now.step(period).offset(steps + WINDOW + 1);
        Match::Fresh(OtherTime {
            drift: self.drift_of(steps).seconds,
            dead_from: after_window.begin(period),
        })
    }

    fn drift_of(&self, steps: i64) -> Drift {
        let seconds = steps.saturating_mul(i64::from(self.parameters.period()));
        Drift { seconds }
    }

    /// Whether the step at this distance from now is one of the past that is marked as used.
    fn was_used(&self, steps: i64, now: Time) -> bool {
        let step = now.step(self.parameters.period()).offset(steps);
        steps < 0 && self.is_used(step, self.last_believed(now))
    }

    fn steps_in(&self, duration: Duration) -> i64 {
        let period = u64::from(self.parameters.period());
        let steps = duration.as_secs().checked_div(period).unwrap_or(0);
        i64::try_from(steps).unwrap_or(0)
    }

    /// Marks a code as used of which a message tells when it is right. A step of the past is marked
    /// with every earlier one. A step of the future is marked alone, so that an owner whose phone is
    /// ahead need not wait. Only the last such step is kept: the owner gets the message for one step
    /// again and again until the clock is set. Returns the difference to tell.
    fn burn(&mut self, steps: i64, now: Time) -> Drift {
        let step = now.step(self.parameters.period()).offset(steps);
        if steps > 0 {
            self.burned = Some(step);
        } else {
            self.mark_used(step, now);
        }
        self.drift_of(steps)
    }

    /// The distance in steps, from now, of the nearest step outside the window whose code this is:
    /// at most `back` steps in the past or `ahead` steps in the future.
    fn steps_off(&self, code: &Code, now: Time, back: i64, ahead: i64) -> Option<i64> {
        let codes = self.codes();
        let here = now.step(self.parameters.period());
        (-back..=ahead)
            .filter(|steps| steps.abs() > WINDOW)
            .filter(|steps| codes.is_code(here.offset(*steps).counter(), code))
            .min_by_key(|steps| steps.abs())
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
