//! The double of a sheet of paper: ten backup codes, and the set stored in the account.
//!
//! The sheets are drawn once for all tests, because each code costs two evaluations of Argon2id.

use std::sync::LazyLock;

use tfa_core::{BackupCode, BackupSet, Credential, Hashed, Input};

pub(crate) static FIRST: LazyLock<Sheet> = LazyLock::new(|| Sheet::draw(1));
pub(crate) static SECOND: LazyLock<Sheet> = LazyLock::new(|| Sheet::draw(2));

pub(crate) struct Sheet {
    set: BackupSet,
    codes: [BackupCode; BackupSet::SIZE],
    hashed: [Hashed; BackupSet::SIZE],
    wrong: (BackupCode, Hashed),
}

impl Sheet {
    fn draw(label: u8) -> Self {
        let mut next = label;
        let (set, codes) = BackupSet::draw(|bytes| {
            for byte in bytes {
                *byte = next;
                next = next.wrapping_mul(5).wrapping_add(label);
            }
        })
        .unwrap();
        let hashed = codes
            .each_ref()
            .map(|code| set.hash_params().hash(code).unwrap());
        let wrong = read("00000-00000");
        let wrong = (wrong.clone(), set.hash_params().hash(&wrong).unwrap());
        Self {
            set,
            codes,
            hashed,
            wrong,
        }
    }

    /// The set as the account stores it.
    pub(crate) fn set(&self) -> BackupSet {
        self.set.clone()
    }

    /// The code at this index, as it is printed.
    pub(crate) fn printed(&self, place: usize) -> String {
        self.codes[place].to_printed()
    }

    /// The code at this index, typed.
    pub(crate) fn code(&self, place: usize) -> Credential {
        Credential::Backup(self.codes[place].clone(), Some(self.hashed[place].clone()))
    }

    /// A code that is not on the sheet, typed.
    pub(crate) fn wrong(&self) -> Credential {
        let (code, hashed) = self.wrong.clone();
        Credential::Backup(code, Some(hashed))
    }
}

/// A typed backup code that was hashed for no set.
#[allow(dead_code, reason = "not every test program uses it")]
pub(crate) fn unhashed() -> Credential {
    Credential::Backup(read("00000-00000"), None)
}

/// Parses a typed backup code.
pub(crate) fn read(typed: &str) -> BackupCode {
    match Input::parse(typed) {
        Input::Backup(code) => code,
        _ => panic!("not the shape of a backup code: {typed}"),
    }
}
