//! The daemon's side of a fleet: what it asks the program with the network, `tfa-fleet`, and what members tell.

mod floor;
mod hosts;
mod kv;
mod logins;
mod member;
mod member_facts;
mod translate;
mod verifier;

use nix::unistd::User;
use tfa_fleet_wire::CALL_SOCKET;
use tfa_store::StoreError;

use crate::messages;

pub use floor::Floor;
pub use hosts::Error as HostsError;
pub use hosts::{CaProgram, CertificateAuthority, FoundedFleet, HostEntry, HostState, Hosts};
pub use hosts::{REMOVALS_FILE, Removals};
pub use kv::{FleetKv, Patience};
pub use logins::HostLogins;
pub use member::{BoundStore, Forwarder, LoginTimes, Proved};
pub use member_facts::{MemberFacts, ToldSubject};
pub use verifier::{MemberListener, MemberLogins, MemberSocket};

/// The user that `tfa-fleet` runs as.
const FLEET_USER: &str = "tfa-fleet";

/// The etcd of this host, through `tfa-fleet`.
///
/// # Errors
/// [`StoreError::Unavailable`] where the user of `tfa-fleet` is not known: another program could listen
/// in its place.
pub fn etcd() -> Result<FleetKv, StoreError> {
    let uid = fleet_uid().map_err(|why| StoreError::Unavailable { why })?;
    Ok(FleetKv::new(CALL_SOCKET, uid))
}

/// The uid of `tfa-fleet`. The error is a text for the administrator.
fn fleet_uid() -> Result<u32, String> {
    match User::from_name(FLEET_USER) {
        Ok(Some(user)) => Ok(user.uid.as_raw()),
        Ok(None) => Err(messages::no_fleet_user(FLEET_USER)),
        Err(error) => Err(messages::fleet_user_unknown(FLEET_USER, &error)),
    }
}
