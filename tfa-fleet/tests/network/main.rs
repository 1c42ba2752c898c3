//! The program in real processes, with real certificates, on the loopback interface.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking"
)]

mod authority;
mod certificates_of_hosts;
mod certificates_of_verifiers;
mod connections;
mod etcd;
mod fixture;
mod http2;
mod joining;
mod life;
mod local;
mod logins;
mod reports;
mod requests;
mod test_verifier;
mod tls_client;

/// How long a test waits for an event. Only a test that fails waits that long, even on a busy host.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);
