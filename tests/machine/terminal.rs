//! A person's screen and keyboard: a real pseudo-terminal with a program on it, and what the
//! program's output makes of a screen.

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

/// How long a text may take to appear, and a program to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The moment between reading a prompt and typing. PAM prints its prompt first and then empties
/// the line and switches the echo off; whoever types faster than a hand loses keys.
const HAND: Duration = Duration::from_millis(30);

/// The same with another terminal behind this one (an SSH session), whose modes are out of sight.
const HAND_FAR_AWAY: Duration = Duration::from_millis(100);

/// Both ends of a pseudo-terminal.
pub(crate) struct Pty {
    master: OwnedFd,
}

impl Pty {
    /// A pseudo-terminal of the host, for a machine's console.
    pub(crate) fn of_host() -> Self {
        Self::unlocked(
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
                .or_fail("open a pseudo-terminal"),
        )
    }

    /// A pseudo-terminal of the machine's own, so that programs find its name in `/dev/pts`.
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

/// A terminal with a program on it: 80 columns by 24 rows unless resized.
///
/// Texts are awaited in the order in which the program writes them: [`expect`](Self::expect)
/// takes the output up to and with the text, and the next one looks behind it. So a second
/// `expect("Password:")` waits for a second prompt. What stands on the screen at the moment is
/// [`screen`](Self::screen).
///
/// When it is dropped the line is hung up, as when a window is closed.
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
    /// The terminal at this end of `pty`, and the program that runs on the other.
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

    /// Waits until the program has written `text`, and takes the output up to its end. Escape
    /// sequences and carriage returns do not count. Panics with the screen if it does not come.
    #[track_caller]
    pub fn expect(&self, text: &str) {
        self.expect_any_within(&[text], PATIENCE);
    }

    /// [`expect`](Self::expect) with a patience of its own.
    #[track_caller]
    pub fn expect_within(&self, text: &str, patience: Duration) {
        self.expect_any_within(&[text], patience);
    }

    /// Waits for whichever of the texts comes first, and tells which.
    #[track_caller]
    pub fn expect_any(&self, texts: &[&str]) -> usize {
        self.expect_any_within(texts, PATIENCE)
    }

    /// [`expect_any`](Self::expect_any) with a patience of its own.
    #[track_caller]
    pub fn expect_any_within(&self, texts: &[&str], patience: Duration) -> usize {
        match self.await_any(texts, patience) {
            Some(which) => which,
            None => panic!("{texts:?} did not appear\n{}", self.story()),
        }
    }

