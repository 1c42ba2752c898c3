//! On a terminal: the person sits in alice's seat. A real session of ssh is passed through, and
//! the phone, which the demo plays, shows its code beside each question for one.

use std::io::{self, BufRead as _, Write as _};
use std::os::fd::AsFd as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tfa_tests::{Machine, Phone, Terminal};

use crate::story::{self, Ending, LOGIN};

const SET_UP: &str = "\
Log in with the password, type  tfa-enroll  and do what it says. The demo plays
alice's phone: beside every question for a code stands the code that it shows.
(Your own phone works as well: scan the QR code.) Leave with Ctrl-D.
";

const LOG_IN: &str = "\
From now on, logging in asks for a code after the password. Try a wrong one
first, or that of the set-up once more: it is used up. A code lasts 30 seconds,
then the phone shows the next. Leave with Ctrl-D.
";

/// Takes the person through it.
pub(crate) fn take(machine: &Machine) -> Ending {
    let mut phone = None;
    story::chapter("1. You are alice, and set up your phone");
    print!("{SET_UP}");
    loop {
        if !go_on() {
            return Ending::Left;
        }
        pass_through(machine, &mut phone);
        if story::is_set_up(machine) {
            break;
        }
        println!("\nTwo-factor login is not set up yet. Log in again and type  tfa-enroll");
    }
    println!();
    story::chapter("2. You log in with a code");
    print!("{LOG_IN}");
    loop {
        if !go_on() {
            return Ending::Left;
        }
        pass_through(machine, &mut phone);
        if story::is_in(machine) {
            println!();
            return Ending::In;
        }
        println!("\nYou have not got in with a code yet. Try again.");
    }
}

/// Waits for Enter; Ctrl-D, or q, leaves.
fn go_on() -> bool {
    print!("\nPress Enter for  {LOGIN}  (q ends the demo): ");
    let _ = io::stdout().flush();
    let mut line = String::new();
    let length = io::stdin().lock().read_line(&mut line).unwrap_or(0);
    println!();
    length > 0 && !line.trim().eq_ignore_ascii_case("q")
}

/// What the shell around ssh writes at its end: a window's title, which nobody sees.
const END: &[u8] = b"\x1b]2;demo: ended\x07";

/// One session, from login to logout. Learns the phone's key from what is shown.
fn pass_through(machine: &Machine, phone: &mut Option<Phone>) {
    // Ctrl-C ends ssh, and the shell goes on to say so.
    const SESSION: &str = r"
        trap : INT
        ssh -o NoHostAuthenticationForLocalhost=yes \
            -o PreferredAuthentications=keyboard-interactive alice@localhost
        printf '\033]2;demo: ended\007'";
    let terminal = machine.terminal(["sh", "-c", SESSION]);
    let mut window = Window::new(&terminal);
    let _raw = Raw::new();
    while !window.ended() {
        window.fit();
        if !window.type_on() {
            return;
        }
        window.show();
        window.beside_question(phone);
    }
}

/// The person's terminal, and the machine's behind it.
struct Window<'a> {
    terminal: &'a Terminal,
    size: (u16, u16),
    /// How many of the machine's bytes have been shown.
    shown: usize,
    /// The second in which the phone was drawn last.
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

    /// Gives the machine's terminal the size of the person's.
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

    /// Waits a moment for keys and hands them on; `false` once there is no more keyboard.
    fn type_on(&self) -> bool {
        const MOMENT: Duration = Duration::from_millis(20);
        let stdin = io::stdin();
        let mut keyboard = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)];
        let moment = Timespec::try_from(MOMENT).ok();
        match poll(&mut keyboard, moment.as_ref()) {
            Ok(0) => return true,
            Ok(_) => {}
            // A signal, such as that of a changed size.
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

    /// Shows what is new.
    fn show(&mut self) {
        let bytes = self.terminal.bytes();
        write(bytes.get(self.shown..).unwrap_or_default());
        self.shown = bytes.len();
    }

    fn ended(&self) -> bool {
        let bytes = self.terminal.bytes();
        bytes.len() == self.shown && bytes.ends_with(END)
    }

    /// Shows the phone at the right edge while a question for a code waits, with the seconds left.
    fn beside_question(&mut self, phone: &mut Option<Phone>) {
        let transcript = self.terminal.transcript();
        let asked = transcript.rsplit('\n').next().unwrap_or_default();
        // The phone that is being set up takes the place of the one before.
        if asked.starts_with("Code from your phone: ") {
            *phone = story::phone_in(&transcript).or_else(|| phone.take());
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

/// Every key goes to the machine, until the value goes.
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
