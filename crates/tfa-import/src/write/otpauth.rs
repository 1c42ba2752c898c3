//! `otpauth://` URIs.

use data_encoding::BASE32_NOPAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::{Algorithm, Entry, Means};

/// What is encoded in a label or a parameter: all but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The URI of an authenticator, with the user as the account.
#[must_use]
pub fn write_otpauth(entry: &Entry, issuer: &str) -> Zeroizing<String> {
    let key = Zeroizing::new(BASE32_NOPAD.encode(&entry.key));
    let issuer = utf8_percent_encode(issuer, ENCODED).to_string();
    let account = utf8_percent_encode(&entry.user, ENCODED).to_string();
    let (kind, last) = match entry.means {
        Means::Totp { period } => ("totp", format!("period={period}")),
        Means::Hotp { counter } => ("hotp", format!("counter={counter}")),
    };
    let algorithm = name_of(entry.algorithm);
    let digits = entry.digits;
    // Enough for all: a buffer that grows would leave copies.
    let mut uri = Zeroizing::new(String::with_capacity(
        256 + 2 * issuer.len() + account.len() + key.len(),
    ));
    for part in [
        "otpauth://",
        kind,
        "/",
        &issuer,
        ":",
        &account,
        "?secret=",
        &key,
        "&issuer=",
        &issuer,
        "&algorithm=",
        algorithm,
        "&digits=",
        &digits.to_string(),
        "&",
        &last,
    ] {
        uri.push_str(part);
    }
    uri
}

/// The name of an algorithm in URIs.
pub(super) fn name_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha1 => "SHA1",
        Algorithm::Sha256 => "SHA256",
        Algorithm::Sha512 => "SHA512",
    }
}
