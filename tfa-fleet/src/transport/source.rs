//! Whether this host has an address from which it can reach another one.

use std::net::SocketAddr;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

/// What this host sends from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// It has no address of that family: IPv6 is switched off, for example.
    None,
    /// It has one, or that is not known.
    Possible,
}

/// Whether this host has an address to send from to that one. Nothing is sent. "Cannot assign requested address" has two
/// causes where TCP connects, and one where UDP does: for a port that is not free, UDP has "try again".
pub(super) fn source_to(address: SocketAddr) -> Source {
    of_result(connect_udp(address))
}

const fn of_result(connected: Result<(), Errno>) -> Source {
    match connected {
        Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL | Errno::NETUNREACH) => Source::None,
        Ok(()) | Err(_) => Source::Possible,
    }
}

/// The unit permits no bind(2) of a port. The kernel chooses one by itself.
fn connect_udp(address: SocketAddr) -> Result<(), Errno> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::DGRAM, flags, None)?;
    connect(&socket, &address)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn host_has_a_source_for_itself() {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 7443));
        assert_eq!(source_to(loopback), Source::Possible);
    }

    #[test]
    fn family_that_is_not_used_is_told_from_ports_that_are_taken() {
        for error in [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL, Errno::NETUNREACH] {
            assert_eq!(of_result(Err(error)), Source::None, "{error}");
        }
        for error in [Errno::AGAIN, Errno::MFILE, Errno::PERM, Errno::INVAL] {
            assert_eq!(of_result(Err(error)), Source::Possible, "{error}");
        }
    }
}
