//! What is known of the login socket.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tfa_doctor::{OwnedFile, Reached, SocketFacts};
use tfa_proto::LOGIN_SOCKET;

/// How long the daemon may take to answer. A login waits about as long.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// The first lines of the D-Bus handshake, as root.
const OPENING: &[u8] = b"\0AUTH EXTERNAL 30\r\n";
/// More bytes than the answer has.
const MAX_ANSWER: u64 = 256;

/// Looks at the socket, and begins a handshake if the daemon runs.
pub(super) fn collect(daemon_runs: bool) -> SocketFacts {
    look_at(LOGIN_SOCKET, daemon_runs)
}

fn look_at(path: &str, daemon_runs: bool) -> SocketFacts {
    let metadata = fs::symlink_metadata(path).ok();
    let metadata = metadata.filter(|metadata| metadata.file_type().is_socket());
    let answers = || metadata.is_some() && answers(path).is_some();
    SocketFacts {
        path: path.to_owned(),
        answers: daemon_runs.then(answers),
        file: metadata.as_ref().map(|metadata| OwnedFile {
            path: path.to_owned(),
            uid: metadata.uid(),
            mode: metadata.mode(),
            reached: Reached::Place,
        }),
    }
}

fn answers(path: &str) -> Option<()> {
    let mut socket = UnixStream::connect(path).ok()?;
    socket.set_read_timeout(Some(TIME_LIMIT)).ok()?;
    socket.set_write_timeout(Some(TIME_LIMIT)).ok()?;
    socket.write_all(OPENING).ok()?;
    let mut line = Vec::new();
    let mut answer = BufReader::new(socket.take(MAX_ANSWER));
    answer.read_until(b'\n', &mut line).ok()?;
    line.starts_with(b"OK ").then_some(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn the_owner_is_known_while_the_daemon_is_down() {
        let folder = std::env::temp_dir().join(format!("tfactl-socket-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("login");
        let path = path.to_str().unwrap();
        // It accepts, and does not answer.
        let _listener = UnixListener::bind(path).unwrap();
        let found = look_at(path, false);
        let owner = found.file.map(|file| file.uid);
        assert_eq!(owner, Some(fs::metadata(&folder).unwrap().uid()));
        assert_eq!(found.answers, None);
        fs::remove_dir_all(folder).unwrap();
    }
}
