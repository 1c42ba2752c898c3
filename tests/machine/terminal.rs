//! A user's screen and keyboard: a real pseudo-terminal on which a program runs, and the screen
//! that its output produces.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::failure::OrFail;
use crate::picture;
use crate::process::{wait_readable, wait_until};

/// The time limit for a text to appear, and for a program to end.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The pause between a prompt and typing. PAM prints its prompt first, then flushes the input and
/// disables the echo. Keys that are sent before that are lost.
const KEY_DELAY: Duration = Duration::from_millis(30);

/// The pause if another terminal is behind this one (an SSH session), whose modes cannot be read.
const REMOTE_KEY_DELAY: Duration = Duration::from_millis(100);

/// Both ends of a pseudo-terminal.
pub(crate) struct Pty {
    master: OwnedFd,
}

impl Pty {
    /// A pseudo-terminal of the host, for the console of a machine.
    pub(crate) fn of_host() -> Self {
        Self::unlocked(
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
                .or_fail("open a pseudo-terminal"),
        )
    }

    /// A pseudo-terminal of the machine, so that programs find its name in `/dev/pts`.
    pub(crate) fn of_machine(leader: u32) -> Self {
        let multiplexer = format!("/proc/{leader}/root/dev/pts/ptmx");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        Self::unlocked(
            open(multiplexer, flags, Mode::empty()).or_fail("open a machine's pseudo-terminal"),
        )
    }

    fn unlocked(master: OwnedFd) -> Self {
        grantpt(&master).or_fail("grant a pseudo-terminal");
        unlockpt(&master).or_fail("unlock a pseudo-terminal");
        let pty = Self { master };
        pty.set_size(24, 80);
        pty
    }

    /// The end for the program.
    pub(crate) fn slave(&self) -> OwnedFd {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        ioctl_tiocgptpeer(&self.master, flags).or_fail("open a pseudo-terminal's other end")
    }

    fn set_size(&self, rows: u16, columns: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.master, size).or_fail("set a terminal's size");
    }
}

/// A terminal on which a program runs: 80 columns by 24 rows unless resized.
///
/// Texts are expected in the order in which the program writes them. [`expect`](Self::expect)
/// consumes the output up to the end of the text, and the next call searches after it. So a second
/// `expect("Password:")` waits for a second prompt. [`screen`](Self::screen) returns the current
/// screen.
///
/// Dropping it hangs up the line, as when a window is closed.
pub struct Terminal {
    title: String,
    pty: Pty,
    keyboard: Mutex<File>,
    output: Arc<Output>,
    program: Option<Mutex<Child>>,
    hang_up: Option<UnixStream>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// A terminal at this end of `pty`, and the program that runs at the other.
    pub(crate) fn on(pty: Pty, title: &str, program: Option<Child>) -> Self {
        let master = pty.master.try_clone().or_fail("share a pseudo-terminal");
        let keyboard = File::from(pty.master.try_clone().or_fail("share a pseudo-terminal"));
        let (hang_up, hung_up) = UnixStream::pair().or_fail("make a socket pair");
        let output = Arc::new(Output::new());
        let seen = Arc::clone(&output);
        let reader = thread::spawn(move || seen.follow(File::from(master), &hung_up));
        Self {
            title: title.to_owned(),
            pty,
            keyboard: Mutex::new(keyboard),
            output,
            program: program.map(Mutex::new),
            hang_up: Some(hang_up),
            reader: Some(reader),
        }
    }

    /// Waits until the program has written `text`, and consumes the output up to its end. Ignores
    /// escape sequences and carriage returns. Panics with the screen on timeout.
    #[track_caller]
    pub fn expect(&self, text: &str) {
        self.expect_any_within(&[text], TIMEOUT);
    }

    /// [`expect`](Self::expect) with another timeout.
    #[track_caller]
    pub fn expect_within(&self, text: &str, timeout: Duration) {
        self.expect_any_within(&[text], timeout);
    }

    /// Waits for the first of the texts to appear, and returns its index.
    #[track_caller]
    pub fn expect_any(&self, texts: &[&str]) -> usize {
        self.expect_any_within(texts, TIMEOUT)
    }

