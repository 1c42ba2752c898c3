//! What a change of an existing set-up needs: the password, and a code or a backup code.

use tfa_client::Failure;
use tfa_proto::Error;
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::daemon::Daemon;
use crate::session::Session;
use crate::{password, texts};

/// Wrong codes count towards a lock, so there are few tries.
const TRIES: usize = 3;

/// Asks until the daemon takes the proof with the change that is asked of it. The first call has none:
/// polkit asks for the password in it, and a code that was typed before might be too old afterwards.
pub(crate) async fn given<T>(
    session: &mut Session,
    change: impl AsyncFn(&Daemon, &str) -> Result<T, Error>,
) -> Result<T, Failure> {
    // As long as a call may ask: an administrator's rule may want the password for each.
    let agent = password::agent(session)?;
    let mut proof = Zeroizing::new(String::new());
    let mut wrong = 0;
    loop {
        let answer = change(&session.daemon, &proof);
        match session.interrupt.during(answer).await {
            Some(Err(Error::CodeNeeded(_))) => proof = asked(session).await?,
            Some(Err(Error::WrongCode(text))) => {
                let (_, columns) = session.terminal.size();
                session.say(&wrapped(&text, columns))?;
                wrong += 1;
                if wrong == TRIES {
                    return Err(Failure::Refused(texts::TOO_MANY_PROOFS.to_owned()));
                }
                proof = asked(session).await?;
            }
            Some(Err(Error::Locked(text))) => return Err(Failure::Refused(texts::locked(&text))),
            Some(Err(error)) => password::retry(session, agent.as_ref(), error).await?,
            Some(Ok(answer)) => return Ok(answer),
            None if proof.is_empty() => {
                let text = texts::CANCELLED_WHILE_WAITING.to_owned();
                return Err(Failure::Cancelled(text));
            }
            None => return Err(Failure::NoAnswer),
        }
    }
}

/// Asks for what has the form of a code or a backup code. One empty line may be a slip; two are a
/// wish to stop.
pub(crate) async fn asked(session: &mut Session) -> Result<Zeroizing<String>, Failure> {
    let mut slipped = false;
    loop {
        match session.ask(texts::ASK_PROOF).await? {
            Some(line) if may_be_proof(&line) => return Ok(line),
            Some(line) if !line.is_empty() => {
                session.say(texts::NO_PROOF)?;
                slipped = false;
            }
            Some(_) if !slipped => {
                session.say(texts::EMPTY)?;
                slipped = true;
            }
            Some(_) | None => return Err(Failure::Cancelled(texts::CANCELLED.to_owned())),
        }
    }
}

/// Six or eight digits, or ten letters and digits, with whatever blanks and dashes. What is none
/// of these is a slip of the finger, which the daemon need not hear of.
fn may_be_proof(line: &str) -> bool {
    match letters(line).count() {
        6 | 8 => letters(line).all(char::is_numeric),
        10 => letters(line).all(char::is_alphanumeric),
        _ => false,
    }
}

/// What was typed without its blanks and dashes. Of what is not ASCII, letters and digits alone
/// stay: a paste may bring other blanks, dashes, and marks that nobody sees. The daemon reads the
/// line again and has the last word.
pub(crate) fn letters(line: &str) -> impl Iterator<Item = char> {
    line.chars().filter(|c| match c {
        ' '..='~' => !matches!(c, ' ' | '-'),
        _ => c.is_alphanumeric(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_backup_codes_are_taken_as_apps_and_people_write_them() {
        for typed in [
            "123456",
            "123 456",
            "12345678",
            "abcde-fghjk",
            "ABCDEFGHJK",
            "AB CD EF GH 12",
            "123\u{a0}456",
            "ABCDE\u{2011}FGHJK\u{200b}",
            "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}",
        ] {
            assert!(may_be_proof(typed), "{typed}");
        }
        for typed in [
            "",
            "12345",
            "1234567",
            "12345a",
            "hello",
            "ABCDE-FGHJ",
            "ABCDE-FGHJ!",
            "1234567890123",
        ] {
            assert!(!may_be_proof(typed), "{typed}");
        }
    }
}
