//! `tfa-enroll test`: checks a code without using it up.

use tfa_client::Failure;
use tfa_proto::Error;

use crate::session::Session;
use crate::{messages, proof, status};

/// The daemon's answer to a backup code.
const BACKUP_CODE: &str = "backup-code";

pub(crate) async fn run(session: &mut Session) -> Result<(), Failure> {
    status::require_set_up(&session.daemon).await?;
    let code = proof::ask(session).await?;
    match session.interrupt.during(session.daemon.test(&code)).await {
        Some(Ok(kind)) => {
            session.print(if kind == BACKUP_CODE {
                messages::CORRECT_BACKUP_CODE
            } else {
                messages::CORRECT_CODE
            })?;
            Ok(())
        }
        Some(Err(Error::WrongCode(text))) => Err(Failure::Refused(messages::wrong_test(&text))),
        Some(Err(error)) => Err(error.into()),
        None => Err(Failure::NoAnswer),
    }
}
