//! Where the answer to a question comes from: the person, or the password given before.
//!
//! One rule stands over the options: a password never goes to the daemon as a code because
//! somebody, or some program, answered every question with it.

use tfa_proto::{Context, Phase, PromptStyle, Question};
use zeroize::Zeroizing;

use crate::advice::Program;
use crate::conversation::{Conversation, Echo, Typed};
use crate::ffi::Handle;
use crate::log::Log;
use crate::options::{FirstPass, Options};
use crate::outcome::Failure;
use crate::passwords::Passwords;
use crate::texts;

/// Answers the questions of one dialog.
pub(crate) struct Replies<'a> {
    pam: &'a Handle,
    conversation: &'a Conversation<'a>,
    log: &'a Log<'a>,
    echo: bool,
    first_pass: FirstPass,
    forward_pass: bool,
    phase: Phase,
    program: Program,
    begun: bool,
    passwords: &'a mut Passwords,
}

impl<'a> Replies<'a> {
    /// Answers as the options say. The password of the auth phase is no matter of the account
    /// phase: nobody asks for a password there, and no code comes with it.
    pub(crate) fn new(
        pam: &'a Handle,
        conversation: &'a Conversation<'a>,
        log: &'a Log<'a>,
        options: &Options,
        context: &Context,
        passwords: &'a mut Passwords,
    ) -> Self {
        let phase = context.phase;
        let (first_pass, forward_pass) = match phase {
            Phase::Auth => (options.first_pass, options.forward_pass),
            Phase::Account => (FirstPass::Ignore, false),
        };
        Self {
            pam,
            conversation,
            log,
            echo: options.echo,
            first_pass,
            forward_pass,
            phase,
            program: Program::of(context),
            begun: false,
            passwords,
        }
    }

    /// The reply to the next question. The first one of a dialog that needs an answer asks for the
    /// code.
    pub(crate) fn reply(&mut self, question: &Question) -> Result<Zeroizing<String>, Failure> {
        if question.style == PromptStyle::Optional {
            return Ok(self.optional(question));
        }
        if !self.begun {
            self.begun = true;
            if let Some(code) = self.code_of_the_password(question)? {
                return Ok(code);
            }
        }
        if self.first_pass == FirstPass::Only {
            self.log.notice(texts::LOG_NOTHING_TO_ANSWER_WITH);
            return Err(Failure::NoCode);
        }
        let echo = if question.style == PromptStyle::Hidden && !self.echo {
            Echo::Off
        } else {
            Echo::On
        };
        let typed = self.ask(&question.text, echo)?;
        if self.passwords.contain(&typed) {
            self.log.warning(&self.program.password_as_code());
            self.conversation.error(texts::THAT_WAS_THE_PASSWORD);
            return Err(Failure::NoCode);
        }
        Ok(text(&typed))
    }

    /// The reply to a question that nobody need answer: nothing, where there is no answer of the
    /// person's own.
    fn optional(&self, question: &Question) -> Zeroizing<String> {
        let typed = match self.first_pass {
            FirstPass::Only => None,
            FirstPass::Ignore | FirstPass::Try => {
                self.conversation.ask(&question.text, Echo::On).ok()
            }
        };
        match typed {
            Some(typed) if !self.passwords.contain(&typed) => text(&typed),
            _ => {
                self.log.debug(texts::LOG_NO_ANSWER_NEEDED);
                Zeroizing::default()
            }
        }
    }

    /// The code that came with, or instead of, the password.
    fn code_of_the_password(
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
                    texts::ASK_PASSWORD
                } else {
                    texts::ASK_PASSWORD_AND_CODE
                };
                self.ask(prompt, Echo::Off)?
            }
        };
        let (password, code) = match split(&given, question.digits) {
            Some((password, code)) => (password, Some(text(code))),
            None => (given.as_slice(), None),
        };
        self.pam.set_password(password).map_err(|_| {
            self.log.error(texts::LOG_NOT_KEPT);
            Failure::Module
        })?;
        self.passwords.add(password);
        self.passwords.add(&given);
        Ok(code)
    }

    fn ask(&self, prompt: &str, echo: Echo) -> Result<Typed, Failure> {
        self.conversation.ask(prompt, echo).map_err(|_| {
            self.log.notice(&self.program.no_answer());
            if self.phase == Phase::Account {
                self.conversation.error(match self.program {
                    Program::Sshd => texts::NOT_ASKED_OVER_SSH,
                    Program::Asks | Program::Locker | Program::Other => texts::NOT_ASKED,
                });
            }
            Failure::Conversation
        })
    }
}

/// Cuts a code of so many digits off the end of a joint answer. No code where the length is not
/// known, the end is not all digits, or nothing is left for the password.
fn split(joint: &[u8], digits: u32) -> Option<(&[u8], &[u8])> {
    let digits = usize::try_from(digits).ok().filter(|&digits| digits > 0)?;
    let (password, code) = joint.split_at_checked(joint.len().checked_sub(digits)?)?;
    (!password.is_empty() && code.iter().all(u8::is_ascii_digit)).then_some((password, code))
}

/// The bytes as the bus can carry them. What is not UTF-8 is no code: one that is always wrong
/// stands in for it, so that the daemon judges and counts.
fn text(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(str::from_utf8(bytes).unwrap_or("\u{fffd}").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_cut_off_the_end() {
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
    fn without_a_code_of_the_known_length_and_a_password_before_it_nothing_is_cut() {
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
            // Digits, but not the ASCII ones.
            ("hunter\u{0661}\u{0662}\u{0663}", 6),
        ] {
            assert_eq!(split(joint.as_bytes(), digits), None, "{joint}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_become_a_code_that_is_always_wrong() {
        assert_eq!(text(b"123456").as_str(), "123456");
        assert_eq!(text(b"\xff123456").as_str(), "\u{fffd}");
    }
}
