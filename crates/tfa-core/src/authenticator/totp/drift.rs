//! The clock difference that a code shows which is right for another time.

use super::{MAX_CLOCK_DIFFERENCE, MAX_STEPS_AHEAD, StepState, Totp, WINDOW};
use crate::{Code, Drift, Match, OtherTime, Time};

impl Totp {
    /// The clock difference of the phone that shows this code. The code is marked as used, unless it is void.
    /// A code of the past that was used before, or may have been, is no sign of a clock difference.
    pub(in crate::authenticator) fn find_drift(&mut self, code: &Code, now: Time) -> Match<Drift> {
        let back = self.steps_in(MAX_CLOCK_DIFFERENCE);
        let Some(steps) = self.steps_off(code, now, back, MAX_STEPS_AHEAD) else {
            return Match::No;
        };
        let state = self.state_of_past(steps, now);
        if state == StepState::Void {
            return Match::Used;
        }
        let drift = self.burn(steps, now);
        if state == StepState::Used {
            Match::Used
        } else {
            Match::Fresh(drift)
        }
    }

    /// The same while the key is on the screen.
    pub(in crate::authenticator) fn find_drift_of_pending(
        &mut self,
        code: &Code,
        now: Time,
    ) -> Option<Drift> {
        let reach = self.steps_in(MAX_CLOCK_DIFFERENCE);
        let steps = self.steps_off(code, now, reach, reach)?;
        Some(self.burn(steps, now))
    }

    /// For which other time the code is right. A code of the past is marked as used, and one that was
    /// used before is told apart.
    pub(in crate::authenticator) fn find_other_time(
        &mut self,
        code: &Code,
        now: Time,
    ) -> Match<OtherTime> {
        let reach = self.steps_in(MAX_CLOCK_DIFFERENCE);
        let Some(steps) = self.steps_off(code, now, reach, reach) else {
            return Match::No;
        };
        let state = self.state_of_past(steps, now);
        if steps < 0 && state != StepState::Void {
            self.burn(steps, now);
        }
        if state != StepState::Unused {
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

    /// What is known of the step at this distance from now. One of the future counts as unused.
    fn state_of_past(&self, steps: i64, now: Time) -> StepState {
        let step = now.step(self.parameters.period()).offset(steps);
        match steps < 0 {
            true => self.state_of(step, self.last_believed(now), now),
            false => StepState::Unused,
        }
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
}
