//! `tfa-enroll list`, `rename`, and `remove` of one authenticator.

use tfa_client::{Failure, Terminal, authenticator_list, authenticators_json};
use tfa_proto::{Authenticator, AuthenticatorKind, Status, find_authenticator};
use tfa_text::wrapped;

use crate::daemon::Daemon;
use crate::session::Session;
use crate::{messages, proof, state, status};

/// `tfa-enroll list`.
pub(crate) async fn list(json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let all = Daemon::connect().await?.status().await?.authenticators;
    if json {
        terminal.print(&tfa_client::json(&authenticators_json(&all))?)?;
    } else if all.is_empty() {
        terminal.print(messages::NOT_SET_UP)?;
    } else {
        let (_, columns) = terminal.size();
        terminal.print(&wrapped(&authenticator_list(&all), columns))?;
    }
    Ok(())
}

/// `tfa-enroll rename`.
pub(crate) async fn rename(session: &mut Session, old: &str, new: &str) -> Result<(), Failure> {
    let status = status::require_set_up(&session.daemon).await?;
    let authenticator = find(&status, old)?;
    let Authenticator { id, name, .. } = authenticator;
    session.print(&messages::rename_intro(name, new))?;
    proof::with_proof(session, &status, async |daemon, proof| {
        daemon.rename_authenticator(*id, new, proof).await
    })
    .await?;
    session.print(&if is_key(authenticator) {
        messages::renamed_key(new)
    } else {
        messages::renamed(new)
    })?;
    Ok(())
}

/// `tfa-enroll remove NAME`.
pub(crate) async fn remove(session: &mut Session, name: &str) -> Result<(), Failure> {
    let status = status::require_set_up(&session.daemon).await?;
    let authenticator = find(&status, name)?;
    let Authenticator { id, name, .. } = authenticator;
    let is_last = status.authenticators.len() == 1;
    if is_last {
        state::refuse_if_required(&status)?;
        session.print(&messages::remove_intro(&status.user, status.has_codes()))?;
    } else if is_key(authenticator) {
        session.print(&messages::remove_key_intro(name))?;
    } else {
        session.print(&messages::remove_one_intro(name))?;
    }
    state::confirm_removal(session).await?;
    proof::with_proof(session, &status, async |daemon, proof| {
        daemon.remove_authenticator(*id, proof).await
    })
    .await?;
    if is_last {
        session.print(&messages::removed(&status.user, status.has_codes()))?;
    } else if is_key(authenticator) {
        session.print(&messages::removed_key(name))?;
    } else {
        session.print(&messages::removed_one(name))?;
    }
    Ok(())
}

/// Whether it is a security key, which computes no codes.
pub(crate) fn is_key(authenticator: &Authenticator) -> bool {
    authenticator.kind == AuthenticatorKind::SecurityKey
}

/// The authenticator of this name, in either case, or of this id.
pub(crate) fn find<'a>(status: &'a Status, name: &str) -> Result<&'a Authenticator, Failure> {
    let all = &status.authenticators;
    find_authenticator(all, name)
        .ok_or_else(|| Failure::Refused(messages::no_such_authenticator(name, &names(status))))
}

/// The authenticator that a move replaces: the one that is named; `None` for the only one.
pub(crate) fn to_replace<'a>(
    status: &'a Status,
    name: Option<&str>,
) -> Result<Option<&'a Authenticator>, Failure> {
    match name {
        Some(name) => find(status, name).map(Some),
        None if status.authenticators.len() > 1 => {
            let names = names(status);
            Err(Failure::Refused(messages::move_needs_a_name(&names)))
        }
        None => Ok(None),
    }
}

/// The names, for a message.
fn names(status: &Status) -> String {
    let names = status.authenticators.iter().map(|one| one.name.as_str());
    names.collect::<Vec<_>>().join(", ")
}
