//! Without a terminal: the demo acts as alice and her phone, and prints the screen of the real
//! session. Her input is in `[brackets]`.

use tfa_tests::{Machine, Phone, Terminal};

use crate::texts::{self, Ending, LOGIN, PASSWORD};

const QUESTION: &str = "Verification code or backup code:";
const SHELL: &str = "alice@host:~$";

/// Runs all steps. Panics if the machine does not respond as expected.
pub(crate) fn run(machine: &Machine) -> Ending {
    println!("The input of alice is in [brackets]. All else is output of the machine.\n");
    let open = || Window::open(machine.ssh("alice"), LOGIN);

    texts::chapter("1. Alice logs in with her password and sets up her phone");
    let phone = enroll(open(), SHELL);

    texts::chapter("2. She logs in: first with a wrong code, then with the code of her phone");
    let code = phone.next_unused();
    let mut window = open();
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
    let mut window = open();
    window.read("Password:");
    window.type_line(PASSWORD);
    window.read(QUESTION);
    window.type_line(&code);
    window.read("This code was already used.");
    window.read(QUESTION);
    window.interrupt();
    Ending::In
}

/// Alice logs in with her password, and enrolls. Returns her phone.
pub(crate) fn enroll(mut window: Window, shell: &str) -> Phone {
    window.read("Password:");
    window.type_line(PASSWORD);
    window.read(shell);
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
    window.read(shell);
    window.type_line("exit");
    window.close();
    phone
}

/// A window with a login, which is printed as it proceeds.
pub(crate) struct Window {
    terminal: Terminal,
    /// The length of the printed part of the transcript.
    printed: usize,
    /// The last typed line. Its echo by the machine is not printed again.
    typed: Option<String>,
}

impl Window {
    /// A terminal on which this command was started.
    pub(crate) fn open(terminal: Terminal, command: &str) -> Self {
        println!("    $ [{command}]");
        print!("    ");
        Self {
            terminal,
            printed: 0,
            typed: None,
        }
    }

    /// Waits for a text and prints the transcript up to its end.
    pub(crate) fn read(&mut self, text: &str) {
        self.terminal.expect(text);
        let transcript = self.terminal.transcript();
        let rest = transcript.get(self.printed..).unwrap_or_default();
        let end = rest.find(text).map_or(rest.len(), |at| at + text.len());
        self.print(rest.get(..end).unwrap_or_default());
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        let keys = if line.is_empty() { "Enter" } else { line };
        print!(" [{keys}]");
        self.terminal.type_line(line);
        self.typed = Some(line.to_owned());
    }

    /// Prints the output until the session ends.
    pub(crate) fn close(mut self) {
        assert!(self.terminal.wait_exit().success());
        let transcript = self.terminal.transcript();
        let rest = transcript.get(self.printed..).unwrap_or_default();
        self.print(rest.trim_end());
        println!("\n");
    }

    /// Leaves it with Ctrl-C.
    pub(crate) fn interrupt(self) {
        println!(" [Ctrl-C]");
        assert!(!self.terminal.interrupt_to_end().success());
        println!();
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
