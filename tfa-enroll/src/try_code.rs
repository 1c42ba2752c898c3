//! `tfa-enroll test`: whether a code would be accepted, and if not, why. It is not used up.

use tfa_client::Failure;
use tfa_proto::Error;

use crate::session::Session;
use crate::{proof, status, texts};

pub(crate) async fn run(session: &mut Session) -> Result<(), Failure> {
    status::of_a_set_up_account(&session.daemon).await?;
    let code = proof::asked(session).await?;
    match session.interrupt.during(session.daemon.test(&code)).await {
        Some(Ok(kind)) => {
            session.say(texts::right_code(kind == "backup-code"))?;
            Ok(())
        }
        Some(Err(Error::WrongCode(text))) => Err(Failure::Refused(texts::wrong_test(&text))),
        Some(Err(error)) => Err(error.into()),
        None => Err(Failure::NoAnswer),
    }
}
