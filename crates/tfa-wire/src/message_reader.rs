//! Splits received bytes into lines and messages.

use std::io::{self, ErrorKind, Read};

use crate::buffer::wipe;
use crate::fixed_header::FIXED_HEADER_LENGTH;

/// The size of the buffer in bytes, which grows for a longer message. The messages of most logins fit,
/// each with the lines before it in one read.
const BUFFER_SIZE: usize = 1536;
/// The longest line of a handshake in bytes, its end included.
const MAX_LINE: usize = 512;

/// A buffered reader. Its buffer may hold codes and keys, so it is wiped on drop, and where it moves
/// from. Lines and messages are lent from it: there is no copy of them.
pub struct MessageReader<R> {
    source: R,
    buffer: Vec<u8>,
    /// What is before was taken.
    used: usize,
    /// What is before was read.
    filled: usize,
    /// What is behind was never written to.
    written: usize,
}

impl<R: Read> MessageReader<R> {
    /// Reads from that source.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; BUFFER_SIZE],
            used: 0,
            filled: 0,
            written: 0,
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

    /// Takes one byte.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::UnexpectedEof`] if it ends.
    pub fn read_byte(&mut self) -> io::Result<u8> {
        self.fill_to(1)?;
        let byte = self.take(1).first().copied();
        byte.ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    /// Takes a line, including its `\n`. A line that is too long comes without one, cut off.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::UnexpectedEof`] if it ends before the line does.
    pub fn read_line(&mut self) -> io::Result<&[u8]> {
        let mut searched = 0;
        loop {
            let unsearched = self.unused().get(searched..).unwrap_or_default();
            let end = unsearched.iter().position(|byte| *byte == b'\n');
            searched = match end {
                Some(end) => searched.saturating_add(end).saturating_add(1),
                None => self.unused().len(),
            };
            if end.is_some() || searched >= MAX_LINE {
                return Ok(self.take(searched.min(MAX_LINE)));
            }
            self.fill_to(searched.saturating_add(1))?;
        }
    }

    /// Returns the fixed header of the next message, and takes nothing.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::UnexpectedEof`] if it ends.
    pub fn peek_fixed_header(&mut self) -> io::Result<[u8; FIXED_HEADER_LENGTH]> {
        self.fill_to(FIXED_HEADER_LENGTH)?;
        let header = self.unused().first_chunk().copied();
        header.ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    /// Reads until the whole message is there, of which that many bytes follow the fixed header, and
    /// takes nothing.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::UnexpectedEof`] if it ends.
    pub fn complete_message(&mut self, remaining_length: u64) -> io::Result<()> {
        self.fill_to(message_length(remaining_length))
    }

    /// Takes a whole message, of which that many bytes follow the fixed header.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::UnexpectedEof`] if it ends.
    pub fn read_message(&mut self, remaining_length: u64) -> io::Result<&[u8]> {
        self.complete_message(remaining_length)?;
        Ok(self.take(message_length(remaining_length)))
    }

    /// Takes a whole message and discards it.
    ///
    /// # Errors
    /// Those of the source; [`ErrorKind::UnexpectedEof`] if it ends.
    pub fn skip_message(&mut self, remaining_length: u64) -> io::Result<()> {
        let mut left = remaining_length.saturating_add(FIXED_HEADER_LENGTH as u64);
        while left > 0 {
            self.fill_to(1)?;
            let length = usize::try_from(left).unwrap_or(usize::MAX);
            let taken = self.take(length.min(self.unused().len())).len();
            left = left.saturating_sub(taken as u64);
        }
        Ok(())
    }

    fn unused(&self) -> &[u8] {
        self.buffer.get(self.used..self.filled).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> &[u8] {
        let start = self.used;
        self.used = start.saturating_add(length).min(self.filled);
        self.buffer.get(start..self.used).unwrap_or_default()
    }

    /// Reads until that many bytes are there to take.
    fn fill_to(&mut self, length: usize) -> io::Result<()> {
        while self.unused().len() < length {
            self.make_room(length);
            let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
            let read = match self.source.read(room) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            };
            self.filled = self.filled.saturating_add(read);
            self.written = self.written.max(self.filled);
        }
        Ok(())
    }

    /// Moves what was not taken so that it can be completed to that length.
    fn make_room(&mut self, length: usize) {
        if self.is_drained() {
            (self.used, self.filled) = (0, 0);
        }
        if self.used.saturating_add(length) <= self.buffer.len() {
            return;
        }
        let unused = self.unused().len();
        if length <= self.buffer.len() {
            self.buffer.copy_within(self.used..self.filled, 0);
        } else {
            let mut buffer = vec![0; length];
            if let Some(place) = buffer.get_mut(..unused) {
                place.copy_from_slice(self.unused());
            }
            self.wipe();
            self.buffer = buffer;
            self.written = unused;
        }
        (self.used, self.filled) = (0, unused);
    }
}

fn message_length(remaining_length: u64) -> usize {
    let length = usize::try_from(remaining_length).unwrap_or(usize::MAX);
    length.saturating_add(FIXED_HEADER_LENGTH)
}

impl<R> MessageReader<R> {
    fn wipe(&mut self) {
        wipe(self.buffer.get_mut(..self.written).unwrap_or_default());
    }
}

impl<R> Drop for MessageReader<R> {
    fn drop(&mut self) {
        self.wipe();
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
        let rest = rest(reader)?;
        reader.read_message(rest).map(<[u8]>::to_vec)
    }

    fn rest<R: Read>(reader: &mut MessageReader<R>) -> io::Result<u64> {
        let bytes = reader.peek_fixed_header()?;
        Ok(FixedHeader::decode(&bytes).unwrap().remaining_length())
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
            let rest = rest(&mut reader).unwrap();
            reader.skip_message(rest).unwrap();
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
                let mut reader = MessageReader::new(Chunks(size, &bytes));
                let line = reader.read_line().unwrap();
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
            let skipped = MessageReader::new(&whole[..length]).skip_message(100);
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

    #[test]
    fn everything_read_is_wiped() {
        let (short, long) = (message(24), message(3 * BUFFER_SIZE));
        let bytes = [&short[..], &short, &long, &short].concat();
        for size in [7, BUFFER_SIZE, usize::MAX] {
            for messages in 0..=4 {
                let mut reader = MessageReader::new(Chunks(size, &bytes));
                (0..messages).for_each(|_| drop(next(&mut reader).unwrap()));
                assert_eq!(reader.buffer.iter().any(|byte| *byte != 0), messages > 0);
                reader.wipe();
                assert!(reader.buffer.iter().all(|byte| *byte == 0), "{size}");
            }
        }
    }
}
