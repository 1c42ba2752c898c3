//! The client against peers that answer, lie, stop and disappear.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use std::fs::Permissions;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tfa_fleet_wire::frame::{self, FrameError, MAX_FRAME};
use tfa_fleet_wire::{CallError, Client, Reply, Request, Status, is_trusted, peer_uid};
use tfa_testkit::{NOBODY, skip_without_root, skip_without_uid};

/// More than any call takes.
const LONG: Duration = Duration::from_secs(60);

/// A socket of its own for each test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let name = format!("tfa-fleet-wire-{}-{test}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("call")
    }

    fn listen(&self) -> UnixListener {
        UnixListener::bind(self.socket()).unwrap()
    }

    fn client(&self) -> Client {
        Client::new(self.socket(), self.uid())
    }

    fn uid(&self) -> u32 {
        std::fs::metadata(&self.0).unwrap().uid()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn reply(host: &str) -> Reply {
    Reply::Status(Status {
        version: "1".to_owned(),
        host: host.to_owned(),
        hosts: 0,
        verifiers: Vec::new(),
        etcd: Vec::new(),
        is_etcd_full: None,
    })
}

fn read_request(stream: &mut UnixStream) -> bool {
    let mut bytes = [0; 7];
    let is_whole = stream.read_exact(&mut bytes).is_ok();
    assert!(!is_whole || bytes == *frame::encode(&Request::Status).unwrap());
    is_whole
}

/// Answers the first request with these bytes, then closes.
fn answer_once(listener: UnixListener, bytes: Vec<u8>) -> JoinHandle<()> {
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        stream.write_all(&bytes).unwrap();
    })
}

fn call(client: &Client) -> Result<Reply, CallError> {
    client.call(&Request::Status, LONG)
}

#[test]
fn requests_after_each_other_share_a_connection() {
    let folder = Folder::new("share");
    let listener = folder.listen();
    let peer = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut requests = 0;
        while read_request(&mut stream) {
            requests += 1;
            let reply = frame::encode(&reply("web1")).unwrap();
            stream.write_all(&reply).unwrap();
        }
        requests
    });
    let client = folder.client();
    for _ in 0..3 {
        assert_eq!(call(&client).unwrap(), reply("web1"));
    }
    drop(client);
    assert_eq!(peer.join().unwrap(), 3);
}

#[test]
fn a_closed_connection_is_replaced() {
    let folder = Folder::new("closed");
    let listener = folder.listen();
    let first = answer_once(
        listener.try_clone().unwrap(),
        frame::encode(&reply("web1")).unwrap().to_vec(),
    );
    let client = folder.client();
    assert_eq!(call(&client).unwrap(), reply("web1"));
    first.join().unwrap();
    let second = answer_once(listener, frame::encode(&reply("web2")).unwrap().to_vec());
    assert_eq!(call(&client).unwrap(), reply("web2"));
    second.join().unwrap();
}

#[test]
fn bytes_that_nobody_asked_for_are_not_the_next_reply() {
    let folder = Folder::new("stray");
    let listener = folder.listen();
    let stray = [
        frame::encode(&reply("web1")).unwrap().to_vec(),
        frame::encode(&reply("evil")).unwrap().to_vec(),
    ];
    let first = answer_once(listener.try_clone().unwrap(), stray.concat());
    let client = folder.client();
    assert_eq!(call(&client).unwrap(), reply("web1"));
    first.join().unwrap();
    let second = answer_once(listener, frame::encode(&reply("web2")).unwrap().to_vec());
    assert_eq!(call(&client).unwrap(), reply("web2"));
    second.join().unwrap();
}

#[test]
fn an_absent_program_has_executed_nothing() {
    let folder = Folder::new("absent");
    assert!(matches!(call(&folder.client()), Err(CallError::Unsent(_))));
}

#[test]
fn a_lost_reply_leaves_open_what_was_executed() {
    let folder = Folder::new("lost");
    let whole = frame::encode(&reply("web1")).unwrap().to_vec();
    for length in [0, 3, 4, whole.len() - 1] {
        let _ = std::fs::remove_file(folder.socket());
        let peer = answer_once(folder.listen(), whole[..length].to_vec());
        let error = call(&folder.client()).unwrap_err();
        assert!(matches!(error, CallError::Unknown(_)), "{error}");
        peer.join().unwrap();
    }
}

