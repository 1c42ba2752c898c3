//! Frames of `tfa_fleet_wire` on a Unix socket.

use std::io;

use tfa_fleet_wire::frame::{self, FrameError, LENGTH_BYTES};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use zeroize::Zeroizing;

/// Receives the bytes of a message of at most that length, for `frame::decode`. A code may be in them: they
/// are wiped, and do not move. So the peer is trusted with the memory of that length.
pub(crate) async fn receive(
    stream: &mut UnixStream,
    most: usize,
) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut length = [0; LENGTH_BYTES];
    stream.read_exact(&mut length).await?;
    let length = frame::body_length(length).map_err(io::Error::other)?;
    if length > most {
        return Err(io::Error::other(FrameError::TooLong));
    }
    let mut body = Zeroizing::new(vec![0; length]);
    stream.read_exact(&mut body).await?;
    Ok(body)
}

/// Sends a message.
pub(crate) async fn send(
    stream: &mut UnixStream,
    message: &impl minicbor::Encode<()>,
) -> io::Result<()> {
    let frame = frame::encode(message).map_err(io::Error::other)?;
    stream.write_all(&frame).await
}
