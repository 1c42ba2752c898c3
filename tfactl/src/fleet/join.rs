//! `tfactl join`: makes this host a member of a fleet.

use std::fs;
use std::path::Path;

use tfa_client::{Failure, LineRead, Terminal, is_root};
use tfa_fleet_core::{HostName, InvalidToken, JoinToken};
use zeroize::Zeroizing;

use super::exclusive::Exclusive;
use super::files::{FLEET_CONFIG, ROLE_DROP_IN, Written, fleet_lines, is_of_member, role_lines};
use super::preconditions::{ask_to_go_on, confirm_name};
use super::program::{self, Joined};
use super::units;
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

pub(crate) async fn run(token: Option<String>, yes: bool) -> Result<(), Failure> {
    if !is_root() {
        return Err(Failure::NotAllowed(messages::FLEET_NEEDS_ROOT.to_owned()));
    }
    let _exclusive = Exclusive::take()?;
    let token = token.map(Zeroizing::new);
    let mut terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    let before = before(&mut daemon).await?;
    let token = match token {
        Some(token) => token,
        None => read_token(&mut terminal, &mut daemon).await?,
    };
    let invited = JoinToken::parse(&token).map(|token| token.host);
    let invited = invited.map_err(|why| Failure::Refused(why.to_string()))?;
    confirm_host(&mut terminal, &mut daemon, before, &invited, yes).await?;
    terminal.note(&messages::joining(invited.as_str()));
    let joined = certify(&mut daemon, before, &token).await;
    let joined = joined.inspect_err(|failure| {
        if matches!(failure, Failure::Cancelled(_)) {
            terminal.error(messages::TOKEN_IS_GOOD);
        }
    })?;
    let mut written = Written::default();
    match (
        connect(&terminal, &mut daemon, &mut written, before, &joined).await,
        before,
    ) {
        (Ok(()), _) => {
            written.settle();
            Ok(())
        }
        // The certificate of before is not good any more: the verifiers know the new key.
        (Err(failure), Before::Member) => {
            written.settle();
            if units::has_systemd() {
                let _ = units::systemctl(&["restart", "tfa-fleet.service"]);
            }
            terminal.error(&messages::certified_anew(&joined.host));
            Err(failure)
        }
        // Nothing is left half-made. The certificate stays: the token can be used again with its key.
        (Err(failure), Before::Alone) => {
            written.take_back();
            if units::has_systemd() {
                restore_units();
            }
            terminal.error(messages::TOKEN_IS_GOOD);
            Err(failure)
        }
    }
}

/// Asks where the token is for another host than this one: with it, a member would get another name in its fleet.
async fn confirm_host(
    terminal: &mut Terminal,
    daemon: &mut Daemon,
    before: Before,
    invited: &HostName,
    yes: bool,
) -> Result<(), Failure> {
    let invited = invited.as_str();
    let own = match before {
        Before::Member => program::certified(daemon.interrupt()).await.name,
        Before::Alone => None,
    };
    let Some(own) = own else {
        return confirm_name(terminal, daemon.interrupt(), invited, yes).await;
    };
    if own == invited || yes {
        return Ok(());
    }
    if !terminal.is_interactive() {
        let text = messages::joins_under_another_name(&own, invited);
        return Err(Failure::Refused(text));
    }
    let question = messages::ask_for_another_name(&own, invited);
    ask_to_go_on(terminal, daemon.interrupt(), &question).await
}

/// Has a verifier certify this host. After an error the files of before are there.
async fn certify(daemon: &mut Daemon, before: Before, token: &str) -> Result<Joined, Failure> {
    let mut files = Written::default();
    if before == Before::Member {
        for path in program::FILES.map(Path::new) {
            let kept = files.keep(path);
            kept.map_err(|error| Failure::Refused(messages::not_written(path, &error)))?;
        }
    }
    match program::join(daemon.interrupt(), token).await {
        Ok(joined) => {
            files.settle();
            Ok(joined)
        }
        Err(failure) => {
            files.take_back();
            Err(failure)
        }
    }
}

/// Has the units of a host that was in no fleet do what they did before.
fn restore_units() {
    units::stop_fleet();
    // It was not there before: a host that is a member does not get here.
    let _ = fs::remove_file(MEMBER_MARKER);
    let _ = units::systemctl(&["restart", "tfad.service"]);
}

