//! The floor of a login in a fleet: one round trip on a warm connection of TLS 1.3, and one put of etcd.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tfa_tests::OrFail;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConnection, ServerConnection, StreamOwned};

use super::authority::{Authority, Purpose};
use super::machines::FleetMachines;
use super::namespace;

/// The length of a message and of its reply: about that of a login.
const MESSAGE: usize = 256;

/// The port of the server that sends each message back.
const PORT: u16 = 7444;

/// A connection from a member to a verifier. The verifier's half is a thread of this program.
pub(crate) struct RoundTrip(StreamOwned<ClientConnection, TcpStream>);

impl RoundTrip {
    pub(crate) fn open(fleet: &FleetMachines, authority: &Authority) -> Self {
        let (member, verifier) = (&fleet.members_of_one[0], &fleet.verifiers[0]);
        let address = FleetMachines::verifier_address(0, PORT);
        let listener = namespace::listen(verifier, address);
        let server = authority.server(&authority.issue(&["floor.test"], Purpose::Both));
        thread::spawn(move || {
            let (stream, _) = listener.accept().or_fail("accept a connection");
            stream.set_nodelay(true).or_fail("set up a connection");
            let session = ServerConnection::new(server).or_fail("begin TLS");
            send_back(StreamOwned::new(session, stream));
        });
        let client = authority.client(&authority.issue(&["floor.test"], Purpose::Both));
        let name = ServerName::try_from("floor.test").or_fail("name the server");
        let session = ClientConnection::new(Arc::clone(&client), name).or_fail("begin TLS");
        Self(StreamOwned::new(
            session,
            namespace::connect(member, address),
        ))
    }

    /// One message, and its reply.
    pub(crate) fn time(&mut self) -> Duration {
        let mut message = [0x5a; MESSAGE];
        let start = Instant::now();
        self.0
            .write_all(&message)
            .and_then(|()| self.0.read_exact(&mut message))
            .or_fail("exchange a message over TLS");
        start.elapsed()
    }
}

/// Sends each message back until the client is gone.
fn send_back(mut stream: StreamOwned<ServerConnection, TcpStream>) {
    let mut message = [0; MESSAGE];
    while stream.read_exact(&mut message).is_ok() && stream.write_all(&message).is_ok() {}
}
