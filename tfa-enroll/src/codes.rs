//! `tfa-enroll codes`: a new set of backup codes, on the screen or as a page to print.

use std::path::Path;

use tfa_client::{Failure, host, now};

use crate::new_file::NewFile;
use crate::session::Session;
use crate::{backup_codes, pdf, proof, status, texts};

pub(crate) async fn run(pdf: Option<&Path>) -> Result<(), Failure> {
    let mut session = Session::open().await?;
    let session = &mut session;
    let status = status::of_a_set_up_account(&session.daemon).await?;
    let file = pdf.map(NewFile::create).transpose()?;
    session.say(texts::CODES_INTRO)?;
    let codes = proof::given(session, async |daemon, proof| {
        daemon.new_backup_codes(proof).await
    })
    .await?;
    session.say(texts::NEW_CODES)?;
    let Some(mut file) = file else {
        return backup_codes::show(session, &status.user, &codes).await;
    };
    match file.write(&pdf::page(&status.user, &host(), &codes, now())) {
        Ok(()) => {
            let path = file.keep();
            session.say(&texts::codes_in_file(&path.display()))?;
            Ok(())
        }
        // The old set is void already: the new one must not be lost with the file.
        Err(failure) => {
            drop(file);
            session.say(&texts::failure(&failure))?;
            backup_codes::show(session, &status.user, &codes).await
        }
    }
}
