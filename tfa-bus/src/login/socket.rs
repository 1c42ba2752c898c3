//! A stream socket on which everything together takes no longer than a limit.

use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv,
    send, socket_with,
};

/// A connection, and how much longer it may be waited on.
pub(super) struct Socket {
    socket: OwnedFd,
    clock: Clock,
}

impl Socket {
    /// Connects. The clock runs from now on.
    pub(super) fn connect(path: &Path, limit: Duration) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        let address = SocketAddrUnix::new(path)?;
        let this = Self::over(socket, limit);
        // Whoever does not accept makes others wait here.
        this.within(Timeout::Send, || connect(&this.socket, &address))?;
        Ok(this)
    }

    /// A socket that is connected.
    pub(super) fn over(socket: OwnedFd, limit: Duration) -> Self {
        Self {
            socket,
            clock: Clock::start(limit),
        }
    }

    /// Sends all of it.
    pub(super) fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // A bus that is gone must be an error to the login program and not a signal.
            let flags = SendFlags::NOSIGNAL;
            let sent = self.within(Timeout::Send, || send(&self.socket, bytes, flags))?;
            bytes = bytes.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    /// The clock of this connection.
    pub(super) fn clock(&mut self) -> &mut Clock {
        &mut self.clock
    }

    /// Does something that can block, for as long as is left. That is computed anew each time: a
    /// peer that drips, and signals that interrupt, make it no longer.
    fn within<T>(
        &self,
        direction: Timeout,
        mut work: impl FnMut() -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let left = self.clock.left();
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            set_socket_timeout(&self.socket, direction, Some(left))?;
            match work() {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(ErrorKind::TimedOut.into()),
                result => return Ok(result?),
            }
        }
    }
}

impl Read for Socket {
    /// Descriptors that come with the bytes are none of ours: the kernel closes them.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let flags = RecvFlags::empty();
        self.within(Timeout::Recv, || recv(&self.socket, &mut *buffer, flags))
            .map(|(received, _)| received)
    }
}

/// How long is left, and since when that gets less.
pub(super) struct Clock {
    left: Duration,
    since: Option<Instant>,
}

impl Clock {
    fn start(limit: Duration) -> Self {
        Self {
            left: limit,
            since: Some(Instant::now()),
        }
    }

    /// Stands still from now on.
    pub(super) fn stop(&mut self) {
        self.left = self.left();
        self.since = None;
    }

    /// Runs from now on.
    pub(super) fn resume(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    fn left(&self) -> Duration {
        let spent = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.left.saturating_sub(spent)
    }
}
