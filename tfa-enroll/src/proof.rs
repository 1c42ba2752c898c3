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
        let proof = typed(session, texts::ASK_PROOF).await?;
        match change(&session.daemon, &proof).await {
            Err(Error::WrongCode(text)) => {
                let (_, columns) = session.terminal.size();
                session.say(&wrapped(&text, columns))?;
            }
            other => return Ok(other?),
        }
    }
    Err(Failure::Refused(texts::TOO_MANY_PROOFS.to_owned()))
}

/// A line that is not empty. One empty line may be a slip; two are a wish to stop.
pub(crate) async fn typed(
    session: &mut Session,
    prompt: &str,
) -> Result<Zeroizing<String>, Failure> {
    let mut slipped = false;
    loop {
        match session.ask(prompt).await? {
            Some(line) if !line.is_empty() => return Ok(line),
            Some(_) if !slipped => session.say(texts::EMPTY)?,
            Some(_) | None => return Err(Failure::Cancelled(texts::CANCELLED.to_owned())),
        }
        slipped = true;
    }
}
