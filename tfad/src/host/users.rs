//! Users, as the name service switch knows them.

use std::fmt;

use nix::unistd::{Uid, User as Entry};

use crate::messages;

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

/// The name service fails: it is not known whether there is such a user. The text says what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameServiceFailed(pub String);

/// Why there is no user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookUpError {
    /// The name service knows no such user. The text names it.
    Unknown(String),
    /// The name service fails.
    Failed(NameServiceFailed),
}

impl fmt::Display for NameServiceFailed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<NameServiceFailed> for LookUpError {
    fn from(failed: NameServiceFailed) -> Self {
        Self::Failed(failed)
    }
}

/// The name service, as far as it knows users. It may ask a directory: asking blocks.
pub trait NameService: Send + Sync {
    /// The user of a name, as the name service spells it; `None` where it says that there is none.
    ///
    /// # Errors
    /// [`NameServiceFailed`].
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed>;

    /// The user of a uid.
    ///
    /// # Errors
    /// [`NameServiceFailed`].
    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed>;

    /// The user of a name, under the name that the uid has: some name services know one user by several
    /// names, and one user has one account here.
    ///
    /// # Errors
    /// [`LookUpError`].
    fn look_up(&self, name: &str) -> Result<User, LookUpError> {
        let unknown = || LookUpError::Unknown(messages::no_user_named(name));
        let spelled = self.by_name(name)?.ok_or_else(unknown)?;
        let mut user = self.by_uid(spelled.uid)?.ok_or_else(unknown)?;
        let mut aliases = vec![name.to_owned(), spelled.name];
        aliases.dedup();
        aliases.retain(|alias| *alias != user.name);
        user.aliases = aliases;
        Ok(user)
    }
}

/// The name service switch of this host.
#[derive(Debug, Clone, Copy)]
pub struct Nss;

impl NameService for Nss {
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
        found(Entry::from_name(name), |error| {
            messages::name_service_failed_for(name, error)
        })
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
        found(Entry::from_uid(Uid::from_raw(uid)), |error| {
            messages::name_service_failed_for_uid(uid, error)
        })
    }
}

/// The user of that uid.
///
/// # Errors
/// [`LookUpError`].
pub fn by_uid(names: &dyn NameService, uid: u32) -> Result<User, LookUpError> {
    let found = names.by_uid(uid)?;
    found.ok_or_else(|| LookUpError::Unknown(messages::no_user_of(uid)))
}

fn found(
    found: nix::Result<Option<Entry>>,
    failed: impl Fn(&dyn fmt::Display) -> String,
) -> Result<Option<User>, NameServiceFailed> {
    match found {
        Ok(entry) => Ok(entry.map(|entry| User {
            name: entry.name,
            uid: entry.uid.as_raw(),
            aliases: Vec::new(),
        })),
        // ENOENT too: with that nslcd says that the directory does not answer.
        Err(error) => Err(NameServiceFailed(failed(&error))),
    }
}
