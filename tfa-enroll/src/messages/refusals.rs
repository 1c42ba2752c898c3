//! Refusals and errors.

use tfa_client::Failure;

use super::not_allowed;

pub(crate) const NO_TERMINAL: &str = "\
This command asks for codes and needs a terminal for both input and output.
Run it without a pipe. Over SSH, use ssh -t to run a single command.
Nothing was changed.";

pub(crate) const NOT_SET_UP: &str = "\
Two-factor login is not set up. To set it up: tfa-enroll setup";

pub(crate) const ALREADY_SET_UP: &str = "\
Two-factor login is already set up. Nothing was changed.
For a new phone: tfa-enroll move
To start again: tfa-enroll remove, then tfa-enroll setup";

pub(crate) const ALREADY_PAUSED: &str = "\
Two-factor login is already paused. To resume it: tfa-enroll resume";

pub(crate) const NOT_PAUSED: &str = "Two-factor login is not paused. Nothing was changed.";

pub(crate) const CANCELLED: &str = "Cancelled. Nothing was changed.";

/// Starts with a line feed, because the prompt of another program precedes it.
pub(crate) const CANCELLED_WHILE_WAITING: &str = "\nCancelled. Nothing was changed.";

/// For a setup that has replaced a security key.
pub(crate) const CANCELLED_AFTER_KEY: &str = "\
Cancelled. Two-factor login is off. The security key that waited for its first
login, and its backup codes, were discarded when this setup began.";

pub(crate) const TOO_MANY_WRONG_PROOFS: &str = "\
Stopped after three wrong codes, because more could lock your account.
Nothing was changed.";

pub(crate) fn locked(why: &str) -> String {
    format!("{why}\nNothing was changed.")
}

pub(crate) fn refuses_every_login(why: &str) -> String {
    format!(
        "The two-factor service (tfad) refuses every login on this host now.\n\
         Tell your administrator:\n  {why}\n"
    )
}

pub(crate) fn problem(problem: &str) -> String {
    format!(
        "Your two-factor record cannot be used.\n{problem}\n\
         Tell your administrator, who can use tfactl."
    )
}

pub(crate) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Refused(text) | Failure::Cancelled(text) => text.clone(),
        Failure::Reported => String::new(),
        Failure::NotAllowed(why) => not_allowed(why.trim_end_matches('.')),
        Failure::Output(error) => format!("The terminal failed: {error}."),
        Failure::NoBus => "\
The system bus cannot be reached. Nothing was changed.
Tell your administrator that the D-Bus service does not run."
            .to_owned(),
        Failure::NoDaemon => "\
The two-factor service (tfad) does not run and could not be started.
Nothing was changed. Tell your administrator: systemctl status tfad"
            .to_owned(),
        Failure::NoAnswer => "\
The two-factor service (tfad) did not answer. It is not known whether your
request was carried out. To see the status: tfa-enroll status
If two-factor login is on and you have no backup codes: tfa-enroll codes
If this happens again, tell your administrator: systemctl status tfad"
            .to_owned(),
        Failure::OtherVersion(error) => format!(
            "The two-factor service (tfad) and this command have different versions.\n\
             Tell your administrator: systemctl restart tfad\n\
             The error was: {error}"
        ),
    }
}

pub(crate) const WAITING: &str = "Waiting for the two-factor service (tfad)...";
