//! Pages with the key. They are shown on the alternate screen of the terminal, which is not kept in the
//! scrollback.

use std::io;

use tfa_client::{Interrupt, LineRead, Terminal};
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::layout::height;

const ENTER_ALTERNATE: &str = "\x1b[?1049h";
const LEAVE_ALTERNATE: &str = "\x1b[?1049l";
// Also sent before leaving: the Linux console has no alternate screen.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// The window while a key is shown. Dropping it clears the screen.
pub(crate) struct Screen<'a> {
    terminal: &'a mut Terminal,
    interrupt: &'a mut Interrupt,
    paged: bool,
    alternate: bool,
    page: Zeroizing<String>,
}

impl<'a> Screen<'a> {
    /// Without `paged`, or on a terminal without control sequences, the text is printed line by line,
    /// as a screen reader needs it.
    pub(crate) fn new(
        terminal: &'a mut Terminal,
        interrupt: &'a mut Interrupt,
        paged: bool,
    ) -> Self {
        let paged = paged && terminal.is_styled();
        Self {
            terminal,
            interrupt,
            paged,
            alternate: false,
            page: Zeroizing::new(String::new()),
        }
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        self.terminal.size()
    }

    /// Replaces the screen with a page, which ends with a line feed.
    pub(crate) fn page(&mut self, text: &str) -> io::Result<()> {
        self.page_with_note(text, "")
    }

    /// Shows a page with a note below it. Line by line, a page is not printed again.
    pub(crate) fn page_with_note(&mut self, text: &str, note: &str) -> io::Result<()> {
        let (rows, columns) = self.size();
        let repeated = !self.alternate && self.page.starts_with(text) && !text.is_empty();
        let mut page = Zeroizing::new(text.to_owned());
        if !note.is_empty() {
            page.push('\n');
            page.push_str(&wrapped(note, columns));
            page.push('\n');
        }
        if self.paged && height(&without_styles(&page), columns) < rows {
            self.page = page;
            return self.enter();
        }
        self.leave()?;
        let fresh = if repeated {
            page.get(text.len()..).unwrap_or_default()
        } else {
            &page
        };
        self.terminal.send(fresh)?;
        self.page = page;
        Ok(())
    }

    /// Asks below the page, and shows the page again after Ctrl-Z. `None`: end of input, or a signal.
    pub(crate) async fn ask(&mut self, prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
        loop {
            let (_, columns) = self.size();
            self.terminal.send(&wrapped(prompt, columns))?;
            match self.terminal.read(self.interrupt).await? {
                LineRead::Line(line) => return Ok(Some(line)),
                LineRead::End => return Ok(None),
                LineRead::Suspended => {
                    let alternate = self.alternate;
                    self.leave()?;
                    self.terminal.suspend();
                    if alternate {
                        self.enter()?;
                    }
                }
            }
        }
    }

    /// Waits for an answer of the daemon. `None`: a signal.
    pub(crate) async fn during<T>(&mut self, answer: impl Future<Output = T>) -> Option<T> {
        self.interrupt.during(answer).await
    }

    fn enter(&mut self) -> io::Result<()> {
        if !self.alternate {
            self.terminal.send(ENTER_ALTERNATE)?;
            self.alternate = true;
        }
        self.terminal.send(CLEAR)?;
        self.terminal.send(&self.page)
    }

    fn leave(&mut self) -> io::Result<()> {
        if self.alternate {
            self.alternate = false;
            self.terminal.send(CLEAR)?;
            self.terminal.send(LEAVE_ALTERNATE)?;
        }
        Ok(())
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        let _ = self.leave();
    }
}

/// The text without colour sequences, which take no columns.
fn without_styles(text: &str) -> Zeroizing<String> {
    let mut shown = Zeroizing::new(String::with_capacity(text.len()));
    let mut in_sequence = false;
    for c in text.chars() {
        match c {
            '\x1b' => in_sequence = true,
            'm' if in_sequence => in_sequence = false,
            _ if in_sequence => {}
            _ => shown.push(c),
        }
    }
    shown
}
