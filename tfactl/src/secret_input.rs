//! Input with secrets, read without a copy that stays in memory.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;

use zeroize::Zeroizing;

/// The size of the first buffer, in bytes, where the length of the input is not known.
const FIRST_BUFFER: usize = 4096;

/// The standard input without the buffer of the standard library, which would keep what was read.
pub(crate) fn stdin() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Reads an input that may have `length` bytes to its end. `None` if it has more than `max` bytes; then at
/// most twice as many are read.
///
/// A buffer that becomes too small is wiped before it is freed.
pub(crate) fn read_to_end(
    mut input: impl Read,
    length: usize,
    max: usize,
) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // With one byte more, the end is seen in the same buffer.
    let first = length.max(FIRST_BUFFER).min(max).saturating_add(1);
    let mut buffer = Zeroizing::new(vec![0; first]);
    let mut filled = 0;
    loop {
        let room = buffer.get_mut(filled..).unwrap_or_default();
        match input.read(room) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if filled > max {
            return Ok(None);
        }
        if filled == buffer.len() {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * filled));
            larger.extend_from_slice(&buffer);
            larger.resize(2 * filled, 0);
            buffer = larger;
        }
    }
    buffer.truncate(filled);
    Ok(Some(buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns few bytes at a time, and is interrupted before each.
    struct Slow<'a> {
        left: &'a [u8],
        interrupted: bool,
    }

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.interrupted = !self.interrupted;
            if self.interrupted {
                return Err(ErrorKind::Interrupted.into());
            }
            let length = buffer.len().min(1000);
            self.left.read(&mut buffer[..length])
        }
    }

    fn read(input: &[u8], length: usize, max: usize) -> Option<Vec<u8>> {
        let slow = Slow {
            left: input,
            interrupted: false,
        };
        let all = read_to_end(slow, length, max).unwrap();
        all.map(|all| all.to_vec())
    }

    #[test]
    fn an_input_of_any_length_up_to_the_limit_is_read() {
        let input: Vec<u8> = (0..20_000_u32).map(|at| (at % 251) as u8).collect();
        for length in [0, 1, 4095, 4096, 4097, 8193, 20_000] {
            let input = &input[..length];
            for expected in [0, length, 40_000] {
                for max in [length, 20_000] {
                    assert_eq!(read(input, expected, max).as_deref(), Some(input));
                }
                if length > 0 {
                    assert_eq!(read(input, expected, length - 1), None);
                }
            }
        }
    }

    #[test]
    fn an_endless_input_is_given_up() {
        let all = read_to_end(io::repeat(7), 0, 100_000).unwrap();
        assert!(all.is_none());
    }
}
