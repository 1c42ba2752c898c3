//! An active authenticator of an account. It never contains a secret or a code.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::OpenEnum;
use crate::wire_name::wire_enum;

wire_enum! {
    /// The kinds of authenticators.
    #[derive(Default)]
    pub enum AuthenticatorKind {
        /// Codes by time: RFC 6238.
        #[default]
        Totp = "totp",
        /// Codes by a counter: RFC 4226.
        Hotp = "hotp",
        /// No codes: an SSH key that a FIDO security key holds.
        SecurityKey = "security-key",
    }
}

/// An active authenticator, as in `Status`. Times are seconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Authenticator {
    /// The number of the authenticator in its account. It is not used again after a removal.
    pub id: u32,
    /// The kind.
    pub kind: OpenEnum<AuthenticatorKind>,
    /// The name that the user gave it.
    pub name: String,
    /// When it was activated; absent if that was before it was recorded.
    pub created: Option<u64>,
    /// When it was last accepted; absent if never, or before it was recorded.
    pub last_accepted: Option<u64>,
    /// The fingerprint of a security key, as `ssh-keygen -l` shows it; absent for other kinds.
    pub fingerprint: Option<String>,
    /// Whether the key is shorter than 128 bits. Only an imported one is.
    pub weak: bool,
}

/// The authenticator of this name, in either case. Without one, that of the id which the name is.
#[must_use]
pub fn find_authenticator<'a>(all: &'a [Authenticator], name: &str) -> Option<&'a Authenticator> {
    let lowercase = name.to_lowercase();
    let named = all.iter().find(|one| one.name.to_lowercase() == lowercase);
    named.or_else(|| {
        let id: u32 = name.parse().ok()?;
        all.iter().find(|one| one.id == id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: u32, name: &str) -> Authenticator {
        Authenticator {
            id,
            name: name.to_owned(),
            ..Authenticator::default()
        }
    }

    #[test]
    fn a_name_in_either_case_comes_before_an_id() {
        let all = [named(1, "Phone"), named(2, "3"), named(3, "Jürgen")];
        let found = |name| find_authenticator(&all, name).map(|one| one.id);
        assert_eq!(found("phone"), Some(1));
        assert_eq!(found("JÜRGEN"), Some(3));
        assert_eq!((found("1"), found("3")), (Some(1), Some(2)));
        for name in ["", "4", "-1", "phone ", "99999999999"] {
            assert_eq!(found(name), None, "{name}");
        }
    }

    #[test]
    fn a_status_with_authenticators_crosses_the_bus() {
        use zbus::wire::serialized::Context;
        use zbus::wire::{LE, to_bytes};

        let status = crate::Status {
            authenticators: vec![
                named(1, "phone"),
                Authenticator {
                    kind: OpenEnum::Unknown("a-later-kind".to_owned()),
                    last_accepted: Some(7),
                    ..named(2, "key")
                },
            ],
            ..crate::Status::default()
        };
        let bytes = to_bytes(Context::new(LE, 0), &status).unwrap();
        let received: crate::Status = bytes.deserialize().unwrap().0;
        assert_eq!(received, status);
    }
}
