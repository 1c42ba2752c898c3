//! Enrollment inside a login: the offer, the invitation code where one is needed, QR code, link and
//! key, a first code, the backup codes.
//!
//! The new key exists in the dialog only, until its first code was right. Only then the account
//! changes.

use super::{Answered, Begun, Dialog, Message, Next, Turn, Verdict};
use crate::{
    Account, Authenticator, BackupSet, CodeFormat, Input, Invitation, PendingAuthenticator,
    Purpose, Refusal, Requirement, ThrottleScope, Time,
};

/// The maximum number of answers: enough for all wrong codes and invitation codes, and for some
/// views of the QR code.
const MAX_ANSWERS: u8 = 40;

/// The state of the enrollment.
#[derive(Clone)]
pub struct Enroll {
    scope: ThrottleScope,
    pending: PendingAuthenticator,
    occasion: Occasion,
    /// The invitation whose code is needed, if any.
    invitation: Option<Invitation>,
    picture: Picture,
    question: Question,
    answers_left: u8,
}

/// Why enrollment is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// The policy requires it now.
    Required,
    /// The policy requires it, and the grace period lasts until then.
    Grace(Time),
    /// The host's recovery code was used in this login. What the user has is lost, or the user has
    /// nothing: a new authenticator replaces it.
    Recovered,
}

/// The question that is waiting for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Begin,
    Invitation,
    Picture,
    NewCode,
    Saved,
}

/// Whether and when the QR code is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// There is no QR code.
    None,
    /// Before the key.
    First,
    /// When the user asks for it.
    OnWish,
}

/// The meaning of an answer.
enum Choice {
    Nothing,
    Yes,
    No,
    Picture,
    Else,
}

impl Enroll {
    /// Offers enrollment, under a policy that requires it: now, or from a time on (`until`).
    #[must_use]
    pub fn begin(
        account: Option<&Account>,
        authenticator: Authenticator,
        until: Option<Time>,
        by_invitation: bool,
        picture: Picture,
        scope: ThrottleScope,
        now: Time,
    ) -> Begun {
        let invited = account.and_then(|account| account.open_invitation(now));
        let dialog = Self {
            scope,
            pending: PendingAuthenticator::new(authenticator, Purpose::First, now),
            occasion: until.map_or(Occasion::Required, Occasion::Grace),
            // One that was made is asked for, wanted by the policy or not.
            invitation: invited.cloned(),
            picture,
            question: Question::Begin,
            answers_left: MAX_ANSWERS,
        };
        if by_invitation && invited.is_none() {
            return Begun::end(Some(Message::NoInvitation), dialog.without());
        }
        dialog.begun()
    }

    /// Offers enrollment after a login with the host's recovery code, whatever the policy requires.
    #[must_use]
    pub fn begin_after_recovery(
        authenticator: Authenticator,
        picture: Picture,
        scope: ThrottleScope,
        now: Time,
    ) -> Begun {
        let dialog = Self {
            scope,
            pending: PendingAuthenticator::new(authenticator, Purpose::First, now),
            occasion: Occasion::Recovered,
            // The owner of the host has the recovery code, and needs no permission.
            invitation: None,
            picture,
            question: Question::Begin,
            answers_left: MAX_ANSWERS,
        };
        dialog.begun()
    }

    fn begun(self) -> Begun {
        Begun {
            turn: Turn {
                says: None,
                report: None,
                next: self.next(),
            },
            dialog: Some(Dialog::Enroll(Box::new(self))),
        }
    }

    /// The scope in which wrong codes are counted.
    #[must_use]
    pub fn scope(&self) -> ThrottleScope {
        self.scope
    }

    /// Whether an invitation code is needed.
    #[must_use]
    pub fn is_by_invitation(&self) -> bool {
        self.invitation.is_some()
    }

    /// The new authenticator.
    #[must_use]
    pub fn authenticator(&self) -> &Authenticator {
        self.pending.authenticator()
    }

    /// Handles an answer. The caller evaluates the policy again: if the user need not enroll any
    /// more, has enrolled, or has another invitation, the dialog ends with a refusal. After the use of
    /// the host's recovery code none of that matters. `drawn` are
    /// the backup codes, once [`Answered::DrawCodes`] has asked for them.
    #[must_use]
    pub fn answer(
        mut self,
        requirement: Requirement,
        account: &mut Account,
        typed: &str,
        drawn: Option<&BackupSet>,
        now: Time,
    ) -> Answered {
        if self.question == Question::Saved {
            // That it is on was said with the backup codes: sshd shows the last messages twice.
            return Answered::end(None, Verdict::Enrolled);
        }
        if self.occasion != Occasion::Recovered
            && let Some(ended) = self.follow_policy(requirement, account, now)
        {
            return ended;
        }
        self.answers_left = self.answers_left.saturating_sub(1);
        match (self.question, Choice::of(typed)) {
            (Question::Begin | Question::Invitation, Choice::No) => self.leave(),
            (_, Choice::No) => self.stop(Message::NotSetUp),
            // Only a plain yes begins what need not be: some programs answer every question alike.
            (Question::Begin, Choice::Nothing | Choice::Else)
                if self.occasion != Occasion::Required =>
            {
                self.leave()
            }
            (Question::Begin, Choice::Else) => self.on(None, Question::Begin),
            (Question::Begin, wish) => {
                if let (Choice::Picture, Picture::OnWish) = (wish, self.picture) {
                    self.picture = Picture::First;
                }
                let next = match self.invitation {
                    Some(_) => Question::Invitation,
                    None => self.first_page(),
                };
                self.on(None, next)
            }
            (Question::Invitation, Choice::Nothing) => self.leave(),
            (Question::Invitation, _) => self.take_invitation_code(account, typed, now),
            (Question::NewCode, Choice::Picture) if self.picture != Picture::None => {
                self.on(None, Question::Picture)
            }
            (Question::Picture, Choice::Nothing | Choice::Yes | Choice::Picture) => {
                self.on(None, Question::NewCode)
            }
            (Question::Picture | Question::NewCode | Question::Saved, _) => {
                self.take_code(account, typed, drawn, now)
            }
        }
    }

