//! The password, which polkit asks for before a setup and before each change.

use tfa_client::{Agent, Error, Failure, is_root};
use tfa_proto::Error as Refusal;

use crate::messages;
use crate::session::Session;

/// Starts polkit's text agent. If it cannot start, the command continues: a desktop may have an agent.
/// Root is not asked for a password.
pub(crate) fn agent(session: &Session) -> Result<Option<Agent>, Failure> {
    if is_root() {
        return Ok(None);
    }
    match Agent::start() {
        Ok(agent) => Ok(Some(agent)),
        Err(why) => {
            session.print(&messages::no_agent(&why))?;
            Ok(None)
        }
    }
}

/// After a wrong password, offers another try. Any other error ends the command. polkit asks once in
/// each call.
pub(crate) async fn retry(
    session: &mut Session,
    agent: Option<&Agent>,
    error: Error,
) -> Result<(), Failure> {
    match error {
        Error::Daemon(Refusal::AuthenticationFailed(why)) => {
            session.print(&messages::not_allowed(why.trim_end_matches('.')))?;
            if session.agrees(messages::TRY_AGAIN).await? {
                Ok(())
            } else {
                Err(Failure::Cancelled(messages::CANCELLED.to_owned()))
            }
        }
        Error::Daemon(Refusal::NoAuthenticationAgent(_)) => {
            // Without an agent, the reason was printed before.
            let text = agent.map_or(messages::PASSWORD_NOT_ASKED, |_| messages::NO_AGENT_FOUND);
            Err(Failure::Refused(text.to_owned()))
        }
        error => Err(error.into()),
    }
}
