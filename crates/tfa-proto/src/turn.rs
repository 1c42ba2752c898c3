//! A turn of the login dialog: lines to show, then a question or the verdict.

use std::fmt;
use std::mem;

use zeroize::Zeroize;

use crate::wire_name::wire_enum;

/// The next part of a login dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Shown first, in this order.
    pub lines: Vec<Line>,
    /// The question or the verdict.
    pub next: Next,
    /// The verdict of an auth phase holds for the account phase as well: the module need not ask again.
    /// Only a verified second factor can have it.
    pub covers_account: bool,
}

/// One message for the user. It may have several rows, and no control characters except the line feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How the login program shows it.
    pub kind: LineKind,
    /// The text.
    pub text: String,
}

impl Turn {
    /// Returns whether the previous answer was a wrong code or a wrong invitation code.
    #[must_use]
    pub fn is_after_failure(&self) -> bool {
        self.lines.iter().any(|line| line.kind == LineKind::Failure)
    }
}

impl Drop for Line {
    /// The text may be a new key, or a backup code.
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

/// The kind of a message. A PAM conversation has two kinds; the other two refine them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// `PAM_TEXT_INFO`.
    Info,
    /// `PAM_TEXT_INFO` that a silent program shows as well: the user must read it.
    Notice,
    /// `PAM_ERROR_MSG`.
    Error,
    /// `PAM_ERROR_MSG` after a wrong code or a wrong invitation code.
    Failure,
}

/// How a turn ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A question. The client answers it with `Answer`.
    Ask(Question),
    /// The dialog has ended.
    Verdict(Verdict),
}

/// A question for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The prompt, with its trailing space.
    pub text: String,
    /// How it is asked.
    pub style: PromptStyle,
    /// The length of the code in digits, so that `forward_pass` can split a joint answer. 0 if the
    /// question is not for a code, or several lengths are possible.
    pub digits: u32,
}

/// How a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptStyle {
    /// The answer is echoed.
    Visible,
    /// The answer is not echoed.
    Hidden,
    /// The answer is echoed, and none is needed: a login program that cannot ask sends an empty one,
    /// and the login continues.
    Optional,
}

wire_enum! {
    /// The outcome of a dialog.
    pub enum Verdict {
        /// The user enrolled, or an administrator enrolled again after the use of the recovery code.
        Verified = "verified",
        /// A code by time was correct, and cannot be used again.
        VerifiedByTotp = "verified-by-totp",
        /// A code by a counter was correct, and cannot be used again.
        VerifiedByHotp = "verified-by-hotp",
        /// sshd has accepted a security key of the user.
        VerifiedBySecurityKey = "verified-by-security-key",
        /// A backup code was correct, and cannot be used again.
        VerifiedByBackupCode = "verified-by-backup-code",
        /// A remembered device replaced the code.
        Remembered = "remembered",
        /// The code that was given at the login of this session serves here too.
        CodeOfSession = "code-of-session",
        /// The host's recovery code was correct, and cannot be used again. The account phase offers a
        /// new authenticator.
        Recovered = "recovered",
        /// The policy requires no second factor.
        NotRequired = "not-required",
        /// Of the account phase: the session phase decides, because that depends on the SSH method.
        LeftToSession = "left-to-session",
        /// No right code was given, or the user gave up, or the policy refuses this login.
        Denied = "denied",
        /// The user must set up two-factor login and has not.
        MustEnroll = "must-enroll",
        /// After too many wrong codes, no code is accepted for now.
        Locked = "locked",
        /// The host has no such user.
        UnknownUser = "unknown-user",
    }
}

