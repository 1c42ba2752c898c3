//! The login socket of the daemon.

use super::{HostFacts, OwnedFile};
use crate::finding::Finding;
use crate::messages;

const SOCKET: &str = "/run/tfa/login";
/// All may connect: the daemon decides by the uid of the caller.
const MODE: u32 = 0o666;

/// What is known of the login socket.
#[derive(Debug, Clone, Default)]
pub struct SocketFacts {
    /// The socket; `None` if it is missing, or is something else.
    pub file: Option<OwnedFile>,
    /// Whether the daemon answers there in time.
    pub answers: bool,
}

/// Faults of the socket of a daemon that runs.
pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let Some(socket) = &host.socket else {
        return Vec::new();
    };
    let found = |kind, detail| vec![Finding::beside_pam(kind, SOCKET, Vec::new(), detail)];
    let Some(file) = &socket.file else {
        return found(&messages::SOCKET_MISSING, String::new());
    };
    if file.uid != 0 {
        return found(&messages::SOCKET_TAKEN, format!("uid {}", file.uid));
    }
    if !socket.answers {
        return found(&messages::SOCKET_SILENT, String::new());
    }
    if file.mode & MODE != MODE {
        return found(
            &messages::SOCKET_CLOSED,
            format!("{:o}", file.mode & 0o7777),
        );
    }
    Vec::new()
}
