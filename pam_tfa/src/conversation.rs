//! What the person sees and types, through the login program's conversation function.

use std::cell::RefCell;

use pam_sys::PamMessageStyle;
use tfa_bus::{Line, LineKind};
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
    held: RefCell<String>,
}

impl<'a> Conversation<'a> {
    /// A conversation. A silent one (`PAM_SILENT`: sudo's always are) asks and does nothing else:
    /// lines become part of the question that they lead to, which nobody could answer without
    /// them, and those that lead to none are not shown.
    pub(crate) fn new(pam: &'a Handle, silent: bool) -> Self {
        Self {
            pam,
            silent,
            held: RefCell::default(),
        }
    }

    /// Shows lines of the daemon.
    pub(crate) fn show(&self, lines: &[Line]) {
        for line in lines {
            match line.kind {
                LineKind::Info => self.say(PamMessageStyle::TEXT_INFO, &line.text),
                LineKind::Error => self.say(PamMessageStyle::ERROR_MSG, &line.text),
            }
        }
    }

    /// Shows why there will be no login.
    pub(crate) fn error(&self, text: &str) {
        self.say(PamMessageStyle::ERROR_MSG, text);
    }

    /// Asks. An answer that is empty is an answer; none at all is not.
    pub(crate) fn ask(&self, text: &str, echo: Echo) -> Result<Typed, NoConversation> {
        let style = match echo {
            Echo::Off => PamMessageStyle::PROMPT_ECHO_OFF,
            Echo::On => PamMessageStyle::PROMPT_ECHO_ON,
        };
        let text = self.held.take() + text;
        self.pam
            .converse(style, &printable::for_screen(&text))?
            .ok_or(NoConversation)
    }

    /// A message that cannot be shown stops nobody: some programs show none. One that cannot ask
    /// either fails at the question.
    fn say(&self, style: PamMessageStyle, text: &str) {
        if self.silent {
            let mut held = self.held.borrow_mut();
            held.push_str(text);
            held.push('\n');
        } else {
            let _ = self.pam.converse(style, &printable::for_screen(text));
        }
    }
}
