//! The daemon: keeps the second factors, applies the host's policy, conducts the login dialog.
//!
//! One login, in the order of the folders: [`socket`] (or [`dbus`]) takes the call, [`login`]
//! conducts the dialog, [`host`] resolves the user, [`account`] loads the record from the store and
//! commits it, `tfa-core` decides and verifies under the policy that [`config`] has read, and
//! [`log`] records what happened. On a verifier of a fleet the store may be in etcd, which [`fleet`]
//! reaches.

pub mod account;
pub mod call_limiter;
pub mod caller;
pub mod config;
mod contract_error;
pub mod dbus;
pub mod fleet;
pub mod host;
pub mod log;
pub mod login;
pub mod messages;
pub mod owner;
pub mod policy_serial;
pub mod publication;
pub mod quota;
pub mod rotation;
pub mod semaphore;
pub mod socket;
pub mod state;
pub mod task;
