//! `tfa-enroll test`: checks a code without using it up. After a wrong one, a user with a token can
//! resynchronize it.

use tfa_client::{Error, Failure};
use tfa_proto::{AuthenticatorKind, Error as Refusal, Factor, Status};

use crate::session::Session;
use crate::{messages, proof, status};

pub(crate) async fn run(session: &mut Session) -> Result<(), Failure> {
    let status = status::require_set_up(&session.daemon).await?;
    let code = proof::ask(session, &status).await?;
    match session.interrupt.during(session.daemon.test(&code)).await {
        Some(Ok(factor)) => {
            session.print(match factor.known() {
                Some(Factor::BackupCode) => messages::CORRECT_BACKUP_CODE,
                // A later daemon may know further factors.
                Some(Factor::Authenticator) | None => messages::CORRECT_CODE,
            })?;
            Ok(())
        }
        Some(Err(Error::Daemon(Refusal::WrongCode(text)))) => {
            let wrong = messages::wrong_test(&text);
            if !has_token(&status) {
                return Err(Failure::Refused(wrong));
            }
            session.print(&wrong)?;
            resynchronize(session, &status).await
        }
        Some(Err(error)) => Err(error.into()),
        None => Err(Failure::NoAnswer),
    }
}

/// Whether the user has a counter-based authenticator.
fn has_token(status: &Status) -> bool {
    let mut all = status.authenticators.iter();
    all.any(|one| one.kind == AuthenticatorKind::Hotp)
}

/// Offers to resynchronize a counter-based authenticator with two codes that follow each other. The
/// test has failed, also where the user does not want that.
async fn resynchronize(session: &mut Session, status: &Status) -> Result<(), Failure> {
    session.print(messages::RESYNCHRONIZATION_INTRO)?;
    if !session.agrees(messages::RESYNCHRONIZE).await? {
        return Err(Failure::Reported);
    }
    let first = proof::ask_code(session, messages::FIRST_OF_TWO).await?;
    let second = proof::ask_code(session, messages::SECOND_OF_TWO).await?;
    let call = session.daemon.resynchronize(&first, &second);
    match session.interrupt.during(call).await {
        Some(Ok(id)) => {
            let mut all = status.authenticators.iter();
            let name = all.find(|one| one.id == id).map(|one| one.name.as_str());
            session.print(&messages::resynchronized(name.unwrap_or_default()))?;
            Ok(())
        }
        Some(Err(Error::Daemon(Refusal::WrongCode(_)))) => {
            Err(Failure::Refused(messages::NOT_RESYNCHRONIZED.to_owned()))
        }
        Some(Err(error)) => Err(error.into()),
        None => Err(Failure::NoAnswer),
    }
}
