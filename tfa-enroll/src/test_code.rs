//! `tfa-enroll test`: checks a code without using it up.

use tfa_client::{Error, Failure};
use tfa_proto::{Error as Refusal, Factor};

use crate::session::Session;
use crate::{messages, proof, status};

pub(crate) async fn run(session: &mut Session) -> Result<(), Failure> {
    status::require_set_up(&session.daemon).await?;
    let code = proof::ask(session).await?;
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
            Err(Failure::Refused(messages::wrong_test(&text)))
        }
        Some(Err(error)) => Err(error.into()),
        None => Err(Failure::NoAnswer),
    }
}
