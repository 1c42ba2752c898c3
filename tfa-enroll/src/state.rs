//! `tfa-enroll pause`, `resume` and `remove`.

use tfa_client::Failure;
use tfa_proto::{State, Status};

use crate::session::Session;
use crate::{proof, status, texts};

pub(crate) async fn pause(session: &mut Session) -> Result<(), Failure> {
    let status = status::of_a_set_up_account(&session.daemon).await?;
    if status.state == State::Paused.name() {
        return Err(Failure::Refused(texts::PAUSED_ALREADY.to_owned()));
    }
    may_be_switched_off(&status)?;
    session.say(texts::PAUSE_INTRO)?;
    proof::given(session, async |daemon, proof| daemon.pause(proof).await).await?;
    session.say(texts::PAUSED)?;
    Ok(())
}

pub(crate) async fn resume(session: &mut Session) -> Result<(), Failure> {
    let status = status::of_a_set_up_account(&session.daemon).await?;
    if status.state != State::Paused.name() {
        return Err(Failure::Refused(texts::NOT_PAUSED.to_owned()));
    }
    session.say(texts::RESUME_INTRO)?;
    proof::given(session, async |daemon, proof| daemon.resume(proof).await).await?;
    session.say(texts::RESUMED)?;
    Ok(())
}

pub(crate) async fn remove(session: &mut Session) -> Result<(), Failure> {
    let status = status::of_a_set_up_account(&session.daemon).await?;
    may_be_switched_off(&status)?;
    session.say(&texts::remove_intro(&status.user))?;
    let agreed = session.ask(texts::TYPE_YES).await?;
    if !agreed.is_some_and(|line| line.eq_ignore_ascii_case("yes")) {
        return Err(Failure::Cancelled(texts::NOT_REMOVED.to_owned()));
    }
    proof::given(session, async |daemon, proof| daemon.remove(proof).await).await?;
    session.say(&texts::removed(&status.user))?;
    Ok(())
}

/// Said before a code is asked for. The daemon has the last word.
fn may_be_switched_off(status: &Status) -> Result<(), Failure> {
    if status.required {
        Err(Failure::Refused(texts::REQUIRED.to_owned()))
    } else {
        Ok(())
    }
}
