//! Without a terminal: the demo acts as alice and her phone, and prints the screen of the real
//! session. Her input is in `[brackets]`.

use tfa_tests::{Machine, Terminal};

use crate::texts::{self, Ending, LOGIN, PASSWORD};

const QUESTION: &str = "Verification code or backup code:";
const SHELL: &str = "alice@host:~$";

/// Runs all steps. Panics if the machine does not respond as expected.
pub(crate) fn run(machine: &Machine) -> Ending {
    println!("The input of alice is in [brackets]. All else is output of the machine.\n");

    texts::chapter("1. Alice logs in with her password and sets up her phone");
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
    let Some(phone) = texts::phone_in(&window.terminal.transcript()) else {
        panic!("no link was shown");
    };
    window.type_line(&phone.next_unused());
    window.read("Press Enter when you have saved them:");
    window.type_line("");
    window.read(SHELL);
    window.type_line("exit");
    window.close();

    texts::chapter("2. She logs in: first with a wrong code, then with the code of her phone");
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
    assert!(
        texts::has_logged_in(machine),
        "the login is not in the journal"
    );

    texts::chapter("3. An attacker who has seen the code types it again");
    let mut window = Window::open(machine);
    window.read("Password:");
    window.type_line(PASSWORD);
    window.read(QUESTION);
    window.type_line(&code);
    window.read("This code was already used.");
    window.read(QUESTION);
    println!(" [Ctrl-C]");
    assert!(!window.terminal.interrupt_to_end().success());
    println!();
    Ending::In
}

/// A window with a login, which is printed as it proceeds.
struct Window {
    terminal: Terminal,
    /// The length of the printed part of the transcript.
    printed: usize,
    /// The last typed line. Its echo by the machine is not printed again.
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

    /// Waits for a text and prints the transcript up to its end.
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

    /// Prints the output until the session ends.
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
