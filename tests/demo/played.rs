//! Without a terminal: the demo plays alice and her phone, and prints the screen of the real
//! session. What she types stands in `[brackets]`.

use tfa_tests::{Machine, Terminal};

use crate::story::{self, Ending, LOGIN, PASSWORD};

const QUESTION: &str = "Verification code or backup code:";
const SHELL: &str = "alice@host:~$";

/// Plays it all. Panics where the machine does not do what it has to.
pub(crate) fn play(machine: &Machine) -> Ending {
    println!("What alice types stands in [brackets]; all else is the machine's.\n");

    story::chapter("1. Alice logs in with her password and sets up her phone");
    let mut window = Window::open(machine);
    window.read("Password:");
    window.type_line(PASSWORD);
    window.read(SHELL);
    window.type_line("tfa-enroll setup");
    window.read("Password:");
    window.type_line(PASSWORD);
    window.read("Press Enter to show the QR code:");
    window.type_line("");
    window.read("Scan it with the app, then press Enter:");
    window.type_line("");
    window.read("Code from your phone:");
    let Some(phone) = story::phone_in(&window.terminal.transcript()) else {
        panic!("no link was shown");
    };
    window.type_line(&phone.next_unused());
    window.read("Press Enter when you have saved them:");
    window.type_line("");
    window.read(SHELL);
    window.type_line("exit");
    window.close();

    story::chapter("2. She logs in: first with a wrong code, then with that on her phone");
    let code = phone.next_unused();
    let mut window = Window::open(machine);
    window.read("Password:");
    window.type_line(PASSWORD);
    window.read(QUESTION);
    window.type_line(&phone.wrong_code());
    window.read("Wrong code.");
    window.read(QUESTION);
    window.type_line(&code);
    window.read(SHELL);
    window.type_line("exit");
    window.close();
    assert!(story::is_in(machine), "the login is not in the journal");

    story::chapter("3. Somebody has looked over her shoulder and types the same code");
    let mut window = Window::open(machine);
    window.read("Password:");
    window.type_line(PASSWORD);
    window.read(QUESTION);
    window.type_line(&code);
    window.read("This code was already used.");
    window.read(QUESTION);
    println!(" [Ctrl-C]");
    window.terminal.send(b"\x03");
    assert!(!window.terminal.wait_exit().success());
    println!();
    Ending::In
}

/// A window with a login in it, printed as it goes on.
struct Window {
    terminal: Terminal,
    /// How much of the transcript is printed.
    printed: usize,
    /// What was typed last: the machine's echo of it is not printed again.
    typed: Option<String>,
}

impl Window {
    fn open(machine: &Machine) -> Self {
        println!("    $ [{LOGIN}]");
        print!("    ");
        Self {
            terminal: machine.ssh("alice"),
            printed: 0,
            typed: None,
        }
    }

    /// Waits for a text and prints up to its end.
    fn read(&mut self, text: &str) {
        self.terminal.expect(text);
        let transcript = self.terminal.transcript();
        let rest = transcript.get(self.printed..).unwrap_or_default();
        let end = rest.find(text).map_or(rest.len(), |at| at + text.len());
        self.print(rest.get(..end).unwrap_or_default());
    }

    fn type_line(&mut self, line: &str) {
        let keys = if line.is_empty() { "Enter" } else { line };
        print!(" [{keys}]");
        self.terminal.type_line(line);
        self.typed = Some(line.to_owned());
    }

    /// Prints what comes until the session ends.
    fn close(mut self) {
        assert!(self.terminal.wait_exit().success());
        let transcript = self.terminal.transcript();
        let rest = transcript.get(self.printed..).unwrap_or_default();
        self.print(rest.trim_end());
        println!("\n");
    }

    fn print(&mut self, text: &str) {
        self.printed += text.len();
        let text = match self.typed.take() {
            Some(typed) => {
                let text = text.trim_start_matches(' ');
                text.strip_prefix(&typed).unwrap_or(text)
            }
            None => text,
        };
        print!("{}", text.replace('\n', "\n    "));
    }
}
