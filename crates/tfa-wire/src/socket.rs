//! A stream socket whose operations share one time budget.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
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
    send_limit: Limit,
    receive_limit: Limit,
}

/// How long the kernel lets a call in one direction block; `None` is for ever.
type Limit = Cell<Option<Duration>>;

impl Socket {
    /// Connects to the socket at that path.
    ///
    /// # Errors
    /// Those of connect(2).
    pub fn connect(path: &Path, budget: TimeBudget) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        let address = SocketAddrUnix::new(path)?;
        let this = Self::new(socket, budget);
        // Blocks while the queue of the listener is full.
        this.within_budget(Timeout::Send, || connect(&this.socket, &address))?;
        Ok(this)
    }

    /// Takes a connected socket.
    pub fn from_connected(socket: OwnedFd, limit: Duration) -> Self {
        Self::new(socket, TimeBudget::start(limit))
    }

    fn new(socket: OwnedFd, budget: TimeBudget) -> Self {
        Self {
            socket,
            budget,
            send_limit: Limit::default(),
            receive_limit: Limit::default(),
        }
    }

    /// Sends all bytes.
    ///
    /// # Errors
    /// Those of send(2). A closed connection raises no `SIGPIPE`.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        if self.budget.left().is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        // Nearly always there is room for all of them, and the call needs no limit.
        let mut sent = match self.send_some(bytes, SendFlags::DONTWAIT) {
            Err(Errno::AGAIN | Errno::INTR) => 0,
            result => result?,
        };
        while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            let send = || self.send_some(rest, SendFlags::empty());
            sent = sent.saturating_add(self.within_budget(Timeout::Send, send)?);
        }
        Ok(())
    }

    fn send_some(&self, bytes: &[u8], flags: SendFlags) -> rustix::io::Result<usize> {
        send(&self.socket, bytes, flags | SendFlags::NOSIGNAL)
    }

    /// Returns the time budget.
    pub fn budget(&mut self) -> &mut TimeBudget {
        &mut self.budget
    }

    /// Performs a system call that may block, within the budget. Neither a peer that sends single bytes
    /// nor interrupting signals prolong it: the kernel's limit is at most what is left of the budget.
    fn within_budget<T>(
        &self,
        direction: Timeout,
        mut call: impl FnMut() -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        let limit = match direction {
            Timeout::Recv => &self.receive_limit,
            Timeout::Send => &self.send_limit,
        };
        let mut has_passed = false;
        loop {
            let left = self.budget.left();
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            if has_passed || limit.get().is_none_or(|limit| limit > left) {
                // At first less than what is left, so that it serves for the next calls as well.
                let new = if has_passed { left } else { left - left / 8 };
                set_socket_timeout(&self.socket, direction, Some(new))?;
                limit.set(Some(new));
            }
            match call() {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => has_passed = true,
                result => return Ok(result?),
            }
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::thread;

    use rustix::net::sockopt::socket_timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(40);
    /// More than any test takes.
    const LONG: Duration = Duration::from_secs(60);

    fn pair(limit: Duration) -> (Socket, UnixStream) {
        let (here, there) = UnixStream::pair().unwrap();
        (Socket::from_connected(here.into(), limit), there)
    }

    fn read(socket: &mut Socket) -> io::Result<usize> {
        socket.read(&mut [0; 8])
    }

    fn limit(socket: &Socket, direction: Timeout) -> Option<Duration> {
        socket_timeout(&socket.socket, direction).unwrap()
    }

    #[test]
    fn one_limit_serves_all_calls_while_enough_is_left() {
        let (mut socket, mut peer) = pair(LONG);
        for _ in 0..3 {
            peer.write_all(b"byte").unwrap();
            assert_eq!(read(&mut socket).unwrap(), 4);
            socket.send(b"byte").unwrap();
            // A limit that is set now would be a longer one.
            *socket.budget() = TimeBudget::start(2 * LONG);
        }
        assert!(limit(&socket, Timeout::Recv).unwrap() < LONG);
        assert_eq!(
            limit(&socket, Timeout::Send),
            None,
            "nothing was waited for"
        );
    }

    #[test]
    fn a_smaller_budget_is_not_prolonged_by_an_earlier_limit() {
        let (mut socket, mut peer) = pair(LONG);
        peer.write_all(b"byte").unwrap();
        read(&mut socket).unwrap();
        *socket.budget() = TimeBudget::start(SHORT);
        assert_eq!(read(&mut socket).unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(limit(&socket, Timeout::Recv).unwrap() <= SHORT);
    }

    #[test]
    fn a_larger_budget_is_not_cut_short_by_an_earlier_limit() {
        let (mut socket, mut peer) = pair(SHORT);
        peer.write_all(b"byte").unwrap();
        read(&mut socket).unwrap();
        let started = std::time::Instant::now();
        *socket.budget() = TimeBudget::start(LONG);
        let late = thread::spawn(move || {
            // The limit of the kernel passes meanwhile.
            thread::sleep(2 * SHORT);
            peer.write_all(b"byte").unwrap();
        });
        assert_eq!(read(&mut socket).unwrap(), 4);
        assert!(started.elapsed() > SHORT);
        late.join().unwrap();
    }
}
