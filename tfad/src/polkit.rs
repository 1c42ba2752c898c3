//! polkit's word on whether a caller may do something. The subject is the caller's bus name,
//! which nobody else can take; a pid could be another process by the time polkit looks.

use std::collections::HashMap;

use tfa_bus::Error;
use zbus::Connection;
use zbus::message::{Flags, Header};
use zbus::wire::Variant;

use crate::caller::Caller;

/// polkit may ask the person.
const ALLOW_USER_INTERACTION: u32 = 1;

/// Asks polkit, and lets it ask the person where the caller allows that (D-Bus
/// `ALLOW_INTERACTIVE_AUTHORIZATION`): a program in the background must not make a dialog pop up.
/// Root is not asked.
///
/// # Errors
/// [`Error::NotAuthorized`] on a no, and where polkit cannot be asked.
pub async fn authorize(
    connection: &Connection,
    header: &Header<'_>,
    caller: &Caller,
    action: &str,
) -> Result<(), Error> {
    if caller.is_root() {
        return Ok(());
    }
    let interactive = header
        .primary()
        .flags()
        .contains(Flags::ALLOW_INTERACTIVE_AUTH);
    let flags = if interactive {
        ALLOW_USER_INTERACTION
    } else {
        0
    };
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
        .map_err(|error| {
            Error::NotAuthorized(format!(
                "polkit does not answer ({error}); see: systemctl status polkit"
            ))
        })?;
    let body = reply.body();
    let ((authorized, challenge, _),): ((bool, bool, HashMap<String, String>),) = body
        .deserialize()
        .map_err(|_| Error::NotAuthorized("polkit's answer is not understood".to_owned()))?;
    match (authorized, challenge) {
        (true, _) => Ok(()),
        (false, true) => Err(Error::NotAuthorized(
            "the password has to be given again, and no agent is there to ask for it".to_owned(),
        )),
        (false, false) => Err(Error::NotAuthorized(
            "permission was not granted".to_owned(),
        )),
    }
}
