//! Asks for the invitation code. The input is echoed, because the code works once, for this user only.

use tfa_client::Failure;
use tfa_text::wrapped;

use crate::messages;
use crate::session::Session;

/// Wrong invitation codes are counted and can lock the account.
const MAX_TRIES: usize = 3;
/// Letters and digits of an invitation code.
const LENGTH: usize = 10;

/// Counts the wrong invitation codes.
#[derive(Debug, Default)]
pub(crate) struct Invitation {
    wrong: usize,
}

impl Invitation {
    /// Asks until the input has the form of an invitation code. Two empty lines in succession cancel.
    pub(crate) async fn ask(&self, session: &mut Session) -> Result<String, Failure> {
        let mut was_empty = false;
        loop {
            match session.ask(messages::ASK_INVITATION).await? {
                Some(line) if has_valid_form(&line) => return Ok(line.to_string()),
                Some(line) if !line.is_empty() => {
                    session.print(messages::NOT_AN_INVITATION)?;
                    was_empty = false;
                }
                Some(_) if !was_empty => {
                    session.print(messages::EMPTY_INVITATION)?;
                    was_empty = true;
                }
                Some(_) | None => {
                    return Err(Failure::Cancelled(
                        messages::INVITATION_CANCELLED.to_owned(),
                    ));
                }
            }
        }
    }

    /// Prints why the invitation code is wrong, and fails after the last try.
    pub(crate) fn reject(&mut self, session: &Session, why: &str) -> Result<(), Failure> {
        let (_, columns) = session.terminal.size();
        session.print(&wrapped(why, columns))?;
        self.wrong += 1;
        if self.wrong < MAX_TRIES {
            Ok(())
        } else {
            Err(Failure::Refused(messages::TOO_MANY_INVITATIONS.to_owned()))
        }
    }
}

/// Ten letters and digits, with any spaces and dashes. Other input is not sent to the daemon, where it
/// would be counted.
fn has_valid_form(line: &str) -> bool {
    let typed = || line.chars().filter(|c| !c.is_whitespace() && *c != '-');
    typed().count() == LENGTH && typed().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_code_may_contain_spaces_and_dashes() {
        for typed in ["MNPQR-STVWX", "mnpqrstvwx", "mnpqr stvwx", "12345-67890"] {
            assert!(has_valid_form(typed), "{typed}");
        }
        for typed in ["", "123456", "MNPQR-STVW", "MNPQR-STVWXY", "MNPQR-STVW!"] {
            assert!(!has_valid_form(typed), "{typed}");
        }
    }
}
