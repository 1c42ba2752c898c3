//! One run with a person at the terminal: the terminal, the signals, the daemon.

use std::io;

use tfa_client::{Failure, Interrupt, Reply, Terminal};
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::daemon::Daemon;
use crate::texts;

/// Everything that a command with questions needs.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) terminal: Terminal,
    pub(crate) interrupt: Interrupt,
    pub(crate) daemon: Daemon,
}

impl Session {
    /// Refuses where nobody can be asked; a code from a pipe would sooner or later be one from a
    /// script.
    pub(crate) async fn open() -> Result<Self, Failure> {
        let terminal = Terminal::new();
        if !terminal.is_interactive() {
            return Err(Failure::Refused(texts::NO_TERMINAL.to_owned()));
        }
        Ok(Self {
            terminal,
            interrupt: Interrupt::watch()?,
            daemon: Daemon::connect().await?,
        })
    }

    /// Prints lines.
    pub(crate) fn say(&self, text: &str) -> io::Result<()> {
        let (_, columns) = self.terminal.size();
        self.terminal.say(&Zeroizing::new(wrapped(text, columns)))
    }

    /// Asks. `None` is the end of the input or a signal.
    pub(crate) async fn ask(&mut self, prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
        let prompt = wrapped(prompt, self.terminal.size().1);
        match self.terminal.ask(&mut self.interrupt, &prompt).await? {
            Reply::Line(line) => Ok(Some(line)),
            Reply::Ended | Reply::Suspended => Ok(None),
        }
    }

    /// Asks for yes or no; an empty line is yes.
    pub(crate) async fn agrees(&mut self, prompt: &str) -> io::Result<bool> {
        loop {
            let Some(line) = self.ask(prompt).await? else {
                return Ok(false);
            };
            match line.to_ascii_lowercase().as_str() {
                "" | "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => self.say(texts::YES_OR_NO)?,
            }
        }
    }
}
