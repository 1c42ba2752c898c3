//! File names in sentences and in commands. Others may have chosen them.

use std::fmt::Write;

/// A text in which control characters are escaped, so that it stays in its line.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// A word of a command line for bash(1).
pub(crate) fn quoted(word: &str) -> String {
    let is_plain =
        |character: char| character.is_ascii_alphanumeric() || "/._-+@%:,=".contains(character);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if !word.contains(char::is_control) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut quoted = String::from("$'");
    for character in word.chars() {
        match character {
            '\'' | '\\' => quoted.extend(['\\', character]),
            _ if character.is_control() => {
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

/// The command that adds a line to a file, which need not exist, and whose last line may have no end.
pub(crate) fn append(line: &str, file: &str) -> String {
    let line = line.replace('\\', r"\\").replace('%', "%%");
    format!(
        "printf {} >>{}",
        quoted(&format!(r"\n{line}\n")),
        quoted(file)
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

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
            ("-rf", "'-rf'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(name), expected);
        }
    }

    #[test]
    fn control_characters_are_shown_and_not_sent() {
        assert_eq!(printable("a\u{1b}[2J\nb\u{9b}"), r"a\u{1b}[2J\nb\u{9b}");
    }

    #[test]
    fn a_line_is_appended_to_each_file() {
        let file = std::env::temp_dir().join(format!("tfa-doctor-append-{}", std::process::id()));
        let line = r"100% it's \n one 'line'";
        for (text, expected) in [
            (None, format!("\n{line}\n")),
            (Some("whole\n"), format!("whole\n\n{line}\n")),
            (Some("no end"), format!("no end\n{line}\n")),
        ] {
            match text {
                Some(text) => std::fs::write(&file, text).unwrap(),
                None => assert!(!file.exists()),
            }
            let command = append(line, file.to_str().unwrap());
            let status = Command::new("sh").args(["-c", &command]).status();
            assert!(status.unwrap().success(), "{command}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
            std::fs::remove_file(&file).unwrap();
        }
    }
}
