//! The authentication methods of sshd, as the policy and its simulation name them.

/// Anything that PAM asks: sshd's own methods `password` and `keyboard-interactive`.
pub const PASSWORD_METHOD: &str = "password";

/// The method of sshd in which PAM asks. The policy calls it [`PASSWORD_METHOD`].
pub const KEYBOARD_INTERACTIVE: &str = "keyboard-interactive";

/// Whether PAM was asked in one of the methods that have succeeded. `info` is `SSH_AUTH_INFO_0`: a line
/// for each method, with its details behind it.
#[must_use]
pub fn pam_was_asked(info: &str) -> bool {
    methods_in(info).any(|method| matches!(method, PASSWORD_METHOD | KEYBOARD_INTERACTIVE))
}

/// The methods in `SSH_AUTH_INFO_0`, without their details: `keyboard-interactive/pam` is
/// `keyboard-interactive`.
pub fn methods_in(info: &str) -> impl Iterator<Item = &str> {
    info.lines()
        .filter_map(|line| line.split_ascii_whitespace().next())
        .filter_map(|method| method.split('/').next())
}

/// A key that a FIDO security key holds.
pub const SECURITY_KEY_METHOD: &str = "publickey:sk";

/// A key in a certificate.
pub const CERTIFICATE_METHOD: &str = "publickey:cert";

/// The method of sshd that takes a key.
pub const PUBLICKEY_METHOD: &str = "publickey";

/// The kinds of keys that the policy can name beside [`SSH_METHODS`].
pub const KEY_METHODS: [&str; 2] = [SECURITY_KEY_METHOD, CERTIFICATE_METHOD];

/// Every method that the policy can name.
pub const SSH_METHODS: [&str; 5] = [
    PUBLICKEY_METHOD,
    "hostbased",
    "gssapi-with-mic",
    "gssapi-keyex",
    PASSWORD_METHOD,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pam_was_asked_in_its_own_methods_only() {
        for info in [
            "password\n",
            "keyboard-interactive/pam\n",
            "publickey ssh-ed25519 AAAA\nkeyboard-interactive/pam\n",
            "keyboard-interactive\npublickey ssh-ed25519 AAAA",
        ] {
            assert!(pam_was_asked(info), "{info}");
        }
        for info in [
            "",
            "\n",
            "none\n",
            "publickey ssh-ed25519 password\n",
            "hostbased ssh-ed25519 keyboard-interactive\n",
            "gssapi-with-mic password@EXAMPLE",
            "passwords",
        ] {
            assert!(!pam_was_asked(info), "{info}");
        }
    }
}
