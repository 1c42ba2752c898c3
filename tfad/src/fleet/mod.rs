//! The daemon's side of a fleet: what it asks the program with the network, `tfa-fleet`, and what members tell.

mod kv;
mod member;
mod member_facts;
mod translate;
mod verifier;

use nix::unistd::User;
use tfa_fleet_wire::CALL_SOCKET;
use tfa_store::StoreError;

pub use kv::{FleetKv, Patience};
pub use member::{Forwarder, LoginTimes};
pub use member_facts::{MemberFacts, ToldSubject};
pub use verifier::{MemberLogins, MemberSocket};

/// The user that `tfa-fleet` runs as.
const FLEET_USER: &str = "tfa-fleet";

/// The etcd of this host, through `tfa-fleet`.
///
/// # Errors
/// [`StoreError::Unavailable`] where the user of `tfa-fleet` is not known: another program could listen
/// in its place.
pub fn etcd() -> Result<FleetKv, StoreError> {
    let unavailable = |why: String| StoreError::Unavailable { why };
    let user = User::from_name(FLEET_USER)
        .map_err(|error| unavailable(format!("the user {FLEET_USER} cannot be looked up: {error}")))?
        .ok_or_else(|| {
            unavailable(format!(
                "there is no user {FLEET_USER}, so etcd cannot be reached: install the package tfa-fleet"
            ))
        })?;
    Ok(FleetKv::new(CALL_SOCKET, user.uid.as_raw()))
}