    /// Ends the dialog unless the user still has to enroll, with the same invitation.
    fn follow_policy(
        &mut self,
        requirement: Requirement,
        account: &Account,
        now: Time,
    ) -> Option<Answered> {
        let changed = || Answered::end(Some(Message::Changed), Verdict::Denied);
        self.occasion = match requirement {
            Requirement::Grace(until) => Occasion::Grace(until),
            Requirement::SetUp => Occasion::Required,
            _ => return Some(changed()),
        };
        if !account.authenticators().is_empty() {
            return Some(changed());
        }
        match (&self.invitation, account.open_invitation(now)) {
            (None, None) => None,
            (Some(invitation), Some(now_open)) if now_open.is(invitation) => None,
            (Some(_), None) => Some(self.stop(Message::NoInvitation)),
            (_, Some(_)) => Some(changed()),
        }
    }

    fn take_invitation_code(self, account: &mut Account, typed: &str, now: Time) -> Answered {
        match account.check_invitation(&Input::parse(typed), self.scope, now) {
            Ok(()) => {
                let next = self.first_page();
                self.on(None, next)
            }
            Err(Refusal::Locked(lock_state)) => {
                let counted_on = account.lock_scope(self.scope, now);
                self.stop(Message::Locked(lock_state, counted_on))
            }
            Err(Refusal::WrongAndLocked(lock_state)) => {
                let counted_on = account.lock_scope(self.scope, now);
                self.stop(Message::WrongAndLocked(lock_state, counted_on))
            }
            Err(Refusal::NoInvitation) => self.stop(Message::NoInvitation),
            Err(Refusal::NotAnInvitation) => {
                self.on(Some(Message::NotAnInvitation), Question::Invitation)
            }
            Err(_) => self.on(Some(Message::WrongInvitation), Question::Invitation),
        }
    }

    fn take_code(
        mut self,
        account: &mut Account,
        typed: &str,
        drawn: Option<&BackupSet>,
        now: Time,
    ) -> Answered {
        let says = match self.pending.prove(&Input::parse(typed), now) {
            Ok(confirmed) => {
                let Some(drawn) = drawn else {
                    return Answered::DrawCodes;
                };
                account.activate_first(confirmed, drawn.clone(), self.scope, now);
                account.last_login = Some(now);
                return self.on(None, Question::Saved);
            }
            Err(Refusal::WrongCode(drift)) => Message::WrongNewCode(drift),
            Err(Refusal::AlreadyUsed) => Message::AlreadyUsed,
            Err(Refusal::VoidCode(end)) => Message::VoidCode(end),
            Err(Refusal::NothingPending | Refusal::PendingWithdrawn) => {
                return self.stop(Message::PendingWithdrawn);
            }
            Err(_) => Message::NotACode,
        };
        self.on(Some(says), Question::NewCode)
    }

    fn first_page(&self) -> Question {
        if self.picture == Picture::First {
            Question::Picture
        } else {
            Question::NewCode
        }
    }

    fn on(mut self, says: Option<Message>, question: Question) -> Answered {
        if self.answers_left == 0 && question != Question::Saved {
            return self.stop(Message::NotSetUp);
        }
        self.question = question;
        let turn = Turn {
            says,
            report: None,
            next: self.next(),
        };
        Answered::Turn(turn, Some(Dialog::Enroll(Box::new(self))))
    }

    fn next(&self) -> Next {
        match self.question {
            Question::Begin => match self.occasion {
                Occasion::Required => Next::AskToBegin(None),
                Occasion::Grace(until) => Next::AskToBegin(Some(until)),
                Occasion::Recovered => Next::AskToReplace,
            },
            Question::Invitation => Next::AskInvitation,
            Question::Picture => Next::ShowPicture,
            Question::NewCode => Next::AskNewCode {
                digits: self.authenticator().format().map_or(0, CodeFormat::digits),
            },
            Question::Saved => Next::ShowBackupCodes,
        }
    }

    /// Ends the dialog before a key was shown. Where the login goes on, no message is needed.
    fn leave(&self) -> Answered {
        let says = (self.occasion == Occasion::Required).then_some(Message::NotBegun);
        Answered::end(says, self.without())
    }

    /// Ends the dialog without enrollment.
    fn stop(&self, says: Message) -> Answered {
        Answered::end(Some(says), self.without())
    }

    fn without(&self) -> Verdict {
        match self.occasion {
            Occasion::Grace(until) => Verdict::InGrace(until),
            Occasion::Required => Verdict::NotSetUp,
            Occasion::Recovered => Verdict::NotReplaced,
        }
    }
}

impl Choice {
    fn of(typed: &str) -> Self {
        // Compared as it stands: a copy in lower case would have to be wiped.
        let typed = typed.trim();
        let is_one_of = |words: &[&str]| words.iter().any(|word| typed.eq_ignore_ascii_case(word));
        if typed.is_empty() {
            Self::Nothing
        } else if is_one_of(&["y", "yes"]) {
            Self::Yes
        } else if is_one_of(&["n", "no", "q", "quit", "cancel"]) {
            Self::No
        } else if is_one_of(&["qr"]) {
            Self::Picture
        } else {
            Self::Else
        }
    }
}
