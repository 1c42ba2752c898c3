//! The client half. The kernel tells the server the uid of the client, so the mechanism never fails
//! halfway, and nothing that the client sends depends on an answer.

use std::fmt::Write;

use rustix::process::geteuid;

/// Returns all lines of the client: the identity, and the begin of the messages.
pub(crate) fn opening() -> String {
    let mut lines = String::from("\0AUTH EXTERNAL ");
    for digit in geteuid().as_raw().to_string().bytes() {
        // Writing to a string does not fail.
        let _ = write!(lines, "{digit:02x}");
    }
    lines.push_str("\r\nBEGIN\r\n");
    lines
}

/// Returns whether the server's line, including its end, accepts the client.
pub(crate) fn is_accepted(line: &[u8]) -> bool {
    line.starts_with(b"OK ") && line.ends_with(b"\r\n")
}
