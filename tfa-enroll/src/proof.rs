//! Asking for the proof that a change of an existing set-up needs: a code or a backup code.

use tfa_bus::Error;
use tfa_bus::command::{Failure, wrapped};
use zeroize::Zeroizing;

use crate::daemon::Daemon;
use crate::session::Session;
use crate::texts;

/// Wrong codes count towards a lock, so there are few tries.
const TRIES: usize = 3;

/// Asks until the daemon takes the proof with the change that is asked of it.
pub(crate) async fn given<T>(
    session: &mut Session,
    change: impl AsyncFn(&Daemon, &str) -> Result<T, Error>,
) -> Result<T, Failure> {
    for _ in 0..TRIES {
        let proof = asked(session).await?;
        let answer = change(&session.daemon, &proof);
        match session.interrupt.during(answer).await {
            Some(Err(Error::WrongCode(text))) => {
                let (_, columns) = session.terminal.size();
                session.say(&wrapped(&text, columns))?;
            }
            Some(Err(Error::Locked(text))) => return Err(Failure::Refused(texts::locked(&text))),
            Some(answer) => return Ok(answer?),
            None => return Err(Failure::NoAnswer),
        }
    }
    Err(Failure::Refused(texts::TOO_MANY_PROOFS.to_owned()))
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
    let typed = || line.chars().filter(|c| !c.is_whitespace() && *c != '-');
    match typed().count() {
        6 | 8 => typed().all(|c| c.is_ascii_digit()),
        10 => typed().all(|c| c.is_ascii_alphanumeric()),
        _ => false,
    }
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
