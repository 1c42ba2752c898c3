//! The rules of a fleet that need neither a socket nor a clock.
//!
//! ```
//! use tfa_fleet_core::HostName;
//!
//! assert!(HostName::new("web1.example").is_ok());
//! assert!(HostName::new("*.example").is_err());
//! ```

mod back_off;
mod fingerprint;
mod host_name;
mod invitation;
mod join_token;
mod spread;

pub use back_off::BackOff;
pub use fingerprint::{Fingerprint, POINT_BYTES};
pub use host_name::{HostName, InvalidHostName};
pub use invitation::{InvitationId, InvitationKey, InvitationSecret, JOIN_PROOF_BYTES};
pub use join_token::{InvalidToken, JoinToken, MAX_TOKEN, MAX_VERIFIERS, VerifierAddress};
pub use spread::spread;
