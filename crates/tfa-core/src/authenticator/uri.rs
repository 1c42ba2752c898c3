//! The `otpauth` URI, which carries an authenticator to a phone.

use zeroize::Zeroizing;

use super::{Authenticator, AuthenticatorKind, CodeFormat, Parameters};

impl Authenticator {
    /// The `otpauth` URI; `None` if the authenticator computes no codes. Parameters with their default
    /// value are omitted, so that the QR code stays small.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Option<Zeroizing<String>> {
        let kind = match self.kind() {
            AuthenticatorKind::Totp => "otpauth://totp/",
            AuthenticatorKind::Hotp => "otpauth://hotp/",
            AuthenticatorKind::SecurityKey => return None,
        };
        let (issuer, account) = (escape(issuer), escape(account));
        let secret = self.secret()?.to_base32();
        // The full length is reserved, because a growing string would leave copies of the secret.
        let length = 2 * issuer.len() + account.len() + secret.len() + 112;
        let mut uri = Zeroizing::new(String::with_capacity(length));
        for part in [kind, &issuer, ":", &account, "?secret=", &secret] {
            uri.push_str(part);
        }
        uri.push_str("&issuer=");
        uri.push_str(&issuer);
        let (format, usual) = (self.format()?, CodeFormat::default());
        if format.algorithm() != usual.algorithm() {
            uri.push_str("&algorithm=");
            uri.push_str(format.algorithm().name());
        }
        if format.digits() != usual.digits() {
            uri.push_str("&digits=");
            uri.push_str(&format.digits().to_string());
        }
        if let Some(period) = self.period()
            && period != Parameters::default().period()
        {
            uri.push_str("&period=");
            uri.push_str(&period.to_string());
        }
        // A counter has no default: the format requires it.
        if let Some(counter) = self.counter() {
            uri.push_str("&counter=");
            uri.push_str(&counter.value().to_string());
        }
        Some(uri)
    }
}

/// Percent-encoding of all but RFC 3986's unreserved characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
