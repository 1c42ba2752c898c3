//! The log: lines on the standard error, which systemd takes into the journal.

use std::fmt::Display;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The importance of a line, as syslog numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something does not work.
    Error = 3,
    /// Something may not work soon, or a peer is wrong.
    Warning = 4,
    /// Something began or ended.
    Info = 6,
}

/// Writes one [`printable`] line.
pub fn log(level: Level, text: &impl Display) {
    let text = printable(text);
    let _ = writeln!(std::io::stderr(), "<{}>{text}", level as u8);
}

/// The longest text that is kept or written, in characters.
const MAX_TEXT: usize = 1000;

/// A text that peers may have a part in, of at most 1000 characters. Those that are not printable, or
/// change the direction of writing, become `?`.
#[must_use]
pub fn printable(text: &impl Display) -> String {
    let text = text.to_string();
    let is_plain =
        |c: char| matches!(c, '"' | '\'' | '\\') || c.escape_debug().eq(std::iter::once(c));
    text.chars()
        .take(MAX_TEXT)
        .map(|c| if is_plain(c) { c } else { '?' })
        .collect()
}

/// Lines that peers can cause: one in ten seconds, with the number of those in between.
#[derive(Debug, Default)]
pub struct RareLog(Mutex<Rare>);

#[derive(Debug, Default)]
struct Rare {
    last: Option<Instant>,
    left_out: u64,
}

const INTERVAL: Duration = Duration::from_secs(10);

impl RareLog {
    /// Writes a line, or counts it.
    pub fn log(&self, level: Level, text: &impl Display) {
        if let Some(left_out) = self.is_due(Instant::now()) {
            match left_out {
                0 => log(level, text),
                _ => log(
                    level,
                    &format_args!("{text} ({left_out} lines of this kind were left out before)"),
                ),
            }
        }
    }

    /// Returns how many lines were left out before one that is to be written.
    fn is_due(&self, now: Instant) -> Option<u64> {
        let mut rare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rare
            .last
            .is_some_and(|last| now.duration_since(last) < INTERVAL)
        {
            rare.left_out = rare.left_out.saturating_add(1);
            return None;
        }
        rare.last = Some(now);
        Some(std::mem::take(&mut rare.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_peer_stays_in_its_line_and_has_a_bound() {
        let text = "a\"\\'\u{e9}\u{4e2d} \n\u{1b}\u{202e}\u{2028}b";
        assert_eq!(printable(&text), "a\"\\'\u{e9}\u{4e2d} ????b");
        assert_eq!(printable(&"x".repeat(5000)), "x".repeat(MAX_TEXT));
    }

    #[test]
    fn peers_cause_one_line_in_an_interval() {
        let log = RareLog::default();
        let start = Instant::now();
        assert_eq!(log.is_due(start), Some(0));
        for _ in 0..1000 {
            assert_eq!(log.is_due(start + INTERVAL / 2), None);
        }
        assert_eq!(log.is_due(start + INTERVAL), Some(1000));
        assert_eq!(log.is_due(start + INTERVAL), None);
    }
}
