//! What comes over a connection, cut into lines and messages.

use std::io::{self, BufRead, ErrorKind, Read};

use zeroize::Zeroizing;

use super::START;

/// How much is read at once. Most logins need no more.
const BUFFER: usize = 4096;
/// The longest line of a handshake.
const LONGEST_LINE: u64 = 512;

/// What came from the source and is not used yet. It may hold codes and keys, so the buffer is wiped,
/// and never moves.
pub struct Incoming<R> {
    source: R,
    buffer: Zeroizing<Vec<u8>>,
    used: usize,
    filled: usize,
}

impl<R: Read> Incoming<R> {
    /// What comes from that source.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: Zeroizing::new(vec![0; BUFFER]),
            used: 0,
            filled: 0,
        }
    }

    /// Where it comes from.
    pub fn source(&mut self) -> &mut R {
        &mut self.source
    }

    /// Whether nothing is there that has not been used.
    pub fn is_used_up(&self) -> bool {
        self.used >= self.filled
    }

    /// The next line, with its end; without one where it is too long.
    ///
    /// # Errors
    /// The source's; [`ErrorKind::UnexpectedEof`] where it ends before the line does.
    pub fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut source = self.by_ref().take(LONGEST_LINE);
        source.read_until(b'\n', &mut line)?;
        let ended = source.limit() > 0 && !line.ends_with(b"\n");
        if ended {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }

    /// What the next message begins with.
    ///
    /// # Errors
    /// The source's.
    pub fn start(&mut self) -> io::Result<[u8; START]> {
        let mut start = [0; START];
        self.read_exact(&mut start)?;
        Ok(start)
    }

    /// A message that begins so, with as many bytes behind that.
    ///
    /// # Errors
    /// The source's.
    pub fn message(&mut self, start: &[u8; START], rest: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        let length = usize::try_from(rest).unwrap_or(usize::MAX);
        let mut message = Zeroizing::new(vec![0; START.saturating_add(length)]);
        let mut whole = start.as_slice().chain(self.by_ref());
        whole.read_exact(&mut message)?;
        Ok(message)
    }

    /// Reads so many bytes, and keeps none.
    ///
    /// # Errors
    /// The source's.
    pub fn pass_over(&mut self, length: u64) -> io::Result<()> {
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
        if self.is_used_up() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{METHOD_CALL, Start};

    /// Gives its bytes so many at a time.
    struct Drops<'a>(usize, &'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let end = buffer.len().min(self.0);
            self.1.read(&mut buffer[..end])
        }
    }

    /// A message of that many bytes behind its start.
    fn message(rest: usize) -> Vec<u8> {
        let rest = (0..=250).cycle().take(rest).collect::<Vec<u8>>();
        let numbers = [u32::try_from(rest.len()).unwrap(), 1, 0];
        let numbers = numbers.map(u32::to_le_bytes).concat();
        [&[b'l', METHOD_CALL, 0, 1], &*numbers, &*rest].concat()
    }

    fn next<R: Read>(incoming: &mut Incoming<R>) -> io::Result<Vec<u8>> {
        let bytes = incoming.start()?;
        let rest = Start::read(&bytes).unwrap().rest();
        incoming.message(&bytes, rest).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn lines_and_messages_are_the_same_in_one_piece_and_in_drops() {
        let (short, long) = (message(24), message(3 * BUFFER));
        let lines = b"AUTH EXTERNAL 30\r\n\r\nBEGIN\r\n";
        let bytes = [&lines[..], &short, &long, &short, b"more"].concat();
        for drops in [1, 2, 3, 7, 16, 17, BUFFER - 1, BUFFER, usize::MAX] {
            let mut incoming = Incoming::new(Drops(drops, &bytes));
            assert_eq!(incoming.line().unwrap(), b"AUTH EXTERNAL 30\r\n");
            assert_eq!(incoming.line().unwrap(), b"\r\n");
            assert_eq!(incoming.line().unwrap(), b"BEGIN\r\n");
            assert_eq!(next(&mut incoming).unwrap(), short);
            assert!(next(&mut incoming).unwrap() == long);
            incoming.pass_over(40).unwrap();
            for _ in 0..2 {
                // The last one has no end.
                let error = incoming.line().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_has_no_end() {
        let longest = [&[b'x'; 511][..], b"\n"].concat();
        for (before, is_line) in [(0, true), (1, false), (100_000, false)] {
            let bytes = [&vec![b'x'; before][..], &longest].concat();
            for drops in [1, usize::MAX] {
                let line = Incoming::new(Drops(drops, &bytes)).line().unwrap();
                assert_eq!(line.ends_with(b"\n"), is_line, "{before}");
                assert_eq!(line.len(), 512);
            }
        }
    }

    #[test]
    fn what_breaks_off_is_no_message() {
        let whole = message(24);
        for length in 0..whole.len() {
            let error = next(&mut Incoming::new(&whole[..length])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}");
            let passed = Incoming::new(&whole[..length]).pass_over(100);
            assert_eq!(passed.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn it_is_used_up_when_all_that_came_was_taken() {
        let mut incoming = Incoming::new(Drops(7, b"BEGIN\r\nmore\r\n"));
        assert!(incoming.is_used_up());
        incoming.line().unwrap();
        assert!(incoming.is_used_up(), "the rest has not come yet");
        let mut incoming = Incoming::new(Drops(8, b"BEGIN\r\nmore\r\n"));
        incoming.line().unwrap();
        assert!(!incoming.is_used_up());
        incoming.line().unwrap();
        assert!(incoming.is_used_up());
    }
}
