//! The password, which polkit asks for before a set-up and before each change of one.

use tfa_client::{Agent, Failure, is_root};
use tfa_proto::Error;

use crate::session::Session;
use crate::texts;

/// An agent of our own, with which polkit asks on this terminal. Without one the call is made all the
/// same: an agent of the desktop's may be there. Root is not asked.
pub(crate) fn agent(session: &Session) -> Result<Option<Agent>, Failure> {
    if is_root() {
        return Ok(None);
    }
    match Agent::start() {
        Ok(agent) => Ok(Some(agent)),
        Err(why) => {
            session.say(&texts::no_agent(&why))?;
            Ok(None)
        }
    }
}

/// Goes on after a call that failed, where the password was wrong and may be typed again. polkit takes
/// one answer a call. Where nothing can ask for it, no further try would help.
pub(crate) async fn retry(
    session: &mut Session,
    agent: Option<&Agent>,
    error: Error,
) -> Result<(), Failure> {
    match error {
        Error::AuthenticationFailed(why) => {
            session.say(&texts::not_allowed(&why))?;
            if session.agrees(texts::TRY_AGAIN).await? {
                Ok(())
            } else {
                Err(Failure::Cancelled(texts::CANCELLED.to_owned()))
            }
        }
        Error::NoAuthenticationAgent(_) => {
            // Why there is no agent was said.
            let text = agent.map_or(texts::NOT_ASKED, |_| texts::NO_AGENT_SERVES);
            Err(Failure::Refused(text.to_owned()))
        }
        error => Err(error.into()),
    }
}
