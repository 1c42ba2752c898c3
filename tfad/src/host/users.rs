//! Users, as the name service switch knows them.

use nix::unistd::{Uid, User as Entry};
use tfa_proto::Error;

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

/// The name service, as far as it knows users. It may ask a directory: asking blocks.
pub trait NameService: Send + Sync {
    /// The user of a name, as the name service spells it; `None` where it says that there is none.
    ///
    /// # Errors
    /// [`Error::Storage`] where it fails, so that it is not known whether there is one.
    fn by_name(&self, name: &str) -> Result<Option<User>, Error>;

    /// The user of a uid.
    ///
    /// # Errors
    /// As [`Self::by_name`].
    fn by_uid(&self, uid: u32) -> Result<Option<User>, Error>;
}

/// The name service switch of this host.
#[derive(Debug, Clone, Copy)]
pub struct Nss;

impl NameService for Nss {
    fn by_name(&self, name: &str) -> Result<Option<User>, Error> {
        found(Entry::from_name(name), || no_user_named(name))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, Error> {
        found(Entry::from_uid(Uid::from_raw(uid)), || no_user_of(uid))
    }
}

/// The user of a name, under the name that the uid has: some name services know one user by several
/// names, and one user has one account here.
///
/// # Errors
/// [`Error::UnknownUser`], or [`Error::Storage`] when the name service fails.
pub fn look_up(names: &dyn NameService, name: &str) -> Result<User, Error> {
    let unknown = || Error::UnknownUser(no_user_named(name));
    let spelled = names.by_name(name)?.ok_or_else(unknown)?;
    let mut user = names.by_uid(spelled.uid)?.ok_or_else(unknown)?;
    let mut aliases = vec![name.to_owned(), spelled.name];
    aliases.dedup();
    aliases.retain(|alias| *alias != user.name);
    user.aliases = aliases;
    Ok(user)
}

/// The user of that uid.
///
/// # Errors
/// As [`look_up`].
pub fn by_uid(names: &dyn NameService, uid: u32) -> Result<User, Error> {
    let found = names.by_uid(uid)?;
    found.ok_or_else(|| Error::UnknownUser(no_user_of(uid)))
}

fn no_user_named(name: &str) -> String {
    format!("this system knows no user {name:?}")
}

fn no_user_of(uid: u32) -> String {
    format!("this system knows no user with the uid {uid}")
}

fn found(
    found: nix::Result<Option<Entry>>,
    unknown: impl Fn() -> String,
) -> Result<Option<User>, Error> {
    match found {
        Ok(entry) => Ok(entry.map(|entry| User {
            name: entry.name,
            uid: entry.uid.as_raw(),
            aliases: Vec::new(),
        })),
        // ENOENT too: with that nslcd says that the directory does not answer.
        Err(error) => Err(Error::Storage(format!(
            "{}, or the name service fails: {error}",
            unknown()
        ))),
    }
}
