//! journald's native protocol: one datagram an entry, with a field a line. The protocol is described in
//! systemd's documentation ("Native Journal Protocol").

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, send};

use super::Entry;

/// Where journald listens.
const SOCKET: &str = "/run/systemd/journal/socket";

/// A connection to journald.
pub(super) struct Journald(UnixDatagram);

impl Journald {
    /// Connects to journald; `None` where there is none.
    pub(super) fn connect(send_timeout: Duration) -> Option<Self> {
        Self::connect_to(Path::new(SOCKET), send_timeout)
    }

    pub(super) fn connect_to(path: &Path, send_timeout: Duration) -> Option<Self> {
        let socket = UnixDatagram::unbound().ok()?;
        socket.connect(path).ok()?;
        socket.set_write_timeout(Some(send_timeout)).ok()?;
        Some(Self(socket))
    }

    /// Sends an entry.
    pub(super) fn send(&self, entry: &Entry) -> io::Result<()> {
        self.0.send(&datagram(entry)).map(drop)
    }

    /// Sends an entry, and fails where that would block.
    pub(super) fn send_at_once(&self, entry: &Entry) -> io::Result<()> {
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        send(self.0.as_raw_fd(), &datagram(entry), flags)?;
        Ok(())
    }
}

/// The entry as bytes.
fn datagram(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    add(&mut bytes, "MESSAGE", &entry.line);
    let priority = entry.level.priority().to_string();
    add(&mut bytes, "PRIORITY", &priority);
    add(&mut bytes, "SYSLOG_FACILITY", "10"); // authpriv
    add(&mut bytes, "SYSLOG_IDENTIFIER", "tfad");
    for (key, value) in &entry.fields {
        add(&mut bytes, key, value);
    }
    bytes
}

/// Adds a field. A value with a line feed is sent with its length in front, so that it begins no field
/// of its own.
fn add(bytes: &mut Vec<u8>, key: &str, value: &str) {
    bytes.extend(key.as_bytes());
    if value.contains('\n') {
        bytes.push(b'\n');
        let length = u64::try_from(value.len()).unwrap_or_default();
        bytes.extend(length.to_le_bytes());
    } else {
        bytes.push(b'=');
    }
    bytes.extend(value.as_bytes());
    bytes.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::super::{Importance, Level};
    use super::*;

    fn entry(line: &str, fields: &[(&'static str, &str)]) -> Entry {
        let owned = fields
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()));
        Entry {
            level: Level::Warning,
            importance: Importance::Low,
            line: line.to_owned(),
            fields: owned.collect(),
        }
    }

    #[test]
    fn an_entry_has_a_field_a_line() {
        let bytes = datagram(&entry("alice: wrong code", &[("TFA_USER", "alice")]));
        let text = String::from_utf8(bytes).unwrap();
        let expected = "MESSAGE=alice: wrong code\nPRIORITY=4\nSYSLOG_FACILITY=10\n\
                        SYSLOG_IDENTIFIER=tfad\nTFA_USER=alice\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_line_feed_in_a_value_begins_no_field() {
        let forged = "mallory\nTFA_USER=root";
        let bytes = datagram(&entry("x", &[("TFA_USER", forged)]));
        let mut expected = b"TFA_USER\n".to_vec();
        expected.extend(21_u64.to_le_bytes());
        expected.extend(b"mallory\nTFA_USER=root\n");
        assert!(bytes.ends_with(&expected));
    }

    #[test]
    fn an_entry_arrives_as_one_datagram() {
        let folder = std::env::temp_dir().join(format!("tfad-journald-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("socket");
        let receiver = UnixDatagram::bind(&path).unwrap();
        let journald = Journald::connect_to(&path, Duration::from_secs(60)).unwrap();
        let sent = entry("alice: wrong code", &[]);
        journald.send(&sent).unwrap();
        let mut bytes = [0; 1024];
        let length = receiver.recv(&mut bytes).unwrap();
        assert_eq!(bytes[..length], datagram(&sent));
        std::fs::remove_dir_all(folder).unwrap();
        assert!(Journald::connect_to(&path, Duration::from_secs(60)).is_none());
    }
}
