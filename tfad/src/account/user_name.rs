//! Which names a user can have.

use tfa_proto::is_misleading;

/// The longest name, in bytes, as `tfa-fleet` takes it from a member.
const MAX_NAME: usize = 256;

/// Whether a user of some host can have this name. The rule is the relaxed one of systemd (`user_names(7)` of
/// systemd): directories have names with blanks, with `@` and `\`, and of digits alone.
pub(crate) fn is_possible(name: &str) -> bool {
    let is_path = matches!(name, "." | "..");
    !name.is_empty()
        && name.len() <= MAX_NAME
        && !is_path
        && !name.starts_with('-')
        && name.trim() == name
        // Both separate fields: in passwd(5) and in paths.
        && !name.contains([':', '/'])
        && !name.contains(is_misleading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_directories_are_possible() {
        let long = "a".repeat(MAX_NAME);
        for name in [
            "alice",
            "a",
            "alice.b",
            "_apt",
            "host$",
            "1234567",
            "DOM\\al b",
            "al@dom.test",
            "jürgen",
            &long,
        ] {
            assert!(is_possible(name), "{name:?}");
        }
    }

    #[test]
    fn names_that_no_passwd_or_path_can_hold_are_not() {
        let long = "a".repeat(MAX_NAME + 1);
        for name in [
            "",
            ".",
            "..",
            "-alice",
            " alice",
            "alice ",
            "alice\n",
            "al:ice",
            "../alice",
            "al\0ice",
            "al\u{1b}[2Jice",
            "al\u{202e}ice",
            "al\u{200b}ice",
            &long,
        ] {
            assert!(!is_possible(name), "{name:?}");
        }
    }
}
