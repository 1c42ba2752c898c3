//! Questions before a command goes on.

use tfa_client::{Failure, Interrupt, LineRead, Terminal};

/// Asks a question. Another answer than yes ends the command with the text `otherwise`.
pub(crate) async fn confirm(
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
    question: &str,
    otherwise: &str,
) -> Result<(), Failure> {
    match terminal.ask(interrupt, question).await? {
        LineRead::Line(line) if is_yes(&line) => Ok(()),
        _ => Err(Failure::Cancelled(otherwise.to_owned())),
    }
}

fn is_yes(line: &str) -> bool {
    let line = line.trim();
    line.eq_ignore_ascii_case("y") || line.eq_ignore_ascii_case("yes")
}
