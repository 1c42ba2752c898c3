//! One connection, with one request at a time.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use minicbor::Decode;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tfa_wire::{Buffer, Socket, TimeBudget};
use zeroize::Zeroizing;

use super::error::CallError;
use crate::frame::{self, FrameError, LENGTH_BYTES};
use crate::{is_trusted, peer_uid};

/// The memory that a reply gets at a time.
const CHUNK: usize = 4096;

/// A connection between tfad and tfa-fleet, at either end.
pub struct Connection {
    socket: Socket,
}

impl Connection {
    /// Connects, and checks the uid of the program that listens.
    pub(super) fn open(path: &Path, listener: u32, budget: TimeBudget) -> io::Result<Self> {
        let socket = Socket::connect(path, budget)?;
        let peer = peer_uid(&socket)?;
        if is_trusted(peer, listener) {
            Ok(Self { socket })
        } else {
            let why = format!("a program with uid {peer} listens at the socket");
            Err(io::Error::new(ErrorKind::PermissionDenied, why))
        }
    }

    /// Takes a connection that was opened to a socket of this program, and checks the uid of the peer.
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`] for another peer than `peer` or root.
    pub fn accept(stream: UnixStream, peer: u32, limit: Duration) -> io::Result<Self> {
        let socket = Socket::from_connected(stream.into(), limit);
        let uid = peer_uid(&socket)?;
        if is_trusted(uid, peer) {
            Ok(Self { socket })
        } else {
            let why = format!("a program with uid {uid} calls at the socket");
            Err(io::Error::new(ErrorKind::PermissionDenied, why))
        }
    }

    /// Returns whether the connection is open and nothing was received since the last reply.
    pub(super) fn is_quiet(&self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        recv(&self.socket, &mut [0], flags) == Err(Errno::AGAIN)
    }

    /// Sets the time for what follows.
    pub fn set_budget(&mut self, budget: TimeBudget) {
        *self.socket.budget() = budget;
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// Those of send(2).
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.socket.send(frame)
    }

    /// Receives the next message: on the side that calls, the reply to the request that was sent.
    ///
    /// # Errors
    /// [`CallError::Unknown`] or [`CallError::Reply`].
    pub fn receive<T: for<'b> Decode<'b, ()>>(&mut self) -> Result<T, CallError> {
        self.receive_at_most(frame::MAX_FRAME)
    }

    /// As [`Self::receive`], for a message of at most that many bytes.
    ///
    /// # Errors
    /// [`CallError::Unknown`] or [`CallError::Reply`].
    pub fn receive_at_most<T: for<'b> Decode<'b, ()>>(
        &mut self,
        most: usize,
    ) -> Result<T, CallError> {
        let mut length = [0; LENGTH_BYTES];
        self.socket
            .read_exact(&mut length)
            .map_err(CallError::Unknown)?;
        let length = frame::body_length(length).map_err(CallError::Reply)?;
        if length > most {
            return Err(CallError::Reply(FrameError::TooLong));
        }
        let body = self.read(length).map_err(CallError::Unknown)?;
        frame::decode(&body).map_err(CallError::Reply)
    }

    /// Reads that many bytes. Takes memory as they arrive.
    fn read(&mut self, length: usize) -> io::Result<Buffer> {
        let mut bytes = Buffer::with_capacity(length.min(CHUNK));
        let mut chunk = Zeroizing::new([0; CHUNK]);
        while bytes.len() < length {
            let wanted = length.saturating_sub(bytes.len()).min(CHUNK);
            let room = chunk.get_mut(..wanted).unwrap_or_default();
            let read = match self.socket.read(room)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => read,
            };
            bytes.append(room.get(..read).unwrap_or_default());
        }
        Ok(bytes)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connection")
    }
}
