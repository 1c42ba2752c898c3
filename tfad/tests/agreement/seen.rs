//! What an observer sees of a login, and what an explanation says of it.

use tfa_core::{Message, Time};
use tfa_proto::{Explanation, Next, OpenEnum, Outcome, PromptStyle, Reason, Turn, Verdict};
use tfad::messages;

/// The outcome of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    Code,
    SecurityKey,
    Device,
    Nothing,
    Notified,
    Offered,
    SetUp,
    Locked,
    Refused,
}

impl Seen {
    pub(crate) const ALL: &[Self] = &[
        Self::Code,
        Self::SecurityKey,
        Self::Device,
        Self::Nothing,
        Self::Notified,
        Self::Offered,
        Self::SetUp,
        Self::Locked,
        Self::Refused,
    ];

    pub(crate) fn explained(explanation: &Explanation) -> Self {
        let reason = explanation.reason.as_ref().and_then(OpenEnum::known);
        match (explanation.outcome.known().unwrap(), reason) {
            (Outcome::Code, _) => Self::Code,
            (Outcome::Nothing, Some(Reason::SecurityKey | Reason::SecurityKeyConfirmed)) => {
                Self::SecurityKey
            }
            (Outcome::Nothing, Some(Reason::RememberedDevice)) => Self::Device,
            (Outcome::Nothing, _) => Self::Nothing,
            (Outcome::Notified, _) => Self::Notified,
            (Outcome::Offered, _) => Self::Offered,
            (Outcome::SetUp, _) => Self::SetUp,
            (Outcome::Refused, Some(Reason::Locked)) => Self::Locked,
            (Outcome::Refused, _) => Self::Refused,
        }
    }

    /// Of the last turn of the auth phase, or of the only phase.
    pub(crate) fn of(turn: &Turn, account_phase: bool) -> Self {
        match &turn.next {
            Next::Ask(question) if !account_phase => {
                assert_eq!(question.style, PromptStyle::Hidden, "{turn:?}");
                Self::Code
            }
            Next::Ask(question) if question.style == PromptStyle::Optional => Self::Offered,
            Next::Ask(_) => Self::SetUp,
            Next::Verdict(Verdict::Verified | Verdict::VerifiedBySecurityKey) => Self::SecurityKey,
            Next::Verdict(Verdict::Remembered) => Self::Device,
            Next::Verdict(Verdict::NotRequired) if turn.lines.iter().any(is_grace) => {
                Self::Notified
            }
            Next::Verdict(Verdict::NotRequired) => Self::Nothing,
            Next::Verdict(Verdict::Locked) => Self::Locked,
            Next::Verdict(Verdict::Denied | Verdict::MustEnroll) => Self::Refused,
            Next::Verdict(
                Verdict::VerifiedByTotp
                | Verdict::VerifiedByHotp
                | Verdict::VerifiedByBackupCode
                | Verdict::Recovered
                | Verdict::CodeOfSession
                | Verdict::UnknownUser
                | Verdict::LeftToSession,
            ) => panic!("{turn:?}"),
        }
    }
}

/// Whether a line is for a user who must enroll later. The other lines of a login that continues are about
/// an exemption.
fn is_grace(line: &tfa_proto::Line) -> bool {
    let text = line.text.replace('\n', " ");
    let host = tfad::host::host_name();
    let (now, reason) = (Time::from_secs(0), "");
    // The beginning, up to a date.
    let begins_with = |message: &str, date: &str| {
        let (beginning, _) = message.split_once(date).unwrap();
        text.starts_with(beginning)
    };
    let [grace, _] = &messages::grace(&host, now, now)[..] else {
        panic!("not two lines");
    };
    let is_grace = begins_with(grace, " from ")
        || text
            == messages::message(Message::NoInvitation, now)
                .1
                .replace('\n', " ");
    let is_exempt = begins_with(&messages::exempt(&host, now, reason, now), " until ");
    assert!(is_grace != is_exempt, "{text}");
    is_grace
}
