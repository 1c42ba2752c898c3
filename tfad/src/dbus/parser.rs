//! Whether zbus' own parser takes a message.
//!
//! zbus ends the connection at the first message that it does not take. A bus does not keep all of
//! them away: dbus-broker forwards header fields that the specification does not know, which
//! dbus-daemon drops.

use std::io;
use std::os::fd::OwnedFd;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use zbus::connection::socket::ReadHalf;
use zeroize::Zeroizing;

/// The message, if zbus takes it.
pub(super) fn parsed(message: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    let mut source = Source {
        bytes: message,
        read: 0,
    };
    let (mut bytes, mut descriptors) = (Vec::new(), Vec::new());
    let received = source.receive_message(0, &mut bytes, &mut descriptors);
    // All bytes are there, so it waits for nothing.
    let is_taken = matches!(received.now_or_never(), Some(Ok(_)));
    is_taken.then_some(source.bytes)
}

/// The bytes of one message, as a socket that zbus reads from.
struct Source {
    bytes: Zeroizing<Vec<u8>>,
    read: usize,
}

#[async_trait]
impl ReadHalf for Source {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        let rest = self.bytes.get(self.read..).unwrap_or_default();
        let length = buffer.len().min(rest.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.read = self.read.saturating_add(length);
        Ok((length, Vec::new()))
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Source")
    }
}
