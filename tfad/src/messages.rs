//! Every text of the daemon that a person reads at a login or from a command.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tfa_core::WrongCodes;
use tfa_core::{BadParameters, DenyReason, Drift, LockState, Message, Refusal, State, Time};
use tfa_proto::Error;

/// Whether the QR code is shown, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// There is none.
    Never,
    /// It comes first: it fits every window.
    First,
    /// On request: it needs a larger window, because it is in ASCII or has long names.
    OnWish {
        /// The rows of its page, the question below included.
        rows: usize,
        /// The columns.
        columns: usize,
    },
}

/// Logged for each user whose record cannot be opened.
pub const KEY_LOST: &str = "the sealing key is not here; see: journalctl -u tfad -g fingerprint";

/// The question for a code.
pub const QUESTION: &str = "Verification code or backup code: ";

/// Said of a one-time code and of a backup code alike.
const USED_ALREADY: &str = "That code was used already. Each works once: use a new one.";

/// The way on for somebody who came in with a backup code because the phone is lost.
const NEW_PHONE: &str = "New phone? Run: tfa-enroll move";

/// Short, for sshd puts user and host in front of it.
const NO_CODE: &str = "That is no code: 6 or 8 digits, or a backup code.";

/// The question for the administrator's word.
pub const ASK_INVITATION: &str = "Invitation code from your administrator: ";
/// Whether to set up now, in the grace.
pub const ASK_WHETHER: &str = "Set it up now? yes, or Enter for later: ";
/// The QR code is on the screen.
pub const ASK_SCANNED: &str = "Scan it with the app, then press Enter: ";
/// Link and key are on the screen.
pub const ASK_NEW_CODE: &str = "Code from your phone: ";
/// The backup codes are on the screen.
pub const ASK_SAVED: &str = "Press Enter when you have saved them: ";
/// Above the QR code, on the row that ssh begins with user and host. It must not wrap: the code
/// would scroll away.
pub const QR_HEADING: &str = "QR code:";
/// The same, where the code does not fit a narrow window.
#[must_use]
pub fn wide_qr_heading(columns: usize) -> String {
    format!("QR code ({columns} columns):")
}
/// The first row of a page, which ssh begins with user and host.
pub const PAGE_HEADING: &str = "Before you go on:";

/// What the dialog says, and whether it is bad news.
#[must_use]
pub fn message(message: Message, now: Time) -> (bool, String) {
    let (bad, text) = match message {
        Message::Wrong(LockState::Unlocked) => (
            true,
            "That code is not right. Try the latest one.".to_owned(),
        ),
        Message::AlreadyUsed => (true, USED_ALREADY.to_owned()),
        Message::NotACode => (true, NO_CODE.to_owned()),
        Message::Wrong(lock_state) | Message::Locked(lock_state) => (true, locked(lock_state, now)),
        Message::BackupCodeOnly => (
            true,
            "Too many wrong codes. Only a backup code opens this now.".to_owned(),
        ),
        Message::BackupCodeUsed { left: 0 } => (
            false,
            format!("That was your last backup code. Make new ones: tfa-enroll codes\n{NEW_PHONE}"),
        ),
        Message::BackupCodeUsed {
            left: left @ (1 | 2),
        } => (
            false,
            format!("Backup code used; {left} left. Make new ones: tfa-enroll codes\n{NEW_PHONE}"),
        ),
        Message::BackupCodeUsed { left } => {
            (false, format!("Backup code used; {left} left. {NEW_PHONE}"))
        }
        Message::WrongInvitation | Message::NotAnInvitation => {
            (true, "That is not the word of your invitation.".to_owned())
        }
        Message::NoInvitation => (
            true,
            "Setting up two-factor login takes an invitation, and there is none for you now.\n\
             Ask your administrator for one (tfactl invite)."
                .to_owned(),
        ),
        Message::WrongNewCode(None) => (
            true,
            "That code is not right. Type the latest one.".to_owned(),
        ),
        Message::WrongNewCode(Some(drift)) => (
            true,
            format!(
                "That code is right for another time.\n\
                 The phone's clock is about {} this host's. Let the phone set its\n\
                 clock by the network, and type the code that it then shows.",
                apart(drift)
            ),
        ),
        Message::PendingWithdrawn => (
            true,
            "Too many wrong codes: that key is void.\nDelete it in the app, and log in again."
                .to_owned(),
        ),
        Message::NotBegun => (false, "Nothing was set up.".to_owned()),
        Message::NotSetUp => (
            false,
            "Nothing was set up. Delete the entry in the app, if you made one.".to_owned(),
        ),
        Message::Changed => (
            true,
            "Your two-factor login was changed just now. Log in again.".to_owned(),
        ),
    };
    (bad, text)
}

