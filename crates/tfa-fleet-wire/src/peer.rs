//! Who may be at the other end of a socket. Both ends ask the kernel (`SO_PEERCRED`): tfad has the uid
//! of root and no capabilities, so it cannot use the modes and owners of the socket files.

use std::io;
use std::os::fd::AsFd;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

/// The uid of root, and so of tfad.
const ROOT: u32 = 0;

/// Returns whether a peer with this uid is trusted where one of `expected` is expected. Root is
/// trusted everywhere: it can replace every program.
#[must_use]
pub fn is_trusted(peer: u32, expected: u32) -> bool {
    peer == expected || peer == ROOT
}

/// The uid of the process at the other end of a socket, also of one in another namespace of pids: the kernel gives its
/// pid as 0 then, which rustix cannot hold.
///
/// # Errors
/// Those of getsockopt(2).
pub fn peer_uid(socket: &impl AsFd) -> io::Result<u32> {
    Ok(getsockopt(socket, PeerCredentials)?.uid())
}
