//! A new authenticator that waits for its first code.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

/// The requested parameters of a new authenticator. Absent keys take the daemon's defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Parameters {
    /// The name of the authenticator.
    pub name: Option<String>,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub algorithm: Option<String>,
    /// 6 or 8.
    pub digits: Option<u32>,
    /// Seconds.
    pub period: Option<u32>,
    /// The invitation code, if the policy requires one.
    pub invitation: Option<String>,
}

/// A new key, which the user stores on the phone and confirms by a code. It holds the secret, so it
/// has no `Debug`. Drop it as soon as it was shown.
#[derive(Clone, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Offer {
    /// `otpauth://totp/…`, for the QR code and the link.
    pub uri: String,
    /// The key in base32 without padding.
    pub secret: String,
    /// The issuer: the name of the host.
    pub issuer: String,
    /// The account: the login name.
    pub account: String,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub algorithm: String,
    /// 6 or 8.
    pub digits: u32,
    /// Seconds.
    pub period: u32,
}
