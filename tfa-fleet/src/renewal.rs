//! Renews the certificate of this host in time, where its fleet has an authority of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tfa_fleet_core::{BackOff, HostName};
use tfa_fleet_wire::{KeyRequest, PresentKey};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::client::Verifiers;
use crate::credentials::{BadKey, Folder, FolderError};
use crate::generated::CertifiedReply;
use crate::log::{Level, log, printable};
use crate::messages::{self, CertifiedHost};
use crate::random::random;
use crate::server::Tfad;
use crate::stop::Stop;
use crate::tls;

/// A certificate lasts 30 days, and is renewed in the last third.
const BEFORE_END: Duration = Duration::from_secs(10 * 24 * 3600);
/// How often that is looked at.
const INTERVAL: Duration = Duration::from_secs(3600);
/// The first time, after the connections are open.
const FIRST: Duration = Duration::from_secs(3);
/// The shortest pause after a failure.
const SHORTEST_PAUSE: Duration = Duration::from_secs(5);
/// The number of failures after which the interval is the pause.
const SOON: u32 = 8;

/// What to do where a member cannot renew its certificate any more.
pub(crate) const JOIN_AGAIN: &str =
    "Join again: run tfactl host invite on a verifier, and tfactl join here";

/// Who certifies this host.
pub(crate) enum Certifier {
    /// The verifiers of a member.
    Verifiers(Arc<Verifiers>),
    /// On a verifier, its own tfad.
    Own(Arc<Tfad>, HostName),
}

/// Why a certificate was not renewed.
struct NotRenewed(String);

impl NotRenewed {
    /// The same with what to do, where no later attempt can succeed: no verifier accepts a member whose certificate
    /// has ended.
    fn of(
        self,
        certifier: &Certifier,
        own: &CertificateDer<'static>,
        authority: &CertificateDer<'static>,
    ) -> Self {
        let has_ended = !tls::is_valid_for(own, authority, Duration::ZERO);
        match certifier {
            Certifier::Verifiers(_) if has_ended => Self(format!(
                "{}. The certificate has ended, and verifiers accept it no more. {JOIN_AGAIN}",
                self.0
            )),
            Certifier::Verifiers(_) | Certifier::Own(..) => self,
        }
    }
}

impl<T: fmt::Display> From<T> for NotRenewed {
    fn from(why: T) -> Self {
        Self(why.to_string())
    }
}

/// Renews the certificate in time until the program ends. Tells `renewed` of each new one.
pub(crate) async fn keep(
    folder: Folder,
    certifier: Certifier,
    renewed: mpsc::Sender<()>,
    mut stop: Stop,
) {
    let (mut pause, mut failures, mut back_off) = (FIRST, 0_u32, BackOff::new());
    while stop.unless_asked(sleep(pause)).await.is_some() {
        let ended = stop.unless_asked(look(&folder, &certifier)).await;
        pause = match ended {
            None => return,
            Some(Ok(is_renewed)) => {
                if is_renewed {
                    let _ = renewed.send(()).await;
                }
                (failures, back_off) = (0, BackOff::new());
                INTERVAL
            }
            Some(Err(NotRenewed(why))) => {
                let text = format_args!("cannot renew the certificate of this host: {why}");
                log(Level::Error, &printable(&text));
                failures = failures.saturating_add(1);
                match failures {
                    ..SOON => back_off.delay(random()).max(SHORTEST_PAUSE),
                    _ => INTERVAL,
                }
            }
        };
    }
}

/// Renews the certificate if that is due. Returns whether there is a new one.
async fn look(folder: &Folder, certifier: &Certifier) -> Result<bool, NotRenewed> {
    let is_renewed = renew_if_due(folder, certifier).await?;
    certifier.note_use(folder).await;
    Ok(is_renewed)
}

/// Returns whether there is a new certificate.
async fn renew_if_due(folder: &Folder, certifier: &Certifier) -> Result<bool, NotRenewed> {
    let (own, authority) = folder.certificates()?;
    if tls::is_valid_for(&own, &authority, BEFORE_END) {
        return Ok(false);
    }
    let key = folder.new_key()?;
    let request = key.request().map_err(|BadKey| FolderError::NoKey)?;
    let host = tls::host_of(&own)?;
    let present = folder.own_key()?.renewal(&host, &request);
    let present = present.map_err(|BadKey| FolderError::NoKey)?;
    let put_in_force = |reply| {
        let certified = messages::certified_host(reply).map_err(|invalid| invalid.to_string())?;
        let CertifiedHost {
            certificate, port, ..
        } = certified.map_err(|(_, text)| text)?;
        let certificate = CertificateDer::from(certificate);
        let is_verifier = port.is_some();
        let put = folder.put_in_force(&key, &certificate, &authority, is_verifier, Some(&host));
        put.map(drop).map_err(|why| why.to_string())
    };
    certifier
        .certify(&own, present, request, put_in_force)
        .await
        .map_err(|why| why.of(certifier, &own, &authority))?;
    folder.forget_join_key();
    Ok(true)
}

impl Certifier {
    /// On a verifier, has tfad note that the last key is in use, so that the former one renews nothing. A member's calls
    /// do so, and a verifier calls no other one. What fails is done at the next time.
    async fn note_use(&self, folder: &Folder) {
        let Self::Own(tfad, host) = self else {
            return;
        };
        let own = folder.certificates().ok();
        if let Some(key) = own.and_then(|(own, _)| tls::key_of(&own).ok()) {
            let host = host.clone();
            let _ = tfad.list_verifiers(&tls::Peer { host, key }).await;
        }
    }

    /// Has the key certified, until a reply is accepted.
    async fn certify(
        &self,
        own: &CertificateDer<'static>,
        present: PresentKey,
        request: KeyRequest,
        accepted: impl Fn(CertifiedReply) -> Result<(), String>,
    ) -> Result<(), NotRenewed> {
        match self {
            Self::Verifiers(verifiers) => Ok(verifiers.renew(&present, &request, accepted).await?),
            Self::Own(tfad, host) => {
                let (host, key) = (host.clone(), tls::key_of(own)?);
                let peer = tls::Peer { host, key };
                let reply = tfad.renew(&peer, present, request).await;
                let reply = reply.map_err(|status| status.message().to_owned())?;
                Ok(accepted(messages::certified_reply(reply)?)?)
            }
        }
    }
}
