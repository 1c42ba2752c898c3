//! The status of an account. It never contains a secret or a code.

use crate::sparse::sparse_dict;
use crate::wire_name::wire_enum;
use crate::{
    Authenticator, AuthenticatorKind, BoundCodes, Device, FailedAttempt, MemberLock, OpenEnum,
};

sparse_dict! {
    /// The status of one account, as `Status` and `Show` return it. Times are seconds since the epoch.
    ///
    /// On the bus, what is 0, false, empty or none is left out.
    pub struct Status {
        /// The login name.
        pub user: String,
        /// The uid of the account, or of the user; absent if the system does not know the user.
        pub uid: Option<u32>,
        /// The state; absent where there is a [`Self::problem`].
        pub state: Option<OpenEnum<State>>,
        /// The active authenticators, in the order of their activation.
        pub authenticators: Vec<Authenticator>,
        /// Whether a new authenticator waits for its first code, or for a login.
        pub pending_authenticator: bool,
        /// The kind of that authenticator; absent if there is none.
        pub pending_kind: Option<OpenEnum<AuthenticatorKind>>,
        /// The number of unused backup codes.
        pub backup_codes_left: u32,
        /// Wrong codes in a row in remote logins from unknown origins.
        pub failures: u32,
        /// The end of the lock of these; absent without a timed lock.
        pub locked_until: Option<u64>,
        /// Whether that lock ends only when the administrator removes it.
        pub permanently_locked: bool,
        /// The number of known origins: SSH keys and addresses from which a right code came lately.
        pub known_origins: u32,
        /// How many of them are locked, or count as unknown after too many wrong codes.
        pub locked_known_origins: u32,
        /// Wrong codes in a row inside sessions: sudo, su, polkit.
        pub session_failures: u32,
        /// The end of the lock inside sessions; absent without a timed lock.
        pub session_locked_until: Option<u64>,
        /// Whether that lock ends only when the administrator removes it.
        pub session_permanently_locked: bool,
        /// Wrong codes in a row at the console.
        pub console_failures: u32,
        /// The end of the lock at the console; absent without a timed lock.
        pub console_locked_until: Option<u64>,
        /// Whether the lock at the console ends only with a backup code or by the administrator.
        pub console_permanently_locked: bool,
        /// Wrong codes in a row from programs that run as the user.
        pub own_failures: u32,
        /// The end of the lock of programs that run as the user; absent without a timed lock.
        pub own_locked_until: Option<u64>,
        /// Whether that lock ends only when the administrator removes it.
        pub own_permanently_locked: bool,
        /// The locks of sessions, consoles and programs of the user at members of a fleet. A member is told none.
        pub member_locks: Vec<MemberLock>,
        /// Wrong codes that no login has reported yet.
        pub wrong_codes: u32,
        /// The time of the last one; absent if there is none.
        pub last_wrong_code: Option<u64>,
        /// Its remote host, else its terminal, else its PAM service. Empty for a program that runs as
        /// the user; absent if there is none.
        pub last_wrong_code_from: Option<String>,
        /// Why the last attempts failed, the newest last. Only `Show` returns them.
        pub failed_attempts: Vec<FailedAttempt>,
        /// Whether the policy requires a second factor of this user.
        pub required: bool,
        /// Two-factor login is off for the whole host: no user is asked for a code.
        pub off: bool,
        /// The policy cannot be read: `required` and `grace_until` have no meaning.
        pub policy_unknown: bool,
        /// The end of the grace period.
        pub grace_until: Option<u64>,
        /// On a verifier of a fleet: the grace period would begin with a login on a verifier now, and a login on a
        /// member begins none. There the user must enroll at once.
        pub grace_on_verifiers_only: bool,
        /// The end of a valid invitation.
        pub invited_until: Option<u64>,
        /// The end of an exemption by the administrator that is in force.
        pub exempt_until: Option<u64>,
        /// The reason for that exemption.
        pub exempt_reason: Option<String>,
        /// The remembered devices.
        pub devices: Vec<Device>,
        /// The codes that are bound to hosts of the fleet.
        pub bound_codes: Vec<BoundCodes>,
        /// Why the enrollment cannot be changed on this member of a fleet, and where it can; absent if it can.
        pub changes_refused: Option<String>,
        /// The last login with a right code or a security key.
        pub last_login: Option<u64>,
        /// Why the record cannot be used. The other fields then have no meaning.
        pub problem: Option<String>,
        /// A note for the administrator about a record that can be used.
        pub note: Option<String>,
        /// The name that the record is stored under, where it is not [`Self::user`]. For the administrator.
        pub record: Option<String>,
    }
}

