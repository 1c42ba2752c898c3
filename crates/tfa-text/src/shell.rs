//! Names that others may have chosen, in commands for an administrator.

use std::fmt::Write;

/// A word of a command line for bash(1). A plain one is as it was, and of one with characters that may not be seen,
/// these are written as bytes.
#[must_use]
pub fn quoted(word: &str) -> String {
    let is_plain =
        |character: char| character.is_ascii_alphanumeric() || "/._-+@%:,=".contains(character);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if !word.contains(may_be_unseen) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut quoted = String::from("$'");
    for character in word.chars() {
        match character {
            '\'' | '\\' => quoted.extend(['\\', character]),
            _ if may_be_unseen(character) => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    // Writing to a string does not fail.
                    let _ = write!(quoted, "\\x{byte:02x}");
                }
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('\'');
    quoted
}

/// Whether the character is neither a letter nor a digit, nor a blank or a sign of ASCII.
fn may_be_unseen(character: char) -> bool {
    !(character.is_alphanumeric() || character.is_ascii_graphic() || character == ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_word_of_a_command() {
        for (name, expected) in [
            ("/etc/tfa/tfad.toml", "/etc/tfa/tfad.toml"),
            ("/etc/pam.d/my service", "'/etc/pam.d/my service'"),
            ("/etc/x;reboot", "'/etc/x;reboot'"),
            ("/etc/$(reboot)", "'/etc/$(reboot)'"),
            ("/etc/it's", r"'/etc/it'\''s'"),
            ("/etc/it's\n\u{1b}[2J", r"$'/etc/it\'s\x0a\x1b[2J'"),
            ("/etc/\u{9b}2J", r"$'/etc/\xc2\x9b2J'"),
            ("/etc/\u{202e}x", r"$'/etc/\xe2\x80\xaex'"),
            ("alice@example.org", "alice@example.org"),
            ("DOM\\jörg müller", r"'DOM\jörg müller'"),
            ("x;rm -rf $HOME", "'x;rm -rf $HOME'"),
            ("-rf", "'-rf'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(name), expected);
        }
    }
}
