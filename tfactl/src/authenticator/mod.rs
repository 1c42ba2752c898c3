//! `tfactl authenticator`: the authenticators of one user.

mod key;

use tfa_client::{Failure, Terminal, authenticator_list, authenticators_json};
use tfa_proto::{TokenParameters, find_authenticator};
use tfa_text::wrapped;

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
    let key = key::read(&terminal, &token.key_file, token.hex)?;
    let (user, name) = (token.user.clone(), token.name.clone());
    let mut daemon = Daemon::connect(&terminal).await?;
    let parameters = TokenParameters::from(token);
    daemon.add_authenticator(&user, parameters, &key).await?;
    terminal.print(&messages::authenticator_added(&user, &name))?;
    daemon.fail_if_not_serving()
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
