//! What tfa-fleet says of its connections.

use std::time::Duration;

use tfa_doctor::{Connections, EtcdLink, VerifierLink};
use tfa_fleet_wire::{CALL_SOCKET, Client, Reply, Request, Status};

use super::{Missed, plain};
use crate::messages;

/// It answers from its memory.
const TIME: Duration = Duration::from_secs(5);

/// Asks the program that listens with this uid.
pub(super) fn collect(uid: u32, missed: &Missed) -> Option<Connections> {
    let asked = Client::new(CALL_SOCKET, uid).call(&Request::Status, TIME);
    let status = match asked {
        Ok(Reply::Status(status)) => Ok(status),
        Ok(_) => Err(messages::fleet_not_asked(&messages::OTHER_FLEET_VERSION)),
        Err(error) => Err(messages::fleet_not_asked(&error)),
    };
    missed.known(status).map(connections)
}

fn connections(status: Status) -> Connections {
    let verifiers = status.verifiers.into_iter().map(|one| VerifierLink {
        name: plain(&one.name),
        is_connected: one.is_connected,
        clock_ahead_ms: one.clock_ahead_ms.filter(|_| one.is_connected),
        error: one.error.map(|error| plain(&error.text)),
        refusal: one.refusal.as_deref().map(plain),
    });
    let etcd = status.etcd.into_iter().map(|one| EtcdLink {
        url: plain(&one.url),
        is_connected: one.is_connected,
        error: one.error.map(|error| plain(&error.text)),
    });
    Connections {
        verifiers: verifiers.collect(),
        etcd: etcd.collect(),
        is_etcd_full: status.is_etcd_full.unwrap_or_default(),
    }
}