/// Wrong codes that a login is told of.
#[must_use]
pub fn wrong_codes(wrong: &WrongCodes) -> String {
    let last = moment(wrong.last);
    let from = match wrong.from.as_str() {
        "" => "by a program of yours",
        from => &format!("from {from}"),
    };
    let counted = match wrong.count {
        1 => format!("1 wrong code since your last login, on {last}\n{from}."),
        count => format!("{count} wrong codes since your last login, the last on {last}\n{from}."),
    };
    format!("{counted} If that was not you, change your password.")
}

/// Why no code is judged, and when to try again.
#[must_use]
pub fn locked(lock_state: LockState, now: Time) -> String {
    match lock_state {
        LockState::Unlocked => "Too many wrong codes. Try again now.".to_owned(),
        LockState::Until(until) => {
            format!(
                "Too many wrong codes. Try again in {}.",
                wait(now.until(until))
            )
        }
        LockState::Permanent => {
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
        Refusal::PendingWithdrawn => Error::NothingPending(
            "Too many wrong codes: the new key was withdrawn. Begin again.".to_owned(),
        ),
        Refusal::WrongCode(None) => Error::WrongCode(
            "That code is not right. Use the latest code that your phone shows, of the entry for \
             this host, and check that the phone's clock is set automatically."
                .to_owned(),
        ),
        Refusal::WrongCode(Some(drift)) => Error::WrongCode(clock_off(drift)),
        Refusal::AlreadyUsed => Error::WrongCode(USED_ALREADY.to_owned()),
        Refusal::NotACode => Error::InvalidArgument(NO_CODE.to_owned()),
        Refusal::Locked(lock_state) | Refusal::WrongAndLocked(lock_state) => {
            Error::Locked(locked(lock_state, now))
        }
        Refusal::NoInvitation => Error::InvitationNeeded(
            "Setting up takes an invitation, and there is none for you now. Ask your \
             administrator for one (tfactl invite)."
                .to_owned(),
        ),
        Refusal::WrongInvitation | Refusal::NotAnInvitation => {
            Error::WrongCode("That is not the word of your invitation.".to_owned())
        }
        Refusal::Rehash => {
            Error::Busy("The backup codes were changed just now. Try again.".to_owned())
        }
    }
}

/// What is asked of somebody who has to set up now, and how it goes.
#[must_use]
pub fn set_up_needed(host: &str, picture: Shown) -> Vec<String> {
    let mut rows = vec![
        format!("Two-factor login is required on {host},"),
        "and you have not set it up yet. It takes an authenticator app on your phone.".to_owned(),
        match picture {
            Shown::First => {
                "You get a key for the app, as a QR code and as text, and type the code that"
            }
            Shown::OnWish { .. } | Shown::Never => {
                "You get a key for the app as text, and type the code that"
            }
        }
        .to_owned(),
        "the app then shows. Then the login goes on.".to_owned(),
    ];
    if let Shown::OnWish {
        rows: height,
        columns,
    } = picture
    {
        rows.push(format!(
            "There is a QR code, too (type qr): it takes a window of {height} rows and {columns} columns."
        ));
    }
    rows
}

/// Below that, over SSH: sshd ends a login after its `LoginGraceTime`, which nobody tells PAM.
pub const TIME_OVER_SSH: [&str; 2] = [
    "sshd may end this login after 2 minutes.",
    "Then log in again, and begin anew.",
];

/// The question whether to begin.
#[must_use]
pub fn ask_to_begin(picture: Shown) -> &'static str {
    match picture {
        Shown::OnWish { .. } => "Press Enter, or type qr, or no to stop: ",
        Shown::First | Shown::Never => "Press Enter to begin, or no to stop: ",
    }
}

/// How long it goes without.
#[must_use]
pub fn grace(host: &str, until: Time, now: Time) -> Vec<String> {
    vec![
        format!("Two-factor login will be required on {host}"),
        format!("from {} on: {}.", moment(until), ahead(now.until(until))),
        "To set it up in time: tfa-enroll".to_owned(),
    ]
}

/// The same in one text, where it is no page of a dialog.
#[must_use]
pub fn grace_told(host: &str, until: Time, now: Time) -> String {
    grace(host, until, now).join("\n")
}

/// The page with link and key, and the way to the QR code.
#[must_use]
pub fn key_page(uri: &str, user: &str, issuer: &str, key: &str, picture: Shown) -> Vec<String> {
    let mut rows = vec![
        "The key as text.".to_owned(),
        "The link, for an app on this device:".to_owned(),
        uri.to_owned(),
        String::new(),
        "The key, to type into the app:".to_owned(),
        format!("    {key}"),
        format!("    Account: {user}"),
        format!("    Issuer: {issuer}"),
        "    Time-based (TOTP), SHA1, 6 digits, every 30 seconds".to_owned(),
        String::new(),
    ];
    if let Shown::OnWish {
        rows: height,
        columns,
    } = picture
    {
        rows.push(format!(
            "For the QR code make the window {height} rows by {columns} columns, and type qr."
        ));
    }
    rows.push(
        match picture {
            Shown::First => "Type the code that the app shows now; qr for the QR code, no to stop.",
            Shown::OnWish { .. } | Shown::Never => {
                "Type the code that the app shows now, or no to stop."
            }
        }
        .to_owned(),
    );
    rows
}

