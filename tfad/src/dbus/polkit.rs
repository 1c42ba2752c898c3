//! Authorization by polkit. The subject is the caller's bus name, which no other connection can have; a
//! pid could be another process by the time polkit looks.

use std::collections::HashMap;

use tfa_proto::Error;
use zbus::Connection;
use zbus::message::{Flags, Header};
use zbus::wire::Variant;

use crate::caller::Caller;
use crate::messages;

/// The flag that lets polkit ask the user.
const ALLOW_USER_INTERACTION: u32 = 1;

/// polkit's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Authorized,
    /// A password is required, and polkit was not allowed to ask for it.
    Challenge,
    Denied,
}

/// Why polkit authorizes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grounds {
    /// The user gave a password for this call.
    Authentication,
    /// The authorization existed before: root, a rule, or a password that was given earlier.
    Standing,
}

/// Asks polkit. It may ask the user where the call allows that (D-Bus
/// `ALLOW_INTERACTIVE_AUTHORIZATION`): a program in the background must not make a dialog pop up. Root
/// needs no authorization.
///
/// # Errors
/// [`Error::NotAuthorized`] where no password helps, where the call does not allow polkit to ask for one,
/// and where polkit cannot be reached; [`Error::NoAuthenticationAgent`] where no agent can ask;
/// [`Error::AuthenticationFailed`] where the user did not give the right password.
pub(super) async fn authorize(
    connection: &Connection,
    header: &Header<'_>,
    caller: &Caller,
    action: &str,
) -> Result<Grounds, Error> {
    if caller.is_root() {
        return Ok(Grounds::Standing);
    }
    // First without a question: otherwise a denial by rule and a wrong password look the same.
    match check(connection, caller, action, 0).await? {
        Answer::Authorized => return Ok(Grounds::Standing),
        Answer::Challenge => {}
        Answer::Denied => {
            return Err(Error::NotAuthorized(messages::DENIED_BY_RULE.to_owned()));
        }
    }
    let flags = header.primary().flags();
    if !flags.contains(Flags::ALLOW_INTERACTIVE_AUTH) {
        return Err(Error::NotAuthorized(messages::NOT_INTERACTIVE.to_owned()));
    }
    match check(connection, caller, action, ALLOW_USER_INTERACTION).await? {
        Answer::Authorized => Ok(Grounds::Authentication),
        Answer::Challenge => Err(Error::NoAuthenticationAgent(messages::NO_AGENT.to_owned())),
        Answer::Denied => Err(Error::AuthenticationFailed(
            messages::NOT_AUTHENTICATED.to_owned(),
        )),
    }
}

async fn check(
    connection: &Connection,
    caller: &Caller,
    action: &str,
    flags: u32,
) -> Result<Answer, Error> {
    let subject = (
        "system-bus-name",
        HashMap::from([("name", Variant::from(&*caller.name))]),
    );
    let details: HashMap<&str, &str> = HashMap::new();
    let reply = connection
        .call_method(
            Some("org.freedesktop.PolicyKit1"),
            "/org/freedesktop/PolicyKit1/Authority",
            Some("org.freedesktop.PolicyKit1.Authority"),
            "CheckAuthorization",
            &(subject, action, details, flags, ""),
        )
        .await
        .map_err(|error| Error::NotAuthorized(messages::polkit_failed(&error)))?;
    let body = reply.body();
    let ((authorized, challenge, _),): ((bool, bool, HashMap<String, String>),) = body
        .deserialize()
        .map_err(|_| Error::NotAuthorized(messages::BAD_REPLY.to_owned()))?;
    Ok(match (authorized, challenge) {
        (true, _) => Answer::Authorized,
        (false, true) => Answer::Challenge,
        (false, false) => Answer::Denied,
    })
}