wire_enum! {
    /// The state of an account.
    #[derive(Default)]
    pub enum State {
        /// The user has not enrolled.
        #[default]
        None = "none",
        /// A first authenticator waits for its first code, or for the first login with its key.
        Pending = "pending",
        /// Codes are asked for.
        Enabled = "enabled",
        /// The keys are kept, no code is asked for.
        Paused = "paused",
    }
}

wire_enum! {
    /// Which accounts a list has.
    #[derive(Default)]
    pub enum ListFilter {
        /// All that have a record.
        #[default]
        All = "all",
        /// Those in the state [`State::Enabled`].
        Enabled = "enabled",
        /// Those in the state [`State::Paused`].
        Paused = "paused",
        /// Those with a lock.
        Locked = "locked",
    }
}

impl Status {
    /// Whether the user has enrolled. A state of a later version does not tell it.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        matches!(
            self.state,
            Some(OpenEnum::Known(State::Enabled | State::Paused))
        )
    }

    /// Whether an authenticator computes codes, or may do so. A security key computes none.
    #[must_use]
    pub fn has_codes(&self) -> bool {
        let mut all = self.authenticators.iter();
        self.authenticators.is_empty() || all.any(|one| one.kind != AuthenticatorKind::SecurityKey)
    }

    /// Whether the user has enrolled and has paused two-factor login.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        matches!(self.state, Some(OpenEnum::Known(State::Paused)))
    }
}

wire_enum! {
    /// What wrong codes are counted on together, and what a lock applies to.
    pub enum LockScope {
        /// An SSH key or an address from which a right code came lately.
        KnownOrigin = "known-origin",
        /// All other remote logins.
        UnknownOrigins = "unknown-origins",
        /// sudo, su and polkit.
        Sessions = "sessions",
        /// Programs that run as the user.
        OwnPrograms = "own-programs",
        /// The consoles of the host.
        Console = "console",
    }
}

wire_enum! {
    /// What a right code was a code of.
    pub enum Factor {
        /// An authenticator.
        Authenticator = "authenticator",
        /// The backup codes.
        BackupCode = "backup-code",
    }
}

#[cfg(test)]
mod tests {
    use zbus::wire::serialized::Context;
    use zbus::wire::{LE, OwnedVariant, to_bytes};

    use super::*;

    fn carol() -> Status {
        Status {
            user: "carol".to_owned(),
            uid: Some(0),
            state: Some(State::Enabled.into()),
            required: true,
            ..Status::default()
        }
    }

    #[test]
    fn what_says_nothing_is_left_out_and_read_as_the_default() {
        let bytes = to_bytes(Context::new(LE, 0), &carol()).unwrap();
        let entries: std::collections::BTreeMap<String, OwnedVariant> =
            bytes.deserialize().unwrap().0;
        let names: Vec<&str> = entries.keys().map(String::as_str).collect();
        assert_eq!(names, ["required", "state", "uid", "user"]);
        let received: Status = bytes.deserialize().unwrap().0;
        assert_eq!(received, carol());
    }

    #[test]
    fn an_entry_of_a_later_version_is_passed_over() {
        let bytes = to_bytes(Context::new(LE, 0), &carol()).unwrap();
        let mut entries: std::collections::BTreeMap<String, OwnedVariant> =
            bytes.deserialize().unwrap().0;
        for later in ["aaa", "later", "zzz"] {
            entries.insert(later.to_owned(), OwnedVariant::from(7_u32));
        }
        let bytes = to_bytes(Context::new(LE, 0), &entries).unwrap();
        let received: Status = bytes.deserialize().unwrap().0;
        assert_eq!(received, carol());
    }

    #[test]
    fn an_entry_of_another_type_is_an_error() {
        let wrong = std::collections::BTreeMap::from([("required", OwnedVariant::from(1_u32))]);
        let bytes = to_bytes(Context::new(LE, 0), &wrong).unwrap();
        assert!(bytes.deserialize::<Status>().is_err());
    }
}
