//! `tfa-enroll pause`, `resume` and `remove`.

use tfa_client::Failure;
use tfa_proto::Status;

use crate::session::Session;
use crate::{messages, proof, status};

pub(crate) async fn pause(session: &mut Session) -> Result<(), Failure> {
    let status = status::require_set_up(&session.daemon).await?;
    if status.is_paused() {
        return Err(Failure::Refused(messages::ALREADY_PAUSED.to_owned()));
    }
    refuse_if_required(&status)?;
    session.print(messages::PAUSE_INTRO)?;
    proof::with_proof(session, &status, async |daemon, proof| {
        daemon.pause(proof).await
    })
    .await?;
    session.print(messages::PAUSED)?;
    Ok(())
}

pub(crate) async fn resume(session: &mut Session) -> Result<(), Failure> {
    let status = status::require_set_up(&session.daemon).await?;
    if !status.is_paused() {
        return Err(Failure::Refused(messages::NOT_PAUSED.to_owned()));
    }
    session.print(messages::RESUME_INTRO)?;
    proof::with_proof(session, &status, async |daemon, proof| {
        daemon.resume(proof).await
    })
    .await?;
    session.print(messages::RESUMED)?;
    Ok(())
}

pub(crate) async fn remove(session: &mut Session) -> Result<(), Failure> {
    let status = status::require_set_up(&session.daemon).await?;
    refuse_if_required(&status)?;
    session.print(&messages::remove_intro(&status.user, status.has_codes()))?;
    confirm_removal(session).await?;
    proof::with_proof(session, &status, async |daemon, proof| {
        daemon.remove(proof).await
    })
    .await?;
    session.print(&messages::removed(&status.user, status.has_codes()))?;
    Ok(())
}

/// Asks whether to remove. Any answer but yes cancels.
pub(crate) async fn confirm_removal(session: &mut Session) -> Result<(), Failure> {
    let agreed = session.ask(messages::TYPE_YES).await?;
    if agreed.is_some_and(|line| line.eq_ignore_ascii_case("yes")) {
        Ok(())
    } else {
        Err(Failure::Cancelled(messages::NOT_REMOVED.to_owned()))
    }
}

/// Refuses before a code is asked for. The daemon checks it again.
pub(crate) fn refuse_if_required(status: &Status) -> Result<(), Failure> {
    if status.required {
        Err(Failure::Refused(messages::REQUIRED.to_owned()))
    } else {
        Ok(())
    }
}
