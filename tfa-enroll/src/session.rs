//! An interactive command: the terminal, the signals, the daemon.

use std::io;

use tfa_client::{Failure, Interrupt, LineRead, Terminal};
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::daemon::Daemon;
use crate::messages;

/// What an interactive command needs.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) terminal: Terminal,
    pub(crate) interrupt: Interrupt,
    pub(crate) daemon: Daemon,
}

impl Session {
    /// Fails without a terminal. Codes are not read from a pipe, so that no script supplies them.
    pub(crate) async fn open() -> Result<Self, Failure> {
        let terminal = Terminal::new();
        if !terminal.is_interactive() {
            return Err(Failure::Refused(messages::NO_TERMINAL.to_owned()));
        }
        Ok(Self {
            terminal,
            interrupt: Interrupt::watch()?,
            daemon: Daemon::connect().await?,
        })
    }

    /// Prints a text, wrapped to the window.
    pub(crate) fn print(&self, text: &str) -> io::Result<()> {
        let (_, columns) = self.terminal.size();
        self.terminal.print(&Zeroizing::new(wrapped(text, columns)))
    }

    /// Asks a question. `None`: end of input, or a signal.
    pub(crate) async fn ask(&mut self, prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
        let prompt = wrapped(prompt, self.terminal.size().1);
        match self.terminal.ask(&mut self.interrupt, &prompt).await? {
            LineRead::Line(line) => Ok(Some(line)),
            LineRead::End | LineRead::Suspended => Ok(None),
        }
    }

    /// Asks a yes/no question. An empty line means yes.
    pub(crate) async fn agrees(&mut self, prompt: &str) -> io::Result<bool> {
        self.yes_or_no(prompt, true, messages::YES_OR_NO).await
    }

    /// Asks a yes/no question. An empty line means no.
    pub(crate) async fn insists(&mut self, prompt: &str) -> io::Result<bool> {
        self.yes_or_no(prompt, false, messages::NO_OR_YES).await
    }

    async fn yes_or_no(&mut self, prompt: &str, default: bool, again: &str) -> io::Result<bool> {
        loop {
            let Some(line) = self.ask(prompt).await? else {
                return Ok(false);
            };
            match line.to_ascii_lowercase().as_str() {
                "" => return Ok(default),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => self.print(again)?,
            }
        }
    }
}
