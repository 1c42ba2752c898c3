//! What is known of the login socket.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tfa_doctor::{OwnedFile, SocketFacts};
use tfa_proto::LOGIN_SOCKET;

/// How long the daemon may take to answer. A login waits about as long.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// The first lines of the D-Bus handshake, as root.
const OPENING: &[u8] = b"\0AUTH EXTERNAL 30\r\n";
/// More bytes than the answer has.
const MAX_ANSWER: u64 = 256;

/// Looks at the socket, and begins a handshake.
pub(super) fn collect() -> SocketFacts {
    let metadata = fs::symlink_metadata(LOGIN_SOCKET).ok();
    let metadata = metadata.filter(|metadata| metadata.file_type().is_socket());
    SocketFacts {
        answers: metadata.is_some() && answers().is_some(),
        file: metadata.map(|metadata| OwnedFile {
            path: LOGIN_SOCKET.to_owned(),
            uid: metadata.uid(),
            mode: metadata.mode(),
        }),
    }
}

fn answers() -> Option<()> {
    let mut socket = UnixStream::connect(LOGIN_SOCKET).ok()?;
    socket.set_read_timeout(Some(TIME_LIMIT)).ok()?;
    socket.set_write_timeout(Some(TIME_LIMIT)).ok()?;
    socket.write_all(OPENING).ok()?;
    let mut line = Vec::new();
    let mut answer = BufReader::new(socket.take(MAX_ANSWER));
    answer.read_until(b'\n', &mut line).ok()?;
    line.starts_with(b"OK ").then_some(())
}
