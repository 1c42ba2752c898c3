//! Reads a request.

use std::io::{self, Read};

use tfa_fleet_wire::frame::{self, LENGTH_BYTES};
use tfa_fleet_wire::{CaRequest, MAX_CA_FRAME};
use zeroize::Zeroizing;

/// Reads a request. The key of the authority may be in it: its bytes are wiped.
///
/// # Errors
/// Those of the input, and [`frame::FrameError`].
pub fn read(input: &mut impl Read) -> io::Result<CaRequest> {
    let mut length = [0; LENGTH_BYTES];
    input.read_exact(&mut length)?;
    let length = frame::body_length(length).map_err(io::Error::other)?;
    if length > MAX_CA_FRAME {
        return Err(io::Error::other(frame::FrameError::TooLong));
    }
    let mut body = Zeroizing::new(vec![0; length]);
    input.read_exact(&mut body)?;
    frame::decode(&body).map_err(io::Error::other)
}
