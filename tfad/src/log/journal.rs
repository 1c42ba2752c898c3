//! The daemon's log: syslog, facility AUTHPRIV, which the journal takes in as well.
//!
//! No secret, code or password is ever passed in here. What others supplied (names, hosts) goes
//! through [`quoted`], so that nobody can forge a line.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use syslog::{Facility, Formatter3164, Logger, LoggerBackend};
use tfa_proto::is_misleading;

/// How much a line matters, by syslog(3)'s names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What happened.
    Info,
    /// What happened and should be seen.
    Notice,
    /// Something is wrong with a login or an account.
    Warning,
    /// Something is wrong with the daemon's own things.
    Error,
    /// Logins cannot be judged until somebody acts.
    Critical,
}

/// How long a line may wait for a log daemon that does not take it.
const SEND_TIMEOUT: Duration = Duration::from_millis(250);
/// How long a line waits before it is sent. The log daemon takes a processor at once, and the reply to
/// the login goes first.
const DELAY: Duration = Duration::from_millis(1);
/// How many lines a minute a caller who is not root may cause. The log daemon bounds what it takes
/// from this daemon: nobody may use that up for everybody.
const LINES: u32 = 60;

/// The log. A thread of its own sends the lines: a log daemon that hangs delays no login.
pub struct Journal {
    lines: Arc<Lines>,
    /// Whether there is a thread that sends the lines.
    has_writer: bool,
    callers: Mutex<HashMap<u32, Minute>>,
}

/// The lines that were not sent yet.
struct Lines {
    queue: Mutex<Queue>,
    /// Signalled for a writer that waits.
    news: Condvar,
    logger: Mutex<Option<Logger<LoggerBackend, Formatter3164>>>,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<(Level, String)>,
    writer_waits: bool,
    is_closed: bool,
}

/// What a caller has written in a minute.
struct Minute {
    began: Instant,
    lines: u32,
}

impl Journal {
    /// Opens the log. Where there is no `/dev/log`, lines go to standard error.
    #[must_use]
    pub fn open() -> Self {
        let lines = Arc::new(Lines {
            queue: Mutex::default(),
            news: Condvar::new(),
            logger: Mutex::new(connect()),
        });
        let of_writer = Arc::clone(&lines);
        let thread = thread::Builder::new().name("log".to_owned());
        let writer = thread.spawn(move || of_writer.write_all());
        Self {
            lines,
            has_writer: writer.is_ok(),
            callers: Mutex::default(),
        }
    }

    /// Writes a line that a call by this uid caused.
    pub fn write_for(&self, uid: u32, level: Level, line: &str) {
        match self.place(uid, Instant::now()) {
            1..=LINES => self.write(level, line),
            lines if lines == LINES + 1 => self.write(
                Level::Warning,
                &format!("uid {uid} causes too many lines: the rest of this minute is left out"),
            ),
            _ => {}
        }
    }

    /// Which line of its minute this is; root's are all first.
    fn place(&self, uid: u32, now: Instant) -> u32 {
        if uid == 0 {
            return 1;
        }
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = callers.entry(uid).or_insert(Minute {
            began: now,
            lines: 0,
        });
        if now.saturating_duration_since(minute.began) >= Duration::from_secs(60) {
            (minute.began, minute.lines) = (now, 0);
        }
        minute.lines = minute.lines.saturating_add(1);
        minute.lines
    }

    /// Writes a line. It is sent a moment later, without a wait here.
    pub fn write(&self, level: Level, line: &str) {
        self.lines.push(level, line);
        if !self.has_writer {
            self.flush();
        }
    }

    /// Sends the lines that were not sent yet, and returns after that.
    pub fn flush(&self) {
        while self.lines.write_one() {}
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.flush();
        self.lines.queue().is_closed = true;
        self.lines.news.notify_one();
    }
}

