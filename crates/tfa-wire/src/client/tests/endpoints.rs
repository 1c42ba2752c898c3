//! The client uses the socket of the daemon, and the bus only if that has no listener.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen};

use super::both_endpoints::Endpoint;
use super::bus::{OK, TIMEOUT, error, question};
use crate::client::Connected;
use crate::time_budget::TimeBudget;
use crate::{Endpoints, LoginClient, LoginError};
use tfa_proto::{Context, Turn};

/// Short, because the tests wait for it.
const LIMIT: Duration = Duration::from_millis(100);

/// A folder for the two sockets.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tfa-wire-endpoints-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn daemon(&self) -> PathBuf {
        self.0.join("login")
    }

    fn bus(&self) -> PathBuf {
        self.0.join("bus")
    }

    fn begin(&self, limit: Duration) -> Result<(LoginClient, Turn), LoginError> {
        self.begin_at(&self.daemon(), limit)
    }

    fn begin_at(&self, daemon: &Path, limit: Duration) -> Result<(LoginClient, Turn), LoginError> {
        let bus = &self.bus();
        LoginClient::begin(
            Endpoints { daemon, bus },
            limit,
            "alice",
            &Context::default(),
        )
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Accepts one connection, sends the bytes, and returns all bytes that it receives.
fn serve_once(path: &Path, bytes: Vec<u8>) -> JoinHandle<Vec<u8>> {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&bytes).unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        received
    })
}

/// A bus that must get no connection.
struct UnusedBus(UnixListener);

impl UnusedBus {
    fn at(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn assert_unused(&self) {
        let accepted = self.0.accept().map(drop).unwrap_err();
        assert_eq!(accepted.kind(), ErrorKind::WouldBlock);
    }
}

/// A socket whose queue is full.
fn full_queue(path: &Path) -> (OwnedFd, UnixStream) {
    let kind = SocketType::STREAM;
    let listener = rustix::net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None);
    let listener = listener.unwrap();
    bind(&listener, &SocketAddrUnix::new(path).unwrap()).unwrap();
    listen(&listener, 0).unwrap();
    (listener, UnixStream::connect(path).unwrap())
}

/// Asserts that a client uses the bus if the daemon has that path.
fn assert_uses_bus(place: &Place, daemon: &Path) {
    let bus = serve_once(&place.bus(), Endpoint::Bus.opening());
    let (client, turn) = place.begin_at(daemon, TIMEOUT).ok().unwrap();
    assert_eq!(Ok(turn), Turn::try_from(question()), "{}", daemon.display());
    drop(client);
    let received = bus.join().unwrap();
    let greets = received.windows(5).any(|bytes| bytes == b"Hello");
    assert!(greets, "{}", daemon.display());
    fs::remove_file(place.bus()).unwrap();
}

#[test]
fn without_a_listener_the_bus_is_used() {
    let place = Place::new();
    let at = |name: &str| place.0.join(name);
    drop(UnixListener::bind(at("stale")).unwrap());
    fs::write(at("file"), "").unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink(at("round"), at("round")).unwrap();
    let _datagrams = UnixDatagram::bind(at("datagrams")).unwrap();
    for daemon in [
        at("absent"),
        at("folder/absent"),
        at("absent/absent"),
        at("stale"),
        at("file"),
        at("file/absent"),
        at("folder"),
        at("round"),
        at("datagrams"),
        at(&"long".repeat(50)),
        PathBuf::new(),
    ] {
        assert_uses_bus(&place, &daemon);
    }
}

#[test]
fn without_permission_to_connect_the_bus_is_used() {
    let place = Place::new();
    let folder = place.0.join("closed");
    fs::create_dir(&folder).unwrap();
    let daemon = folder.join("login");
    let _listener = UnixListener::bind(&daemon).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(&place.0, fs::Permissions::from_mode(0o777)).unwrap();
    thread::scope(|scope| {
        let unprivileged = scope.spawn(|| {
            // Root may connect everywhere, so this thread changes its uid.
            if rustix::process::geteuid().is_root() {
                let nobody = rustix::process::Uid::from_raw(65534);
                rustix::thread::set_thread_uid(nobody).unwrap();
            }
            let denied = UnixStream::connect(&daemon).unwrap_err();
            assert_eq!(denied.kind(), ErrorKind::PermissionDenied);
            assert_uses_bus(&place, &daemon);
        });
        unprivileged.join().unwrap();
    });
}

