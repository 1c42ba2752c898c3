//! Shows lines to the user and asks questions.

use std::cell::{Cell, RefCell};

use pam_sys::PamMessageStyle;
use tfa_proto::{Line, LineKind};

use crate::ffi::answer::Answer;
use crate::ffi::conversation::ConversationFailed;
use crate::ffi::handle::Handle;
use crate::{messages, sanitize};

/// Whether the login program shows an answer while it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Echo {
    /// `PAM_PROMPT_ECHO_OFF`.
    Off,
    /// `PAM_PROMPT_ECHO_ON`.
    On,
}

/// The conversation of one phase.
pub(crate) struct Conversation<'a> {
    pam: &'a Handle,
    silent: bool,
    /// The lines that a silent conversation shows with the next question.
    held: RefCell<Vec<Line>>,
    /// Whether a line was shown after the last answer.
    is_unread: Cell<bool>,
}

impl<'a> Conversation<'a> {
    /// Makes a conversation. With `PAM_SILENT`, which sudo always sets, it is silent: it shows lines
    /// only as part of the next question. If no question follows, it shows only those that the user
    /// must read, such as the reason of a refusal: without it, a locked account would look like a
    /// wrong password.
    pub(crate) fn new(pam: &'a Handle, silent: bool) -> Self {
        Self {
            pam,
            silent,
            held: RefCell::default(),
            is_unread: Cell::new(false),
        }
    }

    /// Shows lines of the daemon, or holds them for the next question.
    pub(crate) fn show(&self, lines: &[Line]) {
        if self.silent {
            self.held.borrow_mut().extend_from_slice(lines);
        } else {
            lines
                .iter()
                .for_each(|line| self.send(line.kind, &line.text));
        }
    }

    /// Shows the held lines that the user must read, because no question follows.
    pub(crate) fn show_held(&self) {
        let held = self.held.take();
        let required = held.iter().filter(|line| line.kind != LineKind::Info);
        required.for_each(|line| self.send(line.kind, &line.text));
    }

    /// Shows an error, also in a silent conversation.
    pub(crate) fn error(&self, text: &str) {
        self.send(LineKind::Error, text);
    }

    /// Waits for Enter if a line was shown that the user may not have read. What is typed, and
    /// whether the login program could ask, does not matter.
    pub(crate) fn wait_for_reader(&self) {
        if self.is_unread.get() {
            let _ = self.ask(messages::PRESS_ENTER, Echo::Off);
        }
    }

    /// Asks a question. An empty answer is an answer.
    ///
    /// # Errors
    /// The login program could not ask, or returned no answer.
    pub(crate) fn ask(&self, text: &str, echo: Echo) -> Result<Answer, ConversationFailed> {
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
        let answer = self
            .pam
            .converse(style, &sanitize::for_screen(&question))?
            .ok_or(ConversationFailed)?;
        // Only now: a question that failed showed no lines.
        self.held.borrow_mut().clear();
        self.is_unread.set(false);
        Ok(answer)
    }

    /// Ignores a failure: some programs show no messages. One that cannot ask fails at the question.
    fn send(&self, kind: LineKind, text: &str) {
        let style = match kind {
            LineKind::Info | LineKind::Notice => PamMessageStyle::TEXT_INFO,
            LineKind::Error | LineKind::Failure => PamMessageStyle::ERROR_MSG,
        };
        let _ = self.pam.converse(style, &sanitize::for_screen(text));
        self.is_unread.set(true);
    }
}
