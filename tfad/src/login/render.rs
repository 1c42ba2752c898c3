//! Renders the turns of a dialog: the texts that are sent to the module.

use tfa_core::{BackupCode, Dialog, FactorKind, Message, Time};
use tfa_proto::{Line, LineKind, Next, PromptStyle, Question, Turn, Verdict};
use tfa_text::wrapped;

use crate::config::QrStyle;
use crate::host::facts::HostFacts;
use crate::host::host_name;
use crate::login::enrollment::{Enrollment, NARROW, WIDE, backup_codes_page, narrow};
use crate::messages::{self, Shown};

/// What the texts depend on besides the turn.
pub struct Renderer<'login> {
    /// The dialog of the turn, until it ends.
    pub dialog: Option<&'login Dialog>,
    /// The backup codes of the dialog.
    pub drawn: &'login [BackupCode],
    /// The host of the login.
    pub host: &'login dyn HostFacts,
    /// The issuer of a new key; `None` for the name of this daemon's host.
    pub issuer: Option<&'login str>,
    /// The login name.
    pub user: &'login str,
    /// Whether the login program is sshd.
    pub ssh: bool,
    /// The form of QR codes.
    pub style: QrStyle,
    /// The time of the turn.
    pub now: Time,
}

impl Renderer<'_> {
    /// Renders a turn.
    #[must_use]
    pub fn render(&self, turn: &tfa_core::Turn) -> Turn {
        let mut lines: Vec<Line> = turn
            .says
            .map(|says| self.message(says))
            .into_iter()
            .collect();
        let report = turn.report.iter();
        let report = report.flat_map(|report| messages::report(report));
        lines.extend(report.map(|text| line(false, wrapped(&text, NARROW))));
        let (page, next) = self.next(turn.next, turn.says);
        lines.extend(page.into_iter().map(|row| line(false, row)));
        Turn {
            lines,
            next,
            covers_account: false,
        }
    }

    fn message(&self, says: Message) -> Line {
        let (bad, text) = match self.host.is_local() {
            true => messages::message(says, self.now),
            false => messages::message_on_member(says, self.now),
        };
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
                let question = ask(messages::ASK_CODE, PromptStyle::Hidden, digits);
                (Vec::new(), question)
            }
            N::AskRemember { days, .. } => (
                Vec::new(),
                ask(&messages::ask_remember(days), PromptStyle::Optional, 0),
            ),
            N::AskBackupCode => {
                let question = ask(messages::ASK_BACKUP_CODE, PromptStyle::Hidden, 0);
                (Vec::new(), question)
            }
            N::AskRecoveryCode => {
                let question = ask(messages::ASK_RECOVERY_CODE, PromptStyle::Hidden, 0);
                (Vec::new(), question)
            }
            N::AskInvitation => (
                Vec::new(),
                ask(messages::ASK_INVITATION, PromptStyle::Visible, 0),
            ),
            N::AskToReplace => (
                headed(&messages::after_recovery()),
                ask(messages::ASK_TO_SET_UP, PromptStyle::Optional, 0),
            ),
            N::AskToBegin(None) => {
                let picture = self.of_enrollment(|enrollment| enrollment.shown());
                let picture = picture.unwrap_or(Shown::Never);
                let question = messages::ask_to_begin(picture);
                let mut page = messages::must_set_up(&self.host.name(), picture);
                if self.ssh {
                    page.push(messages::SSH_TIME_LIMIT.to_owned());
                }
                (headed(&page), ask(question, PromptStyle::Visible, 0))
            }
            N::AskToBegin(Some(until)) => {
                let page = messages::grace(&self.host.name(), until, self.now);
                (
                    headed(&page),
                    ask(messages::ASK_TO_SET_UP, PromptStyle::Optional, 0),
                )
            }
            N::ShowPicture => (
                self.page(|enrollment| enrollment.picture_page()),
                ask(messages::ASK_SCANNED, PromptStyle::Visible, 0),
            ),
            // After a wrong code the key is still on the screen.
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
            // A user who cannot enroll is told when the grace period ends.
            N::End(verdict @ tfa_core::Verdict::InGrace(until))
                if says == Some(Message::NoInvitation) =>
            {
                let page = messages::grace(&self.host.name(), until, self.now);
                (narrow(&page), Next::Verdict(wire_verdict(verdict)))
            }
            N::End(verdict) => (Vec::new(), Next::Verdict(wire_verdict(verdict))),
        }
    }

    /// A text between pages fits the same window as these.
    fn fitted(&self, text: String) -> String {
        match self.dialog {
            Some(Dialog::Enroll(_)) => narrow(&[text]).join("\n"),
            Some(Dialog::AskCode(_) | Dialog::AskRecoveryCode(_) | Dialog::AskRemember(_))
            | None => wrapped(&text, WIDE),
        }
    }

    fn page(&self, page: impl Fn(&Enrollment<'_>) -> Vec<String>) -> Vec<String> {
        self.of_enrollment(page).unwrap_or_default()
    }

    fn of_enrollment<T>(&self, part: impl FnOnce(&Enrollment<'_>) -> T) -> Option<T> {
        let Some(Dialog::Enroll(enroll)) = self.dialog else {
            return None;
        };
        let issuer = self.issuer.map_or_else(host_name, str::to_owned);
        Some(part(&Enrollment {
            authenticator: enroll.authenticator(),
            issuer: &issuer,
            user: self.user,
            style: self.style,
        }))
    }
}

/// A page of text with a short first row, because ssh writes user and host in front of it.
fn headed(page: &[String]) -> Vec<String> {
    let mut rows = vec![messages::PAGE_HEADING.to_owned()];
    rows.extend(narrow(page));
    rows
}

/// A turn with a verdict.
#[must_use]
pub fn end(verdict: Verdict, says: Option<(bool, String)>) -> Turn {
    Turn {
        lines: says
            .into_iter()
            .map(|(bad, text)| line(bad, wrapped(&text, WIDE)))
            .collect(),
        next: Next::Verdict(verdict),
        covers_account: false,
    }
}

/// The refusal of a login whose account has changed meanwhile.
#[must_use]
pub fn changed(now: Time) -> Turn {
    end(
        Verdict::Denied,
        Some(messages::message(Message::Changed, now)),
    )
}

/// A turn with a verdict, and a line that silent programs show too.
#[must_use]
pub fn notice(verdict: Verdict, text: &str) -> Turn {
    let kind = LineKind::Notice;
    let text = wrapped(text, WIDE);
    Turn {
        lines: vec![Line { kind, text }],
        next: Next::Verdict(verdict),
        covers_account: false,
    }
}

fn wire_verdict(verdict: tfa_core::Verdict) -> Verdict {
    match verdict {
        tfa_core::Verdict::Verified(factor) => match factor.kind() {
            Some(FactorKind::Totp) => Verdict::VerifiedByTotp,
            Some(FactorKind::Hotp) => Verdict::VerifiedByHotp,
            Some(FactorKind::SecurityKey) => Verdict::VerifiedBySecurityKey,
            Some(FactorKind::BackupCode) => Verdict::VerifiedByBackupCode,
            None => Verdict::Recovered,
        },
        tfa_core::Verdict::Enrolled | tfa_core::Verdict::NotReplaced => Verdict::Verified,
        tfa_core::Verdict::Remembered => Verdict::Remembered,
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
