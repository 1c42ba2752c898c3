//! The cost of any local program for the daemon over a real bus: every method, flag and endpoint,
//! many times each, with replies that are never read. Memory and threads stay within a constant.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends by panicking"
)]

mod host;

use std::io::{self, Error, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use tfa_proto::{ACCOUNT, ADMIN, LOGIN, NAME, PATH};
use tfa_wire::{FixedHeader, HeaderFields, MessageReader};
use zbus::Message;
use zbus::message::{Builder, Flags};
use zbus::wire::DynamicType;

use host::Host;

/// Messages of each kind. A task for each would need seven kilobytes.
const MESSAGES: u32 = 1500;
/// The permitted growth of the daemon in kilobytes: the budget of a connection, queues, the
/// allocator.
const MAX_GROWTH: u64 = 6 << 10;
/// The permitted number of further threads: those of the calls that one connection may have under way, each
/// with one that asks the name service.
const MAX_THREADS: u64 = 32;
/// The permitted growth for 256 connections of one user, whose budget is 16 MiB.
const MAX_GROWTH_OF_USER: u64 = 40 << 10;
/// The permitted growth in kB for each connection of the login socket: its thread, and what it has read
/// ahead. All clients together offer more than three times as much.
const MAX_GROWTH_OF_LOGIN: u64 = 512;
const TIMEOUT: Duration = Duration::from_secs(60);

/// Calls `Status` for the caller's own account, as a command of the package does.
fn ask(host: &Host) -> io::Result<()> {
    let mut client = Client::connect(host.bus.socket());
    client.send(&bytes(call(ACCOUNT, "Status"), &()), 77)?;
    let name = client.wait_for_reply(77)?;
    match name.as_deref() {
        None => Ok(()),
        Some(error) => Err(Error::other(error.to_owned())),
    }
}

fn threads_of(host: &Host) -> u64 {
    host.figure("Threads")
}

/// A program that sends and does not read.
struct Client {
    stream: UnixStream,
    reader: MessageReader<UnixStream>,
}

impl Client {
    fn connect(path: &Path) -> Self {
        let mut client = Self::peer(path);
        let bus = "org.freedesktop.DBus";
        let hello = Message::method_call("/org/freedesktop/DBus", "Hello")
            .destination(bus)
            .interface(bus);
        client.send(&bytes(hello, &()), 1).unwrap();
        assert!(client.reader.read_line().unwrap().starts_with(b"OK"));
        assert_eq!(client.wait_for_reply(1).unwrap(), None);
        client
    }

    /// Connects to the peer-to-peer socket or the bus at this path.
    fn peer(path: &Path) -> Self {
        let mut stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        let uid = nix::unistd::getuid().to_string();
        let hex: String = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        write!(stream, "\0AUTH EXTERNAL {hex}\r\nBEGIN\r\n").unwrap();
        let reader = MessageReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    fn send(&mut self, message: &[u8], serial: u32) -> io::Result<()> {
        self.stream.write_all(&numbered(message, serial))
    }

    /// Reads until the reply to a call. Returns the name of its error.
    fn wait_for_reply(&mut self, serial: u32) -> io::Result<Option<String>> {
        loop {
            let head = self.reader.peek_fixed_header()?;
            let start = FixedHeader::decode(&head).map_err(Error::other)?;
            let message = self.reader.read_message(start.remaining_length())?;
            let fields = HeaderFields::decode(&start, message).map_err(Error::other)?;
            if fields.reply_serial == Some(serial) {
                return Ok(fields.error_name.map(str::to_owned));
            }
        }
    }
}

fn numbered(message: &[u8], serial: u32) -> Vec<u8> {
    let mut bytes = message.to_vec();
    bytes[8..12].copy_from_slice(&serial.to_ne_bytes());
    bytes
}

fn call(interface: &'static str, member: &'static str) -> Builder<'static> {
    at(PATH, interface, member)
}

fn at(path: &'static str, interface: &'static str, member: &'static str) -> Builder<'static> {
    Message::method_call(path, member)
        .destination(NAME)
        .interface(interface)
}

fn bytes<T: Serialize + DynamicType>(builder: Builder<'_>, body: &T) -> Vec<u8> {
    builder.build(body).unwrap().data().to_vec()
}

/// One message of each kind that can be sent to the daemon.
fn kinds() -> Vec<(String, Vec<u8>)> {
    let mut kinds = Vec::new();
    let none: [(&str, &str); 0] = [];
    let dict: std::collections::HashMap<&str, zbus::wire::Variant<'_>> = Default::default();
    for (name, flags) in [
        ("", Flags::default()),
        (", silent", Flags::NO_REPLY_EXPECTED),
    ] {
        let mut add = |what: &str, bytes: Vec<u8>| kinds.push((format!("{what}{name}"), bytes));
        let of = |interface, member| call(interface, member).with_flags(flags);
        for member in ["Status", "Abandon", "Nothing"] {
            add(member, bytes(of(ACCOUNT, member), &()));
        }
        for member in [
            "Confirm",
            "NewBackupCodes",
            "NewBoundCodes",
            "Pause",
            "Resume",
            "Remove",
            "Test",
        ] {
            add(member, bytes(of(ACCOUNT, member), &"123456"));
        }
        add("Setup", bytes(of(ACCOUNT, "Setup"), &dict));
        let named = (1_u32, "phone", "123456");
        add(
            "RenameAuthenticator",
            bytes(of(ACCOUNT, "RenameAuthenticator"), &named),
        );
        let two = ("123456", "123457");
        add("Resynchronize", bytes(of(ACCOUNT, "Resynchronize"), &two));
        let key: &[u8] = &[7; 20];
        let token = ("nobody", &dict, key);
        add(
            "AddAuthenticator",
            bytes(of(ADMIN, "AddAuthenticator"), &token),
        );
        let imports = vec![&dict];
        add("Import", bytes(of(ADMIN, "Import"), &(&imports, true)));
        add("Export", bytes(of(ADMIN, "Export"), &"nobody"));
        add("Add", bytes(of(ACCOUNT, "Add"), &("123456", &dict)));
        add("Move", bytes(of(ACCOUNT, "Move"), &("123456", &dict)));
        add("List", bytes(of(ADMIN, "List"), &""));
        add("Show", bytes(of(ADMIN, "Show"), &"nobody"));
        add("Begin", bytes(of(LOGIN, "Begin"), &("nobody", &dict)));
        let long = "x".repeat(30_000);
        add("Begin, long", bytes(of(LOGIN, "Begin"), &(&long, &dict)));
        add("Answer", bytes(of(LOGIN, "Answer"), &(7_u32, "123456")));
        add("Cancel", bytes(of(LOGIN, "Cancel"), &7_u32));
        for (interface, member) in [
            ("org.freedesktop.DBus.Peer", "Ping"),
            ("org.freedesktop.DBus.Peer", "GetMachineId"),
            ("org.freedesktop.DBus.Introspectable", "Introspect"),
            ("org.example.Nothing", "Nothing"),
        ] {
            add(member, bytes(of(interface, member), &()));
        }
        let properties = "org.freedesktop.DBus.Properties";
        add("GetAll", bytes(of(properties, "GetAll"), &ACCOUNT));
        add("Get", bytes(of(properties, "Get"), &(ACCOUNT, "Nothing")));
        let elsewhere = at("/elsewhere", ACCOUNT, "Status").with_flags(flags);
        add("another path", bytes(elsewhere, &()));
        add("garbled", bytes(of(LOGIN, "Begin"), &none.as_slice()));
    }
    let signal = Message::signal(PATH, ACCOUNT, "Status").destination(NAME);
    kinds.push(("signal".to_owned(), bytes(signal, &())));
    kinds
}

/// Sends a message many times, then one more, and waits for its reply. The daemon has then read
/// them all.
fn flood(host: &Host, message: &[u8], times: u32) {
    let mut client = Client::connect(host.bus.socket());
    let all: Vec<u8> = (2..times + 2)
        .flat_map(|serial| numbered(message, serial))
        .collect();
    client.stream.write_all(&all).unwrap();
    let last = times + 2;
    let ping = call("org.freedesktop.DBus.Peer", "Ping");
    client.send(&bytes(ping, &()), last).unwrap();
    client.wait_for_reply(last).unwrap();
}

#[test]
fn no_message_costs_the_daemon_more_than_a_constant() {
    let host = Host::start("kinds", |_| ());
    let threads = threads_of(&host);
    let mut grown = Vec::new();
    for (name, message) in kinds() {
        let before = host.peak();
        let times = MESSAGES.min(40_000_000 / u32::try_from(message.len()).unwrap());
        flood(&host, &message, times);
        let growth = host.peak().saturating_sub(before);
        if growth > MAX_GROWTH || threads_of(&host) > threads + MAX_THREADS {
            grown.push(format!(
                "{name}: {growth} kB, {} threads",
                threads_of(&host)
            ));
        }
    }
    assert!(grown.is_empty(), "{grown:#?}");
    assert!(ask(&host).is_ok());
}

#[test]
fn a_message_of_megabytes_costs_no_more_than_a_short_one() {
    let host = Host::start("megabytes", |_| ());
    let before = host.peak();
    let long = "x".repeat(4 << 20);
    for flags in [Flags::default(), Flags::NO_REPLY_EXPECTED] {
        let confirm = call(ACCOUNT, "Confirm").with_flags(flags);
        flood(&host, &bytes(confirm, &long), 8);
    }
    let signal = Message::signal(PATH, ACCOUNT, "Status").destination(NAME);
    flood(&host, &bytes(signal, &long), 8);
    let growth = host.peak().saturating_sub(before);
    assert!(growth < 2 << 10, "{growth} kB");
}

#[test]
fn the_connections_of_one_user_leave_room_for_others() {
    let host = Host::start("connections", |_| ());
    let before = host.peak();
    let none: std::collections::HashMap<&str, &str> = Default::default();
    let begin = bytes(call(LOGIN, "Begin"), &("x".repeat(30_000), &none));
    let status = bytes(call(ACCOUNT, "Status"), &none);
    let mut clients: Vec<Client> = (0..200)
        .map(|_| Client::connect(host.bus.socket()))
        .collect();
    for serial in 2..30 {
        for client in &mut clients {
            client
                .send(if serial % 8 == 0 { &begin } else { &status }, serial)
                .unwrap();
        }
    }
    // No client has read a reply yet.
    assert!(ask(&host).is_ok());
    for client in &mut clients {
        client.wait_for_reply(29).unwrap();
    }
    let growth = host.peak().saturating_sub(before);
    assert!(growth < MAX_GROWTH_OF_USER, "{growth} kB");
}

#[test]
fn the_login_socket_costs_no_more_than_a_constant() {
    const CLIENTS: u64 = 32;
    const ROUNDS: u32 = 4;
    let host = Host::start("login", |_| ());
    let (before, threads) = (host.peak(), threads_of(&host));
    let dict: std::collections::HashMap<&str, zbus::wire::Variant<'_>> = Default::default();
    for flags in [Flags::default(), Flags::NO_REPLY_EXPECTED] {
        let begin = Message::method_call(PATH, "Begin").interface(LOGIN);
        let begin = bytes(begin.with_flags(flags), &("nobody", &dict)).repeat(2000);
        for _ in 0..ROUNDS {
            let clients: Vec<Client> = (0..CLIENTS)
                .map(|_| {
                    let mut client = Client::peer(&host.folder.join("login"));
                    client.stream.set_nonblocking(true).unwrap();
                    // The write stops when the daemon stops reading.
                    let _ = client.stream.write(&begin);
                    client
                })
                .collect();
            assert!(ask(&host).is_ok());
            for client in clients {
                client.stream.set_nonblocking(false).unwrap();
                client.stream.shutdown(std::net::Shutdown::Write).unwrap();
                let _ = (&client.stream).read_to_end(&mut Vec::new());
            }
        }
    }
    let growth = host.peak().saturating_sub(before);
    assert!(growth < CLIENTS * MAX_GROWTH_OF_LOGIN, "{growth} kB");
    assert!(
        threads_of(&host) <= threads + 40,
        "{} threads",
        threads_of(&host)
    );
}
