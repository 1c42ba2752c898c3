//! The connection to the bus: zbus' own, behind the filter.

use std::fmt;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Mutex;
use zbus::Message;
use zbus::connection::socket::{ReadHalf, Socket, Split, WriteHalf};
use zbus::message::Type;
use zeroize::Zeroizing;

use super::budget::CallBudget;
use super::filter::{Filter, Output};

/// How much is read at once.
const CHUNK: usize = 64 << 10;

/// A connection to the bus whose messages are filtered.
#[derive(Debug)]
pub(super) struct FilteredSocket(pub(super) UnixStream);

impl Socket for FilteredSocket {
    type ReadHalf = Reader;
    type WriteHalf = Writer;

    fn split(self) -> Split<Reader, Writer> {
        let (read, write) = self.0.into_split();
        let budget = Arc::new(CallBudget::default());
        let outbox = Arc::new(Mutex::new(Outbox {
            socket: write,
            unsent: Zeroizing::default(),
        }));
        let reader = Reader {
            socket: read,
            filter: Filter::new(Arc::clone(&budget)),
            chunk: Zeroizing::new(vec![0; CHUNK]),
            unread: 0..0,
            passed: Zeroizing::default(),
            refusal: None,
            outbox: Arc::clone(&outbox),
        };
        Split::new(reader, Writer { budget, outbox })
    }
}

/// The half that zbus reads from. It gives whole messages that passed, piece by piece.
pub(super) struct Reader {
    socket: OwnedReadHalf,
    filter: Filter,
    /// What was read, and which part of it the filter has not taken.
    chunk: Zeroizing<Vec<u8>>,
    unread: Range<usize>,
    /// What zbus has still to take of a message that passed.
    passed: Zeroizing<Vec<u8>>,
    refusal: Option<Zeroizing<Vec<u8>>>,
    outbox: Arc<Mutex<Outbox>>,
}

impl Reader {
    /// Reads until something passes; `false` at the end of the connection.
    ///
    /// Refusals go out from here: while the bus takes none, nothing is read, and its own bounds hold.
    async fn advance(&mut self) -> io::Result<bool> {
        loop {
            if let Some(refusal) = &self.refusal {
                self.outbox.lock().await.send(refusal).await?;
                self.refusal = None;
            }
            let unread = self.chunk.get(self.unread.clone());
            let mut rest = unread.unwrap_or_default();
            let output = self.filter.take(&mut rest)?;
            self.unread.start = self.unread.end.saturating_sub(rest.len());
            match output {
                Some(Output::Pass(message)) => {
                    self.passed = message;
                    return Ok(true);
                }
                Some(Output::Refuse(reply)) => self.refusal = Some(reply),
                None if !self.read().await? => return Ok(false),
                None => {}
            }
        }
    }

    async fn read(&mut self) -> io::Result<bool> {
        loop {
            self.socket.readable().await?;
            match self.socket.try_read(&mut self.chunk) {
                Ok(length) => {
                    self.unread = 0..length;
                    return Ok(length > 0);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[async_trait]
impl ReadHalf for Reader {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        if self.passed.is_empty() && !self.advance().await? {
            return Ok((0, Vec::new()));
        }
        let length = buffer.len().min(self.passed.len());
        for (to, from) in buffer.iter_mut().zip(self.passed.drain(..length)) {
            *to = from;
        }
        Ok((length, Vec::new()))
    }
}

/// The half that zbus writes to. A reply that goes out ends its call.
#[derive(Debug)]
pub(super) struct Writer {
    budget: Arc<CallBudget>,
    outbox: Arc<Mutex<Outbox>>,
}

#[async_trait]
impl WriteHalf for Writer {
    async fn send_message(&mut self, message: &Message) -> zbus::Result<()> {
        let header = message.header();
        if matches!(message.message_type(), Type::MethodReturn | Type::Error)
            && let (Some(to), Some(call)) = (header.destination(), header.reply_serial())
        {
            self.budget.release(to.as_str(), call.get());
        }
        let mut outbox = self.outbox.lock().await;
        Ok(outbox.send(message.data()).await?)
    }

    async fn sendmsg(&mut self, buffer: &[u8], _fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.outbox.lock().await.send(buffer).await?;
        Ok(buffer.len())
    }

    async fn close(&mut self) -> io::Result<()> {
        let outbox = self.outbox.lock().await;
        let socket: &UnixStream = outbox.socket.as_ref();
        nix::sys::socket::shutdown(
            std::os::fd::AsRawFd::as_raw_fd(socket),
            nix::sys::socket::Shutdown::Both,
        )?;
        Ok(())
    }
}

/// What goes out, one message after the other.
struct Outbox {
    socket: OwnedWriteHalf,
    /// The rest of a message whose sender was dropped in the middle of it.
    unsent: Zeroizing<Vec<u8>>,
}

impl Outbox {
    async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.flush().await?;
        self.unsent.extend_from_slice(message);
        self.flush().await
    }

    async fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            self.socket.writable().await?;
            match self.socket.try_write(&self.unsent) {
                Ok(length) => drop(self.unsent.drain(..length)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Outbox")
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reader")
    }
}
