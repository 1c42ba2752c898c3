//! Which way is taken: the daemon's own socket, and the bus only where nobody listens there.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen};

use super::both_endpoints::Endpoint;
use super::bus::{OK, PATIENCE, error, question};
use crate::{Endpoints, LoginClient, LoginError};
use tfa_proto::{Context, Turn};

/// Long enough for every machine, and short enough to be waited for.
const LIMIT: Duration = Duration::from_millis(100);

/// A folder with a place for each of the two sockets.
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

/// Somebody who listens, says that to whoever comes first, and hears all that they say.
fn says(path: &Path, bytes: Vec<u8>) -> JoinHandle<Vec<u8>> {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&bytes).unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        heard
    })
}

/// A bus to which nobody must come.
struct Unvisited(UnixListener);

impl Unvisited {
    fn at(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn is_so_still(&self) {
        let visit = self.0.accept().map(drop).unwrap_err();
        assert_eq!(visit.kind(), ErrorKind::WouldBlock);
    }
}

/// A socket where nobody accepts and nobody more can wait.
fn full_queue(path: &Path) -> (OwnedFd, UnixStream) {
    let kind = SocketType::STREAM;
    let listener = rustix::net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None);
    let listener = listener.unwrap();
    bind(&listener, &SocketAddrUnix::new(path).unwrap()).unwrap();
    listen(&listener, 0).unwrap();
    (listener, UnixStream::connect(path).unwrap())
}

/// Begins at that path of the daemon's, where nobody listens: the bus has to be asked.
fn goes_to_the_bus(place: &Place, daemon: &Path) {
    let bus = says(&place.bus(), Endpoint::Bus.opening());
    let (client, turn) = place.begin_at(daemon, PATIENCE).ok().unwrap();
    assert_eq!(Ok(turn), Turn::try_from(question()), "{}", daemon.display());
    drop(client);
    let heard = bus.join().unwrap();
    let greets = heard.windows(5).any(|bytes| bytes == b"Hello");
    assert!(greets, "{}", daemon.display());
    fs::remove_file(place.bus()).unwrap();
}

#[test]
fn where_nobody_listens_the_bus_is_asked() {
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
        goes_to_the_bus(&place, &daemon);
    }
}

#[test]
fn where_nobody_may_connect_the_bus_is_asked() {
    let place = Place::new();
    let folder = place.0.join("closed");
    fs::create_dir(&folder).unwrap();
    let daemon = folder.join("login");
    let _listener = UnixListener::bind(&daemon).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(&place.0, fs::Permissions::from_mode(0o777)).unwrap();
    thread::scope(|scope| {
        let unprivileged = scope.spawn(|| {
            // Root may connect everywhere. This thread alone becomes somebody else.
            if rustix::process::geteuid().is_root() {
                let nobody = rustix::process::Uid::from_raw(65534);
                rustix::thread::set_thread_uid(nobody).unwrap();
            }
            let denied = UnixStream::connect(&daemon).unwrap_err();
            assert_eq!(denied.kind(), ErrorKind::PermissionDenied);
            goes_to_the_bus(&place, &daemon);
        });
        unprivileged.join().unwrap();
    });
}

#[test]
fn where_nobody_listens_at_all_it_is_the_bus_that_is_missing() {
    let place = Place::new();
    drop(UnixListener::bind(place.daemon()).unwrap());
    let error = place.begin(PATIENCE).err().unwrap();
    let LoginError::Connect(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind(), ErrorKind::NotFound);

    let place = Place::new();
    drop(UnixListener::bind(place.bus()).unwrap());
    let error = place.begin(PATIENCE).err().unwrap();
    let LoginError::Connect(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn where_the_daemon_listens_the_bus_sees_nothing_whatever_the_daemon_says() {
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
        let bus = Unvisited::at(&place.bus());
        let listener = UnixListener::bind(place.daemon()).unwrap();
        let bytes = bytes.to_vec();
        let is_whole = bytes == opening;
        let daemon = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(&bytes).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            stream.read_to_end(&mut Vec::new())
        });
        assert_eq!(place.begin(PATIENCE).is_ok(), is_whole);
        daemon.join().unwrap().unwrap();
        bus.is_so_still();
    }
}

#[test]
fn a_daemon_that_cannot_be_waited_for_is_there_and_the_bus_is_not_asked() {
    let place = Place::new();
    let bus = Unvisited::at(&place.bus());
    let _full = full_queue(&place.daemon());
    let started = Instant::now();
    let error = place.begin(LIMIT).err().unwrap();
    assert!(matches!(error, LoginError::TimedOut), "{error:?}");
    assert!((LIMIT..PATIENCE).contains(&started.elapsed()));
    bus.is_so_still();
}

#[test]
fn a_daemon_that_accepts_nobody_is_there_and_the_bus_is_not_asked() {
    let place = Place::new();
    let bus = Unvisited::at(&place.bus());
    let _listener = UnixListener::bind(place.daemon()).unwrap();
    let error = place.begin(LIMIT).err().unwrap();
    assert!(matches!(error, LoginError::TimedOut), "{error:?}");
    bus.is_so_still();
}

#[test]
fn both_roads_share_one_limit() {
    let limit = Duration::from_secs(2);
    let place = Place::new();
    let full = full_queue(&place.daemon());
    let _bus = UnixListener::bind(place.bus()).unwrap();
    let started = Instant::now();
    // Half of the time goes by before it is known that nobody listens.
    let leaving = thread::spawn(move || {
        thread::sleep(limit / 2);
        drop(full);
    });
    let error = place.begin(limit).err().unwrap();
    assert!(matches!(error, LoginError::TimedOut), "{error:?}");
    assert!((limit..limit * 3 / 2).contains(&started.elapsed()));
    leaving.join().unwrap();
}