impl Lines {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, level: Level, line: &str) {
        let mut queue = self.queue();
        queue.lines.push_back((level, line.to_owned()));
        if std::mem::take(&mut queue.writer_waits) {
            self.news.notify_one();
        }
    }

    /// Sends lines until the log is closed.
    fn write_all(&self) {
        while self.wait() {
            thread::sleep(DELAY);
            while self.write_one() {}
        }
    }

    /// Waits for a line; `false` once the log is closed.
    fn wait(&self) -> bool {
        let mut queue = self.queue();
        while queue.lines.is_empty() && !queue.is_closed {
            queue.writer_waits = true;
            queue = self
                .news
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !queue.is_closed
    }

    /// Sends a line. Returns whether there was one.
    fn write_one(&self) -> bool {
        let mut logger = self.logger.lock().unwrap_or_else(PoisonError::into_inner);
        let next = self.queue().lines.pop_front();
        let Some((level, line)) = next else {
            return false;
        };
        write(&mut logger, level, &line);
        true
    }
}

fn write(logger: &mut Option<Logger<LoggerBackend, Formatter3164>>, level: Level, line: &str) {
    for _ in 0..2 {
        match logger.as_mut().map(|logger| send(logger, level, line)) {
            Some(Ok(())) => return,
            // The log daemon may have been restarted meanwhile.
            Some(Err(_)) | None => *logger = connect(),
        }
    }
    // A log daemon that is there and takes nothing would not take it from there either.
    if logger.is_none() {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "tfad: {line}");
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Journal")
    }
}

fn connect() -> Option<Logger<LoggerBackend, Formatter3164>> {
    let logger = syslog::unix(Formatter3164 {
        facility: Facility::LOG_AUTHPRIV,
        hostname: None,
        process: "tfad".to_owned(),
        pid: std::process::id(),
    })
    .ok()?;
    if let LoggerBackend::Unix(socket) = &logger.backend {
        socket.set_write_timeout(Some(SEND_TIMEOUT)).ok()?;
    }
    Some(logger)
}

fn send(
    logger: &mut Logger<LoggerBackend, Formatter3164>,
    level: Level,
    line: &str,
) -> syslog::Result<()> {
    match level {
        Level::Info => logger.info(line),
        Level::Notice => logger.notice(line),
        Level::Warning => logger.warning(line),
        Level::Error => logger.err(line),
        Level::Critical => logger.crit(line),
    }
}

/// Somebody else's text for a line of the log: bounded, without misleading characters, and in
/// quotation marks unless it is a plain word. A user named `alice: verified` begins no line that
/// reads like one of alice's.
#[must_use]
pub fn quoted(text: &str) -> String {
    const MOST: usize = 128;
    let is_plain = |c: char| c.is_alphanumeric() || "._-+@$%:/\\".contains(c);
    if text.chars().all(is_plain) && text.chars().nth(MOST).is_none() {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    let harmless = |c: char| match c {
        '"' => '?',
        c if is_misleading(c) => '?',
        c => c,
    };
    quoted.extend(text.chars().take(MOST).map(harmless));
    if text.chars().nth(MOST).is_some() {
        quoted.push('…');
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_who_is_not_root_causes_a_bounded_number_of_lines_a_minute() {
        let (journal, now) = (Journal::open(), Instant::now());
        let places = (1..=LINES + 5).map(|_| journal.place(1000, now));
        assert_eq!(places.max(), Some(LINES + 5));
        assert_eq!(journal.place(1001, now), 1);
        assert!((0..1000).all(|_| journal.place(0, now) == 1));
        assert_eq!(journal.place(1000, now + Duration::from_secs(60)), 1);
    }

    #[test]
    fn nobody_forges_a_line_of_the_log() {
        assert_eq!(quoted("a\nalice: verified"), "\"a?alice: verified\"");
        assert_eq!(
            quoted("alice: verified by a code"),
            "\"alice: verified by a code\""
        );
        assert_eq!(quoted("\u{1b}[2J\""), "\"?[2J?\"");
        assert_eq!(quoted("\u{202e}ecila"), "\"?ecila\"");
        assert_eq!(quoted("alice\u{200b}"), "\"alice?\"");
        assert_eq!(quoted(&"x".repeat(1000)).chars().count(), 131);
    }

    #[test]
    fn names_hosts_and_terminals_stand_as_they_are() {
        for plain in [
            "alice",
            "EXAMPLE\\j.doe",
            "jürgen@example.org",
            "2001:db8::7",
            "/dev/pts/0",
            "",
        ] {
            assert_eq!(quoted(plain), plain);
        }
    }
}
