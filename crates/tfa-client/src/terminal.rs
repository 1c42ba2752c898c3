//! The terminal: output, questions, and its capabilities.
//!
//! Everything that a command prints goes through here. Text from elsewhere (a name, for example)
//! cannot send control sequences, and nothing is sent that the locale cannot show.

use std::env;
use std::io::{self, IsTerminal, Write};

use rustix::fs::FileType;
use rustix::io::retry_on_intr;
use rustix::termios::{LocalModes, OptionalActions, Termios};
use rustix::termios::{tcgetattr, tcgetwinsize, tcsetattr};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::interrupt::stop_here;
use super::{Interrupt, Interruption};
use tfa_proto::is_misleading;
use tfa_text::wrapped;

/// Standard input and output of the command.
#[derive(Debug)]
pub struct Terminal {
    utf8: bool,
    styled: bool,
    // A read that Ctrl-Z interrupted. It still waits for the same line.
    reading: Option<JoinHandle<io::Result<LineRead>>>,
}

/// The result of reading a line from the terminal.
#[derive(Debug)]
pub enum LineRead {
    /// A line, without its end and without blanks around it.
    Line(Zeroizing<String>),
    /// Ctrl-D, Ctrl-C or a closed terminal: the end of the input.
    End,
    /// Ctrl-Z. Call [`Terminal::suspend`], then show the question again.
    Suspended,
}

impl Terminal {
    /// Takes the capabilities of the terminal from the environment.
    #[must_use]
    pub fn new() -> Self {
        let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let locale = set("LC_ALL")
            .or_else(|| set("LC_CTYPE"))
            .or_else(|| set("LANG"));
        let kind = set("TERM");
        Self {
            utf8: locale.is_some_and(|locale| is_utf8(&locale)),
            styled: kind.is_some_and(|kind| kind != "dumb"),
            reading: None,
        }
    }

    /// Whether both input and output are a terminal.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Whether the output goes to a terminal, and not to a file or a program.
    #[must_use]
    pub fn is_output(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether more than ASCII can be shown.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        self.utf8
    }

    /// Whether control sequences (clearing, colours) can be sent.
    #[must_use]
    pub fn is_styled(&self) -> bool {
        self.styled && io::stdout().is_terminal()
    }

    /// Rows and columns; 24 and 80 where the terminal does not report them.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let size = tcgetwinsize(io::stdout()).ok();
        size.filter(|size| size.ws_row > 0 && size.ws_col > 0)
            .map_or((24, 80), |size| (size.ws_row.into(), size.ws_col.into()))
    }

    /// Whether the standard output is a pipe. What is written to it may reach the terminal later.
    #[must_use]
    pub fn is_piped(&self) -> bool {
        let about = rustix::fs::fstat(io::stdout());
        about.is_ok_and(|about| FileType::from_raw_mode(about.st_mode) == FileType::Fifo)
    }

    /// Prints a text and ends the line.
    ///
    /// # Errors
    /// Where the output is full or closed.
    pub fn print(&self, text: &str) -> io::Result<()> {
        let mut line = Zeroizing::new(plain(text, self.utf8));
        line.push('\n');
        write(&line)
    }

    /// Prints a text to the standard error, and ignores a failure of that.
    pub fn error(&self, text: &str) {
        let text = plain(text, self.utf8);
        let text = if io::stderr().is_terminal() {
            wrapped(&text, self.size().1)
        } else {
            text
        };
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Prints a text to the standard error, if that is a terminal.
    pub fn note(&self, text: &str) {
        if io::stderr().is_terminal() {
            self.error(text);
        }
    }

    /// Sends a text of the command's own unchanged, with its control sequences.
    ///
    /// # Errors
    /// As [`Self::print`].
    pub fn send(&self, text: &str) -> io::Result<()> {
        write(text)
    }

    /// Asks, and waits for a line. The input is echoed: a one-time code cannot be used again, and a
    /// visible one is easier to check.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub async fn ask(&mut self, interrupt: &mut Interrupt, prompt: &str) -> io::Result<LineRead> {
        loop {
            write(&plain(prompt, self.utf8))?;
            match self.read(interrupt).await? {
                LineRead::Suspended => self.suspend(),
                read => return Ok(read),
            }
        }
    }

    /// Asks for a passphrase, and waits for a line. The input is not echoed.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub async fn ask_hidden(
        &mut self,
        interrupt: &mut Interrupt,
        prompt: &str,
    ) -> io::Result<LineRead> {
        loop {
            // First: who reads the question may answer at once.
            let hidden = HiddenInput::begin()?;
            write(&plain(prompt, self.utf8))?;
            let read = self.read(interrupt).await;
            drop(hidden);
            match read? {
                LineRead::Suspended => self.suspend(),
                read => return Ok(read),
            }
        }
    }

    /// Shows how far a long task is, in place of what was shown before, if the standard error is a
    /// terminal that can do that. An empty text ends it.
    pub fn show_progress(&self, text: &str) {
        if self.styled && io::stderr().is_terminal() {
            let _ = write!(io::stderr(), "\r\x1b[K{}", plain(text, self.utf8));
        }
    }

    /// Waits for a line.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub async fn read(&mut self, interrupt: &mut Interrupt) -> io::Result<LineRead> {
        let reading = self
            .reading
            .get_or_insert_with(|| tokio::task::spawn_blocking(line));
        let read = tokio::select! {
            biased;
            interruption = interrupt.next() => match interruption {
                Interruption::End => LineRead::End,
                Interruption::Suspend => return Ok(LineRead::Suspended),
            },
            line = reading => line.map_err(io::Error::other)??,
        };
        self.reading = None;
        if matches!(read, LineRead::End) {
            write("\n")?;
        }
        Ok(read)
    }

    /// Stops the process until the shell continues it.
    pub fn suspend(&self) {
        stop_here();
    }
}

