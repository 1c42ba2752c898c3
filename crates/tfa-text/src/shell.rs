//! Names that others may have chosen, in commands for an administrator.

use std::fmt::Write;

use tfa_proto::is_misleading;

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

/// The name of a user as an argument of a command: [`user_arguments`] of one, without options.
#[must_use]
pub fn user_argument(name: &str) -> String {
    user_arguments(&[name], "")
}

/// The names of users as arguments of a command, and options that belong after them, which are as they are. A name
/// that begins with `-` is no option: `--` stands before it, and the options before that. Only for programs that take
/// `--`, as those with getopt(3) do, and in a place where no argument is before the names.
#[must_use]
pub fn user_arguments(names: &[&str], options: &str) -> String {
    let words: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let words = words.join(" ");
    match (names.iter().any(|name| name.starts_with('-')), options) {
        (false, "") => words,
        (false, options) => format!("{words} {options}"),
        (true, "") => format!("-- {words}"),
        (true, options) => format!("{options} -- {words}"),
    }
}

/// Whether the character is neither a letter nor a digit, nor a blank or a sign of ASCII, or is a letter that looks
/// like nothing.
fn may_be_unseen(character: char) -> bool {
    !(character.is_alphanumeric() || character.is_ascii_graphic() || character == ' ')
        || is_misleading(character)
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

    #[test]
    fn letters_that_look_like_nothing_are_written_as_bytes() {
        for (name, expected) in [
            ("root\u{3164}", r"$'root\xe3\x85\xa4'"),
            ("root\u{115f}", r"$'root\xe1\x85\x9f'"),
            ("root\u{1160}", r"$'root\xe1\x85\xa0'"),
            ("root\u{ffa0}", r"$'root\xef\xbe\xa0'"),
        ] {
            assert_eq!(quoted(name), expected);
        }
    }

    #[test]
    fn name_of_a_user_is_no_option() {
        assert_eq!(user_argument("alice"), "alice");
        assert_eq!(user_argument("a b"), "'a b'");
        assert_eq!(user_argument("-d"), "-- '-d'");
        assert_eq!(
            user_arguments(&["alice", "bob"], "--yes"),
            "alice bob --yes"
        );
        assert_eq!(
            user_arguments(&["alice", "-x\n"], ""),
            r"-- alice $'-x\x0a'"
        );
        assert_eq!(user_arguments(&["-x", "bob"], "--yes"), "--yes -- '-x' bob");
    }
}
