//! A new authenticator, offered to its owner.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

/// What an authenticator is to be. Absent keys take the daemon's defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Parameters {
    /// The name under which the authenticator is listed.
    pub name: Option<String>,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub algorithm: Option<String>,
    /// 6 or 8.
    pub digits: Option<u32>,
    /// Seconds.
    pub period: Option<u32>,
    /// The administrator's word, where the policy wants one.
    pub invitation: Option<String>,
}

/// A new key: to be stored on the phone and proved by a code. Holds the secret, so it has no
/// `Debug`; drop it as soon as it was shown.
#[derive(Clone, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Offer {
    /// `otpauth://totp/…`, for the QR code and the link.
    pub uri: String,
    /// The key in base32 without padding, to type in.
    pub secret: String,
    /// Who issues it: the host.
    pub issuer: String,
    /// Whose it is: the login name.
    pub account: String,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub algorithm: String,
    /// 6 or 8.
    pub digits: u32,
    /// Seconds.
    pub period: u32,
}
