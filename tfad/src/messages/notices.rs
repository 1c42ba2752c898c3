//! Notices to users whose login continues.

use tfa_core::{Time, WrongCodes};
use tfa_text::plural;
use tfa_text::time::{date_time, time_left};

/// Wrong codes since the last login.
#[must_use]
pub fn wrong_codes(wrong: &WrongCodes) -> String {
    let WrongCodes {
        count, last, from, ..
    } = wrong;
    let last = date_time(last.as_secs());
    let number = u64::from(*count);
    if from.is_empty() {
        plural(
            number,
            format!(
                "1 wrong code since your last login, on {last}\n\
                 in a program that runs as you. If that was not you, change your password."
            ),
            format!(
                "{count} wrong codes since your last login, the last on {last}\n\
                 in a program that runs as you. If that was not you, change your password."
            ),
        )
    } else {
        plural(
            number,
            format!(
                "1 wrong code since your last login, on {last}\n\
                 from {from}. If that was not you, change your password."
            ),
            format!(
                "{count} wrong codes since your last login, the last on {last}\n\
                 from {from}. If that was not you, change your password."
            ),
        )
    }
}

/// The end of the grace period.
#[must_use]
pub fn grace(host: &str, until: Time, now: Time) -> Vec<String> {
    let left = time_left(now.until(until).as_secs());
    let until = date_time(until.as_secs());
    vec![
        format!("Two-factor login will be required on {host} from {until} (in {left})."),
        "To set it up in time: tfa-enroll".to_owned(),
    ]
}
