//! One dialog at a verifier. When the verifier is lost, the login begins again at another one, with the same
//! attempt, and the same answer is sent with the same number: the record of the account then knows whether it was
//! judged already (ADR 0069).
//!
//! An answer is sent only to the question that the user has answered. So an enrollment ends with its verifier:
//! another one asks its first question, and would show another key.

use std::time::Instant;

use tfa_fleet_wire::{LoginCall, SecretText};
use tfa_proto::{Next, PromptStyle, Question, Turn};

use super::attempt::Attempt;
use super::calls::{Answered, Begun, Fleet, not_understood};
use crate::login::Error;

/// How many verifiers may be lost while one answer waits.
const MAX_LOSSES: usize = 2;

/// A dialog at a verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteDialog {
    attempt: Attempt,
    verifier: String,
    /// Its number there.
    dialog: u32,
    /// The question with which the login begins at any verifier.
    first: Question,
    /// The question that is open.
    asked: Question,
    /// The last answer.
    last: Option<Given>,
    /// How many answers the attempt has given.
    answers: u32,
}

/// An answer, with its question.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    question: Question,
    number: u32,
    text: SecretText,
}

impl RemoteDialog {
    pub(super) fn new(attempt: Attempt, verifier: String, dialog: u32, first: Question) -> Self {
        Self {
            attempt,
            verifier,
            dialog,
            asked: first.clone(),
            first,
            last: None,
            answers: 0,
        }
    }

    /// Answers the open question, at another verifier if this one is lost.
    pub(super) fn answer(
        &mut self,
        fleet: &Fleet,
        text: &str,
        until: Instant,
    ) -> Result<Turn, Error> {
        self.answers = self.answers.saturating_add(1);
        let given = Given {
            question: self.asked.clone(),
            number: self.answers,
            text: SecretText::new(text.to_owned()),
        };
        let mut answered = self.give(fleet, &given, until)?;
        for _ in 0..MAX_LOSSES {
            if let Answered::Lost(_) = answered {
                answered = self.repeat(fleet, &given, until)?;
            }
        }
        match answered {
            Answered::Turn(turn) => {
                if let Next::Ask(question) = &turn.next {
                    self.asked = question.clone();
                }
                self.last = Some(given);
                let turn = self.attempt.with_later_phases(turn);
                turn.ok_or_else(not_understood)
            }
            Answered::Lost(why) => Err(Error::NoAnswer(why)),
        }
    }

    /// Begins again, and gives the answer to the same question.
    fn repeat(&mut self, fleet: &Fleet, given: &Given, until: Instant) -> Result<Answered, Error> {
        let Begun {
            verifier,
            dialog,
            mut turn,
        } = fleet.begin(&mut self.attempt, until)?;
        (self.verifier, self.dialog) = (verifier, dialog);
        // The question that follows a right code: the code comes first. It is right again.
        if given.question.style == PromptStyle::Optional
            && let Some(last) = &self.last
            && is_asked(&turn, &last.question)
        {
            turn = match self.give(fleet, last, until)? {
                Answered::Turn(turn) => turn,
                lost @ Answered::Lost(_) => return Ok(lost),
            };
        }
        match &turn.next {
            // A device that the lost verifier has remembered, or a lock, needs no answer.
            Next::Verdict(_) => Ok(Answered::Turn(turn)),
            Next::Ask(_) if is_asked(&turn, &given.question) => self.give(fleet, given, until),
            Next::Ask(_) => {
                self.cancel(fleet);
                Err(Error::NoSuchDialog)
            }
        }
    }

    fn give(&self, fleet: &Fleet, given: &Given, until: Instant) -> Result<Answered, Error> {
        let call = LoginCall::Answer {
            attempt: self.attempt.id,
            dialog: self.dialog,
            number: given.number,
            answer: given.text.clone(),
        };
        let only_there = !self.can_be_repeated(given);
        fleet.answer(call, (&self.verifier, self.dialog), only_there, until)
    }

    /// Whether another verifier may ask the question of an answer, as [`Self::repeat`] finds it.
    fn can_be_repeated(&self, given: &Given) -> bool {
        let is_first = |question: &Question| *question == self.first;
        let follows_first = || {
            self.last
                .as_ref()
                .is_some_and(|last| is_first(&last.question))
        };
        is_first(&given.question)
            || (given.question.style == PromptStyle::Optional && follows_first())
    }

    /// The login.
    pub(super) const fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// The verifier of the dialog.
    pub(super) fn verifier(&self) -> &str {
        &self.verifier
    }

    /// Ends the dialog.
    pub(super) fn cancel(&self, fleet: &Fleet) {
        let call = LoginCall::Cancel {
            attempt: self.attempt.id,
            dialog: self.dialog,
        };
        fleet.cancel(call, &self.verifier);
    }
}

fn is_asked(turn: &Turn, question: &Question) -> bool {
    matches!(&turn.next, Next::Ask(asked) if asked == question)
}
