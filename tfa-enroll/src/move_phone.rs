//! `tfa-enroll move`: a new key, which replaces the old one when a code of it is correct.

use tfa_client::Failure;
use tfa_proto::Parameters;

use crate::args::QrForm;
use crate::session::Session;
use crate::{authenticators, confirm, messages, proof, status};

pub(crate) async fn run(
    session: &mut Session,
    replaced: Option<&str>,
    mut parameters: Parameters,
    qr: Option<QrForm>,
) -> Result<(), Failure> {
    let status = status::require_set_up(&session.daemon).await?;
    let replaced = authenticators::to_replace(&status, replaced)?;
    parameters.replaces = replaced.map(|one| one.id);
    let picture = confirm::picture_file(qr.as_ref())?;
    let only = status.authenticators.first();
    let from_key = replaced.or(only).is_some_and(authenticators::is_key);
    let (intro, cancelled) = if from_key {
        (
            messages::MOVE_FROM_KEY_INTRO,
            messages::MOVE_FROM_KEY_CANCELLED,
        )
    } else {
        (messages::MOVE_INTRO, messages::MOVE_CANCELLED)
    };
    session.print(intro)?;
    let pending = proof::with_proof(session, &status, async |daemon, proof| {
        daemon.move_to(proof, parameters.clone()).await
    })
    .await?;
    confirm::confirm(session, pending, qr, picture, cancelled).await?;
    // The move is complete, even if this call fails.
    let status = session.daemon.status().await.ok();
    let left = status.map(|now| now.backup_codes_left);
    session.print(&if from_key {
        messages::moved_from_key(left)
    } else {
        messages::moved(left)
    })?;
    Ok(())
}
