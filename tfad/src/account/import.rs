//! The enrollment that another program kept, with its backup codes hashed.

use tfa_core::{
    Account, BackupSet, Code, Hashed, Import, Imported, ImportedAuthenticator, ImportedCodes,
    Refusal, Time,
};

use super::{Accounts, Error};
use crate::host::users::User;
use crate::messages;

/// The number of times that the codes are hashed, because the backup codes of the account changed
/// meanwhile.
const MAX_HASHES: u32 = 8;

/// The backup codes of an import, ready for one state of an account.
enum Codes {
    None,
    NotHashed,
    Set(BackupSet),
    Left(Vec<Hashed>),
}

impl Accounts {
    /// Takes over an enrollment. With `check` nothing is stored, and the backup codes of a new set are not
    /// hashed.
    ///
    /// # Errors
    /// As [`Self::load`]; [`Error::Hashing`], [`Error::Randomness`]; [`Error::Contended`] where the backup
    /// codes keep changing.
    pub fn import(
        &self,
        user: &User,
        source: &str,
        authenticators: &[ImportedAuthenticator],
        codes: &[Code],
        check: bool,
        now: Time,
    ) -> Result<Result<Imported, Refusal>, Error> {
        for _ in 0..MAX_HASHES {
            let mut account = self.load(user)?.unwrap_or_else(|| Account::new(user.uid));
            // Hashing is costly, so what is refused is not hashed.
            let mut supposed = account.clone();
            let not_hashed = Import {
                source,
                authenticators,
                codes: ImportedCodes::NotHashed,
            };
            if let Err(refusal) = supposed.import(not_hashed, now) {
                return Ok(Err(refusal));
            }
            let codes = self.codes_for(&account, codes, check)?;
            let import = Import {
                source,
                authenticators,
                codes: match &codes {
                    Codes::None => ImportedCodes::None,
                    Codes::NotHashed => ImportedCodes::NotHashed,
                    Codes::Set(set) => ImportedCodes::Set(set),
                    Codes::Left(left) => ImportedCodes::Left(left),
                },
            };
            let imported = if check {
                account.import(import, now)
            } else {
                self.change(user, |account| account.import(import, now))?
            };
            if imported != Ok(Imported::Rehash) {
                return Ok(imported);
            }
        }
        Err(Error::Contended(messages::BACKUP_CODES_CONTENDED))
    }

    fn codes_for(&self, account: &Account, codes: &[Code], check: bool) -> Result<Codes, Error> {
        if let Some(set) = account.imported_codes() {
            let left = self.hashing.of_import(set.hash_params(), codes)?;
            return Ok(Codes::Left(left));
        }
        if codes.is_empty() || !account.authenticators().is_empty() {
            return Ok(Codes::None);
        }
        if check {
            return Ok(Codes::NotHashed);
        }
        Ok(Codes::Set(self.hashing.imported(codes)?))
    }
}