/// The terminal does not echo until this is dropped, except the end of a line.
struct HiddenInput(Termios);

impl HiddenInput {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        // What was typed before the question would have been seen: it is dropped.
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads one line. A terminal returns at most one line for each read. The buffered input of the
/// standard library is not used, because it would keep the code in memory.
fn line() -> io::Result<LineRead> {
    /// The line limit of Linux terminals, in bytes.
    const MAX_LINE: usize = 4096;
    let mut buffer = Zeroizing::new(vec![0; MAX_LINE]);
    let length = retry_on_intr(|| rustix::io::read(io::stdin(), buffer.as_mut_slice()))?;
    let typed = buffer.get(..length).unwrap_or_default();
    if typed.is_empty() {
        return Ok(LineRead::End);
    }
    let text = Zeroizing::new(String::from_utf8_lossy(typed).into_owned());
    Ok(LineRead::Line(Zeroizing::new(text.trim().to_owned())))
}

/// Writes without the buffer of the standard library.
fn write(text: &str) -> io::Result<()> {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let written = retry_on_intr(|| rustix::io::write(io::stdout(), rest))?;
        rest = rest.get(written..).unwrap_or_default();
    }
    Ok(())
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.ends_with("utf-8") || locale.ends_with("utf8") || locale.contains(".utf-8@")
}

/// Replaces misleading characters except line feeds, and characters that the locale cannot show.
#[must_use]
pub fn plain(text: &str, utf8: bool) -> String {
    let plain = |c: char| match c {
        '\n' => c,
        c if is_misleading(c) => '?',
        c if utf8 || c.is_ascii() => c,
        _ => '?',
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_send_control_sequences() {
        assert_eq!(plain("a\x1b[2Jb\u{9b}31mc\rd\n", true), "a?[2Jb?31mc?d\n");
        let names = "al\u{200b}ice \u{202e}toor\u{2066}";
        assert_eq!(plain(names, true), "al?ice ?toor?");
    }

    #[test]
    fn without_utf8_only_ascii_is_shown() {
        assert_eq!(plain("Jürgen", true), "Jürgen");
        assert_eq!(plain("Jürgen", false), "J?rgen");
    }

    #[test]
    fn utf8_is_found_in_every_spelling_of_the_locale() {
        for locale in ["en_GB.UTF-8", "C.utf8", "de_DE.UTF-8@euro", "C.UTF-8"] {
            assert!(is_utf8(locale), "{locale}");
        }
        for locale in ["C", "POSIX", "de_DE.ISO-8859-1", "de_DE@euro"] {
            assert!(!is_utf8(locale), "{locale}");
        }
    }
}
