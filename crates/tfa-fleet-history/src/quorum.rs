//! Without a majority of etcd no login is let in, and no change is made.

use crate::calls::Call;
use crate::check::Violation;
use crate::{Event, Outcome, What};

pub(crate) fn check(events: &[Event], calls: &[Call], found: &mut Vec<Violation>) {
    let mut lost = None;
    for event in events {
        match event.what {
            What::Quorum(false) => lost = Some(event.at),
            What::Quorum(true) => {
                if let Some(from) = lost.take() {
                    check_between(from, event.at, calls, found);
                }
            }
            _ => {}
        }
    }
}

/// Checks the calls that have begun and ended between two times.
fn check_between(from: u64, to: u64, calls: &[Call], found: &mut Vec<Violation>) {
    let within = |call: &&Call| call.invoked > from && call.end() < to;
    let passes = |call: &&Call| call.is_certain() || call.outcome() == Some(&Outcome::Open);
    for call in calls.iter().filter(within).filter(passes) {
        found.push(Violation::of("without a majority nothing passes", &[call]));
    }
}
