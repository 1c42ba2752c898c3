//! Splits received bytes into lines and messages.

use std::io::{self, BufRead, ErrorKind, Read};

use zeroize::Zeroizing;

use crate::fixed_header::FIXED_HEADER_LENGTH;

/// The size of the buffer in bytes. Most logins fit in one read of it.
const BUFFER_SIZE: usize = 4096;
/// The longest line of a handshake in bytes, its end included.
const MAX_LINE: u64 = 512;

/// A buffered reader. Its buffer may hold codes and keys, so it never moves and is wiped on drop.
pub struct MessageReader<R> {
    source: R,
    buffer: Zeroizing<Vec<u8>>,
    used: usize,
    filled: usize,
}

impl<R: Read> MessageReader<R> {
    /// Reads from that source.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: Zeroizing::new(vec![0; BUFFER_SIZE]),
            used: 0,
            filled: 0,
        }
    }

    /// Returns the source.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// Returns whether all bytes read from the source so far were taken.
    pub fn is_drained(&self) -> bool {
        self.used >= self.filled
    }

    /// Reads a line, including its `\n`. A line that is too long comes without one, cut off.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::UnexpectedEof`] if it ends before the line does.
    pub fn read_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut source = self.by_ref().take(MAX_LINE);
        source.read_until(b'\n', &mut line)?;
        let ended = source.limit() > 0 && !line.ends_with(b"\n");
        if ended {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }

    /// Reads the fixed header of the next message.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::UnexpectedEof`] if it ends.
    pub fn read_fixed_header(&mut self) -> io::Result<[u8; FIXED_HEADER_LENGTH]> {
        let mut header = [0; FIXED_HEADER_LENGTH];
        self.read_exact(&mut header)?;
        Ok(header)
    }

    /// Reads the remaining bytes of a message, and returns the whole message.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::UnexpectedEof`] if it ends.
    pub fn read_message(
        &mut self,
        header: &[u8; FIXED_HEADER_LENGTH],
        remaining_length: u64,
    ) -> io::Result<Zeroizing<Vec<u8>>> {
        let length = usize::try_from(remaining_length).unwrap_or(usize::MAX);
        let mut message = Zeroizing::new(vec![0; FIXED_HEADER_LENGTH.saturating_add(length)]);
        let mut whole = header.as_slice().chain(self.by_ref());
        whole.read_exact(&mut message)?;
        Ok(message)
    }

    /// Reads and discards that many bytes.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::UnexpectedEof`] if it ends.
    pub fn skip(&mut self, length: u64) -> io::Result<()> {
        if io::copy(&mut self.by_ref().take(length), &mut io::sink())? < length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

impl<R: Read> Read for MessageReader<R> {
    fn read(&mut self, wanted: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(wanted)?;
        self.consume(got);
        Ok(got)
    }
}

impl<R: Read> BufRead for MessageReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.is_drained() {
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
    use crate::fixed_header::{FixedHeader, METHOD_CALL};

    /// A source that returns at most that many bytes a read.
    struct Chunks<'a>(usize, &'a [u8]);

    impl Read for Chunks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let end = buffer.len().min(self.0);
            self.1.read(&mut buffer[..end])
        }
    }

    /// A message with that many bytes after its fixed header.
    fn message(rest: usize) -> Vec<u8> {
        let rest = (0..=250).cycle().take(rest).collect::<Vec<u8>>();
        let numbers = [u32::try_from(rest.len()).unwrap(), 1, 0];
        let numbers = numbers.map(u32::to_le_bytes).concat();
        [&[b'l', METHOD_CALL, 0, 1], &*numbers, &*rest].concat()
    }

    fn next<R: Read>(reader: &mut MessageReader<R>) -> io::Result<Vec<u8>> {
        let bytes = reader.read_fixed_header()?;
        let rest = FixedHeader::decode(&bytes).unwrap().remaining_length();
        reader
            .read_message(&bytes, rest)
            .map(|bytes| bytes.to_vec())
    }

    #[test]
    fn lines_and_messages_do_not_depend_on_the_size_of_reads() {
        let (short, long) = (message(24), message(3 * BUFFER_SIZE));
        let lines = b"AUTH EXTERNAL 30\r\n\r\nBEGIN\r\n";
        let bytes = [&lines[..], &short, &long, &short, b"more"].concat();
        for size in [1, 2, 3, 7, 16, 17, BUFFER_SIZE - 1, BUFFER_SIZE, usize::MAX] {
            let mut reader = MessageReader::new(Chunks(size, &bytes));
            assert_eq!(reader.read_line().unwrap(), b"AUTH EXTERNAL 30\r\n");
            assert_eq!(reader.read_line().unwrap(), b"\r\n");
            assert_eq!(reader.read_line().unwrap(), b"BEGIN\r\n");
            assert_eq!(next(&mut reader).unwrap(), short);
            assert!(next(&mut reader).unwrap() == long);
            reader.skip(40).unwrap();
            for _ in 0..2 {
                // The last line does not end.
                let error = reader.read_line().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_off() {
        let longest = [&[b'x'; 511][..], b"\n"].concat();
        for (before, is_line) in [(0, true), (1, false), (100_000, false)] {
            let bytes = [&vec![b'x'; before][..], &longest].concat();
            for size in [1, usize::MAX] {
                let line = MessageReader::new(Chunks(size, &bytes))
                    .read_line()
                    .unwrap();
                assert_eq!(line.ends_with(b"\n"), is_line, "{before}");
                assert_eq!(line.len(), 512);
            }
        }
    }

    #[test]
    fn an_incomplete_message_is_an_error() {
        let whole = message(24);
        for length in 0..whole.len() {
            let error = next(&mut MessageReader::new(&whole[..length])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}");
            let skipped = MessageReader::new(&whole[..length]).skip(100);
            assert_eq!(skipped.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn it_is_drained_when_all_read_bytes_are_taken() {
        let mut reader = MessageReader::new(Chunks(7, b"BEGIN\r\nmore\r\n"));
        assert!(reader.is_drained());
        reader.read_line().unwrap();
        assert!(reader.is_drained(), "the rest was not read yet");
        let mut reader = MessageReader::new(Chunks(8, b"BEGIN\r\nmore\r\n"));
        reader.read_line().unwrap();
        assert!(!reader.is_drained());
        reader.read_line().unwrap();
        assert!(reader.is_drained());
    }
}
