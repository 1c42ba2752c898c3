//! What a change of an existing setup requires: the password, and a code or a backup code (the proof).

use tfa_client::{Error, Failure};
use tfa_proto::{Error as Refusal, Status};
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::daemon::Daemon;
use crate::session::Session;
use crate::{messages, password};

/// Wrong codes are counted and can lock the account.
const MAX_TRIES: usize = 3;

/// Makes a change of the enrollment, as [`with_proof_for_host`]. Where the host does not allow it, no password and no
/// code is asked for.
pub(crate) async fn with_proof<T>(
    session: &mut Session,
    status: &Status,
    change: impl AsyncFn(&Daemon, &str) -> Result<T, Error>,
) -> Result<T, Failure> {
    match &status.changes_refused {
        Some(why) => Err(Failure::NotAllowed(why.clone())),
        None => with_proof_for_host(session, status, change).await,
    }
}

/// Makes a change, and asks for a proof until the daemon accepts it. The first call has no proof: polkit
/// asks for the password in it, and a code from before could be too old afterwards.
pub(crate) async fn with_proof_for_host<T>(
    session: &mut Session,
    status: &Status,
    change: impl AsyncFn(&Daemon, &str) -> Result<T, Error>,
) -> Result<T, Failure> {
    // The agent runs during all calls: a polkit rule may require the password for each.
    let agent = password::agent(session)?;
    let mut proof = Zeroizing::new(String::new());
    let mut wrong = 0;
    loop {
        let answer = change(&session.daemon, &proof);
        match session.interrupt.during(answer).await {
            Some(Err(Error::Daemon(Refusal::CodeNeeded(_)))) => {
                proof = ask(session, status).await?
            }
            Some(Err(Error::Daemon(Refusal::WrongCode(text)))) => {
                let (_, columns) = session.terminal.size();
                session.print(&wrapped(&text, columns))?;
                wrong += 1;
                if wrong == MAX_TRIES {
                    return Err(Failure::Refused(messages::TOO_MANY_WRONG_PROOFS.to_owned()));
                }
                proof = ask(session, status).await?;
            }
            Some(Err(Error::Daemon(Refusal::Locked(text)))) => {
                return Err(Failure::Refused(messages::locked(&text)));
            }
            Some(Err(error)) => password::retry(session, agent.as_ref(), error).await?,
            Some(Ok(answer)) => return Ok(answer),
            None if proof.is_empty() => {
                let text = messages::CANCELLED_WHILE_WAITING.to_owned();
                return Err(Failure::Cancelled(text));
            }
            None => return Err(Failure::NoAnswer),
        }
    }
}

/// Asks until the input has the form of a code or a backup code. Two empty lines in succession cancel.
pub(crate) async fn ask(
    session: &mut Session,
    status: &Status,
) -> Result<Zeroizing<String>, Failure> {
    let has_codes = status.has_codes();
    let mut was_empty = false;
    loop {
        match session.ask(messages::ask_proof(has_codes)).await? {
            Some(line) if has_valid_form(&line, has_codes) => return Ok(line),
            Some(line) if !line.is_empty() => {
                session.print(messages::not_a_proof(has_codes))?;
                was_empty = false;
            }
            Some(_) if !was_empty => {
                session.print(messages::EMPTY_CODE)?;
                was_empty = true;
            }
            Some(_) | None => return Err(Failure::Cancelled(messages::CANCELLED.to_owned())),
        }
    }
}

/// Asks until the input has the form of a one-time code. An empty line cancels.
pub(crate) async fn ask_code(
    session: &mut Session,
    prompt: &str,
) -> Result<Zeroizing<String>, Failure> {
    loop {
        match session.ask(prompt).await? {
            Some(line) if is_one_time_code(&line) => return Ok(line),
            Some(line) if !line.is_empty() => session.print(messages::NOT_A_ONE_TIME_CODE)?,
            Some(_) | None => return Err(Failure::Cancelled(messages::CANCELLED.to_owned())),
        }
    }
}

/// Six or eight digits, with any spaces and dashes.
fn is_one_time_code(line: &str) -> bool {
    matches!(letters(line).count(), 6 | 8) && letters(line).all(char::is_numeric)
}

/// Six or eight digits where the user has codes, or ten letters and digits, with any spaces and dashes. Other input is not sent
/// to the daemon, where it would be counted.
fn has_valid_form(line: &str, has_codes: bool) -> bool {
    (has_codes && is_one_time_code(line))
        || (letters(line).count() == 10 && letters(line).all(char::is_alphanumeric))
}

/// The input without spaces and dashes. Outside ASCII, only letters and digits are kept: pasted text can
/// contain other spaces and dashes, and invisible characters. The daemon parses the line again.
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
    fn codes_may_contain_spaces_and_dashes() {
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
            assert!(has_valid_form(typed, true), "{typed}");
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
            assert!(!has_valid_form(typed, true), "{typed}");
        }
    }
}
