//! `tfa-enroll codes`: a new set of backup codes, on the screen or as a page to print.

use std::path::Path;

use tfa_client::{Failure, host, now};

use crate::new_file::NewFile;
use crate::session::Session;
use crate::{backup_codes, messages, pdf, proof, status};

pub(crate) async fn run(pdf: Option<&Path>) -> Result<(), Failure> {
    let mut session = Session::open().await?;
    let session = &mut session;
    let status = status::require_set_up(&session.daemon).await?;
    let file = pdf.map(NewFile::create).transpose()?;
    session.print(messages::CODES_INTRO)?;
    let codes = proof::with_proof(session, async |daemon, proof| {
        daemon.new_backup_codes(proof).await
    })
    .await?;
    session.print(messages::NEW_CODES)?;
    let Some(mut file) = file else {
        return backup_codes::show(session, &status.user, &codes).await;
    };
    match file.write(&pdf::page(&status.user, &host(), &codes, now())) {
        Ok(()) => {
            let path = file.keep();
            session.print(&messages::codes_in_file(&path.display()))?;
            Ok(())
        }
        // The old set is void already: the new one must not be lost with the file.
        Err(failure) => {
            drop(file);
            session.print(&messages::failure(&failure))?;
            backup_codes::show(session, &status.user, &codes).await
        }
    }
}
