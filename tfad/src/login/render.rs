//! The dialog's turns in words: what goes out on the bus.

use tfa_core::{BackupCode, Dialog, Message, Time};
use tfa_proto::{Line, LineKind, Next, PromptStyle, Question, Turn, Verdict};

use crate::config::QrStyle;
use crate::login::enrollment::{Enrollment, backup_codes_page, narrow};
use crate::messages::{self, Shown};

/// What the words depend on besides the turn.
pub struct Renderer<'login> {
    /// The dialog that the turn belongs to, while it goes on.
    pub dialog: Option<&'login Dialog>,
    /// Backup codes that were drawn for it.
    pub drawn: &'login [BackupCode],
    /// The host's name.
    pub host: &'login str,
    /// Who issues a new key.
    pub issuer: &'login str,
    /// Whose login it is.
    pub user: &'login str,
    /// Whether sshd asks.
    pub ssh: bool,
    /// How QR codes are drawn.
    pub style: QrStyle,
    /// The moment of the turn.
    pub now: Time,
}

impl Renderer<'_> {
    /// The turn in words.
    #[must_use]
    pub fn of(&self, turn: &tfa_core::Turn) -> Turn {
        let mut lines: Vec<Line> = turn
            .says
            .map(|says| self.message(says))
            .into_iter()
            .collect();
        let told = turn.told.as_ref();
        lines.extend(told.map(|wrong| line(false, messages::wrong_codes(wrong))));
        let (page, next) = self.next(turn.next, turn.says);
        lines.extend(page.into_iter().map(|row| line(false, row)));
        Turn { lines, next }
    }

    fn message(&self, says: Message) -> Line {
        let (bad, text) = messages::message(says, self.now);
        let mut line = line(bad, self.fitted(text));
        if says.is_failure() {
            line.kind = LineKind::Failure;
        }
        line
    }

    fn next(&self, next: tfa_core::Next, says: Option<Message>) -> (Vec<String>, Next) {
        use tfa_core::Next as N;
        match next {
            N::AskCode { digits } => {
                let question = ask(messages::QUESTION, PromptStyle::Hidden, digits);
                (Vec::new(), question)
            }
            N::AskInvitation => (
                Vec::new(),
                ask(messages::ASK_INVITATION, PromptStyle::Visible, 0),
            ),
            N::AskToBegin(None) => {
                let picture = self
                    .enrollment()
                    .map_or(Shown::Never, |enrollment| enrollment.shown());
                let question = messages::ask_to_begin(picture);
                let mut page = messages::set_up_needed(self.host, picture);
                if self.ssh {
                    page.extend(messages::TIME_OVER_SSH.map(str::to_owned));
                }
                (headed(page), ask(question, PromptStyle::Visible, 0))
            }
            N::AskToBegin(Some(until)) => {
                let page = messages::grace(self.host, until, self.now);
                (
                    headed(page),
                    ask(messages::ASK_WHETHER, PromptStyle::Optional, 0),
                )
            }
            N::ShowPicture => (
                self.page(|enrollment| enrollment.picture_page()),
                ask(messages::ASK_SCANNED, PromptStyle::Visible, 0),
            ),
            // After a slip the key is still on the screen.
            N::AskNewCode { .. } if says.is_some() => (
                Vec::new(),
                ask(messages::ASK_NEW_CODE, PromptStyle::Visible, 0),
            ),
            N::AskNewCode { .. } => (
                self.page(|enrollment| enrollment.key_page()),
                ask(messages::ASK_NEW_CODE, PromptStyle::Visible, 0),
            ),
            N::ShowBackupCodes => (
                backup_codes_page(self.drawn),
                ask(messages::ASK_SAVED, PromptStyle::Visible, 0),
            ),
            // Who cannot set up hears how long that goes well.
            N::End(verdict @ tfa_core::Verdict::InGrace(until))
                if says == Some(Message::NoInvitation) =>
            {
                let page = messages::grace(self.host, until, self.now);
                (page, Next::Verdict(of(verdict)))
            }
            N::End(verdict) => (Vec::new(), Next::Verdict(of(verdict))),
        }
    }

    /// Said between pages, a text fits the same window.
    fn fitted(&self, text: String) -> String {
        match self.dialog {
            Some(Dialog::Enroll(_)) => narrow(vec![text]).join("\n"),
            Some(Dialog::AskCode(_)) | None => text,
        }
    }

    fn page(&self, page: impl Fn(&Enrollment<'_>) -> Vec<String>) -> Vec<String> {
        self.enrollment()
            .map(|enrollment| page(&enrollment))
            .unwrap_or_default()
    }

    fn enrollment(&self) -> Option<Enrollment<'_>> {
        match self.dialog {
            Some(Dialog::Enroll(enroll)) => Some(Enrollment {
                authenticator: enroll.authenticator(),
                issuer: self.issuer,
                user: self.user,
                style: self.style,
            }),
            Some(Dialog::AskCode(_)) | None => None,
        }
    }
}

/// A page of text with a short first row, for ssh puts user and host in front of it.
fn headed(page: Vec<String>) -> Vec<String> {
    let mut rows = vec![messages::PAGE_HEADING.to_owned()];
    rows.extend(narrow(page));
    rows
}

/// A turn without a question.
#[must_use]
pub fn end(verdict: Verdict, says: Option<(bool, String)>) -> Turn {
    Turn {
        lines: says
            .into_iter()
            .map(|(bad, text)| line(bad, text))
            .collect(),
        next: Next::Verdict(verdict),
    }
}

/// A verdict with a line that is shown in silent programs, too.
#[must_use]
pub fn notice(verdict: Verdict, text: String) -> Turn {
    let kind = LineKind::Notice;
    Turn {
        lines: vec![Line { kind, text }],
        next: Next::Verdict(verdict),
    }
}

fn of(verdict: tfa_core::Verdict) -> Verdict {
    match verdict {
        tfa_core::Verdict::Verified(_) | tfa_core::Verdict::Enrolled => Verdict::Verified,
        tfa_core::Verdict::InGrace(_) => Verdict::NotRequired,
        tfa_core::Verdict::Denied => Verdict::Denied,
        tfa_core::Verdict::NotSetUp => Verdict::MustEnroll,
        tfa_core::Verdict::Locked => Verdict::Locked,
    }
}

fn ask(text: &str, style: PromptStyle, digits: u8) -> Next {
    Next::Ask(Question {
        text: text.to_owned(),
        style,
        digits: u32::from(digits),
    })
}

fn line(bad: bool, text: String) -> Line {
    let kind = if bad { LineKind::Error } else { LineKind::Info };
    Line { kind, text }
}
