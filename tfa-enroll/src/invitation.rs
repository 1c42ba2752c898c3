//! Asking for the administrator's word. It is typed visibly: it works once, and only for its owner.

use tfa_client::Failure;
use tfa_text::wrapped;

use crate::session::Session;
use crate::texts;

/// Wrong ones count towards a lock, so there are few tries.
const TRIES: usize = 3;
/// Letters and digits of an invitation.
const LENGTH: usize = 10;

/// The tries so far.
#[derive(Debug, Default)]
pub(crate) struct Invitation {
    wrong: usize,
}

impl Invitation {
    /// Asks for what has the form of one. One empty line may be a slip; two are a wish to stop.
    pub(crate) async fn asked(&self, session: &mut Session) -> Result<String, Failure> {
        let mut slipped = false;
        loop {
            match session.ask(texts::ASK_INVITATION).await? {
                Some(line) if may_be_one(&line) => return Ok(line.to_string()),
                Some(line) if !line.is_empty() => {
                    session.say(texts::NOT_A_WORD)?;
                    slipped = false;
                }
                Some(_) if !slipped => {
                    session.say(texts::NO_WORD)?;
                    slipped = true;
                }
                Some(_) | None => return Err(Failure::Cancelled(texts::NOT_INVITED.to_owned())),
            }
        }
    }

    /// Says why, and ends it after the last try.
    pub(crate) fn was_wrong(&mut self, session: &Session, why: &str) -> Result<(), Failure> {
        let (_, columns) = session.terminal.size();
        session.say(&wrapped(why, columns))?;
        self.wrong += 1;
        if self.wrong < TRIES {
            Ok(())
        } else {
            Err(Failure::Refused(texts::TOO_MANY_WORDS.to_owned()))
        }
    }
}

/// Ten letters and digits, with whatever blanks and dashes. What is none is a slip of the finger,
/// which the daemon need not hear of.
fn may_be_one(line: &str) -> bool {
    let typed = || line.chars().filter(|c| !c.is_whitespace() && *c != '-');
    typed().count() == LENGTH && typed().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_taken_as_people_type_it() {
        for typed in ["MNPQR-STVWX", "mnpqrstvwx", "mnpqr stvwx", "12345-67890"] {
            assert!(may_be_one(typed), "{typed}");
        }
        for typed in ["", "123456", "MNPQR-STVW", "MNPQR-STVWXY", "MNPQR-STVW!"] {
            assert!(!may_be_one(typed), "{typed}");
        }
    }
}
