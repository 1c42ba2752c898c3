//! The clocks of the verifiers.

use std::collections::HashMap;

use crate::{Event, What};

/// How far they were from the right time at most. A clock that was never moved is right. Between two events of a clock
/// it may have either value.
pub(crate) struct Clocks {
    /// Milliseconds; 0 if none was behind.
    pub(crate) behind: u64,
    /// Milliseconds; 0 if none was ahead.
    pub(crate) ahead: u64,
}

impl Clocks {
    /// Between two times of the run.
    pub(crate) fn between(events: &[Event], from: u64, to: u64) -> Self {
        let mut now: HashMap<&str, i64> = HashMap::new();
        let (mut least, mut most) = (0, 0);
        for event in events.iter().filter(|event| event.at <= to) {
            let What::Clock(verifier, ahead) = &event.what else {
                continue;
            };
            if event.at < from {
                now.insert(verifier, *ahead);
            } else {
                (least, most) = (least.min(*ahead), most.max(*ahead));
            }
        }
        for ahead in now.into_values() {
            (least, most) = (least.min(ahead), most.max(ahead));
        }
        Self {
            behind: 1000 * least.unsigned_abs(),
            ahead: 1000 * most.unsigned_abs(),
        }
    }

    /// How many milliseconds two of them differed at most.
    pub(crate) const fn spread(&self) -> u64 {
        self.behind + self.ahead
    }
}