impl Verdict {
    /// Returns whether the second factor was verified, or replaced by a device or an earlier code.
    #[must_use]
    pub fn is_verified(self) -> bool {
        match self {
            Self::Verified
            | Self::VerifiedByTotp
            | Self::VerifiedByHotp
            | Self::VerifiedBySecurityKey
            | Self::VerifiedByBackupCode
            | Self::Remembered
            | Self::CodeOfSession
            | Self::Recovered => true,
            Self::NotRequired
            | Self::LeftToSession
            | Self::Denied
            | Self::MustEnroll
            | Self::Locked
            | Self::UnknownUser => false,
        }
    }
}

/// A turn on the wire, signature `(a(ss)ssu)`: the lines as (kind, text), then the tag
/// `ask`, `ask-hidden`, `ask-optional` or `verdict`, then the prompt or the verdict's name, then the digits
/// of a question, or 1 for a verdict that covers the account phase.
pub type WireTurn = (Vec<(String, String)>, String, String, u32);

impl From<Turn> for WireTurn {
    fn from(turn: Turn) -> Self {
        let (tag, text, number) = turn.end_to_wire();
        let (tag, text) = (tag.to_owned(), text.to_owned());
        let lines = turn
            .lines
            .into_iter()
            .map(|mut line| (line.kind.tag().to_owned(), mem::take(&mut line.text)));
        (lines.collect(), tag, text, number)
    }
}

impl TryFrom<WireTurn> for Turn {
    type Error = DecodeTurnError;

    fn try_from((lines, tag, text, number): WireTurn) -> Result<Self, DecodeTurnError> {
        let lines = lines
            .into_iter()
            .map(|(kind, text)| {
                let kind = LineKind::from_tag(&kind)?;
                Ok(Line { kind, text })
            })
            .collect::<Result<_, DecodeTurnError>>()?;
        Self::from_wire(lines, &tag, &text, number)
    }
}

impl Turn {
    /// Returns what follows the lines on the wire: the tag, the text and the number.
    #[must_use]
    pub fn end_to_wire(&self) -> (&'static str, &str, u32) {
        match &self.next {
            Next::Ask(question) => (question.style.tag(), &question.text, question.digits),
            Next::Verdict(verdict) => ("verdict", verdict.name(), self.covers_account.into()),
        }
    }

    /// Returns the turn with these lines, and with this tag, text and number on the wire.
    ///
    /// # Errors
    /// The tag or the verdict is unknown.
    pub fn from_wire(
        lines: Vec<Line>,
        tag: &str,
        text: &str,
        number: u32,
    ) -> Result<Self, DecodeTurnError> {
        let next = match tag {
            "verdict" => Next::Verdict(Verdict::from_name(text).ok_or(DecodeTurnError)?),
            tag => Next::Ask(Question {
                style: PromptStyle::from_tag(tag)?,
                text: text.to_owned(),
                digits: number,
            }),
        };
        let is_verified = matches!(next, Next::Verdict(verdict) if verdict.is_verified());
        Ok(Self {
            lines,
            next,
            covers_account: is_verified && number == 1,
        })
    }
}

impl PromptStyle {
    fn tag(self) -> &'static str {
        match self {
            Self::Visible => "ask",
            Self::Hidden => "ask-hidden",
            Self::Optional => "ask-optional",
        }
    }

    fn from_tag(tag: &str) -> Result<Self, DecodeTurnError> {
        match tag {
            "ask" => Ok(Self::Visible),
            "ask-hidden" => Ok(Self::Hidden),
            "ask-optional" => Ok(Self::Optional),
            _ => Err(DecodeTurnError),
        }
    }
}

impl LineKind {
    /// Returns the kind on the wire.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Error => "error",
            Self::Failure => "failure",
        }
    }

    /// Returns the kind of that name on the wire.
    ///
    /// # Errors
    /// The name is unknown.
    pub fn from_tag(tag: &str) -> Result<Self, DecodeTurnError> {
        match tag {
            "info" => Ok(Self::Info),
            "notice" => Ok(Self::Notice),
            "error" => Ok(Self::Error),
            "failure" => Ok(Self::Failure),
            _ => Err(DecodeTurnError),
        }
    }
}

