//! `tfactl authenticator`: the authenticators of one user.

mod key;

use serde::Serialize;
use tfa_client::{Failure, Terminal, authenticator_list, authenticators_json};
use tfa_client::{public_key_of_stdin, read_public_key};
use tfa_proto::{AuthenticatorKind, TokenParameters, find_authenticator};
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::args::{AuthenticatorCommand, Token};
use crate::daemon::Daemon;
use crate::{json, messages};

pub(crate) async fn run(command: AuthenticatorCommand) -> Result<(), Failure> {
    match command {
        AuthenticatorCommand::Add(token) => add(token).await,
        AuthenticatorCommand::List { user, json } => list(&user, json).await,
        AuthenticatorCommand::Remove { user, name } => remove(&user, &name).await,
    }
}

async fn add(token: Token) -> Result<(), Failure> {
    let terminal = Terminal::new();
    // Read before the daemon, and polkit, are asked for anything.
    let key = key_of(&terminal, &token)?;
    let (user, kind, as_json) = (token.user.clone(), token.kind, token.json);
    let mut daemon = Daemon::connect(&terminal).await?;
    let parameters = TokenParameters::from(token);
    let name = parameters.name.clone();
    let (id, found) = daemon.add_authenticator(&user, parameters, &key).await?;
    if as_json {
        json::print(
            &terminal,
            &Added {
                user: &user,
                id,
                kind: kind.name(),
                name: &name,
                uid: found.uid,
                known: found.known,
            },
        )?;
    } else {
        terminal.print(&match kind {
            AuthenticatorKind::SecurityKey => messages::security_key_added(&user, &name),
            AuthenticatorKind::Totp | AuthenticatorKind::Hotp => {
                messages::authenticator_added(&user, &name)
            }
        })?;
        messages::user_of_members(&user, found).map_or(Ok(()), |told| terminal.print(&told))?;
    }
    daemon.fail_if_not_serving()
}

/// The key, as the daemon gets it.
fn key_of(terminal: &Terminal, token: &Token) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if token.kind != AuthenticatorKind::SecurityKey {
        return key::read(terminal, &token.key_file, token.hex);
    }
    if token.has_options_of_codes() {
        return Err(Failure::Refused(messages::NO_CODES.to_owned()));
    }
    let line = if key::is_stdin(&token.key_file) {
        public_key_of_stdin()?
    } else {
        read_public_key(&token.key_file)?
    };
    Ok(Zeroizing::new(line.into_bytes()))
}

/// The JSON output of `add`.
#[derive(Serialize)]
struct Added<'a> {
    user: &'a str,
    id: u32,
    kind: &'a str,
    name: &'a str,
    uid: Option<u32>,
    known: Option<bool>,
}

async fn list(user: &str, as_json: bool) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let status = daemon.show(user).await?;
    if let Some(problem) = &status.problem {
        return Err(Failure::Refused(problem.clone()));
    }
    let all = &status.authenticators;
    if as_json {
        json::print(&terminal, &authenticators_json(all))?;
    } else if all.is_empty() {
        terminal.print(&messages::no_authenticators(&status.user))?;
    } else {
        terminal.print(&wrapped(&authenticator_list(all), terminal.size().1))?;
    }
    daemon.fail_if_not_serving()
}

async fn remove(user: &str, name: &str) -> Result<(), Failure> {
    let terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let status = daemon.show(user).await?;
    if let Some(problem) = &status.problem {
        return Err(Failure::Refused(problem.clone()));
    }
    let Some(found) = find_authenticator(&status.authenticators, name) else {
        let text = messages::no_such_authenticator(&status, name);
        return Err(Failure::Refused(text));
    };
    daemon.remove_authenticator(user, found.id).await?;
    terminal.print(&messages::authenticator_removed(&status.user, &found.name))?;
    daemon.fail_if_not_serving()
}
