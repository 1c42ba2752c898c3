//! A stream socket whose operations share one time budget.

use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv,
    send, socket_with,
};

use crate::time_budget::TimeBudget;

/// A connection to a Unix socket. An operation that exceeds the time budget fails with
/// [`ErrorKind::TimedOut`].
pub struct Socket {
    socket: OwnedFd,
    budget: TimeBudget,
}

impl Socket {
    /// Connects to the socket at that path.
    ///
    /// # Errors
    /// Those of connect(2).
    pub fn connect(path: &Path, budget: TimeBudget) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        let address = SocketAddrUnix::new(path)?;
        let this = Self { socket, budget };
        // Blocks while the queue of the listener is full.
        this.within_budget(Timeout::Send, || connect(&this.socket, &address))?;
        Ok(this)
    }

    /// Takes a connected socket.
    pub fn from_connected(socket: OwnedFd, limit: Duration) -> Self {
        let budget = TimeBudget::start(limit);
        Self { socket, budget }
    }

    /// Sends all bytes.
    ///
    /// # Errors
    /// Those of send(2). A closed connection raises no `SIGPIPE`.
    pub fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let flags = SendFlags::NOSIGNAL;
            let sent = self.within_budget(Timeout::Send, || send(&self.socket, bytes, flags))?;
            bytes = bytes.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    /// Returns the time budget.
    pub fn budget(&mut self) -> &mut TimeBudget {
        &mut self.budget
    }

    /// Performs a system call that may block. The timeout is set anew for each call, so neither a peer
    /// that sends single bytes nor interrupting signals prolong it.
    fn within_budget<T>(
        &self,
        direction: Timeout,
        mut call: impl FnMut() -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let left = self.budget.left();
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            set_socket_timeout(&self.socket, direction, Some(left))?;
            match call() {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(ErrorKind::TimedOut.into()),
                result => return Ok(result?),
            }
        }
    }
}

impl Read for Socket {
    /// The kernel closes file descriptors that come with the bytes.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let flags = RecvFlags::empty();
        self.within_budget(Timeout::Recv, || recv(&self.socket, &mut *buffer, flags))
            .map(|(received, _)| received)
    }
}
