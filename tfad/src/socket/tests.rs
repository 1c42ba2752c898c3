//! The socket, byte by byte. The daemon behind it serves no login, and answers each `Begin` so.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::unistd::geteuid;
use tfa_proto::{Context, LOGIN, PATH};
use tfa_wire::{FIXED_HEADER_LENGTH, FixedHeader};
use zbus::message::Flags;

use super::LoginSocket;
use crate::account::Accounts;
use crate::call_limiter::CallLimiter;
use crate::config::Config;
use crate::log::{Journal, MemoryLog};
use crate::login::Logins;
use crate::state::DaemonState;
use tfa_store::{StoreError, UnavailableStore};

/// More than any test takes.
const WAIT: Duration = Duration::from_secs(60);

/// A daemon with a login socket, in a folder of its own.
struct Daemon {
    folder: PathBuf,
    login_socket: Option<LoginSocket>,
}

/// A folder that is not there yet.
fn folder(name: &str) -> PathBuf {
    let name = format!("tfad-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn open(path: &Path) -> std::io::Result<LoginSocket> {
    let why = StoreError::Io { why: String::new() };
    let store = UnavailableStore::new(why.clone(), move || Err(why.clone()));
    let accounts = Arc::new(Accounts::new(Arc::new(store)));
    let config = "[policy]\nmode = \"optional\"\n".to_owned();
    let config = Config::parse(&[("tfad.toml".to_owned(), config)]).unwrap();
    let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
    let refusal = Some("said the test".to_owned());
    let state = DaemonState::new(Arc::clone(&journal), PathBuf::new(), config, refusal);
    let logins = Arc::new(Logins::new(Arc::new(state), accounts));
    LoginSocket::open(path, logins, journal, CallLimiter::new(1000, 1000))
}

impl Daemon {
    fn start(name: &str) -> Self {
        let folder = folder(name);
        let login_socket = open(&folder.join("login")).unwrap();
        Self {
            folder,
            login_socket: Some(login_socket),
        }
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.folder.join("login")).unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        stream
    }

    /// All that a peer receives that sends these bytes and no more.
    fn hear(&self, said: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        // The daemon may close the connection in the middle.
        let _ = stream.write_all(said);
        let _ = stream.shutdown(Shutdown::Write);
        let mut heard = Vec::new();
        let mut part = [0; 4096];
        loop {
            match stream.read(&mut part) {
                Ok(0) => return heard,
                Ok(length) => heard.extend_from_slice(&part[..length]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return heard,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn close(&mut self) {
        if let Some(login_socket) = self.login_socket.take() {
            login_socket.close(WAIT);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.close();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn auth() -> String {
    let uid = geteuid().to_string();
    let identity: String = uid.bytes().map(|digit| format!("{digit:02x}")).collect();
    format!("AUTH EXTERNAL {identity}\r\n")
}

/// What the module says first, in one piece.
fn flight(call: &[u8]) -> Vec<u8> {
    [format!("\0{}BEGIN\r\n", auth()).as_bytes(), call].concat()
}

fn begin() -> Vec<u8> {
    let context = Context::default();
    let builder = zbus::Message::method_call(PATH, "Begin").interface(LOGIN);
    let message = builder.build(&("alice", context.to_dict())).unwrap();
    message.data().to_vec()
}

fn cancel(flags: Flags) -> Vec<u8> {
    let builder = zbus::Message::method_call(PATH, "Cancel").interface(LOGIN);
    let message = builder.with_flags(flags).build(&7_u32).unwrap();
    message.data().to_vec()
}

/// Takes the line that lets on off what was heard.
fn let_on(heard: &[u8]) -> Option<&[u8]> {
    let rest = heard.strip_prefix(b"OK ")?;
    let (guid, rest) = rest.split_at_checked(32)?;
    assert!(guid.iter().all(u8::is_ascii_hexdigit));
    rest.strip_prefix(b"\r\n")
}

/// How many messages these bytes are.
fn count(mut messages: &[u8]) -> usize {
    let mut count = 0;
    while let Some(start) = messages.first_chunk::<FIXED_HEADER_LENGTH>() {
        let start = FixedHeader::decode(start).unwrap();
        assert!(start.is_reply());
        let length = FIXED_HEADER_LENGTH + usize::try_from(start.remaining_length()).unwrap();
        messages = &messages[length..];
        count += 1;
    }
    assert_eq!(messages, b"");
    count
}

fn is_answered(heard: &[u8]) -> bool {
    let not_serving = b"org.tfad.Tfa1.Error.NotServing";
    let reply = let_on(heard).unwrap_or_default();
    let names_it = reply.windows(not_serving.len()).any(|it| it == not_serving);
    names_it && count(reply) == 1
}

#[test]
fn who_says_all_at_once_hears_all_at_once() {
    let daemon = Daemon::start("flight");
    let mut stream = daemon.connect();
    stream.write_all(&flight(&begin())).unwrap();
    let mut heard = [0; 4096];
    let length = stream.read(&mut heard).unwrap();
    assert!(is_answered(&heard[..length]));
}

#[test]
fn who_speaks_in_drops_is_understood_as_well() {
    let daemon = Daemon::start("drops");
    let mut stream = daemon.connect();
    for byte in flight(&begin()) {
        stream.write_all(&[byte]).unwrap();
        thread::yield_now();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    assert!(is_answered(&heard));
}

#[test]
fn who_waits_for_every_line_is_answered_line_by_line() {
    let daemon = Daemon::start("lines");
    let mut stream = daemon.connect();
    let mut ask = |line: &str| {
        stream.write_all(line.as_bytes()).unwrap();
        let mut heard = [0; 4096];
        let length = stream.read(&mut heard).unwrap();
        heard[..length].to_vec()
    };
    assert_eq!(ask("\0AUTH\r\n"), b"REJECTED EXTERNAL\r\n");
    assert_eq!(let_on(&ask(&auth())), Some(&b""[..]));
    assert_eq!(ask("NEGOTIATE_UNIX_FD\r\n"), b"ERROR\r\n");
    stream.write_all(b"BEGIN\r\n").unwrap();
    stream.write_all(&begin()).unwrap();
    let mut start = [0; FIXED_HEADER_LENGTH];
    stream.read_exact(&mut start).unwrap();
    assert!(FixedHeader::decode(&start).unwrap().is_reply());
}

#[test]
fn no_call_is_answered_before_authentication() {
    let daemon = Daemon::start("strangers");
    let auth = auth();
    for said in [
        "\0BEGIN\r\n".to_owned(),
        "\0AUTH\r\nBEGIN\r\n".to_owned(),
        // A uid that no user has.
        "\0AUTH EXTERNAL 34323934393637323935\r\nBEGIN\r\n".to_owned(),
        format!("\0{auth}CANCEL\r\nBEGIN\r\n"),
        format!("{auth}BEGIN\r\n"),
        format!("x{auth}BEGIN\r\n"),
        format!("\0\0{auth}BEGIN\r\n"),
        format!("\0{auth}BEGIN\n"),
        format!("\0{auth}"),
        String::new(),
    ] {
        let heard = daemon.hear(&[said.as_bytes(), &begin()].concat());
        assert!(!is_answered(&heard), "{said:?}");
    }
    assert!(is_answered(&daemon.hear(&flight(&begin()))));
}

#[test]
fn the_handshake_has_a_bounded_number_of_lines() {
    let daemon = Daemon::start("talk");
    for (lines, is_let_on) in [(14, true), (15, false)] {
        let talk = "HELP\r\n".repeat(lines);
        let said = format!("\0{talk}{}BEGIN\r\n", auth());
        let heard = daemon.hear(&[said.as_bytes(), &begin()].concat());
        let heard = heard.strip_prefix("ERROR\r\n".repeat(lines).as_bytes());
        assert_eq!(heard.is_some_and(is_answered), is_let_on, "{lines}");
    }
    let endless = [b"\0", &[b'x'; 100_000][..]].concat();
    assert_eq!(daemon.hear(&endless), b"");
}

#[test]
fn what_is_no_call_ends_the_visit_before_the_rest_of_it_comes() {
    let daemon = Daemon::start("garbage");
    let signal = zbus::Message::signal(PATH, LOGIN, "Cancel");
    let signal = signal.build(&7_u32).unwrap().data().to_vec();
    let mut too_long = begin();
    too_long[4..8].copy_from_slice(&u32::to_ne_bytes(1 << 20));
    let silent = cancel(Flags::NO_REPLY_EXPECTED);
    for bytes in [&signal, &too_long, &silent, &b"GET / HTTP/1.1\r\n".to_vec()] {
        let mut stream = daemon.connect();
        stream
            .write_all(&flight(&bytes[..FIXED_HEADER_LENGTH]))
            .unwrap();
        let mut heard = Vec::new();
        // The connection ends although the peer sends no more.
        stream.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, b"", "nothing goes out before the first answer");
    }
}

#[test]
fn every_call_of_many_is_answered() {
    let daemon = Daemon::start("calls");
    let calls = cancel(Flags::default()).repeat(100);
    let heard = daemon.hear(&flight(&calls));
    assert_eq!(let_on(&heard).map(count), Some(100));
}

#[test]
fn a_visit_does_not_hold_up_another() {
    let daemon = Daemon::start("slow");
    let _silent: Vec<_> = (0..10).map(|_| daemon.connect()).collect();
    assert!(is_answered(&daemon.hear(&flight(&begin()))));
}

#[test]
fn a_closing_socket_ends_answered_connections() {
    let mut daemon = Daemon::start("idle");
    let mut stream = daemon.connect();
    stream.write_all(&flight(&begin())).unwrap();
    let mut heard = [0; 4096];
    assert_ne!(stream.read(&mut heard).unwrap(), 0);
    daemon.close();
    assert!(UnixStream::connect(daemon.folder.join("login")).is_err());
    // A further call is not taken.
    let _ = stream.write_all(&begin());
    assert!(matches!(stream.read(&mut heard), Ok(0) | Err(_)));
}

#[test]
fn socket_creates_its_folder_and_replaces_a_stale_socket() {
    let folder = folder("place");
    let path = folder.join("a/b/login");
    fs::create_dir_all(folder.join("a/b")).unwrap();
    let left = UnixListener::bind(&path).unwrap();
    left.set_nonblocking(true).unwrap();
    let login_socket = open(&path).unwrap();
    drop(UnixStream::connect(&path).unwrap());
    assert!(
        left.accept().is_err(),
        "the leftover socket has no listener"
    );
    login_socket.close(WAIT);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_file_that_is_no_stale_socket_is_kept() {
    let folder = folder("stays");
    let path = folder.join("login");
    fs::create_dir_all(&path).unwrap();
    assert!(open(&path).is_err());
    assert!(path.is_dir());
    fs::remove_dir_all(&folder).unwrap();
}
