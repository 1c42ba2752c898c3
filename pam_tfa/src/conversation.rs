//! What the person sees and types, through the login program's conversation function.

use std::cell::RefCell;

use pam_sys::PamMessageStyle;
use tfa_proto::{Line, LineKind};
use zeroize::Zeroizing;

use crate::ffi::{Handle, NoConversation};
use crate::printable;

/// An answer as it was typed. Wiped when dropped.
pub(crate) type Typed = Zeroizing<Vec<u8>>;

/// How a question is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Echo {
    /// The answer stays off the screen.
    Off,
    /// The answer is seen.
    On,
}

/// The conversation of one phase.
pub(crate) struct Conversation<'a> {
    pam: &'a Handle,
    silent: bool,
    /// What a silent conversation has to say with its next question.
    held: RefCell<Vec<Line>>,
}

impl<'a> Conversation<'a> {
    /// A conversation. A silent one (`PAM_SILENT`: sudo's always are) says only what nobody can do
    /// without: lines become part of the question that they lead to, and where they lead to none,
    /// those are shown that say why there is no login, and those that must be read. A lock would
    /// else look like a wrong password.
    pub(crate) fn new(pam: &'a Handle, silent: bool) -> Self {
        Self {
            pam,
            silent,
            held: RefCell::default(),
        }
    }

    /// Shows lines of the daemon, or holds them for the question.
    pub(crate) fn show(&self, lines: &[Line]) {
        if self.silent {
            self.held.borrow_mut().extend_from_slice(lines);
        } else {
            lines
                .iter()
                .for_each(|line| self.say(line.kind, &line.text));
        }
    }

    /// Shows what must be read, and no question followed.
    pub(crate) fn show_held(&self) {
        let held = self.held.take();
        let needed = held.iter().filter(|line| line.kind != LineKind::Info);
        needed.for_each(|line| self.say(line.kind, &line.text));
    }

    /// Shows why there will be no login.
    pub(crate) fn error(&self, text: &str) {
        self.say(LineKind::Error, text);
    }

    /// Asks. An answer that is empty is an answer; none at all is not.
    pub(crate) fn ask(&self, text: &str, echo: Echo) -> Result<Typed, NoConversation> {
        let style = match echo {
            Echo::Off => PamMessageStyle::PROMPT_ECHO_OFF,
            Echo::On => PamMessageStyle::PROMPT_ECHO_ON,
        };
        let mut question = String::new();
        for line in &*self.held.borrow() {
            question.push_str(&line.text);
            question.push('\n');
        }
        question.push_str(text);
        let typed = self
            .pam
            .converse(style, &printable::for_screen(&question))?
            .ok_or(NoConversation)?;
        // Not before: a question that was not passed on took nothing along.
        self.held.borrow_mut().clear();
        Ok(typed)
    }

    /// A message that cannot be shown stops nobody: some programs show none. One that cannot ask
    /// either fails at the question.
    fn say(&self, kind: LineKind, text: &str) {
        let style = match kind {
            LineKind::Info | LineKind::Notice => PamMessageStyle::TEXT_INFO,
            LineKind::Error | LineKind::Failure => PamMessageStyle::ERROR_MSG,
        };
        let _ = self.pam.converse(style, &printable::for_screen(text));
    }
}
