//! The daemon on the bus, and the only async code. The thread that serves the bus never blocks: a call
//! is admitted there, and its work runs on a worker thread.
//!
//! The cost of the connection in memory is bounded by a constant, whatever is sent to it.
//!
//! 1. `filter` decides about each message before anything is done for it.
//! 2. `parser` tells which messages zbus takes: any other one would end the connection.
//! 3. `budget` counts the calls under way, by connection and in total.
//! 4. `socket` carries the bytes and puts both under zbus.
//! 5. `calls` identifies the caller, counts the calls of a uid and runs their work; `polkit` authorizes.
//! 6. `interface` has the methods; `service` serves them, `control` handles signals.

mod budget;
mod calls;
mod control;
mod error;
mod filter;
mod interface;
mod parser;
mod polkit;
pub mod service;
mod socket;

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

use zbus::Address;
use zbus::address::transport::{Transport, UnixSocket};
use zbus::connection::Builder;

use socket::FilteredSocket;

/// Connects to the bus at an address, which is a unix socket. The handshake comes with the build.
///
/// # Errors
/// Another kind of address, or one at which nothing listens.
fn connect(address: &str) -> zbus::Result<Builder<'static>> {
    let address = Address::try_from(address)?;
    let Transport::Unix(unix) = address.transport() else {
        return Err(zbus::Error::Address("not a unix socket".to_owned()));
    };
    let address = match unix.path() {
        UnixSocket::File(path) => SocketAddr::from_pathname(path)?,
        UnixSocket::Abstract(name) => SocketAddr::from_abstract_name(name.as_encoded_bytes())?,
        _ => {
            return Err(zbus::Error::Address(
                "not a socket to connect to".to_owned(),
            ));
        }
    };
    let stream = UnixStream::connect_addr(&address)?;
    stream.set_nonblocking(true)?;
    let stream = tokio::net::UnixStream::from_std(stream)?;
    Ok(Builder::socket(FilteredSocket(stream)))
}
