//! The verifiers of a fleet.

use tfa_fleet_core::{MAX_VERIFIERS, VerifierAddress};
use tfa_fleet_wire::HostReply;
use tonic::Status;

use super::bounds::{list, text};
use super::{Invalid, MAX_ERROR_TEXT};
use crate::generated::ListVerifiersReply;

/// The reply of a verifier's tfad to a host that asks for the verifiers.
///
/// # Errors
/// The status that tells the host why it gets none.
pub fn list_reply(reply: HostReply) -> Result<ListVerifiersReply, Status> {
    match reply {
        HostReply::Verifiers { verifiers } => Ok(ListVerifiersReply { verifiers }),
        HostReply::Refused { text: why, .. } => {
            let why = text(why, MAX_ERROR_TEXT, "the text of an error");
            Err(Status::permission_denied(why.unwrap_or_default()))
        }
        HostReply::Certified { .. } => Err(Status::internal("tfad has replied to another call")),
    }
}

/// The verifiers that a verifier tells, each as `NAME:PORT`.
///
/// # Errors
/// [`Invalid`].
pub fn verifiers_of(verifiers: Vec<String>) -> Result<Vec<VerifierAddress>, Invalid> {
    let verifier = |text: String| VerifierAddress::parse(&text).ok_or(Invalid("a verifier"));
    list(verifiers, MAX_VERIFIERS, "a list of verifiers", verifier)
}
