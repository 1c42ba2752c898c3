//! The client half. The kernel tells the server the uid of the client, so the mechanism never fails
//! halfway, and nothing that the client sends depends on an answer.

use rustix::process::geteuid;

use super::identity;
use crate::buffer::Buffer;

/// Appends all lines of the client to a buffer: the identity, and the begin of the messages.
pub(crate) fn append_opening(buffer: &mut Buffer) {
    buffer.append(b"\0AUTH EXTERNAL ");
    buffer.append(identity::of(geteuid().as_raw()).as_bytes());
    buffer.append(b"\r\nBEGIN\r\n");
}

/// Returns whether the server's line, including its end, accepts the client.
pub(crate) fn is_accepted(line: &[u8]) -> bool {
    line.starts_with(b"OK ") && line.ends_with(b"\r\n")
}
