//! What is refused, and what did not go as it should.

use tfa_client::Failure;

use super::not_allowed;

pub(crate) const NO_TERMINAL: &str = "\
This asks for codes, and so it needs a terminal for both input and output.
Run it without a pipe; over SSH, ssh -t gives a terminal to a single command.
Nothing was changed.";

pub(crate) const NOT_SET_UP: &str = "\
Two-factor login is not set up yet. To set it up: tfa-enroll setup";

pub(crate) const SET_UP_ALREADY: &str = "\
Two-factor login is set up already. Nothing was changed.
For a new phone: tfa-enroll move. To start again: tfa-enroll remove, then setup.";

pub(crate) const PAUSED_ALREADY: &str = "\
Two-factor login is paused already. To go on: tfa-enroll resume";

pub(crate) const NOT_PAUSED: &str = "Two-factor login is not paused. Nothing was changed.";

pub(crate) const CANCELLED: &str = "Cancelled. Nothing was changed.";

// Behind another program's question.
pub(crate) const CANCELLED_WHILE_WAITING: &str = "\nCancelled. Nothing was changed.";

/// What comes before all else.
pub(crate) fn refuses_every_login(why: &str) -> String {
    format!(
        "The two-factor service (tfad) refuses every login on this host now. Tell your\n\
         administrator:\n  {why}\n"
    )
}

pub(crate) fn problem(problem: &str) -> String {
    format!(
        "Your two-factor record cannot be used:\n{problem}\n\
         Tell your administrator, who can look at it with tfactl."
    )
}

pub(crate) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Refused(text) | Failure::Cancelled(text) => text.clone(),
        Failure::Told => String::new(),
        Failure::NotAllowed(text) => not_allowed(text),
        Failure::Output(error) => {
            format!("Reading from or writing to the terminal failed: {error}")
        }
        Failure::NoBus => "\
The system bus cannot be reached, so the two-factor service cannot either.
Nothing was changed. Tell your administrator: dbus does not run on this host."
            .to_owned(),
        Failure::NoDaemon => "\
The two-factor service (tfad) does not run and could not be started.
Nothing was changed. Tell your administrator: systemctl status tfad says why."
            .to_owned(),
        Failure::NoAnswer => "\
The two-factor service (tfad) did not answer, so it is not known what became
of your request. tfa-enroll status says where you stand. If two-factor login is
on and you have no backup codes: tfa-enroll codes. If this comes again, tell your
administrator: systemctl status tfad says why."
            .to_owned(),
        Failure::OtherVersion(text) => format!(
            "The two-factor service (tfad) and this command do not understand each other.\n\
             Perhaps one of them was updated: systemctl restart tfad, by the administrator.\n\
             It said: {text}"
        ),
    }
}

pub(crate) const WAITING: &str = "Waiting for the two-factor service (tfad)...";