/// Above the backup codes.
#[must_use]
pub fn backup_codes_heading(count: usize) -> Vec<String> {
    vec![
        "That was right.".to_owned(),
        "Two-factor login is on: from now on you are asked for a code.".to_owned(),
        format!("Here are your {count} backup codes."),
        "Each works once in place of a code, when the phone is not at hand.".to_owned(),
        "Save or print them now: they are not shown again.".to_owned(),
    ]
}

/// Why a login is refused without a question.
#[must_use]
pub fn reason(reason: DenyReason, host: &str, user: &str, by_ssh: bool) -> String {
    match reason {
        DenyReason::MustEnroll => format!(
            "Two-factor login is required on {host}, and you have not set it up.\n\
             This program cannot take you through it. Log in over SSH with your password,\n\
             or at the console."
        ),
        DenyReason::TooLate => format!(
            "Two-factor login is required on {host}, and the time to set it up is over.\n\
             Ask your administrator."
        ),
        DenyReason::Undetermined => format!(
            "Whether you need a second factor on {host} could not be decided: your groups, your\n\
             address or the method of ssh cannot be found out. Tell your administrator.\n\
             If you came by an SSH key alone, log in with your password."
        ),
        DenyReason::NotVerified if by_ssh => format!(
            "Two-factor login is required on {host}, and a key alone is not enough.\n\
             Log in with your password, then you are asked for a code:\n    \
             ssh -o PubkeyAuthentication=no {user}@{host}"
        ),
        DenyReason::NotVerified => format!(
            "Two-factor login is required on {host}, and this way in asks for no code.\n\
             Log in with your password, then you are asked for a code."
        ),
        DenyReason::AuthRefused => "No right code was given before, so this login cannot go on.\n\
             Begin a new one; over SSH, connect again."
            .to_owned(),
    }
}

/// Why nothing is changed or told while no login is served.
#[must_use]
pub fn refuses(why: &str) -> String {
    format!("tfad refuses every login on this host now, and changes nothing: {why}")
}

/// Why it cannot be switched off.
#[must_use]
pub fn required() -> Error {
    Error::Required(
        "Two-factor login is required of you here, so it cannot be switched off. For a new \
         phone: tfa-enroll move"
            .to_owned(),
    )
}

/// Why a change without a proof is refused.
#[must_use]
pub fn code_needed() -> Error {
    Error::CodeNeeded("This takes a code from your phone, or a backup code.".to_owned())
}

/// A moment in the zone of this host, `2026-12-08 14:00`.
#[must_use]
pub fn moment(time: Time) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
        .to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

/// How long until then, rounded down so that nobody counts on more.
fn ahead(while_: Duration) -> String {
    let hours = while_.as_secs() / 3600;
    match hours {
        0 => "in less than an hour".to_owned(),
        1 => "in an hour".to_owned(),
        2..48 => format!("in {hours} hours"),
        _ => format!("in {} days", hours / 24),
    }
}

/// How far a phone's clock is from this host's, and on which side.
fn apart(drift: Drift) -> String {
    let by = match drift.seconds.unsigned_abs() {
        seconds @ ..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    };
    let side = if drift.seconds > 0 {
        "ahead of"
    } else {
        "behind"
    };
    format!("{by} {side}")
}

fn clock_off(drift: Drift) -> String {
    format!(
        "That code is right for another time: the phone's clock is about {} this host's. Let the \
         phone set its clock automatically; if it does, tell the administrator that the host's \
         clock is off.",
        apart(drift)
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
        let after = |seconds: u64| locked(LockState::Until(Time::from_secs(1000 + seconds)), now);
        assert!(after(30).ends_with("in 30 seconds."));
        assert!(after(121).ends_with("in 3 minutes."));
        assert!(after(3600).ends_with("in 60 minutes."));
    }

    #[test]
    fn a_clock_that_is_off_is_named_with_its_side() {
        assert!(clock_off(Drift { seconds: 300 }).contains("5 minutes ahead of"));
        assert!(clock_off(Drift { seconds: -90 }).contains("90 seconds behind"));
    }

    #[test]
    fn the_advice_on_ssh_is_given_in_ssh_alone() {
        let said = |by_ssh| reason(DenyReason::NotVerified, "host", "alice", by_ssh);
        assert!(said(true).contains("ssh -o PubkeyAuthentication=no alice@host"));
        assert!(!said(false).contains("ssh") && said(false).contains("asks for no code"));
    }
}