    /// [`expect_any`](Self::expect_any) with another timeout.
    #[track_caller]
    pub fn expect_any_within(&self, texts: &[&str], timeout: Duration) -> usize {
        match self.await_any(texts, timeout) {
            Some(which) => which,
            None => panic!("{texts:?} did not appear\n{}", self.description()),
        }
    }

    /// The same for optional texts. Returns `None` on timeout, or if the program ended.
    #[must_use]
    pub fn await_any(&self, texts: &[&str], timeout: Duration) -> Option<usize> {
        self.output.wait_for(timeout, |stream| {
            let unread = stream.unread();
            let first = texts
                .iter()
                .enumerate()
                .filter_map(|(which, text)| Some((unread.find(text)?, which)))
                .min()?;
            let (start, which) = first;
            stream.read += start + texts.get(which).map_or(0, |text| text.len());
            Some(which)
        })
    }

    /// Waits until `text` is on the current screen, at any position.
    #[track_caller]
    pub fn expect_on_screen(&self, text: &str) {
        let found = self.output.wait_for(TIMEOUT, |stream| {
            stream
                .parser
                .screen()
                .contents()
                .contains(text)
                .then_some(())
        });
        if found.is_none() {
            panic!("{text:?} is not on the screen\n{}", self.description());
        }
    }

    /// Types a line and presses Enter, after the pause that follows a prompt.
    pub fn type_line(&self, line: &str) {
        thread::sleep(self.key_delay());
        self.send(format!("{line}\r").as_bytes());
    }

    /// Types a line that must not be shown. Waits until the echo of the terminal is disabled. For
    /// prompts with a hidden answer. Over SSH it is the same as [`type_line`](Self::type_line).
    #[track_caller]
    pub fn type_secret(&self, line: &str) {
        let deadline = Instant::now() + TIMEOUT;
        // The kernel sends no event for a change of terminal modes, so this is the only place that
        // polls.
        while self.modes().contains(LocalModes::ECHO) {
            if Instant::now() > deadline {
                panic!(
                    "the terminal would echo what is typed\n{}",
                    self.description()
                );
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.type_line(line);
    }

    /// Presses Ctrl-C until the program ends. sudo and ssh miss a signal between their prompt and the
    /// read after it.
    #[track_caller]
    pub fn interrupt_to_end(&self) -> ExitStatus {
        let deadline = Instant::now() + TIMEOUT;
        while self.await_end(Duration::from_millis(200)).is_none() && Instant::now() < deadline {
            self.send(b"\x03");
        }
        self.wait_exit()
    }

    /// Sends bytes unchanged: `b"\x03"` is Ctrl-C, `b"\x04"` is Ctrl-D.
    pub fn send(&self, bytes: &[u8]) {
        let mut keyboard = self.keyboard.lock().unwrap_or_else(PoisonError::into_inner);
        // A program that has just ended reads no more keys. The next `expect` reports it.
        let _ = keyboard.write_all(bytes);
    }

    /// The rows of the current screen, without trailing blanks.
    #[must_use]
    pub fn screen(&self) -> String {
        self.output.lock().parser.screen().contents()
    }

    /// The output of the program so far, without escape sequences.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.output.lock().text.clone()
    }

    /// The raw output of the program so far.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.output.lock().bytes.clone()
    }

    /// The output after the last expected text.
    #[must_use]
    pub fn unread(&self) -> String {
        self.output.lock().unread().to_owned()
    }

    /// Changes the size of the window.
    pub fn resize(&self, rows: u16, columns: u16) {
        let (Some(height), Some(width)) = (NonZeroU16::new(rows), NonZeroU16::new(columns)) else {
            panic!("a terminal of {rows} rows and {columns} columns");
        };
        self.output.lock().parser.set_size(height, width);
        self.pty.set_size(rows, columns);
    }

    /// Draws the current screen into a PNG file, for a camera or a reader.
    pub fn screenshot(&self, path: impl AsRef<Path>) {
        picture::draw(self.output.lock().parser.screen(), path.as_ref());
    }

    /// Waits until the program ends, and consumes all its output.
    #[track_caller]
    pub fn wait_exit(&self) -> ExitStatus {
        let Some(status) = self.await_end(TIMEOUT) else {
            panic!("the program did not end\n{}", self.description());
        };
        // The output ends when the last process that holds the terminal ends. That may be a
        // background process.
        self.output
            .wait_for(Duration::from_secs(1), |stream| stream.ended.then_some(()));
        status
    }