#[test]
fn a_silent_peer_takes_no_more_than_the_limit() {
    let folder = Folder::new("silent");
    let _listener = folder.listen();
    let limit = Duration::from_millis(40);
    match folder.client().call(&Request::Status, limit) {
        Err(CallError::Unknown(error)) => assert_eq!(error.kind(), ErrorKind::TimedOut),
        // On a host so busy that the time was up before the request was sent.
        Err(CallError::Unsent(error)) => assert_eq!(error.kind(), ErrorKind::TimedOut),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reply_that_is_too_long_is_not_read() {
    let folder = Folder::new("long");
    let length = u32::try_from(MAX_FRAME).unwrap() + 1;
    let peer = answer_once(folder.listen(), length.to_le_bytes().to_vec());
    let error = call(&folder.client()).unwrap_err();
    assert!(matches!(error, CallError::Reply(FrameError::TooLong)));
    peer.join().unwrap();
}

#[test]
fn bytes_that_are_no_reply_are_an_error() {
    let folder = Folder::new("garbage");
    let peer = answer_once(folder.listen(), b"\x04\0\0\0HTTP".to_vec());
    let error = call(&folder.client()).unwrap_err();
    assert!(matches!(error, CallError::Reply(FrameError::Version(b'H'))));
    peer.join().unwrap();
}

/// Names the socket in the process that [`a_program_of_another_user_is_not_spoken_to`] starts.
const LISTEN: &str = "TFA_FLEET_WIRE_LISTEN";

#[test]
fn a_program_of_another_user_is_not_spoken_to() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let folder = Folder::new("other");
    std::fs::set_permissions(&folder.0, Permissions::from_mode(0o777)).unwrap();
    let mut program = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "listener_for_another_test", "--nocapture"])
        .env(LISTEN, folder.socket())
        .uid(NOBODY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(program.stdout.take().unwrap());
    let mut lines = output.lines().map(Result::unwrap);
    assert!(lines.any(|line| line.ends_with("listening")));
    match call(&Client::new(folder.socket(), 0)) {
        Err(CallError::Unsent(error)) => assert_eq!(error.kind(), ErrorKind::PermissionDenied),
        other => panic!("{other:?}"),
    }
    let expected = Client::new(folder.socket(), NOBODY);
    assert_eq!(call(&expected).unwrap(), reply("web1"));
    // To its end, so that the program can write all of it.
    lines.for_each(drop);
    assert!(program.wait().unwrap().success());
}

/// Not a test of its own: the program that listens.
#[test]
fn listener_for_another_test() {
    let Some(path) = std::env::var_os(LISTEN) else {
        return;
    };
    let listener = UnixListener::bind(path).unwrap();
    println!("listening");
    let (mut refused, _) = listener.accept().unwrap();
    assert!(!read_request(&mut refused));
    let bytes = frame::encode(&reply("web1")).unwrap().to_vec();
    answer_once(listener, bytes).join().unwrap();
}

#[test]
fn root_and_the_expected_user_are_trusted() {
    assert!(is_trusted(0, 1000) && is_trusted(1000, 1000));
    assert!(!is_trusted(1000, 0) && !is_trusted(1000, 1001));
}

/// Where the programs of two namespaces of pids meet.
const OTHER_NAMESPACE: &str = "TFA_FLEET_WIRE_TEST_NAMESPACE";

#[test]
fn a_peer_in_another_namespace_of_pids_is_known_by_its_uid() {
    if skip_without_root("namespaces") {
        return;
    }
    let folder = Folder::new("namespace");
    let listener = folder.listen();
    // The listener is a process that the new namespace does not see.
    let test = "program_in_another_namespace";
    let child = Command::new("unshare")
        .args(["--pid", "--fork"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(OTHER_NAMESPACE, folder.socket())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = thread::spawn(move || child.wait_with_output().unwrap());
    let (stream, _) = listener.accept().unwrap();
    let output = output.join().unwrap();
    drop(stream);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("the uid is 0"), "{text}");
}

/// Not a test of its own: the program in another namespace.
#[test]
fn program_in_another_namespace() {
    let Some(socket) = std::env::var_os(OTHER_NAMESPACE) else {
        return;
    };
    let stream = UnixStream::connect(socket).unwrap();
    println!("\nthe uid is {}", peer_uid(&stream).unwrap());
}
