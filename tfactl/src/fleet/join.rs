//! `tfactl join`: makes this host a member of a fleet.

use std::fs;
use std::path::Path;

use tfa_client::{Failure, LineRead, Terminal, is_root};
use zeroize::Zeroizing;

use super::files::{FLEET_CONFIG, ROLE_DROP_IN, Written, role_lines};
use super::{program, units};
use crate::daemon::Daemon;
use crate::{messages, secret_input};

/// The longest token, in bytes, with blanks.
const MAX_TOKEN: usize = 4096;
/// tfad of a member notes here that it is one.
const MEMBER_MARKER: &str = "/var/lib/tfa/fleet.member";

/// What this host is before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// It has no accounts, and is in no fleet.
    Alone,
    /// It is a member, whose certificate has ended, for example.
    Member,
}

pub(crate) async fn run(token: Option<String>) -> Result<(), Failure> {
    if !is_root() {
        return Err(Failure::NotAllowed(messages::FLEET_NEEDS_ROOT.to_owned()));
    }
    let token = token.map(Zeroizing::new);
    let mut terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let before = before(&mut daemon).await?;
    let token = match token {
        Some(token) => token,
        None => read_token(&mut terminal, &mut daemon).await?,
    };
    terminal.note(messages::JOINING);
    let lines = program::run("--join", &token)?;
    let [host, line] = lines.as_slice() else {
        let why = "it is of another version";
        return Err(Failure::Refused(messages::no_fleet_program(&why)));
    };
    if line.starts_with("listen") {
        terminal.print(&messages::joined_as_verifier(host, line))?;
        return Ok(());
    }
    if before == Before::Member {
        if units::has_systemd() {
            units::systemctl(&["restart", "tfa-fleet.service"])?;
        }
        terminal.print(&messages::joined_again(host))?;
        return Ok(());
    }
    let mut written = Written::default();
    match become_member(&mut written, line).await {
        Ok(()) => {
            terminal.print(&messages::joined(host))?;
            if !units::has_systemd() {
                terminal.print(messages::START_UNITS)?;
            }
            Ok(())
        }
        Err(failure) => {
            // Nothing is left half-made. The certificate stays: the token can be used again with its key.
            written.take_back();
            if units::has_systemd() {
                let _ = units::systemctl(&["disable", "--now", "tfa-fleet.service"]);
                // It was not there before: a host that is a member does not get here.
                let _ = fs::remove_file(MEMBER_MARKER);
                let _ = units::systemctl(&["restart", "tfad.service"]);
            }
            Err(failure)
        }
    }
}

/// Checks that nothing is lost, before the token is used.
async fn before(daemon: &mut Daemon) -> Result<Before, Failure> {
    let refused = |text: &str| Err(Failure::Refused(text.to_owned()));
    match daemon.facts().await?.fleet_role.as_deref() {
        Some("member") => return Ok(Before::Member),
        Some(_) => return refused(messages::VERIFIER_CANNOT_JOIN),
        None => {}
    }
    let (names, _) = daemon.record_names_after("").await?;
    if !names.is_empty() {
        return refused(messages::ACCOUNTS_IN_THE_WAY);
    }
    for path in [FLEET_CONFIG, ROLE_DROP_IN].map(Path::new) {
        // What cannot be looked at may be there.
        if path.symlink_metadata().is_ok() {
            return refused(&messages::config_in_the_way(path));
        }
    }
    Ok(Before::Alone)
}

/// Writes the configuration, connects, and only then lets the verifiers answer the logins.
async fn become_member(written: &mut Written, verifiers: &str) -> Result<(), Failure> {
    let mut put = |path: &str, text: &str| {
        let path = Path::new(path);
        let is_put = written.put(path, text);
        match is_put {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::Refused(messages::config_in_the_way(path))),
            Err(error) => Err(Failure::Refused(messages::not_written(path, &error))),
        }
    };
    put(
        FLEET_CONFIG,
        &format!("# Written by tfactl.\n{verifiers}\n"),
    )?;
    if units::has_systemd() {
        units::systemctl(&["enable", "tfa-fleet.service"])?;
        units::systemctl(&["restart", "tfa-fleet.service"])?;
        units::wait_for_verifier()?;
    }
    put(ROLE_DROP_IN, &role_lines("member"))?;
    if units::has_systemd() {
        units::systemctl(&["restart", "tfad.service"])?;
        // The daemon refuses what a member must not have.
        let daemon = Daemon::connect_quietly(&Terminal::new()).await?;
        if let Some(why) = daemon.refusal() {
            return Err(Failure::Refused(why.to_owned()));
        }
    }
    Ok(())
}

/// Reads the token from the terminal, else from the standard input.
async fn read_token(
    terminal: &mut Terminal,
    daemon: &mut Daemon,
) -> Result<Zeroizing<String>, Failure> {
    let missing = || Failure::Refused(messages::NO_TOKEN.to_owned());
    if terminal.is_interactive() {
        let line = terminal
            .ask(daemon.interrupt(), messages::ASK_FOR_TOKEN)
            .await?;
        return match line {
            LineRead::Line(line) => Ok(line),
            _ => Err(missing()),
        };
    }
    let input = secret_input::read_to_end(secret_input::stdin()?, 0, MAX_TOKEN)?;
    let input = input.ok_or_else(|| Failure::Refused(messages::TOKEN_TOO_LONG.to_owned()))?;
    let text = std::str::from_utf8(&input).map_err(|_| missing())?;
    Ok(Zeroizing::new(text.to_owned()))
}
