//! The results as a text of 80 columns.

use std::fmt::Write as _;

use crate::inside::logins::{Measured, Subject};
use crate::statistics::Times;

/// The logins one after the other, a table a number of users.
pub(crate) fn logins(measured: &[Measured]) -> String {
    let mut text = String::new();
    for at in measured {
        let _ = writeln!(text, "\n{} users", at.users);
        let empty = median(at, Subject::Empty);
        for (subject, times) in &at.times {
            let summary = times.summary();
            let _ = writeln!(
                text,
                "  {:<18} {:>8.3} ms  p99 {:>8.3} ms  added {:>8.3} ms  n {}",
                format!("{subject:?}"),
                summary.median / 1e6,
                summary.p99 / 1e6,
                (summary.median - empty) / 1e6,
                summary.count
            );
        }
        let floor = median(at, Subject::Bus) + median(at, Subject::Disk);
        let ours = median(at, Subject::Ours) - empty;
        let _ = writeln!(
            text,
            "  added: {:.2} of the floor, {:.2} of google's, {:.2} of oath's",
            ours / floor,
            ours / (median(at, Subject::Google) - empty),
            ours / (median(at, Subject::Oath) - empty)
        );
    }
    text
}

fn median(at: &Measured, subject: Subject) -> f64 {
    at.times.get(&subject).map_or(f64::NAN, Times::median)
}
