//! A host joins the fleet: it makes a key, and has a verifier certify it.

use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use tfa_fleet_core::{HostName, JoinToken, VerifierAddress};
use tokio::time::timeout;

use crate::client::client_of;
use crate::credentials::{BadKey, Folder, FolderError};
use crate::generated::{Error, JoinRequest};
use crate::messages::{self, CertifiedHost};
use crate::tls::pinned;
use crate::transport::{self, Target, TransportError, cause};
use crate::{MAX_MESSAGE, config};

/// How long the call may take, beside the connection.
const CALL_TIME: Duration = Duration::from_secs(10);
/// More than a message is not sent ahead of its reader.
const WINDOW: u32 = 64 * 1024 - 1;

/// What a host is in the fleet that it has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Its name.
    pub host: HostName,
    /// The verifiers.
    pub verifiers: Vec<VerifierAddress>,
    /// If it is a verifier: where it accepts hosts.
    pub port: Option<u16>,
}

/// Why a host has not joined.
#[derive(Debug)]
pub enum JoinError {
    /// The key or the certificate cannot be kept.
    Folder(FolderError),
    /// The verifier refuses. Another one would too.
    Refused(String),
    /// No verifier has answered. The last one, and why.
    NoAnswer(VerifierAddress, String),
}

impl fmt::Display for JoinError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(formatter),
            Self::Refused(text) => formatter.write_str(text),
            Self::NoAnswer(verifier, why) => write!(
                formatter,
                "{verifier} does not answer: {why}. The token can be used again until it ends"
            ),
        }
    }
}

impl std::error::Error for JoinError {}

impl From<FolderError> for JoinError {
    fn from(error: FolderError) -> Self {
        Self::Folder(error)
    }
}

/// Why one verifier does not answer, or refuses.
enum NoCertificate {
    /// Another one may answer.
    Elsewhere(String),
    Refused(String),
}

/// Joins the fleet of a token, and keeps the key and the certificates in the folder. The key is there before it is
/// sent, and stays: a token that was used is good again for the same key.
///
/// # Errors
/// [`JoinError`].
pub async fn join(token: &JoinToken, folder: &Folder) -> Result<Joined, JoinError> {
    let key = folder.join_key(token.id)?;
    let request = key.request().map_err(|BadKey| FolderError::NoKey)?;
    let request = messages::join_request(token.id, &token.secret, &request);
    let mut last = None;
    for verifier in &token.verifiers {
        match ask(token, verifier, request.clone()).await {
            Ok((certified, authority)) => {
                let CertifiedHost {
                    certificate,
                    verifiers,
                    port,
                } = certified;
                let certificate = CertificateDer::from(certificate);
                let is_verifier = port.is_some();
                let host = Some(&token.host);
                let host =
                    folder.put_in_force(&key, &certificate, &authority, is_verifier, host)?;
                return Ok(Joined {
                    host,
                    verifiers,
                    port,
                });
            }
            Err(NoCertificate::Refused(text)) => return Err(JoinError::Refused(text)),
            Err(NoCertificate::Elsewhere(why)) => last = Some((verifier.clone(), why)),
        }
    }
    Err(match last {
        Some((verifier, why)) => JoinError::NoAnswer(verifier, why),
        None => JoinError::Refused("the token names no verifier".to_owned()),
    })
}

/// Asks one verifier. Also returns the certificate of the authority, which the token has pinned.
async fn ask(
    token: &JoinToken,
    verifier: &VerifierAddress,
    request: JoinRequest,
) -> Result<(CertifiedHost, CertificateDer<'static>), NoCertificate> {
    let elsewhere = |why: &dyn fmt::Display| NoCertificate::Elsewhere(why.to_string());
    let not_connected = |error: TransportError| elsewhere(&error);
    let (tls, shown) = pinned(token.authority).map_err(|error| elsewhere(&error))?;
    let name = verifier.name.as_str();
    let target = Target::new(name, verifier.port, None);
    let stream = target.connect().await.map_err(not_connected)?;
    let server = ServerName::try_from(name.to_owned()).map_err(|error| elsewhere(&error))?;
    let stream = transport::tls(stream, server, tls)
        .await
        .map_err(not_connected)?;
    let http2 = transport::http2(WINDOW);
    let (channel, end) = transport::begin(&http2, stream)
        .await
        .map_err(not_connected)?;
    let of_client = config::Verifier {
        name: verifier.name.clone(),
        port: verifier.port,
        address: None,
    };
    let mut client = client_of(channel, &of_client).map_err(|error| elsewhere(&error))?;
    client = client.max_decoding_message_size(MAX_MESSAGE);
    let called = timeout(CALL_TIME, client.join(request));
    let reply = tokio::select! {
        biased;
        reply = called => reply.map_err(|_| elsewhere(&"it takes too long"))?,
        // A verifier whose fleet has no authority wants a certificate.
        error = end => return Err(elsewhere(&error.map_or_else(
            || "it has closed the connection".to_owned(),
            |error| cause(&error),
        ))),
    };
    let reply = reply.map_err(|status| elsewhere(&status.message()))?;
    let certified = messages::certified_host(reply.into_inner());
    let certified = certified.map_err(|invalid| elsewhere(&invalid))?;
    let certified = certified.map_err(|(error, text)| match error {
        Error::NotServing | Error::Storage | Error::Busy => NoCertificate::Elsewhere(text),
        _ => NoCertificate::Refused(text),
    })?;
    let authority = shown.lock().unwrap_or_else(PoisonError::into_inner).take();
    let authority = authority.ok_or_else(|| elsewhere(&"it has shown no authority"))?;
    Ok((certified, authority))
}
