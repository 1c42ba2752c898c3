//! `tfa-enroll move`: a new key, proved before the old one goes.

use tfa_client::Failure;
use tfa_proto::Parameters;

use crate::args::QrForm;
use crate::session::Session;
use crate::{offer, proof, status, texts};

pub(crate) async fn run(
    session: &mut Session,
    parameters: Parameters,
    qr: Option<QrForm>,
) -> Result<(), Failure> {
    status::of_a_set_up_account(&session.daemon).await?;
    let picture = offer::picture_file(qr.as_ref())?;
    session.say(texts::MOVE_INTRO)?;
    let offered = proof::given(session, async |daemon, proof| {
        daemon.move_to(proof, parameters.clone()).await
    })
    .await?;
    offer::prove(session, offered, qr, picture, texts::MOVE_CANCELLED).await?;
    // The move is done, whatever becomes of this question.
    let status = session.daemon.status().await.ok();
    session.say(&texts::moved(status.map(|now| now.backup_codes_left)))?;
    Ok(())
}
