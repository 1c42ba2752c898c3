//! Users, as the name service switch knows them.

use nix::unistd::{Uid, User as Entry};
use tfa_bus::Error;

use crate::beside::beside;

/// A user of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The canonical name, as the name service spells it.
    pub name: String,
    /// The uid.
    pub uid: u32,
    /// Other names that the login used for this uid: as typed, and as the name service spells
    /// what was typed.
    pub aliases: Vec<String>,
}

/// The user of that name, under the name that the uid has: some name services know one user by
/// several names, and one user has one account here. The name service may ask a directory, so it
/// is asked beside the bus thread.
///
/// # Errors
/// [`Error::UnknownUser`], or [`Error::Storage`] when the name service itself fails.
pub async fn by_name(name: &str) -> Result<User, Error> {
    let name = name.to_owned();
    beside(move || look_up(&name)).await?
}

/// As [`by_name`], and blocks.
///
/// # Errors
/// As [`by_name`].
pub fn look_up(name: &str) -> Result<User, Error> {
    let mut aliases = vec![name.to_owned()];
    let found = match Entry::from_name(name) {
        Ok(Some(entry)) => {
            aliases.push(entry.name);
            Entry::from_uid(entry.uid)
        }
        other => other,
    };
    let mut user = resolved(found, || format!("this system knows no user {name:?}"))?;
    aliases.dedup();
    aliases.retain(|alias| *alias != user.name);
    user.aliases = aliases;
    Ok(user)
}

/// The user of that uid.
///
/// # Errors
/// As [`by_name`].
pub async fn by_uid(uid: u32) -> Result<User, Error> {
    let found = beside(move || Entry::from_uid(Uid::from_raw(uid))).await?;
    resolved(found, || {
        format!("this system knows no user with the uid {uid}")
    })
}

fn resolved(
    found: nix::Result<Option<Entry>>,
    unknown: impl Fn() -> String,
) -> Result<User, Error> {
    match found {
        Ok(Some(entry)) => Ok(User {
            name: entry.name,
            uid: entry.uid.as_raw(),
            aliases: Vec::new(),
        }),
        Ok(None) => Err(Error::UnknownUser(unknown())),
        // ENOENT too: with that nslcd says that the directory does not answer.
        Err(error) => Err(Error::Storage(format!(
            "{}, or the name service fails: {error}",
            unknown()
        ))),
    }
}
