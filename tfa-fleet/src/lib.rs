//! The network part of a fleet. It carries the logins of members to verifiers, and knows neither the
//! policy nor the accounts: those are tfad's, which has no network.
//!
//! [`config`] reads the file, and [`tls`] the certificates it names. `server` accepts the connections of
//! hosts; `client` keeps one to each verifier; [`etcd`] carries the calls of tfad's store;
//! [`transport`] opens connections; `local` answers tfad. [`messages`] puts what tfad says about logins into
//! messages of the protocol, and checks what peers send. [`run`] puts them together. [`generated`] is
//! `proto/tfad/fleet/v1/fleet.proto` in Rust.

mod client;
pub mod config;
pub mod credentials;
pub mod etcd;
mod frames;
#[allow(
    clippy::all,
    missing_docs,
    unreachable_pub,
    reason = "made by `make proto`"
)]
#[rustfmt::skip]
pub mod generated;
pub mod join;
mod keep;
mod limiter;
mod local;
pub mod log;
pub mod messages;
mod peers;
mod places;
mod random;
mod renewal;
mod report;
pub mod run;
mod server;
mod stop;
pub mod task;
pub mod tls;
pub mod transport;

/// The version of `fleet.proto` that this program speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// What a verifier says in `Hello` if it serves logins: `Begin`, `Answer` and `Cancel`.
pub const FEATURE_LOGIN: &str = "login";

/// The longest message, in bytes, in both directions.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// The longest list of headers, in bytes, in both directions.
pub const MAX_HEADERS: u32 = 8 * 1024;

/// The protocol that both sides agree on in the TLS handshake: HTTP/2, under gRPC.
pub const ALPN: &[u8] = b"h2";
