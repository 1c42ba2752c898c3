//! The progress bar of a long task, below what the task prints.

use tfa_client::Terminal;

use crate::messages;

/// A bar on the standard error. It is redrawn where it has changed by a percent.
pub(crate) struct ProgressBar<'a> {
    terminal: &'a Terminal,
    shown: Option<u64>,
}

impl<'a> ProgressBar<'a> {
    pub(crate) fn new(terminal: &'a Terminal) -> Self {
        Self {
            terminal,
            shown: None,
        }
    }

    pub(crate) fn show(&mut self, done: u64, total: u64) {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100);
        if self.shown != Some(percent) {
            self.shown = Some(percent);
            self.terminal
                .show_progress(&messages::progress_bar(percent));
        }
    }

    /// Clears the line, for other output.
    pub(crate) fn hide(&mut self) {
        if self.shown.take().is_some() {
            self.terminal.show_progress("");
        }
    }
}

impl Drop for ProgressBar<'_> {
    fn drop(&mut self) {
        self.hide();
    }
}
