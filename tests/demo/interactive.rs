//! On a terminal: the user logs in as alice. A real SSH session is passed through. The demo acts as
//! her phone, and shows its code beside each question for one.

use std::io::{self, BufRead as _, Write as _};
use std::os::fd::AsFd as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tfa_tests::{Machine, Phone, Terminal};

use crate::texts::{self, Ending, LOGIN};

const SET_UP: &str = "\
Log in with the password, type  tfa-enroll  and follow the instructions. The
demo acts as alice's phone: it shows the current code beside each question for
one. (You can also scan the QR code with your own phone.) Leave with Ctrl-D.
";

const LOG_IN: &str = "\
A login now asks for a code after the password. Try a wrong code first, or the
code of the setup again, which is used up. The phone shows a new code every 30
seconds. Leave with Ctrl-D.
";

/// Guides the user through enrollment and a login.
pub(crate) fn run(machine: &Machine) -> Ending {
    let mut phone = None;
    texts::chapter("1. You are alice, and set up your phone");
    print!("{SET_UP}");
    loop {
        if !confirm(LOGIN) {
            return Ending::Left;
        }
        pass_through(machine, SSH, &mut phone);
        if texts::is_set_up(machine) {
            break;
        }
        println!("\nTwo-factor login is not set up yet. Log in again and type  tfa-enroll");
    }
    println!();
    texts::chapter("2. You log in with a code");
    print!("{LOG_IN}");
    loop {
        if !confirm(LOGIN) {
            return Ending::Left;
        }
        pass_through(machine, SSH, &mut phone);
        if texts::has_logged_in(machine) {
            println!();
            return Ending::In;
        }
        println!("\nYou have not logged in with a code yet. Try again.");
    }
}

/// Waits for Enter. Returns `false` on Ctrl-D or q.
pub(crate) fn confirm(command: &str) -> bool {
    print!("\nPress Enter for  {command}  (q ends the demo): ");
    let _ = io::stdout().flush();
    let mut line = String::new();
    let length = io::stdin().lock().read_line(&mut line).unwrap_or(0);
    println!();
    length > 0 && !line.trim().eq_ignore_ascii_case("q")
}

/// The end marker of the shell around ssh: a window title, which is not visible.
const END: &[u8] = b"\x1b]2;demo: ended\x07";

/// The login of the demo of one host.
const SSH: &str = "ssh -o NoHostAuthenticationForLocalhost=yes \
                   -o PreferredAuthentications=keyboard-interactive alice@localhost";

/// Runs one session with a shell command, from its begin to its end. Reads the phone's key from the output.
pub(crate) fn pass_through(machine: &Machine, command: &str, phone: &mut Option<Phone>) {
    // Ctrl-C ends ssh, and the shell continues to the end marker.
    let session = format!("trap : INT\n{command}\nprintf '\\033]2;demo: ended\\007'");
    let terminal = machine.terminal(["sh", "-c", &session]);
    let mut window = Window::new(&terminal);
    let _raw = Raw::new();
    while !window.ended() {
        window.fit();
        if !window.forward_keys() {
            return;
        }
        window.show();
        window.show_phone(phone);
    }
}

/// The user's terminal, and the machine's behind it.
struct Window<'a> {
    terminal: &'a Terminal,
    size: (u16, u16),
    /// The number of bytes of the machine that were shown.
    shown: usize,
    /// The second at which the phone was last drawn.
    drawn: u64,
}

impl<'a> Window<'a> {
    fn new(terminal: &'a Terminal) -> Self {
        Self {
            terminal,
            size: (24, 80),
            shown: 0,
            drawn: 0,
        }
    }

    /// Resizes the machine's terminal to the size of the user's.
    fn fit(&mut self) {
        let Ok(size) = tcgetwinsize(io::stdout()) else {
            return;
        };
        let size = (size.ws_row.max(1), size.ws_col.max(1));
        if size != self.size {
            self.size = size;
            self.terminal.resize(size.0, size.1);
        }
    }

    /// Waits briefly for keys and forwards them. Returns `false` at the end of the input.
    fn forward_keys(&self) -> bool {
        const INTERVAL: Duration = Duration::from_millis(20);
        let stdin = io::stdin();
        let mut keyboard = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)];
        let interval = Timespec::try_from(INTERVAL).ok();
        match poll(&mut keyboard, interval.as_ref()) {
            Ok(0) => return true,
            Ok(_) => {}
            // A signal, such as `SIGWINCH`.
            Err(_) => return true,
        }
        let mut keys = [0; 1024];
        match rustix::io::read(&stdin, &mut keys) {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.terminal.send(keys.get(..length).unwrap_or_default());
                true
            }
        }
    }

    /// Shows new output.
    fn show(&mut self) {
        let bytes = self.terminal.bytes();
        write(bytes.get(self.shown..).unwrap_or_default());
        self.shown = bytes.len();
    }

    fn ended(&self) -> bool {
        let bytes = self.terminal.bytes();
        bytes.len() == self.shown && bytes.ends_with(END)
    }

    /// Shows the phone at the right edge while a question for a code is open, with the seconds
    /// left.
    fn show_phone(&mut self, phone: &mut Option<Phone>) {
        let transcript = self.terminal.transcript();
        let asked = transcript.rsplit('\n').next().unwrap_or_default();
        // The phone of a new enrollment replaces the previous one.
        if asked.starts_with("Code from your phone: ") {
            *phone = texts::phone_in(&transcript).or_else(|| phone.take());
        } else if !asked.ends_with("backup code: ") {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        let Some(phone) = phone.as_ref().filter(|_| now != self.drawn) else {
            return;
        };
        self.drawn = now;
        let code = phone.code();
        let (head, tail) = code.split_at(code.len() / 2);
        let note = format!("phone: {head} {tail} ({:2} s left)", 30 - now % 30);
        let column = usize::from(self.size.1).saturating_sub(note.len()) + 1;
        write(format!("\x1b7\x1b[{column}G\x1b[7m{note}\x1b[0m\x1b8").as_bytes());
    }
}

fn write(bytes: &[u8]) {
    let mut screen = io::stdout().lock();
    let _ = screen.write_all(bytes).and_then(|()| screen.flush());
}

/// Raw mode of the terminal until the value is dropped.
struct Raw {
    before: Option<Termios>,
}

impl Raw {
    fn new() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut raw = before.clone();
            raw.make_raw();
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &raw);
        }
        Self { before }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin(), OptionalActions::Drain, before);
        }
    }
}
