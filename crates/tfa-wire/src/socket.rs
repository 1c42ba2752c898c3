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
pub struct Socket {
    socket: OwnedFd,
    clock: Clock,
}

impl Socket {
    /// Connects.
    pub fn connect(path: &Path, clock: Clock) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        let address = SocketAddrUnix::new(path)?;
        let this = Self { socket, clock };
        // Whoever does not accept makes others wait here.
        this.within(Timeout::Send, || connect(&this.socket, &address))?;
        Ok(this)
    }

    /// A socket that is connected.
    pub fn over(socket: OwnedFd, limit: Duration) -> Self {
        let clock = Clock::start(limit);
        Self { socket, clock }
    }

    /// Sends all of it.
    pub fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // A peer that is gone must be an error to the program and not a signal.
            let flags = SendFlags::NOSIGNAL;
            let sent = self.within(Timeout::Send, || send(&self.socket, bytes, flags))?;
            bytes = bytes.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    /// The clock of this connection.
    pub fn clock(&mut self) -> &mut Clock {
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
    /// Descriptors that come with the bytes are none of ours: the kernel drops them.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let flags = RecvFlags::empty();
        self.within(Timeout::Recv, || recv(&self.socket, &mut *buffer, flags))
            .map(|(received, _)| received)
    }
}

/// How long is left, and since when that gets less.
#[derive(Clone, Copy)]
pub struct Clock {
    left: Duration,
    since: Option<Instant>,
}

impl Clock {
    /// Runs from now on.
    pub fn start(limit: Duration) -> Self {
        Self {
            left: limit,
            since: Some(Instant::now()),
        }
    }

    /// Stands still from now on.
    pub fn stop(&mut self) {
        self.left = self.left();
        self.since = None;
    }

    /// Runs from now on.
    pub fn resume(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    fn left(&self) -> Duration {
        let spent = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.left.saturating_sub(spent)
    }
}
