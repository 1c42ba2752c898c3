//! The login socket of the daemon.

use super::{HostFacts, OwnedFile};
use crate::finding::Finding;
use crate::messages;

/// All may connect: the daemon decides by the uid of the caller.
const MODE: u32 = 0o666;

/// What is known of the login socket.
#[derive(Debug, Clone, Default)]
pub struct SocketFacts {
    /// Its path.
    pub path: String,
    /// The socket; `None` if it is missing, or is something else.
    pub file: Option<OwnedFile>,
    /// Whether the daemon answers there in time; `None` if it does not run.
    pub answers: Option<bool>,
}

/// Faults of the socket. A stranger who owns it is believed also while the daemon does not run, and then
/// it may be absent.
pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let Some(socket) = &host.socket else {
        return Vec::new();
    };
    let found = |kind, detail| vec![Finding::beside_pam(kind, &socket.path, Vec::new(), detail)];
    let Some(file) = &socket.file else {
        return match socket.answers {
            Some(_) => found(&messages::SOCKET_MISSING, String::new()),
            None => Vec::new(),
        };
    };
    if file.uid != 0 {
        return found(&messages::SOCKET_TAKEN, format!("uid {}", file.uid));
    }
    match socket.answers {
        Some(false) => found(&messages::SOCKET_SILENT, String::new()),
        Some(true) if file.mode & MODE != MODE => found(
            &messages::SOCKET_CLOSED,
            format!("{:o}", file.mode & 0o7777),
        ),
        _ => Vec::new(),
    }
}
