//! A pseudo-terminal with a command on it, and the screen that results from its output.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use vt100::Screen;

use crate::TIMEOUT;

/// A command on a terminal.
pub struct Terminal {
    master: Option<OwnedFd>,
    child: Child,
    output: Arc<Output>,
    reader: Option<JoinHandle<()>>,
}

struct Output {
    stream: Mutex<Stream>,
    changed: Condvar,
}

struct Stream {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    ended: bool,
}

impl Terminal {
    /// Starts the command as the leader of a session whose terminal this is.
    pub fn start(command: &Command, rows: u16, columns: u16) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        set_size(&master, rows, columns);
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let mut on_terminal = Command::new("setsid");
        on_terminal
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .stderr(slave);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => on_terminal.env(name, value),
                None => on_terminal.env_remove(name),
            };
        }
        let child = on_terminal.spawn().expect("setsid is installed");
        // Closes the last copy of the slave in this process. The output then ends with the command.
        drop(on_terminal);
        let size = |number| NonZeroU16::new(number).unwrap();
        let output = Arc::new(Output {
            stream: Mutex::new(Stream {
                parser: vt100::Parser::new(size(rows), size(columns), 1000),
                bytes: Vec::new(),
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let (into, mut from) = (output.clone(), File::from(master.try_clone().unwrap()));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let length = from.read(&mut buffer).unwrap_or(0);
                let mut stream = into.stream.lock().unwrap();
                stream.parser.process(&buffer[..length]);
                stream.bytes.extend_from_slice(&buffer[..length]);
                stream.ended = length == 0;
                into.changed.notify_all();
                if length == 0 {
                    return;
                }
            }
        });
        Self {
            master: Some(master),
            child,
            output,
            reader: Some(reader),
        }
    }

    /// Waits until the screen shows the text.
    #[track_caller]
    pub fn expect(&self, text: &str) {
        self.expect_that(text, |screen| screen.contents().contains(text));
    }

    /// Waits until the condition holds for the screen. `what` names it in a failure.
    #[track_caller]
    pub fn expect_that(&self, what: &str, condition: impl Fn(&Screen) -> bool) {
        let stream = self.output.stream.lock().unwrap();
        let missing = |stream: &mut Stream| !stream.ended && !condition(stream.parser.screen());
        let (stream, _) = self
            .output
            .changed
            .wait_timeout_while(stream, TIMEOUT, missing)
            .unwrap();
        let screen = stream.parser.screen();
        assert!(condition(screen), "no {what}:\n{}", screen.contents());
    }

    /// Types these keys.
    pub fn types(&self, keys: &str) {
        let mut master = File::from(self.master.as_ref().unwrap().try_clone().unwrap());
        master.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the prompt, then types a line.
    #[track_caller]
    pub fn answers(&self, prompt: &str, line: &str) {
        self.expect(prompt);
        self.types(&format!("{line}\r"));
    }

    /// Returns the text on the screen now.
    pub fn screen(&self) -> String {
        self.with_screen(Screen::contents)
    }

    /// Calls `look` with the screen as it is now.
    pub fn with_screen<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(self.output.stream.lock().unwrap().parser.screen())
    }

    /// Returns all output of the command so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.output.stream.lock().unwrap().bytes.clone()
    }

    /// Returns the text on the screen, with the lines that scrolled off it.
    pub fn everything(&self) -> String {
        let mut stream = self.output.stream.lock().unwrap();
        let screen = stream.parser.screen_mut();
        let (rows, columns) = screen.size();
        let length = screen.scrollback_len();
        let mut lines = Vec::new();
        for back in (0..=length).rev() {
            screen.set_scrollback(back);
            let mut shown: Vec<String> = screen.rows(0, columns.get()).collect();
            assert_eq!(shown.len(), usize::from(rows.get()));
            if back > 0 {
                shown.truncate(1);
            }
            lines.append(&mut shown);
        }
        lines.join("\n")
    }

    /// Changes the size of the window.
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = |number| NonZeroU16::new(number).unwrap();
        let mut stream = self.output.stream.lock().unwrap();
        stream
            .parser
            .screen_mut()
            .set_size(size(rows), size(columns));
        set_size(self.master.as_ref().unwrap(), rows, columns);
    }

    /// Returns whether the terminal echoes what is typed.
    pub fn echoes(&self) -> bool {
        let modes = tcgetattr(self.master.as_ref().unwrap()).unwrap();
        modes.local_modes.contains(LocalModes::ECHO)
    }

    /// Sends a signal to the command.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Returns the process id of the command.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Returns the state letter of the command's process (`proc_pid_stat(5)`).
    pub fn process_state(&self) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process())).unwrap();
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        rest.chars().next().unwrap()
    }

    /// Closes the window: the command gets `SIGHUP`.
    pub fn closes(&mut self) {
        // The reader thread has a copy of the master. It ends when the session leader has ended.
        self.signal(Signal::HUP);
        drop(self.master.take());
    }

    /// Waits until the command has ended and all its output is read, and returns the exit code.
    #[track_caller]
    pub fn exit_code(&mut self) -> i32 {
        let deadline = Instant::now() + TIMEOUT;
        let status = loop {
            // The standard library has no wait with a time limit.
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "the command does not end:\n{}",
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(2));
        };
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status.code().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        drop(self.master.take());
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn set_size(master: &OwnedFd, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(master, size).unwrap();
}
