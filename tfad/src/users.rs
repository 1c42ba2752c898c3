//! Users, as the name service switch knows them.

use nix::unistd::{Uid, User as Entry};
use tfa_bus::Error;
use tokio::task::spawn_blocking;

/// A user of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The canonical name, as the name service spells it.
    pub name: String,
    /// The uid.
    pub uid: u32,
}

/// The user of that name, under the name that the uid has: some name services know one user by
/// several names, and one user has one account here. The name service may ask a directory, so it
/// is asked beside the bus thread.
///
/// # Errors
/// [`Error::UnknownUser`], or [`Error::Storage`] when the name service itself fails.
pub async fn by_name(name: &str) -> Result<User, Error> {
    let asked = name.to_owned();
    let found = spawn_blocking(move || match Entry::from_name(&asked)? {
        Some(entry) => Entry::from_uid(entry.uid),
        None => Ok(None),
    })
    .await;
    resolved(found, || format!("this system knows no user {name:?}"))
}

/// The user of that uid.
///
/// # Errors
/// As [`by_name`].
pub async fn by_uid(uid: u32) -> Result<User, Error> {
    let found = spawn_blocking(move || Entry::from_uid(Uid::from_raw(uid))).await;
    resolved(found, || {
        format!("this system knows no user with the uid {uid}")
    })
}

fn resolved(
    found: Result<nix::Result<Option<Entry>>, tokio::task::JoinError>,
    unknown: impl Fn() -> String,
) -> Result<User, Error> {
    match found {
        Ok(Ok(Some(entry))) => Ok(User {
            name: entry.name,
            uid: entry.uid.as_raw(),
        }),
        Ok(Ok(None)) => Err(Error::UnknownUser(unknown())),
        // ENOENT too: with that nslcd says that the directory does not answer.
        Ok(Err(error)) => Err(Error::Storage(format!(
            "{}, or the name service fails: {error}",
            unknown()
        ))),
        Err(_) => Err(Error::Storage(
            "the name service could not be asked".to_owned(),
        )),
    }
}
