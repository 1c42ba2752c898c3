//! Where a host is reached: at the address of the configuration, or at those that its name has.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tfa_fleet_wire::LinkErrorKind;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::TransportError;
use super::source::{Source, source_to};

/// How long the name is looked up: enough for a name server that is down, and the next one.
const LOOKUP_TIME: Duration = Duration::from_secs(10);
/// How long TCP connects to one address.
const TCP_TIME: Duration = Duration::from_secs(1);

/// A host to connect to.
#[derive(Debug)]
pub(crate) struct Target {
    name: String,
    port: u16,
    address: Option<IpAddr>,
    /// The addresses that the name had last. A network that is cut takes the name service away too, and TLS says whether
    /// the right host answers there.
    known: Mutex<Vec<SocketAddr>>,
}

impl Target {
    pub(crate) fn new(name: impl Into<String>, port: u16, address: Option<IpAddr>) -> Self {
        Self {
            name: name.into(),
            port,
            address,
            known: Mutex::default(),
        }
    }

    /// Connects to the first address that answers.
    pub(crate) async fn connect(&self) -> Result<TcpStream, TransportError> {
        let stream = open(&self.addresses().await?).await?;
        // A request is small and waited for.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, TransportError> {
        if let Some(address) = self.address {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let found = timeout(LOOKUP_TIME, lookup_host((self.name.as_str(), self.port))).await;
        self.or_known(match found {
            Ok(Ok(found)) => Ok(found.collect()),
            Ok(Err(error)) => Err(TransportError::Lookup(error)),
            Err(_) => Err(TransportError::LookupTime),
        })
    }

    fn or_known(
        &self,
        found: Result<Vec<SocketAddr>, TransportError>,
    ) -> Result<Vec<SocketAddr>, TransportError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(found) if !found.is_empty() => known.clone_from(&found),
            Err(error) if known.is_empty() => return Err(error),
            Ok(_) | Err(_) => {}
        }
        Ok(known.clone())
    }
}

/// Connects to the first address that answers. Each has a time of its own: one that drops packets
/// does not hide the next. Returns the last error, or the last one of this host: while one of them is, it is not certain
/// that no address answers. An address of a family that this host does not use says nothing.
async fn open(addresses: &[SocketAddr]) -> Result<TcpStream, TransportError> {
    let mut last = None;
    for address in addresses {
        let error = match timeout(TCP_TIME, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => TransportError::Tcp(*address, error),
            Err(_) => TransportError::TcpTime(*address),
        };
        if !is_local(&error) || source_to(*address) == Source::Possible {
            last = Some(counting(last, error));
        }
    }
    Err(last.unwrap_or(TransportError::NoAddress))
}

fn is_local(error: &TransportError) -> bool {
    error.kind() == LinkErrorKind::Local
}

/// Which of two errors counts: the later one, but not one of the network after one of this host.
fn counting(earlier: Option<TransportError>, error: TransportError) -> TransportError {
    match earlier {
        Some(earlier) if is_local(&earlier) && !is_local(&error) => earlier,
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    #[test]
    fn addresses_of_before_serve_while_the_name_cannot_be_looked_up() {
        let target = Target::new("v1.test", 1, None);
        let failed = || Err(TransportError::LookupTime);
        assert!(target.or_known(failed()).is_err());
        let address: SocketAddr = "192.0.2.7:1".parse().unwrap();
        assert_eq!(target.or_known(Ok(vec![address])).unwrap(), [address]);
        assert_eq!(target.or_known(failed()).unwrap(), [address]);
        assert_eq!(target.or_known(Ok(Vec::new())).unwrap(), [address]);
    }

    #[tokio::test]
    async fn address_that_drops_packets_does_not_hide_the_next() {
        // The queue of a listener with a backlog of 0 holds one connection. The kernel drops further
        // ones.
        let full = TcpSocket::new_v4().unwrap();
        full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = full.listen(0).unwrap();
        let silent = full.local_addr().unwrap();
        let _first = TcpStream::connect(silent).await.unwrap();
        assert!(matches!(
            open(&[silent]).await,
            Err(TransportError::TcpTime(address)) if address == silent
        ));

        let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = good.local_addr().unwrap();
        let stream = open(&[silent, good]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
    }

    #[test]
    fn error_of_this_host_is_not_hidden_by_one_of_the_network() {
        let address: SocketAddr = "192.0.2.7:1".parse().unwrap();
        let of = |kind| TransportError::Tcp(address, std::io::Error::from(kind));
        let local = || of(std::io::ErrorKind::AddrNotAvailable);
        let refused = || of(std::io::ErrorKind::ConnectionRefused);
        assert!(is_local(&local()) && !is_local(&refused()));
        for (earlier, error, expected) in [
            (None, local(), true),
            (None, refused(), false),
            (Some(local()), refused(), true),
            (Some(refused()), local(), true),
            (Some(refused()), refused(), false),
        ] {
            assert_eq!(is_local(&counting(earlier, error)), expected);
        }
    }

    #[tokio::test]
    async fn name_without_an_address_is_an_error() {
        assert!(matches!(open(&[]).await, Err(TransportError::NoAddress)));
    }
}
