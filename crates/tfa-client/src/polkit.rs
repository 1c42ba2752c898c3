//! Questions to polkit about a process, without a question to anybody.

use std::collections::HashMap;

use tokio::time::timeout;
use zbus::Connection;
use zbus::wire::Variant;

use crate::connection::CALL_TIMEOUT;

/// Whether the action is allowed, whether it would be after a question, and details.
type Answer = (bool, bool, HashMap<String, String>);

/// Whether polkit allows an action to a process, without asking for a password.
///
/// Only root may ask about the processes of others.
///
/// # Errors
/// Why polkit does not answer. It is one for an action that it does not know, too.
pub async fn polkit_allows(
    connection: &Connection,
    pid: u32,
    action: &str,
) -> Result<bool, String> {
    // polkit reads the start of the process itself.
    let process = HashMap::from([
        ("pid", Variant::from(pid)),
        ("start-time", Variant::from(0_u64)),
    ]);
    let details: HashMap<&str, &str> = HashMap::new();
    let body = (("unix-process", process), action, details, 0_u32, "");
    let call = connection.call_method(
        Some("org.freedesktop.PolicyKit1"),
        "/org/freedesktop/PolicyKit1/Authority",
        Some("org.freedesktop.PolicyKit1.Authority"),
        "CheckAuthorization",
        &body,
    );
    let reply = match timeout(CALL_TIMEOUT, call).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(late) => return Err(late.to_string()),
    };
    let body = reply.body();
    let answer: zbus::Result<(Answer,)> = body.deserialize();
    let ((is_allowed, ..),) = answer.map_err(|error| error.to_string())?;
    Ok(is_allowed)
}
