//! Pages that hold the key. They are shown on the terminal's second screen, which leaves nothing
//! behind in the scroll-back, and the first comes back untouched.

use std::io;

use tfa_client::{Interrupt, Reply, Terminal};
use tfa_text::wrapped;
use zeroize::Zeroizing;

use crate::layout::height;

const RAISE: &str = "\x1b[?1049h";
const LOWER: &str = "\x1b[?1049l";
// Also before lowering: the Linux console knows no second screen.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// The window, as long as there is something to hide in the end.
pub(crate) struct Screen<'a> {
    terminal: &'a mut Terminal,
    interrupt: &'a mut Interrupt,
    paged: bool,
    raised: bool,
    page: Zeroizing<String>,
}

impl<'a> Screen<'a> {
    /// `paged` is the wish for pages; without it, or on a terminal without control sequences,
    /// everything goes line after line, as a screen reader likes it.
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
            raised: false,
            page: Zeroizing::new(String::new()),
        }
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        self.terminal.size()
    }

    /// Shows a page, which ends with a line feed, in place of what was there.
    pub(crate) fn page(&mut self, text: &str) -> io::Result<()> {
        self.page_with_note(text, "")
    }

    /// The same with a note below it. Line after line, a page that was shown is not repeated.
    pub(crate) fn page_with_note(&mut self, text: &str, note: &str) -> io::Result<()> {
        let (rows, columns) = self.size();
        let repeated = !self.raised && self.page.starts_with(text) && !text.is_empty();
        let mut page = Zeroizing::new(text.to_owned());
        if !note.is_empty() {
            page.push('\n');
            page.push_str(&wrapped(note, columns));
            page.push('\n');
        }
        if self.paged && height(&without_styles(&page), columns) < rows {
            self.page = page;
            return self.raise();
        }
        self.lower()?;
        let fresh = if repeated {
            page.get(text.len()..).unwrap_or_default()
        } else {
            &page
        };
        self.terminal.send(fresh)?;
        self.page = page;
        Ok(())
    }

    /// Asks below the page; the page comes again after Ctrl-Z. `None` is the end of the input or
    /// a signal.
    pub(crate) async fn ask(&mut self, prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
        loop {
            let (_, columns) = self.size();
            self.terminal.send(&wrapped(prompt, columns))?;
            match self.terminal.read(self.interrupt).await? {
                Reply::Line(line) => return Ok(Some(line)),
                Reply::Ended => return Ok(None),
                Reply::Suspended => {
                    let raised = self.raised;
                    self.lower()?;
                    self.terminal.suspend();
                    if raised {
                        self.raise()?;
                    }
                }
            }
        }
    }

    /// Waits for an answer of the daemon's. `None` is a signal.
    pub(crate) async fn during<T>(&mut self, answer: impl Future<Output = T>) -> Option<T> {
        self.interrupt.during(answer).await
    }

    fn raise(&mut self) -> io::Result<()> {
        if !self.raised {
            self.terminal.send(RAISE)?;
            self.raised = true;
        }
        self.terminal.send(CLEAR)?;
        self.terminal.send(&self.page)
    }

    fn lower(&mut self) -> io::Result<()> {
        if self.raised {
            self.raised = false;
            self.terminal.send(CLEAR)?;
            self.terminal.send(LOWER)?;
        }
        Ok(())
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        let _ = self.lower();
    }
}

/// The text as wide as it shows: colours take no place.
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
