//! `tfa-enroll setup`: invitation code, if required; password; new key and its first code; backup codes.

use tfa_client::{Error, Failure, waits_for_key};
use tfa_proto::{Error as Refusal, Parameters, Status};

use crate::args::QrForm;
use crate::daemon::Daemon;
use crate::invitation::Invitation;
use crate::session::Session;
use crate::{backup_codes, confirm, messages, password, sshd};

pub(crate) async fn run(
    session: &mut Session,
    parameters: Parameters,
    qr: Option<QrForm>,
) -> Result<(), Failure> {
    let status = session.daemon.status().await?;
    if let Some(problem) = &status.problem {
        return Err(Failure::Refused(messages::problem(problem)));
    }
    if status.is_set_up() {
        return Err(Failure::Refused(messages::ALREADY_SET_UP.to_owned()));
    }
    let picture = confirm::picture_file(qr.as_ref())?;
    session.print(&messages::setup_intro(&status.user))?;
    if sshd::cannot_ask() {
        session.print(messages::SSHD_CANNOT_ASK)?;
        let agreed = session.ask(messages::SET_UP_ANYWAY).await?;
        if !agreed.is_some_and(|line| line.eq_ignore_ascii_case("yes")) {
            return Err(Failure::Cancelled(messages::CANCELLED.to_owned()));
        }
    }
    let pending = first_enrollment(session, &status, async |daemon, invitation| {
        let parameters = Parameters {
            invitation,
            ..parameters.clone()
        };
        daemon.setup(parameters).await
    })
    .await?;
    let cancelled = if waits_for_key(&status) {
        messages::CANCELLED_AFTER_KEY
    } else {
        messages::CANCELLED
    };
    let codes = confirm::confirm(session, pending, qr, picture, cancelled).await?;
    session.print(&messages::is_on(&status.user))?;
    backup_codes::show(session, &status.user, &codes).await
}

/// Makes the call of a first enrollment, with an invitation code where one is needed. polkit asks for the
/// password once in each call, so the call is repeated after a wrong one. The daemon asks for an
/// invitation code before polkit asks for the password.
pub(crate) async fn first_enrollment<T>(
    session: &mut Session,
    status: &Status,
    call: impl AsyncFn(&Daemon, Option<String>) -> Result<T, Error>,
) -> Result<T, Failure> {
    let mut invitation = Invitation::default();
    let mut code = None;
    let agent = password::agent(session)?;
    loop {
        let answer = call(&session.daemon, code.clone());
        match session.interrupt.during(answer).await {
            Some(Ok(answer)) => return Ok(answer),
            Some(Err(Error::Daemon(Refusal::InvitationNeeded(_)))) if code.is_none() => {
                session.print(&messages::invitation_intro(&status.user))?;
                code = Some(invitation.ask(session).await?);
            }
            Some(Err(Error::Daemon(Refusal::WrongCode(why)))) => {
                invitation.reject(session, &why)?;
                code = Some(invitation.ask(session).await?);
            }
            Some(Err(Error::Daemon(Refusal::Locked(why)))) => {
                return Err(Failure::Refused(messages::locked(&why)));
            }
            Some(Err(error)) => password::retry(session, agent.as_ref(), error).await?,
            None => {
                // The daemon may have created the key. An earlier one that waits must stay: which of
                // the two the daemon has now is not known.
                if !status.pending_authenticator {
                    session.daemon.abandon().await;
                }
                let text = messages::CANCELLED_WHILE_WAITING.to_owned();
                return Err(Failure::Cancelled(text));
            }
        }
    }
}
