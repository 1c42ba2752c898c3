//! Answers the questions of the daemon: asks the user, or takes the code from the password.
//!
//! A password never goes to the daemon as a code because a user, or a login program, answers every
//! question with it.

use tfa_proto::{Context, Phase, PromptStyle, Question};
use zeroize::Zeroizing;

use crate::conversation::{Conversation, Echo};
use crate::ffi::answer::Answer;
use crate::ffi::handle::Handle;
use crate::log::Log;
use crate::login_program::LoginProgram;
use crate::messages;
use crate::options::{FirstPass, Options};
use crate::outcome::Failure;
use crate::password_hashes::PasswordHashes;

/// Answers the questions of one dialog.
pub(crate) struct Responder<'a> {
    pam: &'a Handle,
    conversation: &'a Conversation<'a>,
    log: &'a Log<'a>,
    echo: bool,
    first_pass: FirstPass,
    forward_pass: bool,
    phase: Phase,
    program: LoginProgram,
    /// Whether the first question, for the code, was answered.
    is_begun: bool,
    passwords: &'a mut PasswordHashes,
}

impl<'a> Responder<'a> {
    /// The options about the password hold in the auth phase only: in later phases no module asks for
    /// one.
    pub(crate) fn new(
        pam: &'a Handle,
        conversation: &'a Conversation<'a>,
        log: &'a Log<'a>,
        options: &Options,
        context: &Context,
        passwords: &'a mut PasswordHashes,
    ) -> Self {
        let phase = context.phase;
        let (first_pass, forward_pass) = match phase {
            Phase::Auth => (options.first_pass, options.forward_pass),
            Phase::Account | Phase::Session => (FirstPass::Ignore, false),
        };
        Self {
            pam,
            conversation,
            log,
            echo: options.echo,
            first_pass,
            forward_pass,
            phase,
            program: LoginProgram::of(context),
            is_begun: false,
            passwords,
        }
    }

    /// Returns the answer to the next question. The first question that is not optional asks for the
    /// code.
    pub(crate) fn answer(&mut self, question: &Question) -> Result<Zeroizing<String>, Failure> {
        if question.style == PromptStyle::Optional {
            return Ok(self.answer_optional(question));
        }
        if !self.is_begun {
            self.is_begun = true;
            if let Some(code) = self.code_from_password(question)? {
                return Ok(code);
            }
        }
        if self.first_pass == FirstPass::Only {
            self.log.notice(messages::LOG_MUST_NOT_ASK);
            return Err(Failure::NoCode);
        }
        let echo = if question.style == PromptStyle::Hidden && !self.echo {
            Echo::Off
        } else {
            Echo::On
        };
        let answer = self.ask(&question.text, echo)?;
        if self.passwords.contains(&answer) {
            self.log
                .warning(messages::log_password_as_code(self.program));
            self.conversation.error(messages::PASSWORD_AS_CODE);
            return Err(Failure::NoCode);
        }
        Ok(text(&answer))
    }

    /// Returns an empty answer if the user gives none, or the password.
    fn answer_optional(&self, question: &Question) -> Zeroizing<String> {
        let answer = match self.first_pass {
            FirstPass::Only => None,
            FirstPass::Ignore | FirstPass::Try => {
                self.conversation.ask(&question.text, Echo::On).ok()
            }
        };
        match answer {
            Some(answer) if !self.passwords.contains(&answer) => text(&answer),
            _ => {
                self.log.debug(messages::LOG_OPTIONAL_NO_ANSWER);
                Zeroizing::default()
            }
        }
    }

    /// Returns the code that came with the password, or instead of it.
    fn code_from_password(
        &mut self,
        question: &Question,
    ) -> Result<Option<Zeroizing<String>>, Failure> {
        let given = match self.first_pass {
            FirstPass::Ignore => None,
            FirstPass::Try | FirstPass::Only => self.pam.password(),
        };
        let given = match given {
            Some(given) if !self.forward_pass => return Ok(Some(text(&given))),
            None if !self.forward_pass || self.first_pass == FirstPass::Only => return Ok(None),
            Some(given) => given,
            None => {
                let prompt = if question.digits == 0 {
                    messages::ASK_PASSWORD
                } else {
                    messages::ASK_PASSWORD_AND_CODE
                };
                self.ask(prompt, Echo::Off)?
            }
        };
        let (password, code) = match split(&given, question.digits) {
            Some((password, code)) => (password, Some(text(code))),
            None => (given.as_slice(), None),
        };
        self.pam.set_password(password).map_err(|_| {
            self.log.error(messages::LOG_NOT_STORED);
            Failure::Module
        })?;
        self.passwords.add(password);
        self.passwords.add(&given);
        Ok(code)
    }

    fn ask(&self, prompt: &str, echo: Echo) -> Result<Answer, Failure> {
        self.conversation.ask(prompt, echo).map_err(|_| {
            self.log.notice(messages::log_no_answer(self.program));
            if self.phase != Phase::Auth {
                self.conversation.error(messages::no_answer(self.program));
            }
            Failure::Conversation
        })
    }
}

/// Splits off a code of that many digits at the end. Returns `None` if the length is 0, the end is not
/// all ASCII digits, or no password is left.
fn split(joint: &[u8], digits: u32) -> Option<(&[u8], &[u8])> {
    let digits = usize::try_from(digits).ok().filter(|&digits| digits > 0)?;
    let (password, code) = joint.split_at_checked(joint.len().checked_sub(digits)?)?;
    (!password.is_empty() && code.iter().all(u8::is_ascii_digit)).then_some((password, code))
}

/// Converts an answer to a D-Bus string. If it is not UTF-8, returns a code that is always wrong, so
/// that the daemon counts it.
fn text(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(str::from_utf8(bytes).unwrap_or("\u{fffd}").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_split_off_the_end() {
        let cut = |joint: &'static str, digits| {
            split(joint.as_bytes(), digits).map(|(password, code)| {
                (
                    str::from_utf8(password).unwrap(),
                    str::from_utf8(code).unwrap(),
                )
            })
        };
        assert_eq!(cut("hunter123456", 6), Some(("hunter", "123456")));
        assert_eq!(cut("a12345678", 8), Some(("a", "12345678")));
        assert_eq!(cut("0123456", 6), Some(("0", "123456")));
        assert_eq!(cut("pass wörd 123456", 6), Some(("pass wörd ", "123456")));
    }

    #[test]
    fn a_joint_answer_needs_a_password_and_a_code_of_known_length() {
        for (joint, digits) in [
            ("hunter2", 6),
            ("hunter12345a", 6),
            ("hunter 12345", 6),
            ("123456", 6),
            ("12345", 6),
            ("", 6),
            ("", 0),
            ("hunter123456", 0),
            ("hunter123456", u32::MAX),
            // Digits, but not ASCII.
            ("hunter\u{0661}\u{0662}\u{0663}", 6),
        ] {
            assert_eq!(split(joint.as_bytes(), digits), None, "{joint}");
        }
    }

    #[test]
    fn an_answer_that_is_not_utf8_is_a_wrong_code() {
        assert_eq!(text(b"123456").as_str(), "123456");
        assert_eq!(text(b"\xff123456").as_str(), "\u{fffd}");
    }
}
