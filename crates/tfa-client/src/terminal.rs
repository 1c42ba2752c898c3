//! The terminal: lines out, questions in, and what it can show.
//!
//! Everything that a command prints goes through here, so that no text of another's making (a
//! device's name, say) can drive the terminal, and nothing is sent that the locale cannot show.

use std::env;
use std::io::{self, IsTerminal, Write};

use rustix::io::retry_on_intr;
use rustix::termios::tcgetwinsize;
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
    // A read that Ctrl-Z left behind: it goes on waiting for the same line.
    reading: Option<JoinHandle<io::Result<Reply>>>,
}

/// What came back from a person.
#[derive(Debug)]
pub enum Reply {
    /// A line, without its end and without blanks around it.
    Line(Zeroizing<String>),
    /// Ctrl-D, Ctrl-C, a closed terminal: no more is to be expected.
    Ended,
    /// Ctrl-Z: the question stands, and has to be shown again after [`Terminal::suspend`].
    Suspended,
}

impl Terminal {
    /// What the environment says about the terminal.
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

    /// Whether a person can be asked something here.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
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

    /// Rows and columns; 24 and 80 where the terminal does not tell.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let size = tcgetwinsize(io::stdout()).ok();
        size.filter(|size| size.ws_row > 0 && size.ws_col > 0)
            .map_or((24, 80), |size| (size.ws_row.into(), size.ws_col.into()))
    }

    /// Prints a text and ends the line.
    ///
    /// # Errors
    /// Where the output is full or closed.
    pub fn say(&self, text: &str) -> io::Result<()> {
        let mut line = Zeroizing::new(plain(text, self.utf8));
        line.push('\n');
        write(&line)
    }

    /// Prints a text on the error output. Nothing is left to do where that fails.
    pub fn complain(&self, text: &str) {
        let text = plain(text, self.utf8);
        let text = if io::stderr().is_terminal() {
            wrapped(&text, self.size().1)
        } else {
            text
        };
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// The same, for what only a person wants to read.
    pub fn remark(&self, text: &str) {
        if io::stderr().is_terminal() {
            self.complain(text);
        }
    }

    /// Sends a text of the command's own making as it is, control sequences included.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub fn send(&self, text: &str) -> io::Result<()> {
        write(text)
    }

    /// Asks, and waits for a line. What is typed is visible: a one-time code is worth nothing to
    /// somebody who reads it afterwards, and can be checked by ear and eye.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub async fn ask(&mut self, interrupt: &mut Interrupt, prompt: &str) -> io::Result<Reply> {
        loop {
            write(&plain(prompt, self.utf8))?;
            match self.read(interrupt).await? {
                Reply::Suspended => self.suspend(),
                reply => return Ok(reply),
            }
        }
    }

    /// Waits for a line.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub async fn read(&mut self, interrupt: &mut Interrupt) -> io::Result<Reply> {
        let reading = self
            .reading
            .get_or_insert_with(|| tokio::task::spawn_blocking(line));
        let reply = tokio::select! {
            biased;
            interruption = interrupt.next() => match interruption {
                Interruption::End => Reply::Ended,
                Interruption::Suspend => return Ok(Reply::Suspended),
            },
            line = reading => line.map_err(io::Error::other)??,
        };
        self.reading = None;
        if matches!(reply, Reply::Ended) {
            write("\n")?;
        }
        Ok(reply)
    }

    /// Stops the process until the shell lets it go on.
    pub fn suspend(&self) {
        stop_here();
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

/// One line. The terminal hands over whole lines, so that a single read has one. Read past any
/// buffer of the standard library's, which would keep the code.
fn line() -> io::Result<Reply> {
    const LONGEST: usize = 4096; // of a terminal's line
    let mut buffer = Zeroizing::new(vec![0; LONGEST]);
    let length = retry_on_intr(|| rustix::io::read(io::stdin(), buffer.as_mut_slice()))?;
    let typed = buffer.get(..length).unwrap_or_default();
    if typed.is_empty() {
        return Ok(Reply::Ended);
    }
    let text = Zeroizing::new(String::from_utf8_lossy(typed).into_owned());
    Ok(Reply::Line(Zeroizing::new(text.trim().to_owned())))
}

/// Written past the standard library's buffer too.
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

/// The text without misleading characters but line feeds, and without what the locale cannot show.
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
    fn a_text_cannot_drive_the_terminal() {
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
    fn the_locale_names_utf8_in_every_spelling() {
        for locale in ["en_GB.UTF-8", "C.utf8", "de_DE.UTF-8@euro", "C.UTF-8"] {
            assert!(is_utf8(locale), "{locale}");
        }
        for locale in ["C", "POSIX", "de_DE.ISO-8859-1", "de_DE@euro"] {
            assert!(!is_utf8(locale), "{locale}");
        }
    }
}