#[test]
fn without_any_listener_the_error_is_that_of_the_bus() {
    let place = Place::new();
    drop(UnixListener::bind(place.daemon()).unwrap());
    let error = place.begin(TIMEOUT).err().unwrap();
    let LoginError::Connect(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind(), ErrorKind::NotFound);

    let place = Place::new();
    drop(UnixListener::bind(place.bus()).unwrap());
    let error = place.begin(TIMEOUT).err().unwrap();
    let LoginError::Connect(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn with_a_listening_daemon_the_bus_is_never_used() {
    let unknown = "org.freedesktop.DBus.Error.ServiceUnknown";
    let absent = [OK, &error(1, None, unknown, &"no")].concat();
    let opening = Endpoint::Daemon.opening();
    for bytes in [
        &opening[..],
        &absent,
        &opening[..opening.len() - 1],
        b"REJECTED EXTERNAL\r\n",
        b"",
    ] {
        let place = Place::new();
        let bus = UnusedBus::at(&place.bus());
        let listener = UnixListener::bind(place.daemon()).unwrap();
        let bytes = bytes.to_vec();
        let is_whole = bytes == opening;
        let daemon = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(&bytes).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            stream.read_to_end(&mut Vec::new())
        });
        assert_eq!(place.begin(TIMEOUT).is_ok(), is_whole);
        daemon.join().unwrap().unwrap();
        bus.assert_unused();
    }
}

#[test]
fn a_daemon_with_a_full_queue_times_out_without_the_bus() {
    let place = Place::new();
    let bus = UnusedBus::at(&place.bus());
    let _full = full_queue(&place.daemon());
    let started = Instant::now();
    let error = place.begin(LIMIT).err().unwrap();
    assert!(matches!(error, LoginError::TimedOut), "{error:?}");
    assert!(started.elapsed() >= LIMIT);
    bus.assert_unused();
}

#[test]
fn a_daemon_that_does_not_accept_times_out_without_the_bus() {
    let place = Place::new();
    let bus = UnusedBus::at(&place.bus());
    let _listener = UnixListener::bind(place.daemon()).unwrap();
    let error = place.begin(LIMIT).err().unwrap();
    assert!(matches!(error, LoginError::TimedOut), "{error:?}");
    bus.assert_unused();
}

#[test]
fn a_daemon_that_leaves_while_a_client_connects_leads_to_the_bus() {
    let place = Place::new();
    let full = full_queue(&place.daemon());
    let bus = serve_once(&place.bus(), Endpoint::Bus.opening());
    thread::scope(|scope| {
        let (send_id, id) = mpsc::channel();
        let place = &place;
        let client = scope.spawn(move || {
            send_id.send(rustix::thread::gettid()).unwrap();
            place.begin(TIMEOUT).map(|(_, turn)| turn)
        });
        wait_until_asleep(id.recv().unwrap());
        drop(full);
        assert!(client.join().unwrap().is_ok());
    });
    bus.join().unwrap();
}

/// Waits until the thread blocks in a system call.
fn wait_until_asleep(thread: rustix::thread::Pid) {
    let stat = format!("/proc/self/task/{}/stat", thread.as_raw_nonzero());
    let is_asleep = || {
        let stat = fs::read_to_string(&stat).unwrap();
        stat.rsplit_once(") ").unwrap().1.starts_with('S')
    };
    while !is_asleep() {
        thread::yield_now();
    }
}

#[test]
fn both_endpoints_share_one_limit() {
    let (daemon, bus) = (Path::new("daemon"), Path::new("bus"));
    let budget = TimeBudget::start(LIMIT);
    let mut attempts = Vec::new();
    let connected = Endpoints { daemon, bus }.connect(budget, |path, budget| {
        attempts.push((path.to_owned(), budget));
        if path == daemon {
            Err(ErrorKind::ConnectionRefused.into())
        } else {
            Ok("connected")
        }
    });
    assert_eq!(connected.ok(), Some(Connected::ToBus("connected")));
    // The same start and the same limit: time that the first attempt used is gone for the second.
    let shared = [(daemon.to_owned(), budget), (bus.to_owned(), budget)];
    assert_eq!(attempts, shared);
}
