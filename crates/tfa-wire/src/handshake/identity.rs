//! The identity of a uid in the handshake.

/// Returns the decimal digits of the uid, each as two hexadecimal ones: `3130` for 10.
pub(super) fn of(uid: u32) -> String {
    let mut identity = String::new();
    for digit in uid.to_string().chars() {
        identity.push('3');
        identity.push(digit);
    }
    identity
}
