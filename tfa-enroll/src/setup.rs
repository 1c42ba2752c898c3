//! `tfa-enroll setup`: the invitation, where one is needed, the password again, the new key, a code of it, the backup codes.

use tfa_client::Failure;
use tfa_proto::{Error, Offer, Parameters, State};

use crate::args::QrForm;
use crate::invitation::Invitation;
use crate::session::Session;
use crate::{backup_codes, offer, password, sshd, texts};

pub(crate) async fn run(
    session: &mut Session,
    parameters: Parameters,
    qr: Option<QrForm>,
) -> Result<(), Failure> {
    let status = session.daemon.status().await?;
    if let Some(problem) = &status.problem {
        return Err(Failure::Refused(texts::problem(problem)));
    }
    if status.state == State::Enabled.name() || status.state == State::Paused.name() {
        return Err(Failure::Refused(texts::SET_UP_ALREADY.to_owned()));
    }
    let picture = offer::picture_file(qr.as_ref())?;
    session.say(&texts::setup_intro(&status.user))?;
    if sshd::asks_no_questions() {
        session.say(texts::SSHD_ASKS_NOTHING)?;
        let agreed = session.ask(texts::SET_UP_ALL_THE_SAME).await?;
        if !agreed.is_some_and(|line| line.eq_ignore_ascii_case("yes")) {
            return Err(Failure::Cancelled(texts::CANCELLED.to_owned()));
        }
    }
    let offered = offered(session, &status.user, parameters).await?;
    let codes = offer::prove(session, offered, qr, picture, texts::CANCELLED).await?;
    session.say(&texts::is_on(&status.user))?;
    backup_codes::show(session, &status.user, &codes).await
}

/// polkit asks for the password. It takes one answer a call, so the call is made again for whoever
/// mistyped. Where an invitation is needed, the daemon says so before polkit asks.
async fn offered(
    session: &mut Session,
    user: &str,
    mut parameters: Parameters,
) -> Result<Offer, Failure> {
    let mut invitation = Invitation::default();
    let agent = password::agent(session)?;
    loop {
        let asked = session
            .daemon
            .setup(&mut session.interrupt, parameters.clone());
        match asked.await {
            Some(Ok(offer)) => return Ok(offer),
            Some(Err(Error::InvitationNeeded(_))) if parameters.invitation.is_none() => {
                session.say(&texts::invitation_intro(user))?;
                parameters.invitation = Some(invitation.asked(session).await?);
            }
            Some(Err(Error::WrongCode(why))) => {
                invitation.was_wrong(session, &why)?;
                parameters.invitation = Some(invitation.asked(session).await?);
            }
            Some(Err(Error::Locked(why))) => return Err(Failure::Refused(texts::locked(&why))),
            Some(Err(error)) => password::retry(session, agent.as_ref(), error).await?,
            None => {
                let text = texts::CANCELLED_WHILE_WAITING.to_owned();
                return Err(Failure::Cancelled(text));
            }
        }
    }
}
