//! Which key seals a database: the one whose fingerprint the database holds.

use std::path::Path;

use crate::key::{self, CREDENTIAL, KEY_FILE, KeyLookup};
use crate::open::MARKER;
use crate::sqlite::{DATABASE, Database};
use crate::state_dir::LockedDir;
use crate::{KeyId, Notice, SealingKey, StoreError};

/// The file with the fingerprints of the credentials that a rotation has replaced, one in each line. The
/// credential itself stays until the administrator removes it, and its key may be known.
pub(crate) const RETIRED: &str = "key.retired";

/// Where keys may be.
pub(crate) struct KeySources<'a> {
    pub(crate) directory: &'a LockedDir,
    /// The directory of the systemd credentials.
    pub(crate) credentials: Option<&'a Path>,
}

/// The key of a database, or what to do about its absence.
pub(crate) enum KeyChoice {
    Use(SealingKey),
    Lost { remedy: String },
}

impl KeySources<'_> {
    /// The key that should be used, and where it is. The systemd credential comes before the file, unless
    /// a rotation has replaced it.
    fn preferred(&self) -> Result<(KeyLookup, String), StoreError> {
        let from_credential = key::from_credential(self.credentials);
        Ok(match from_credential {
            KeyLookup::Key(key) if !self.is_retired(key.id())? => {
                (KeyLookup::Key(key), credential())
            }
            KeyLookup::Unusable(why) => (KeyLookup::Unusable(why), credential()),
            KeyLookup::Key(_) | KeyLookup::Missing => (
                key::from_file(self.directory),
                format!("the key file {}", self.directory.join(KEY_FILE).display()),
            ),
        })
    }

    fn retired(&self) -> Result<String, StoreError> {
        let retired = self.directory.read(RETIRED)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&retired).into_owned())
    }

    fn is_retired(&self, id: KeyId) -> Result<bool, StoreError> {
        let id = id.to_string();
        Ok(self.retired()?.lines().any(|line| line == id))
    }

    /// Notes that a rotation replaces the credential, if there is one. Its key becomes that of no database
    /// any more.
    pub(crate) fn retire_credential(&self) -> Result<(), StoreError> {
        let KeyLookup::Key(key) = key::from_credential(self.credentials) else {
            return Ok(());
        };
        if self.is_retired(key.id())? {
            return Ok(());
        }
        let retired = format!("{}{}\n", self.retired()?, key.id());
        self.directory.replace(RETIRED, retired.as_bytes())
    }

    /// The key of a database that is to be created, and where it is. Creates a key where there is none.
    pub(crate) fn first_key(&self) -> Result<(SealingKey, String), StoreError> {
        match self.preferred()? {
            (KeyLookup::Key(key), from) => Ok((key, from)),
            (KeyLookup::Missing, from) => Ok((key::create(self.directory)?, from)),
            (KeyLookup::Unusable(remedy), _) => Err(StoreError::KeyUnusable {
                remedy: format!(
                    "there is no key to seal records with. {remedy}. Then restart tfad"
                ),
            }),
        }
    }

    /// The key of this host: that of its database, of the database that it had, or the one that should
    /// be used. `None` if it has none yet.
    pub(crate) fn own(&self) -> Result<Option<SealingKey>, StoreError> {
        let has_database = self.directory.has(DATABASE)?;
        let of_database = has_database
            .then(|| {
                Database::open(self.directory)
                    .and_then(|database| database.key())
                    .ok()
            })
            .flatten();
        let named = match of_database {
            Some(id) => Some(id.to_string()),
            // The database is lost or damaged.
            None => self
                .directory
                .read(MARKER)?
                .map(|marker| String::from_utf8_lossy(&marker).trim().to_owned()),
        };
        if let Some(named) = named
            && let Some(key) = self.keys().find(|key| key.id().to_string() == named)
        {
            return Ok(Some(key));
        }
        match self.preferred()? {
            (KeyLookup::Key(key), _) => Ok(Some(key)),
            (KeyLookup::Missing, _) => Ok(None),
            (KeyLookup::Unusable(remedy), _) => Err(StoreError::KeyUnusable { remedy }),
        }
    }

    /// All keys that are here and can be used.
    fn keys(&self) -> impl Iterator<Item = SealingKey> {
        let found = [
            key::from_credential(self.credentials),
            key::from_file(self.directory),
            key::next(self.directory),
        ];
        found.into_iter().filter_map(|lookup| match lookup {
            KeyLookup::Key(key) => Some(key),
            KeyLookup::Missing | KeyLookup::Unusable(_) => None,
        })
    }

    /// The key with this fingerprint.
    pub(crate) fn find(&self, id: KeyId) -> Result<SealingKey, StoreError> {
        self.keys().find(|key| key.id() == id).ok_or_else(|| StoreError::KeyLost {
            remedy: format!(
                "the key that sealed the accounts (fingerprint {id}) is neither the file {} nor the \
                 systemd credential {CREDENTIAL}. If it is the credential, start tfad, which gets it",
                self.directory.join(KEY_FILE).display()
            ),
        })
    }

    /// What the log says while a credential is passed over for the key file.
    fn credential_unused(&self, why: &str) -> Notice {
        let file = self.directory.join(KEY_FILE);
        let file = file.display();
        Notice::CredentialUnused {
            why: format!(
                "{why}. The accounts are sealed with {file}, which is used instead. To use the \
                 credential, make it from that file (`systemd-creds encrypt --name={CREDENTIAL} \
                 {file} /etc/credstore.encrypted/{CREDENTIAL}`), restart tfad, then delete the file"
            ),
        }
    }

    /// The key that sealed this database. If the database has no record, a key that is here becomes
    /// its key.
    pub(crate) fn choose(
        &self,
        database: &mut Database,
        notices: &mut Vec<Notice>,
    ) -> Result<KeyChoice, StoreError> {
        let sealed_with = database.key()?;
        let (found, from) = self.preferred()?;
        let why = match found {
            KeyLookup::Key(key) if key.id() == sealed_with => {
                if let KeyLookup::Key(passed_over) = key::from_credential(self.credentials)
                    && passed_over.id() != sealed_with
                {
                    let why = format!("a rotation has replaced {}", credential());
                    notices.push(self.credential_unused(&why));
                }
                return Ok(KeyChoice::Use(key));
            }
            KeyLookup::Key(key) if database.is_empty()? => {
                return adopt(database, key, from, notices);
            }
            KeyLookup::Missing if database.is_empty()? => {
                return adopt(database, key::create(self.directory)?, from, notices);
            }
            KeyLookup::Key(key) => format!("{from} is another one (fingerprint {})", key.id()),
            KeyLookup::Missing => format!("{from} is missing"),
            KeyLookup::Unusable(why) => why,
        };
        let file = self.directory.join(KEY_FILE);
        let file = file.display();
        if let KeyLookup::Key(key) = key::from_file(self.directory)
            && key.id() == sealed_with
        {
            notices.push(self.credential_unused(&why));
            return Ok(KeyChoice::Use(key));
        }
        // A rotation was interrupted just before its end, or an old database was put back.
        if let Ok(key) = self.find(sealed_with) {
            return Ok(KeyChoice::Use(key));
        }
        let remedy = format!(
            "the key that sealed the accounts (fingerprint {sealed_with}) is not here: {why}. Users who \
             have enrolled are refused. Put the right key back as {file} (mode 600) or as the systemd \
             credential {CREDENTIAL} and restart tfad. If it is lost for good, restore a backup that \
             has the key: tfad(8), SEALING KEY. Without one, run `tfactl reset USER` for every user of \
             `tfactl list` and restart tfad, which then takes a new key"
        );
        Ok(KeyChoice::Lost { remedy })
    }
}

fn credential() -> String {
    format!("the systemd credential {CREDENTIAL}")
}

/// Makes this key the key of a database that has no record.
fn adopt(
    database: &mut Database,
    key: SealingKey,
    from: String,
    notices: &mut Vec<Notice>,
) -> Result<KeyChoice, StoreError> {
    database.adopt_key(key.id())?;
    notices.push(Notice::KeyChanged {
        key: key.id(),
        from,
    });
    Ok(KeyChoice::Use(key))
}
