//! Security keys: `setup`, `add` and `move` with `--security-key FILE`.

use std::path::Path;

use tfa_client::{Failure, read_public_key};
use tfa_proto::{SecurityKeyParameters, Status};

use crate::session::Session;
use crate::{authenticators, backup_codes, messages, proof, setup, sshd, status};

/// A first enrollment: the key waits for a login, and the backup codes with it.
pub(crate) async fn set_up(
    session: &mut Session,
    file: &Path,
    name: Option<String>,
) -> Result<(), Failure> {
    let status = session.daemon.status().await?;
    set_up_for(session, &status, file, name).await
}

async fn set_up_for(
    session: &mut Session,
    status: &Status,
    file: &Path,
    name: Option<String>,
) -> Result<(), Failure> {
    if let Some(problem) = &status.problem {
        return Err(Failure::Refused(messages::problem(problem)));
    }
    if status.is_set_up() {
        return Err(Failure::Refused(
            messages::ALREADY_SET_UP_ADD_KEY.to_owned(),
        ));
    }
    let mut parameters = parameters(file, name)?;
    session.print(&messages::key_setup_intro(&status.user))?;
    warn_about_sshd(session)?;
    let codes = setup::first_enrollment(session, status, async |daemon, invitation| {
        let parameters = SecurityKeyParameters {
            invitation,
            ..parameters.clone()
        };
        daemon.setup_security_key(parameters).await
    })
    .await;
    parameters.invitation = None;
    let codes = codes?;
    session.print(messages::KEY_BACKUP_CODES)?;
    backup_codes::show(session, &status.user, &codes).await?;
    session.print(&messages::key_waits(&status.user))?;
    Ok(())
}

/// A further security key. It is active at once. Without an enrollment it is the first one.
pub(crate) async fn add(
    session: &mut Session,
    file: &Path,
    name: Option<String>,
) -> Result<(), Failure> {
    let status = session.daemon.status().await?;
    if !status.is_set_up() {
        return set_up_for(session, &status, file, name).await;
    }
    let parameters = parameters(file, name)?;
    session.print(messages::ADD_KEY_INTRO)?;
    warn_about_sshd(session)?;
    let id = proof::with_proof(session, &status, async |daemon, proof| {
        daemon.add_security_key(proof, parameters.clone()).await
    })
    .await?;
    let name = name_of(session, id).await;
    session.print(&messages::key_added(name.as_deref()))?;
    Ok(())
}

/// A security key in place of another authenticator.
pub(crate) async fn replace(
    session: &mut Session,
    replaced: Option<&str>,
    file: &Path,
    name: Option<String>,
) -> Result<(), Failure> {
    let status = status::require_set_up(&session.daemon).await?;
    let replaced = authenticators::to_replace(&status, replaced)?;
    let parameters = SecurityKeyParameters {
        replaces: replaced.map(|one| one.id),
        ..parameters(file, name)?
    };
    session.print(messages::MOVE_TO_KEY_INTRO)?;
    warn_about_sshd(session)?;
    let id = proof::with_proof(session, &status, async |daemon, proof| {
        daemon.move_to_security_key(proof, parameters.clone()).await
    })
    .await?;
    let name = name_of(session, id).await;
    session.print(&messages::moved_to_key(name.as_deref()))?;
    Ok(())
}

fn parameters(file: &Path, name: Option<String>) -> Result<SecurityKeyParameters, Failure> {
    Ok(SecurityKeyParameters {
        public_key: read_public_key(file)?,
        name,
        ..SecurityKeyParameters::default()
    })
}

/// Warns where SSH logins would not count the key as a second factor.
fn warn_about_sshd(session: &Session) -> Result<(), Failure> {
    if sshd::ignores_security_keys() {
        session.print(messages::SSHD_IGNORES_KEYS)?;
    }
    Ok(())
}

/// The name that the key got. It is active, even if this call fails.
async fn name_of(session: &Session, id: u32) -> Option<String> {
    let status = session.daemon.status().await.ok()?;
    let mut all = status.authenticators.into_iter();
    all.find(|one| one.id == id).map(|one| one.name)
}