/// A turn has a tag or a verdict that this version does not know. Never treat it as success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeTurnError;

impl fmt::Display for DecodeTurnError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("unknown tag or verdict in a turn")
    }
}

impl std::error::Error for DecodeTurnError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_survives_the_round_trip() {
        for verdict in Verdict::ALL.iter().copied() {
            assert_eq!(Verdict::from_name(verdict.name()), Some(verdict));
            let turn = Turn {
                lines: vec![],
                next: Next::Verdict(verdict),
                covers_account: false,
            };
            assert_eq!(Turn::try_from(WireTurn::from(turn.clone())), Ok(turn));
        }
    }

    #[test]
    fn only_a_verified_second_factor_covers_the_account_phase() {
        for verdict in Verdict::ALL.iter().copied() {
            for number in 0..3 {
                let wire = (
                    vec![],
                    "verdict".to_owned(),
                    verdict.name().to_owned(),
                    number,
                );
                let turn = Turn::try_from(wire).unwrap();
                let expected = verdict.is_verified() && number == 1;
                assert_eq!(turn.covers_account, expected, "{verdict:?} {number}");
                assert_eq!(WireTurn::from(turn).3, u32::from(expected));
            }
        }
        let question = (vec![], "ask".to_owned(), "verified".to_owned(), 1);
        assert!(!Turn::try_from(question).unwrap().covers_account);
    }

    #[test]
    fn an_unknown_tag_or_verdict_is_an_error() {
        let is_error = |tag: &str, text: &str| {
            Turn::try_from((vec![], tag.to_owned(), text.to_owned(), 0)) == Err(DecodeTurnError)
        };
        assert!(is_error("verdict", "verified "));
        assert!(is_error("verdict", "VERIFIED"));
        assert!(is_error("verdict", ""));
        assert!(is_error("", "verified"));
        for tag in [
            "ask-",
            "ask-optional ",
            "ask-hidden-optional",
            "ASK",
            "verdicts",
        ] {
            assert!(is_error(tag, "verified"), "{tag}");
        }
        let odd_line = vec![("shout".to_owned(), "hello".to_owned())];
        let wire = (odd_line, "verdict".to_owned(), "verified".to_owned(), 0);
        assert_eq!(Turn::try_from(wire), Err(DecodeTurnError));
    }

    #[test]
    fn the_kind_of_a_line_survives_the_round_trip() {
        for (kind, tag, after_failure) in [
            (LineKind::Info, "info", false),
            (LineKind::Notice, "notice", false),
            (LineKind::Error, "error", false),
            (LineKind::Failure, "failure", true),
        ] {
            let turn = Turn {
                lines: vec![Line {
                    kind,
                    text: "text".to_owned(),
                }],
                next: Next::Verdict(Verdict::Denied),
                covers_account: false,
            };
            assert_eq!(turn.is_after_failure(), after_failure);
            let wire = WireTurn::from(turn.clone());
            assert_eq!(wire.0.first().map(|(kind, _)| kind.as_str()), Some(tag));
            assert_eq!(Turn::try_from(wire), Ok(turn));
        }
    }

    #[test]
    fn the_prompt_style_survives_the_round_trip() {
        for (style, tag, kind) in [
            (PromptStyle::Visible, "ask", LineKind::Error),
            (PromptStyle::Hidden, "ask-hidden", LineKind::Notice),
            (PromptStyle::Optional, "ask-optional", LineKind::Info),
        ] {
            let next = Next::Ask(Question {
                text: "Code: ".to_owned(),
                style,
                digits: 6,
            });
            let line = Line {
                kind,
                text: "no".to_owned(),
            };
            let turn = Turn {
                lines: vec![line],
                next,
                covers_account: false,
            };
            let wire = WireTurn::from(turn.clone());
            assert_eq!(wire.1, tag);
            assert_eq!(Turn::try_from(wire), Ok(turn));
        }
    }
}
