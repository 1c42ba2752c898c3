//! `tfa-enroll add`: a further authenticator, which becomes active when a code of it is correct.

use tfa_client::Failure;
use tfa_proto::Parameters;

use crate::args::QrForm;
use crate::session::Session;
use crate::{confirm, messages, proof, status};

pub(crate) async fn run(
    session: &mut Session,
    parameters: Parameters,
    qr: Option<QrForm>,
) -> Result<(), Failure> {
    let status = status::require_set_up(&session.daemon).await?;
    let picture = confirm::picture_file(qr.as_ref())?;
    session.print(messages::ADD_INTRO)?;
    let pending = proof::with_proof(session, &status, async |daemon, proof| {
        daemon.add(proof, parameters.clone()).await
    })
    .await?;
    confirm::confirm(session, pending, qr, picture, messages::ADD_CANCELLED).await?;
    // It is active, even if this call fails. The last one is the new one.
    let status = session.daemon.status().await.ok();
    let added = status.as_ref().and_then(|now| now.authenticators.last());
    session.print(&messages::added(added.map(|one| one.name.as_str())))?;
    Ok(())
}
