//! The authentication methods of sshd, as the policy and its simulation name them.

/// Anything that PAM asks: sshd's own methods `password` and `keyboard-interactive`.
pub const PASSWORD_METHOD: &str = "password";

/// The method of sshd in which PAM asks. The policy calls it [`PASSWORD_METHOD`].
pub const KEYBOARD_INTERACTIVE: &str = "keyboard-interactive";

/// Every method that the policy can name.
pub const SSH_METHODS: [&str; 5] = [
    "publickey",
    "hostbased",
    "gssapi-with-mic",
    "gssapi-keyex",
    PASSWORD_METHOD,
];
