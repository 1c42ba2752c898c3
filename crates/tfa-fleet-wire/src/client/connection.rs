//! One connection, with one request at a time.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use minicbor::Decode;
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{RecvFlags, recv};
use tfa_wire::{Buffer, Socket, TimeBudget};
use zeroize::Zeroizing;

use super::error::CallError;
use crate::frame::{self, LENGTH_BYTES};
use crate::is_trusted;

/// The memory that a reply gets at a time.
const CHUNK: usize = 4096;

pub(super) struct Connection {
    socket: Socket,
}

impl Connection {
    /// Connects, and checks the uid of the program that listens.
    pub(super) fn open(path: &Path, listener: u32, budget: TimeBudget) -> io::Result<Self> {
        let socket = Socket::connect(path, budget)?;
        let peer = socket_peercred(&socket)?.uid.as_raw();
        if is_trusted(peer, listener) {
            Ok(Self { socket })
        } else {
            let why = format!("a program with uid {peer} listens at the socket");
            Err(io::Error::new(ErrorKind::PermissionDenied, why))
        }
    }

    /// Returns whether the connection is open and nothing was received since the last reply.
    pub(super) fn is_quiet(&self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        recv(&self.socket, &mut [0], flags) == Err(Errno::AGAIN)
    }

    pub(super) fn set_budget(&mut self, budget: TimeBudget) {
        *self.socket.budget() = budget;
    }

    pub(super) fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.socket.send(frame)
    }

    /// Receives the reply to the request that was sent.
    pub(super) fn receive<T: for<'b> Decode<'b, ()>>(&mut self) -> Result<T, CallError> {
        let mut length = [0; LENGTH_BYTES];
        self.socket
            .read_exact(&mut length)
            .map_err(CallError::Unknown)?;
        let length = frame::body_length(length).map_err(CallError::Reply)?;
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
