//! File names in sentences and in commands. Others may have chosen them.

pub(crate) use tfa_text::shell::{quoted, user_argument, user_arguments};

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
