//! `tfa-enroll codes`: a new set of backup codes, on the screen, in a file, or printed; or of codes that are bound to this
//! host, on the screen.

use tfa_client::Failure;
use tfa_proto::Status;

use crate::args::CodesTo;
use crate::paper::Paper;
use crate::session::Session;
use crate::{backup_codes, messages, proof, status};

pub(crate) async fn run(to: &CodesTo) -> Result<(), Failure> {
    let mut session = Session::open().await?;
    let session = &mut session;
    let status = status::require_set_up(&session.daemon).await?;
    if to.bound {
        return bind(session, &status).await;
    }
    let paper = to.paper()?;
    session.print(messages::CODES_INTRO)?;
    let codes = proof::with_proof(session, &status, async |daemon, proof| {
        daemon.new_backup_codes(proof).await
    })
    .await?;
    session.print(messages::NEW_CODES)?;
    let Some(paper) = paper else {
        return backup_codes::show(session, &status.user, &codes).await;
    };
    match paper.write(&status.user, &codes) {
        Ok(done) => Ok(session.print(&done)?),
        // The old set is void already: the new one must not be lost with the file.
        Err(failure) => {
            session.print(&messages::failure(&failure))?;
            backup_codes::show(session, &status.user, &codes).await
        }
    }
}

/// Makes codes that are bound to this host.
async fn bind(session: &mut Session, status: &Status) -> Result<(), Failure> {
    session.print(messages::BOUND_CODES_INTRO)?;
    let codes = proof::with_proof_for_host(session, status, async |daemon, proof| {
        daemon.new_bound_codes(proof).await
    })
    .await?;
    session.print(messages::NEW_BOUND_CODES)?;
    backup_codes::show_only(session, &codes).await
}

impl CodesTo {
    /// Where the codes go; `None` for the screen.
    fn paper(&self) -> Result<Option<Paper>, Failure> {
        match (&self.pdf, &self.text, self.print) {
            (Some(path), _, _) => Paper::pdf(path).map(Some),
            (_, Some(path), _) => Paper::text(path).map(Some),
            (_, _, true) => Paper::printer().map(Some),
            (None, None, false) => Ok(None),
        }
    }
}
