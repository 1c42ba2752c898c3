//! One message as bytes: its length as a `u32` in little endian, a version, and CBOR.
//!
//! The length counts what follows it. A reader checks it before it reads on, and takes memory as the
//! bytes arrive, never as the length claims.

use std::fmt;

use minicbor::encode::Write;
use minicbor::{Decode, Encode};
use tfa_wire::Buffer;

pub use crate::limits::MAX_FRAME;

/// The version of the messages. tfad and tfa-fleet come from one source package; a frame of another
/// version is refused.
pub const VERSION: u8 = 1;

/// The bytes that hold the length.
pub const LENGTH_BYTES: usize = 4;

/// Why bytes are not a frame, or a message does not fit into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// The frame is longer than [`MAX_FRAME`].
    TooLong,
    /// The frame is empty: it has no version.
    Empty,
    /// Another version of the messages.
    Version(u8),
    /// The CBOR is not the expected message, or bytes follow it.
    Message,
}

/// Encodes a message with its length and version.
///
/// # Errors
/// [`FrameError::TooLong`].
pub fn encode(message: &impl Encode<()>) -> Result<Buffer, FrameError> {
    let mut body = Body(Buffer::with_capacity(FIRST_CAPACITY));
    body.0.append(&[VERSION]);
    minicbor::encode(message, &mut body).map_err(|_| FrameError::TooLong)?;
    let length = u32::try_from(body.0.len()).map_err(|_| FrameError::TooLong)?;
    let mut frame = Buffer::with_capacity(LENGTH_BYTES.saturating_add(body.0.len()));
    frame.append(&length.to_le_bytes());
    frame.append(&body.0);
    Ok(frame)
}

/// Returns how many bytes follow the length.
///
/// # Errors
/// [`FrameError::TooLong`], [`FrameError::Empty`].
pub fn body_length(length: [u8; LENGTH_BYTES]) -> Result<usize, FrameError> {
    match usize::try_from(u32::from_le_bytes(length)) {
        Ok(0) => Err(FrameError::Empty),
        Ok(length) if length <= MAX_FRAME => Ok(length),
        _ => Err(FrameError::TooLong),
    }
}

/// Decodes what follows the length.
///
/// # Errors
/// Each [`FrameError`].
pub fn decode<'b, T: Decode<'b, ()>>(body: &'b [u8]) -> Result<T, FrameError> {
    if body.len() > MAX_FRAME {
        return Err(FrameError::TooLong);
    }
    let (version, message) = body.split_first().ok_or(FrameError::Empty)?;
    if *version != VERSION {
        return Err(FrameError::Version(*version));
    }
    let mut decoder = minicbor::Decoder::new(message);
    let decoded = decoder.decode().map_err(|_| FrameError::Message)?;
    if decoder.position() == message.len() {
        Ok(decoded)
    } else {
        Err(FrameError::Message)
    }
}

/// The length that most bodies stay below.
const FIRST_CAPACITY: usize = 512;

/// A body that is wiped, and bounded while it grows.
struct Body(Buffer);

impl Write for Body {
    type Error = FrameError;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        if self.0.len().saturating_add(bytes.len()) > MAX_FRAME {
            return Err(FrameError::TooLong);
        }
        self.0.append(bytes);
        Ok(())
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(formatter, "a frame is longer than {MAX_FRAME} bytes"),
            Self::Empty => formatter.write_str("a frame is empty"),
            Self::Version(version) => write!(
                formatter,
                "a frame has version {version}, and this program knows version {VERSION}"
            ),
            Self::Message => formatter.write_str("a frame is not a known message"),
        }
    }
}

impl std::error::Error for FrameError {}