/// Uses the new certificate, and reaches a verifier with it.
async fn connect(
    terminal: &Terminal,
    daemon: &mut Daemon,
    written: &mut Written,
    before: Before,
    Joined { host, line }: &Joined,
) -> Result<(), Failure> {
    if line.starts_with("listen") {
        terminal.print(&messages::certified_as_verifier(host, line))?;
        return Ok(());
    }
    put_config(terminal, written, line)?;
    let has_systemd = units::has_systemd();
    if has_systemd {
        program::check(daemon.interrupt()).await?;
        units::systemctl(&["enable", "tfa-fleet.service"])?;
        units::systemctl(&["restart", "tfa-fleet.service"])?;
        units::wait_for_verifier(daemon.interrupt()).await?;
    }
    if before == Before::Member {
        terminal.print(&messages::joined_again(host))?;
        return Ok(());
    }
    become_member(written).await?;
    terminal.print(&messages::joined(host))?;
    if !has_systemd {
        terminal.print(messages::START_UNITS)?;
    }
    Ok(())
}

/// Writes the verifiers into the configuration of tfa-fleet, unless it was written by hand.
fn put_config(terminal: &Terminal, written: &mut Written, line: &str) -> Result<(), Failure> {
    let (path, text) = (Path::new(FLEET_CONFIG), fleet_lines(line));
    let put = match is_of_member(path) {
        true => written.replace(path, &text).map(|()| true),
        false => written.put(path, &text),
    };
    match put {
        Ok(true) => Ok(()),
        Ok(false) => Ok(terminal.print(&messages::verifiers_of_fleet(path, line))?),
        Err(error) => Err(Failure::Refused(messages::not_written(path, &error))),
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
    forget_interrupted_role()?;
    for path in [FLEET_CONFIG, ROLE_DROP_IN].map(Path::new) {
        // One that an interrupted command has left is replaced.
        if path.symlink_metadata().is_ok() && !is_of_member(path) {
            return refused(&messages::config_in_the_way(path));
        }
    }
    Ok(Before::Alone)
}

/// Removes the role that a command has written which was killed before the daemon took it. The role is the last thing:
/// if the daemon took it now, it would ask verifiers that this host may not reach.
fn forget_interrupted_role() -> Result<(), Failure> {
    let path = Path::new(ROLE_DROP_IN);
    let is_own = fs::read_to_string(path).is_ok_and(|text| text == role_lines("member"));
    match is_own.then(|| fs::remove_file(path)) {
        Some(Err(error)) => Err(Failure::Refused(messages::not_written(path, &error))),
        _ => Ok(()),
    }
}

/// Has the verifiers answer the logins, after one of them was reached.
async fn become_member(written: &mut Written) -> Result<(), Failure> {
    let path = Path::new(ROLE_DROP_IN);
    match written.put(path, &role_lines("member")) {
        Ok(true) => {}
        Ok(false) => return Err(Failure::Refused(messages::config_in_the_way(path))),
        Err(error) => return Err(Failure::Refused(messages::not_written(path, &error))),
    }
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

/// Whether more of a token follows: a terminal may paste it as several lines.
fn is_incomplete(token: &str) -> bool {
    token.len() < MAX_TOKEN && JoinToken::parse(token).err() == Some(InvalidToken::Checksum)
}

/// Reads the token from the terminal, else from the standard input.
async fn read_token(
    terminal: &mut Terminal,
    daemon: &mut Daemon,
) -> Result<Zeroizing<String>, Failure> {
    let missing = || Failure::Refused(messages::NO_TOKEN.to_owned());
    if terminal.is_interactive() {
        let mut token = Zeroizing::new(String::with_capacity(MAX_TOKEN));
        match terminal
            .ask(daemon.interrupt(), messages::ASK_FOR_TOKEN)
            .await?
        {
            LineRead::Line(line) if !line.trim().is_empty() => token.push_str(&line),
            _ => return Err(missing()),
        }
        while is_incomplete(&token) {
            let prompt = messages::ASK_FOR_MORE_OF_TOKEN;
            match terminal.ask(daemon.interrupt(), prompt).await? {
                LineRead::Line(line) if JoinToken::may_go_on_with(line.trim()) => {
                    token.push_str(&line)
                }
                // A command that was pasted behind it, for example.
                _ => return Err(Failure::Refused(messages::NO_PART_OF_TOKEN.to_owned())),
            }
        }
        return Ok(token);
    }
    let input = secret_input::read_to_end(secret_input::stdin()?, 0, MAX_TOKEN)?;
    let input = input.ok_or_else(|| Failure::Refused(messages::TOKEN_TOO_LONG.to_owned()))?;
    let text = std::str::from_utf8(&input).map_err(|_| missing())?;
    Ok(Zeroizing::new(text.to_owned()))
}