    /// The status of the program if it ends in time.
    #[track_caller]
    fn await_end(&self, timeout: Duration) -> Option<ExitStatus> {
        let Some(program) = &self.program else {
            panic!("{} does not end by itself", self.title);
        };
        let mut program = program.lock().unwrap_or_else(PoisonError::into_inner);
        wait_until(&mut program, Instant::now() + timeout)
    }

    /// The terminal for the message of a panic: the unread output and the screen.
    pub(crate) fn description(&self) -> String {
        let stream = self.output.lock();
        let mut description = format!("{}\nunread: {:?}\nscreen:\n", self.title, stream.unread());
        let screen = stream.parser.screen();
        let (_, columns) = screen.size();
        for row in screen.rows(0, columns.get()) {
            let _ = writeln!(description, "| {row}");
        }
        if stream.ended {
            description.push_str("the program has ended\n");
        }
        description
    }

    fn modes(&self) -> LocalModes {
        tcgetattr(&self.pty.master)
            .or_fail("read a terminal's modes")
            .local_modes
    }

    fn key_delay(&self) -> Duration {
        if self.modes().contains(LocalModes::ICANON) {
            KEY_DELAY
        } else {
            REMOTE_KEY_DELAY
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.hang_up.take());
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        // The last descriptors close with the struct, which hangs up the line. A program that
        // ignores the hangup is killed, so that no process is left to reap.
        if let Some(program) = &self.program {
            let mut program = program.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

/// The output of a program.
struct Output {
    stream: Mutex<Stream>,
    grown: Condvar,
}

struct Stream {
    bytes: Vec<u8>,
    text: String,
    /// The length of the part of `text` that `expect` has consumed.
    read: usize,
    plain: vte::Parser,
    parser: vt100::Parser,
    ended: bool,
}

impl Stream {
    fn unread(&self) -> &str {
        self.text.get(self.read..).unwrap_or_default()
    }
}

impl Output {
    fn new() -> Self {
        let stream = Stream {
            bytes: Vec::new(),
            text: String::new(),
            read: 0,
            plain: vte::Parser::new(),
            parser: vt100::Parser::default(),
            ended: false,
        };
        Self {
            stream: Mutex::new(stream),
            grown: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the terminal until its other end is closed or the line is hung up.
    fn follow(&self, mut master: File, hung_up: &UnixStream) {
        let mut buffer = [0; 4096];
        loop {
            let ready = wait_readable(
                &[master.as_fd(), hung_up.as_fd()],
                Duration::from_secs(3600),
            );
            let length = if ready.get(1) == Some(&true) {
                0
            } else if ready.first() == Some(&true) {
                master.read(&mut buffer).unwrap_or(0)
            } else {
                continue;
            };
            let mut stream = self.lock();
            if length == 0 {
                stream.ended = true;
                self.grown.notify_all();
                return;
            }
            let bytes = buffer.get(..length).unwrap_or_default();
            let Stream {
                bytes: all,
                text,
                plain,
                parser,
                ..
            } = &mut *stream;
            all.extend_from_slice(bytes);
            plain.advance(&mut Plain(text), bytes);
            parser.process(bytes);
            self.grown.notify_all();
        }
    }

    /// Waits until `found` returns a value. Stops at the end of the output or at the timeout.
    fn wait_for<T>(
        &self,
        timeout: Duration,
        mut found: impl FnMut(&mut Stream) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + timeout;
        let mut stream = self.lock();
        loop {
            if let Some(value) = found(&mut stream) {
                return Some(value);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            if stream.ended {
                return None;
            }
            stream = self
                .grown
                .wait_timeout(stream, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Extracts the letters and line ends from the output of a terminal.
struct Plain<'a>(&'a mut String);

impl vte::Perform for Plain<'_> {
    fn print(&mut self, letter: char) {
        self.0.push(letter);
    }

    fn execute(&mut self, byte: u8) {
        if matches!(byte, b'\n' | b'\t') {
            self.0.push(char::from(byte));
        }
    }
}
