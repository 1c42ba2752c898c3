//! The printer: a page goes to the program `lp`, which CUPS provides.

use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};

use tfa_client::{Failure, plain};

use crate::messages;

/// The default printer.
#[derive(Debug)]
pub(crate) struct Printer {
    name: String,
}

impl Printer {
    /// Finds the default printer. This comes before the first question, so that a host without a
    /// printer does not cost a code.
    pub(crate) fn find() -> Result<Self, Failure> {
        let output = cups("lpstat")
            .args(["-r", "-d"])
            .output()
            .map_err(|error| not_started("lpstat", &error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !text.starts_with("scheduler is running") {
            return Err(Failure::Refused(messages::NO_PRINT_SERVICE.to_owned()));
        }
        let name = default_printer(&text)
            .ok_or_else(|| Failure::Refused(messages::NO_DEFAULT_PRINTER.to_owned()))?;
        Ok(Self { name })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Prints a page. It goes through a pipe: no command line contains it.
    pub(crate) fn print(&self, title: &str, page: &[u8]) -> Result<(), Failure> {
        let mut lp = cups("lp")
            .args(["-d", &self.name, "-t", title])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| not_started("lp", &error))?;
        // If `lp` stops reading, its exit status and its message tell why.
        let written = lp.stdin.take().map(|mut stdin| stdin.write_all(page));
        let output = lp.wait_with_output()?;
        if output.status.success() && matches!(written, Some(Ok(()))) {
            return Ok(());
        }
        Err(Failure::Refused(messages::not_printed(
            &self.name,
            &said(&output),
        )))
    }
}

/// A program of CUPS, with its messages in English, because they are parsed.
fn cups(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn not_started(program: &str, error: &std::io::Error) -> Failure {
    Failure::Refused(match error.kind() {
        ErrorKind::NotFound => messages::no_print_program(program),
        _ => messages::print_program_not_started(program, error),
    })
}

/// The last line of what a program said, for a message.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    plain(line.unwrap_or_default().trim(), false)
}

/// The printer in the output of `lpstat -d`. Other lines say that there is no default, or that a
/// variable of the environment names a printer that does not exist.
fn default_printer(output: &str) -> Option<String> {
    let name = output
        .lines()
        .find_map(|line| line.strip_prefix("system default destination: "))?;
    Some(plain(name.trim(), false)).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_default_destination_is_a_printer() {
        let line = "system default destination: PDF";
        for (output, expected) in [
            (format!("scheduler is running\n{line}\n"), Some("PDF")),
            ("no system default destination\n".to_owned(), None),
            (
                "lpstat: error - LPDEST environment variable names non-existent destination \"x\"."
                    .to_owned(),
                None,
            ),
            ("system default destination: ".to_owned(), None),
        ] {
            assert_eq!(default_printer(&output).as_deref(), expected, "{output}");
        }
    }
}
