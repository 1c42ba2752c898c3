//! Bytes that may hold a code or a key.

use std::ops::Deref;

/// Bytes to send. They are wiped on drop, and where they move from when the buffer grows.
#[derive(Default)]
pub struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    /// Makes an empty buffer, which does not move up to that many bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        let bytes = Vec::with_capacity(capacity);
        Self { bytes }
    }

    /// Appends bytes.
    pub fn append(&mut self, more: &[u8]) {
        let length = self.bytes.len().saturating_add(more.len());
        if length > self.bytes.capacity() {
            let mut bytes = Vec::with_capacity(length.saturating_mul(2));
            bytes.extend_from_slice(&self.bytes);
            wipe(&mut self.bytes);
            self.bytes = bytes;
        }
        self.bytes.extend_from_slice(more);
    }

    /// Replaces bytes in the middle. Does nothing if there are not so many.
    pub(crate) fn replace(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset.saturating_add(bytes.len());
        if let Some(place) = self.bytes.get_mut(offset..end) {
            place.copy_from_slice(bytes);
        }
    }

    /// Wipes and removes all bytes.
    pub fn clear(&mut self) {
        wipe(&mut self.bytes);
        self.bytes.clear();
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        wipe(&mut self.bytes);
    }
}

/// Sets bytes to zero. In contrast to `Zeroize`, it does not write each byte on its own.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    // Keeps the compiler from omitting it before the memory is freed.
    zeroize::optimization_barrier(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_in_order_when_the_buffer_grows() {
        let mut buffer = Buffer::with_capacity(3);
        let mut expected = Vec::new();
        for length in 0..40 {
            let more = vec![length; length.into()];
            buffer.append(&more);
            expected.extend(more);
            assert_eq!(*buffer, *expected);
        }
        buffer.replace(2, b"ab");
        expected[2..4].copy_from_slice(b"ab");
        assert_eq!(*buffer, *expected);
        buffer.replace(expected.len() - 1, b"ab");
        assert_eq!(*buffer, *expected, "there is no room for two");
        buffer.clear();
        assert!(buffer.is_empty());
    }

    #[test]
    fn wiped_bytes_are_zero() {
        let mut bytes = *b"123456";
        wipe(&mut bytes);
        assert_eq!(bytes, [0; 6]);
    }
}
