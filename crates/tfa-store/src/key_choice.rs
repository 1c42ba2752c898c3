//! Which key seals a database: the one whose fingerprint the database holds.

use std::path::Path;

use crate::key::{self, CREDENTIAL, KEY_FILE, KeyLookup};
use crate::sqlite::Database;
use crate::state_dir::LockedDir;
use crate::{KeyId, Notice, SealingKey, StoreError};

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
    /// The key that should be used, and where it is. The systemd credential comes before the file.
    fn preferred(&self) -> (KeyLookup, String) {
        match key::from_credential(self.credentials) {
            KeyLookup::Missing => (
                key::from_file(self.directory),
                format!("the key file {}", self.directory.join(KEY_FILE).display()),
            ),
            found => (found, format!("the systemd credential {CREDENTIAL}")),
        }
    }

    /// The key of a database that is to be created, and where it is. Creates a key where there is none.
    pub(crate) fn first_key(&self) -> Result<(SealingKey, String), StoreError> {
        match self.preferred() {
            (KeyLookup::Key(key), from) => Ok((key, from)),
            (KeyLookup::Missing, from) => Ok((key::create(self.directory)?, from)),
            (KeyLookup::Unusable(remedy), _) => Err(StoreError::KeyUnusable {
                remedy: format!(
                    "there is no key to seal records with. {remedy}. Then restart tfad"
                ),
            }),
        }
    }

    /// The key that this host should use; `None` if it has none yet.
    pub(crate) fn own(&self) -> Result<Option<SealingKey>, StoreError> {
        match self.preferred() {
            (KeyLookup::Key(key), _) => Ok(Some(key)),
            (KeyLookup::Missing, _) => Ok(None),
            (KeyLookup::Unusable(remedy), _) => Err(StoreError::KeyUnusable { remedy }),
        }
    }

    /// The key with this fingerprint.
    pub(crate) fn find(&self, id: KeyId) -> Result<SealingKey, StoreError> {
        let found = [
            key::from_credential(self.credentials),
            key::from_file(self.directory),
            key::next(self.directory),
        ];
        for lookup in found {
            match lookup {
                KeyLookup::Key(key) if key.id() == id => return Ok(key),
                _ => {}
            }
        }
        Err(StoreError::KeyLost {
            remedy: format!(
                "the key that sealed the accounts (fingerprint {id}) is neither the file {} nor the \
                 systemd credential {CREDENTIAL}. If it is the credential, start tfad, which gets it",
                self.directory.join(KEY_FILE).display()
            ),
        })
    }

    /// The key that sealed this database. If the database has no record, a key that is here becomes
    /// its key.
    pub(crate) fn choose(
        &self,
        database: &mut Database,
        notices: &mut Vec<Notice>,
    ) -> Result<KeyChoice, StoreError> {
        let sealed_with = database.key()?;
        let (found, from) = self.preferred();
        let why = match found {
            KeyLookup::Key(key) if key.id() == sealed_with => return Ok(KeyChoice::Use(key)),
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
            notices.push(Notice::CredentialUnused {
                why: format!(
                    "{why}. The accounts are sealed with {file}, which is used instead. To use the \
                     credential, make it from that file (`systemd-creds encrypt --name={CREDENTIAL} \
                     {file} /etc/credstore.encrypted/{CREDENTIAL}`), restart tfad, then delete the file"
                ),
            });
            return Ok(KeyChoice::Use(key));
        }
        // A rotation was interrupted just before its end.
        if let KeyLookup::Key(key) = key::next(self.directory)
            && key.id() == sealed_with
        {
            return Ok(KeyChoice::Use(key));
        }
        let remedy = format!(
            "the key that sealed the accounts (fingerprint {sealed_with}) is not here: {why}. Users who \
             have enrolled are refused. Put the right key back as {file} (mode 600) or as the systemd \
             credential {CREDENTIAL} and restart tfad. If it is lost for good, run `tfactl reset USER` \
             for every user of `tfactl list` and restart tfad, which then takes a new key"
        );
        Ok(KeyChoice::Lost { remedy })
    }
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
