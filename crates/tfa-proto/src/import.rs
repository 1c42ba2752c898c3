//! Enrollments that another program kept, and what became of them.

use zbus::wire::{DeserializeDict, SerializeDict, Type};
use zeroize::Zeroize;

use crate::pending_authenticator::Algorithm;
use crate::wire_name::wire_enum;
use crate::{AuthenticatorKind, OpenEnum};

/// The most users in one import.
pub const MAX_IMPORTED_USERS: usize = 20;
/// The most authenticators of one user.
pub const MAX_IMPORTED_AUTHENTICATORS: usize = 10;
/// The most backup codes in one import. Each takes tens of milliseconds.
pub const MAX_IMPORTED_CODES: usize = 100;
/// The most used steps of one authenticator.
pub const MAX_IMPORTED_STEPS: usize = 64;

/// The enrollment of one user in another program. It has keys, so it has no `Debug`, and is wiped when
/// dropped.
#[derive(Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Import {
    /// The login name.
    pub user: String,
    /// The authenticators. At least one.
    pub authenticators: Vec<ImportedAuthenticator>,
    /// The unused backup codes, each of 8 digits.
    pub backup_codes: Vec<String>,
    /// The user could have written the file. Then a policy that wants an invitation refuses the import.
    /// Absent: false.
    pub of_user: Option<bool>,
    /// The program that kept it, for the notice to the user. Absent: another one.
    pub source: Option<OpenEnum<ImportSource>>,
}

impl Drop for Import {
    fn drop(&mut self) {
        self.backup_codes.zeroize();
    }
}

/// An authenticator of which another program has the key. Absent keys take the daemon's defaults.
#[derive(Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct ImportedAuthenticator {
    /// The kind; not a security key.
    pub kind: OpenEnum<AuthenticatorKind>,
    /// The name of the authenticator.
    pub name: String,
    /// 10 to 128 bytes.
    pub key: Vec<u8>,
    /// The hash function.
    pub algorithm: Option<OpenEnum<Algorithm>>,
    /// 6 or 8.
    pub digits: Option<u32>,
    /// Seconds; only of a time-based one.
    pub period: Option<u32>,
    /// The counter of the next code; only of a counter-based one. Absent: 0.
    pub counter: Option<u64>,
    /// The steps whose codes were used; only of a time-based one. Absent if they are not known: then every
    /// code until now is void.
    pub used_steps: Option<Vec<u64>>,
    /// How many steps ahead the other program accepts codes, so that they are void too; only of a time-based
    /// one, if the steps are not known. Then a repeated import makes codes void too.
    pub steps_ahead: Option<u32>,
    /// When the other program was last asked for a code, in seconds since the epoch, if it writes that down:
    /// later codes are not void.
    pub last_attempt: Option<u64>,
    /// The last used code, if its step is not known; only of a time-based one.
    pub last_code: Option<String>,
}

impl Drop for ImportedAuthenticator {
    fn drop(&mut self) {
        self.key.zeroize();
        self.last_code.zeroize();
    }
}

/// An authenticator that leaves for another program. It has the key, so it has no `Debug`, and is wiped
/// when dropped.
#[derive(Clone, Default, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct ExportedAuthenticator {
    /// The kind; not a security key.
    pub kind: OpenEnum<AuthenticatorKind>,
    /// The name of the authenticator.
    pub name: String,
    /// The key in base32 without padding.
    pub key: String,
    /// The hash function.
    pub algorithm: OpenEnum<Algorithm>,
    /// 6 or 8.
    pub digits: u32,
    /// Seconds; only of a time-based one.
    pub period: Option<u32>,
    /// The counter of the next code; only of a counter-based one.
    pub counter: Option<u64>,
}

impl Drop for ExportedAuthenticator {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// What became of one import, or what would.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct ImportResult {
    /// The user, as the system spells the name; of an unknown user as given.
    pub user: String,
    /// What happened.
    pub outcome: OpenEnum<ImportOutcome>,
    /// The reason for a refusal; else empty.
    pub why: String,
    /// How many of the authenticators have keys shorter than 128 bits.
    pub weak: u32,
}

wire_enum! {
    /// A program that keeps enrollments and whose name its users know.
    pub enum ImportSource {
        /// The PAM module of google-authenticator.
        GoogleAuthenticator = "google-authenticator",
        /// The PAM module of OATH Toolkit.
        PamOath = "pam_oath",
    }
}

wire_enum! {
    /// What happens to one import.
    #[derive(Default)]
    pub enum ImportOutcome {
        /// The user had not enrolled, and has now.
        Imported = "imported",
        /// The user had these authenticators, and further codes count as used now.
        Updated = "updated",
        /// The user has these authenticators; nothing changed.
        Unchanged = "unchanged",
        /// Nothing changed, for the reason given.
        #[default]
        Refused = "refused",
    }
}