    /// The same for texts of which none need come: `None` at the end of the patience, or of the
    /// program.
    #[must_use]
    pub fn await_any(&self, texts: &[&str], patience: Duration) -> Option<usize> {
        self.output.wait_for(patience, |stream| {
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

    /// Waits until `text` stands on the rendered screen, wherever and since whenever.
    #[track_caller]
    pub fn expect_on_screen(&self, text: &str) {
        let found = self.output.wait_for(PATIENCE, |stream| {
            stream
                .parser
                .screen()
                .contents()
                .contains(text)
                .then_some(())
        });
        if found.is_none() {
            panic!("{text:?} is not on the screen\n{}", self.story());
        }
    }

    /// Types a line and presses Enter, a moment after the prompt.
    pub fn type_line(&self, line: &str) {
        thread::sleep(self.hand());
        self.send(format!("{line}\r").as_bytes());
    }

    /// Types a line that must not be seen: waits until the terminal's echo is off. For prompts
    /// that hide the answer; behind SSH it is the same as [`type_line`](Self::type_line).
    #[track_caller]
    pub fn type_secret(&self, line: &str) {
        let deadline = Instant::now() + PATIENCE;
        // A change of a terminal's modes wakes nobody: this is the one place that has to look
        // again and again.
        while self.modes().contains(LocalModes::ECHO) {
            if Instant::now() > deadline {
                panic!("the terminal would show what is typed\n{}", self.story());
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.type_line(line);
    }

    /// Sends bytes as they are: `b"\x03"` is Ctrl-C, `b"\x04"` is Ctrl-D.
    pub fn send(&self, bytes: &[u8]) {
        let mut keyboard = self.keyboard.lock().unwrap_or_else(PoisonError::into_inner);
        // A program that has just ended takes no more keys; the next `expect` tells.
        let _ = keyboard.write_all(bytes);
    }

    /// The screen as it is now: its rows, without the blanks at the end of each.
    #[must_use]
    pub fn screen(&self) -> String {
        self.output.lock().parser.screen().contents()
    }

    /// All that the program has written so far, without escape sequences.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.output.lock().text.clone()
    }

    /// All that the program has written so far, byte for byte.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.output.lock().bytes.clone()
    }

    /// What has been written since the last text that was waited for.
    #[must_use]
    pub fn unread(&self) -> String {
        self.output.lock().unread().to_owned()
    }

    /// Makes the window larger or smaller.
    pub fn resize(&self, rows: u16, columns: u16) {
        let (Some(height), Some(width)) = (NonZeroU16::new(rows), NonZeroU16::new(columns)) else {
            panic!("a terminal of {rows} rows and {columns} columns");
        };
        self.output.lock().parser.set_size(height, width);
        self.pty.set_size(rows, columns);
    }

    /// Draws the screen as it is now into a PNG file, for a camera or a reader.
    pub fn screenshot(&self, path: impl AsRef<Path>) {
        picture::draw(self.output.lock().parser.screen(), path.as_ref());
    }

    /// Waits until the program ends, and takes the output to its end.
    #[track_caller]
    pub fn wait_exit(&self) -> ExitStatus {
        let Some(program) = &self.program else {
            panic!("{} has no end of its own to wait for", self.title);
        };
        let deadline = Instant::now() + PATIENCE;
        let status = wait_until(
            &mut program.lock().unwrap_or_else(PoisonError::into_inner),
            deadline,
        );
        let Some(status) = status else {
            panic!("the program does not end\n{}", self.story());
        };
        // The end of the output comes with the end of the last process that holds the terminal,
        // which may be one left behind in the background.
        self.output
            .wait_for(Duration::from_secs(1), |stream| stream.ended.then_some(()));
        status
    }

    /// The terminal's story for a panic's message: what was not read yet, and the screen.
    pub(crate) fn story(&self) -> String {
        let stream = self.output.lock();
        let mut story = format!("{}\nunread: {:?}\nscreen:\n", self.title, stream.unread());
        let screen = stream.parser.screen();
        let (_, columns) = screen.size();
        for row in screen.rows(0, columns.get()) {
            let _ = writeln!(story, "| {row}");
        }
        if stream.ended {
            story.push_str("the program has ended\n");
        }
        story
    }

    fn modes(&self) -> LocalModes {
        tcgetattr(&self.pty.master)
            .or_fail("read a terminal's modes")
            .local_modes
    }

    fn hand(&self) -> Duration {
        if self.modes().contains(LocalModes::ICANON) {
            HAND
        } else {
            HAND_FAR_AWAY
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.hang_up.take());
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        // The last descriptors close with the struct, which hangs up; what does not mind is
        // killed so that nothing is left to reap.
        if let Some(program) = &self.program {
            let mut program = program.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

/// What a program has written.
struct Output {
    stream: Mutex<Stream>,
    grown: Condvar,
}

struct Stream {
    bytes: Vec<u8>,
    text: String,
    /// How much of `text` has been taken by `expect`.
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

    /// Waits until `found` finds something; gives up at the end of the output or of the patience.
    fn wait_for<T>(
        &self,
        patience: Duration,
        mut found: impl FnMut(&mut Stream) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + patience;
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

/// Takes the letters and the ends of lines out of a terminal's stream.
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
