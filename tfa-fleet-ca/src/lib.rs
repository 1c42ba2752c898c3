//! The authority of a fleet: makes its key, and signs the certificates of hosts.
//!
//! tfad starts the program for one request, and decides who gets a certificate. The program keeps nothing,
//! reads no file, and opens no connection. Of what a host sends, it uses the public keys and the
//! signatures alone.

mod authority;
mod certificate;

use tfa_fleet_wire::{CaReply, CaRequest};

/// Answers a request.
#[must_use]
pub fn answer(request: CaRequest) -> CaReply {
    match request {
        CaRequest::Make { id, validity } => authority::make(id, validity),
        CaRequest::Sign {
            id,
            key,
            host,
            is_verifier,
            request,
            validity,
            renewed_by,
        } => {
            let issuer = authority::issuer(id, &key);
            issuer.and_then(|issuer| {
                let renewed_by = renewed_by.as_ref();
                certificate::sign(&issuer, &host, is_verifier, &request, renewed_by, validity)
            })
        }
    }
    .unwrap_or_else(|failure| failure)
}
