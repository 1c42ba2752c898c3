//! Every text of the daemon that a person reads at a login or from a command.

use std::time::Duration;

use tfa_bus::Error;
use tfa_core::{BadParameters, Drift, Gate, Message, Refusal, State, Time};

/// The question for a code.
pub const QUESTION: &str = "Verification code or backup code: ";

/// Said of a one-time code and of a backup code alike.
const USED_ALREADY: &str = "That code was used already. Each works once: use a new one.";

/// Short, for sshd puts user and host in front of it.
const NO_CODE: &str = "That is no code: 6 or 8 digits, or a backup code.";

/// What the dialog says, and whether it is bad news.
#[must_use]
pub fn message(message: Message, now: Time) -> (bool, String) {
    let (bad, text) = match message {
        Message::Wrong => (
            true,
            "That code is not right. Try the latest one.".to_owned(),
        ),
        Message::Spent => (true, USED_ALREADY.to_owned()),
        Message::NotACode => (true, NO_CODE.to_owned()),
        Message::Locked(gate) => (true, locked(gate, now)),
        Message::BackupCodeOnly => (
            true,
            "Too many wrong codes. Only a backup code opens this now.".to_owned(),
        ),
        Message::BackupCodeUsed { left: 0 } => (
            false,
            "That was your last backup code. Make new ones: tfa-enroll codes".to_owned(),
        ),
        Message::BackupCodeUsed {
            left: left @ (1 | 2),
        } => (
            false,
            format!("Backup code used; {left} left. Make new ones: tfa-enroll codes"),
        ),
        Message::BackupCodeUsed { left } => (false, format!("Backup code used; {left} left.")),
        Message::Changed => (
            true,
            "Your two-factor login was changed just now. Log in again.".to_owned(),
        ),
    };
    (bad, text)
}

/// Why no code is judged, and when to try again.
#[must_use]
pub fn locked(gate: Gate, now: Time) -> String {
    match gate {
        Gate::Open => "Too many wrong codes. Try again now.".to_owned(),
        Gate::Until(until) => {
            format!(
                "Too many wrong codes. Try again in {}.",
                wait(now.until(until))
            )
        }
        Gate::ForGood => {
            "Too many wrong codes. Ask your administrator to unlock you (tfactl unlock),\n\
                          or use a backup code at the console."
                .to_owned()
        }
    }
}

/// A time to wait, rounded up so that it is never too short.
fn wait(while_: Duration) -> String {
    match while_.as_secs() {
        1 => "1 second".to_owned(),
        seconds @ ..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// Why an owner's wish was not granted, as the contract's error.
#[must_use]
pub fn refusal(refusal: Refusal, now: Time) -> Error {
    match refusal {
        Refusal::AlreadySetUp => Error::AlreadySetUp(
            "Two-factor login is set up already. For a new phone: tfa-enroll move".to_owned(),
        ),
        Refusal::NotSetUp => Error::NotSetUp(
            "Two-factor login is not set up. To set it up: tfa-enroll setup".to_owned(),
        ),
        Refusal::WrongState(State::Paused) => Error::WrongState(
            "Two-factor login is paused already. To go on: tfa-enroll resume".to_owned(),
        ),
        Refusal::WrongState(_) => Error::WrongState("Two-factor login is not paused.".to_owned()),
        Refusal::NothingPending => Error::NothingPending(
            "No key waits to be confirmed; it may have been too long ago. Begin again.".to_owned(),
        ),
        Refusal::OfferWithdrawn => Error::NothingPending(
            "Too many wrong codes: the new key was withdrawn. Begin again.".to_owned(),
        ),
        Refusal::WrongCode(None) => Error::WrongCode(
            "That code is not right. Use the latest code that your phone shows, of the entry for \
             this host, and check that the phone's clock is set automatically."
                .to_owned(),
        ),
        Refusal::WrongCode(Some(drift)) => Error::WrongCode(clock_off(drift)),
        Refusal::Spent => Error::WrongCode(USED_ALREADY.to_owned()),
        Refusal::NotACode => Error::InvalidArgument(NO_CODE.to_owned()),
        Refusal::Locked(gate) => Error::Locked(locked(gate, now)),
        Refusal::Rehash => {
            Error::Busy("The backup codes were changed just now. Try again.".to_owned())
        }
    }
}

fn clock_off(drift: Drift) -> String {
    let by = match drift.seconds.unsigned_abs() {
        seconds @ ..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    };
    let side = if drift.seconds > 0 {
        "ahead of"
    } else {
        "behind"
    };
    format!(
        "That code is right for another time: the phone's clock is about {by} {side} this \
         host's. Let the phone set its clock automatically; if it does, tell the administrator \
         that the host's clock is off."
    )
}

/// Why a kind of codes was refused.
#[must_use]
pub fn bad_parameters(bad: BadParameters) -> Error {
    Error::InvalidArgument(match bad {
        BadParameters::Digits => "A code has 6 or 8 digits.".to_owned(),
        BadParameters::Period => "A period is 15 to 120 seconds.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_says_when_to_try_again_and_never_too_early() {
        let now = Time::from_secs(1000);
        let after = |seconds: u64| locked(Gate::Until(Time::from_secs(1000 + seconds)), now);
        assert!(after(30).ends_with("in 30 seconds."));
        assert!(after(121).ends_with("in 3 minutes."));
        assert!(after(3600).ends_with("in 60 minutes."));
    }

    #[test]
    fn a_clock_that_is_off_is_named_with_its_side() {
        assert!(clock_off(Drift { seconds: 300 }).contains("5 minutes ahead of"));
        assert!(clock_off(Drift { seconds: -90 }).contains("90 seconds behind"));
    }
}
