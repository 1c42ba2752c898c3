//! The passphrase of a backup or an export: from a file, or from the terminal.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use libc::{O_NOFOLLOW, O_NONBLOCK};
use nix::unistd::geteuid;
use tfa_client::{Failure, Interrupt, LineRead, Terminal};
use zeroize::Zeroizing;

use crate::messages;

/// The fewest characters of a new passphrase.
const MIN_LENGTH: usize = 12;
/// How often a passphrase is asked for.
pub(crate) const TRIES: usize = 3;
/// The most bytes of any.
const MAX_LENGTH: usize = 1024;

/// A new passphrase, which the user enters twice.
pub(crate) async fn new(
    interrupt: &mut Interrupt,
    terminal: &mut Terminal,
    file: Option<&Path>,
) -> Result<Zeroizing<String>, Failure> {
    if let Some(file) = file {
        return new_in(file);
    }
    if !terminal.is_interactive() {
        return Err(Failure::Refused(
            messages::NEW_PASSPHRASE_NEEDS_FILE.to_owned(),
        ));
    }
    terminal.print(messages::NEW_PASSPHRASE)?;
    new_typed(interrupt, terminal).await
}

/// A new passphrase, from the terminal.
pub(crate) async fn new_typed(
    interrupt: &mut Interrupt,
    terminal: &mut Terminal,
) -> Result<Zeroizing<String>, Failure> {
    for _ in 1..TRIES {
        match ask_new(interrupt, terminal).await {
            Err(Failure::Refused(why)) => terminal.error(&why),
            asked => return asked,
        }
    }
    ask_new(interrupt, terminal).await
}

async fn ask_new(
    interrupt: &mut Interrupt,
    terminal: &mut Terminal,
) -> Result<Zeroizing<String>, Failure> {
    let first = ask(interrupt, terminal, messages::ASK_NEW_PASSPHRASE).await?;
    let first = long_enough(first)?;
    let second = ask(interrupt, terminal, messages::ASK_PASSPHRASE_AGAIN).await?;
    match first == second {
        true => Ok(first),
        false => Err(Failure::Refused(messages::PASSPHRASES_DIFFER.to_owned())),
    }
}

/// A new passphrase, from a file.
pub(crate) fn new_in(file: &Path) -> Result<Zeroizing<String>, Failure> {
    long_enough(read(file)?)
}

/// The passphrase of a backup that exists.
pub(crate) async fn of_backup(
    interrupt: &mut Interrupt,
    terminal: &mut Terminal,
) -> Result<Zeroizing<String>, Failure> {
    if !terminal.is_interactive() {
        return Err(Failure::Refused(messages::PASSPHRASE_NEEDS_FILE.to_owned()));
    }
    ask(interrupt, terminal, messages::ASK_PASSPHRASE).await
}

/// The first line of a file. The passphrase opens the sealing key, so only root may read or replace the
/// file.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let shown = path.display();
    let unreadable = |why: &str| Failure::Refused(messages::bad_passphrase_file(&shown, why));
    // The whole capacity at once: a growing buffer would leave parts in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_LENGTH));
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK)
        .open(path)
        .map_err(|error| unreadable(&error.to_string()))?;
    let meta = file
        .metadata()
        .map_err(|error| unreadable(&error.to_string()))?;
    if !meta.is_file() || meta.uid() != geteuid().as_raw() || meta.mode() & 0o077 != 0 {
        return Err(unreadable(messages::PASSPHRASE_NOT_PRIVATE));
    }
    Ok(file)
        .and_then(|file| file.take(MAX_LENGTH as u64 + 2).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&error.to_string()))?;
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        _ if line.len() > MAX_LENGTH => Err(unreadable(messages::PASSPHRASE_TOO_LONG)),
        Ok("") => Err(unreadable(messages::PASSPHRASE_EMPTY)),
        Ok(line) => Ok(Zeroizing::new(line.to_owned())),
        Err(_) => Err(unreadable(messages::PASSPHRASE_NOT_UTF8)),
    }
}

fn long_enough(passphrase: Zeroizing<String>) -> Result<Zeroizing<String>, Failure> {
    match passphrase.chars().count() >= MIN_LENGTH {
        true => Ok(passphrase),
        false => Err(Failure::Refused(messages::passphrase_too_short(MIN_LENGTH))),
    }
}

/// A passphrase that exists, from the terminal.
pub(crate) async fn ask(
    interrupt: &mut Interrupt,
    terminal: &mut Terminal,
    prompt: &str,
) -> Result<Zeroizing<String>, Failure> {
    match terminal.ask_hidden(interrupt, prompt).await? {
        LineRead::Line(line) if !line.is_empty() => Ok(line),
        _ => Err(Failure::Cancelled(messages::TASK_CANCELLED.to_owned())),
    }
}
