//! What comes from the bus: the line that ends the handshake, then messages, of which the replies
//! are kept and everything else is passed over unread.

use std::io::{self, BufRead, ErrorKind, Read};

use zeroize::Zeroizing;

use super::LoginError;
use super::message::{FIXED, Fixed};
use super::reply::Reply;

/// How much is read at once. Most logins need no more.
const BUFFER: usize = 4096;
/// The longest line of a handshake.
const LONGEST_LINE: u64 = 512;
/// The longest reply: a page with a hundred QR codes.
const LONGEST_REPLY: u64 = 1 << 20;
/// The longest message that the bus may pass on.
const LONGEST_MESSAGE: u64 = 1 << 27;

/// What came from the source and is not used yet. It may hold keys, so the buffer is wiped, and
/// never moves.
pub(super) struct Incoming<R> {
    source: R,
    buffer: Zeroizing<Vec<u8>>,
    used: usize,
    filled: usize,
}

impl<R: Read> Incoming<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: Zeroizing::new(vec![0; BUFFER]),
            used: 0,
            filled: 0,
        }
    }

    /// Where it comes from.
    pub(super) fn source(&mut self) -> &mut R {
        &mut self.source
    }

    /// The next line, with its end; without one where it is too long, or the last.
    pub(super) fn line(&mut self) -> Result<Vec<u8>, LoginError> {
        let mut line = Vec::new();
        let mut source = self.by_ref().take(LONGEST_LINE);
        source.read_until(b'\n', &mut line)?;
        Ok(line)
    }

    /// The next reply. Signals come without being asked for, and any program on the bus can send
    /// some, or calls: none of that is looked into.
    pub(super) fn reply(&mut self) -> Result<Reply, LoginError> {
        loop {
            let mut fixed = [0; FIXED];
            self.read_exact(&mut fixed)?;
            let start = Fixed::read(&fixed)?;
            let rest = start.rest();
            if !start.begins_reply() && rest <= LONGEST_MESSAGE {
                self.pass_over(rest)?;
                continue;
            }
            if rest > LONGEST_REPLY {
                return Err(LoginError::Garbled("a message that is too long"));
            }
            let length = usize::try_from(rest).unwrap_or(usize::MAX);
            let mut message = Zeroizing::new(vec![0; FIXED.saturating_add(length)]);
            let mut whole = fixed.as_slice().chain(self.by_ref());
            whole.read_exact(&mut message)?;
            return Reply::read(&start, message);
        }
    }

    fn pass_over(&mut self, length: u64) -> io::Result<()> {
        if io::copy(&mut self.by_ref().take(length), &mut io::sink())? < length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

impl<R: Read> Read for Incoming<R> {
    fn read(&mut self, wanted: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(wanted)?;
        self.consume(got);
        Ok(got)
    }
}

impl<R: Read> BufRead for Incoming<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used >= self.filled {
            (self.used, self.filled) = (0, 0);
            self.filled = self.source.read(&mut self.buffer)?;
        }
        let unused = self.buffer.get(self.used..self.filled);
        Ok(unused.unwrap_or_default())
    }

    fn consume(&mut self, used: usize) {
        self.used = self.used.saturating_add(used);
    }
}
