//! A new authenticator that waits for its first code.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::wire_name::wire_enum;
use crate::{AuthenticatorKind, OpenEnum};

wire_enum! {
    /// The hash function of an authenticator, by its name in otpauth URIs.
    #[derive(Default)]
    pub enum Algorithm {
        /// Supported by every authenticator app.
        #[default]
        Sha1 = "SHA1",
        /// Optional in RFC 6238.
        Sha256 = "SHA256",
        /// Optional in RFC 6238.
        Sha512 = "SHA512",
    }
}

/// The requested parameters of a new authenticator. Absent keys take the daemon's defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Parameters {
    /// The kind.
    pub kind: Option<OpenEnum<AuthenticatorKind>>,
    /// The name of the authenticator.
    pub name: Option<String>,
    /// The hash function.
    pub algorithm: Option<OpenEnum<Algorithm>>,
    /// 6 or 8.
    pub digits: Option<u32>,
    /// Seconds; only of a time-based one.
    pub period: Option<u32>,
    /// The invitation code, if the policy requires one; only in `Setup`.
    pub invitation: Option<String>,
    /// The id of the authenticator that the new one replaces; only in `Move`. Absent: the only one.
    pub replaces: Option<u32>,
}

/// A security key that its owner enrolls. Absent keys take the daemon's defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct SecurityKeyParameters {
    /// The public key or certificate in one line, as in a `.pub` file of OpenSSH.
    pub public_key: String,
    /// The name of the authenticator.
    pub name: Option<String>,
    /// The invitation code, if the policy requires one; only in `SetupSecurityKey`.
    pub invitation: Option<String>,
    /// The id of the authenticator that the security key replaces; only in `MoveToSecurityKey`. Absent:
    /// the only one.
    pub replaces: Option<u32>,
}

/// The parameters of an authenticator of which the administrator has the key, or the public key of a
/// security key, which has a name only. Absent keys take the daemon's defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct TokenParameters {
    /// The kind.
    pub kind: OpenEnum<AuthenticatorKind>,
    /// The name of the authenticator.
    pub name: String,
    /// The hash function.
    pub algorithm: Option<OpenEnum<Algorithm>>,
    /// 6 or 8.
    pub digits: Option<u32>,
    /// Seconds; only of a time-based one.
    pub period: Option<u32>,
    /// The counter of the next code; only of a counter-based one. Absent: 0.
    pub counter: Option<u64>,
    /// The uid of the user on members of the fleet, as in [`UserFacts`](crate::UserFacts).
    pub uid: Option<u32>,
}

/// A new authenticator. The user stores its key on the phone and confirms it by a code. It holds the
/// secret, so it has no `Debug`. Drop it as soon as it was shown.
#[derive(Clone, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct PendingAuthenticator {
    /// `otpauth://…`, for the QR code and the link.
    pub uri: String,
    /// The key in base32 without padding.
    pub secret: String,
    /// The issuer: the name of the host.
    pub issuer: String,
    /// The account: the login name.
    pub account: String,
    /// The kind.
    pub kind: OpenEnum<AuthenticatorKind>,
    /// The hash function.
    pub algorithm: OpenEnum<Algorithm>,
    /// 6 or 8.
    pub digits: u32,
    /// Seconds; absent if it is not time-based.
    pub period: Option<u32>,
    /// The counter of the first code; absent if it is not counter-based.
    pub counter: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_algorithms_have_a_name() {
        for name in ["", "MD5", "SHA", "SHA384", "SHA1 ", "sha1"] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
    }
}
