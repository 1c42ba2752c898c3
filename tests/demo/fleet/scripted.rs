//! Without a terminal: the demo acts as alice and her phone, and prints the screen of the real sessions.

use super::interactive::ssh;
use super::machines::Fleet;
use crate::scripted::{Window, enroll};
use crate::texts::{self, PASSWORD};

const QUESTION: &str = "Verification code or backup code:";

/// Runs all steps. Panics if a machine does not respond as expected.
pub(crate) fn run(fleet: &Fleet) {
    println!("The input of alice is in [brackets]. All else is output of the machines.\n");
    let open = |member: &str| {
        let terminal = fleet.verifier.terminal(["sh", "-c", &ssh(member)]);
        Window::open(terminal, &format!("ssh alice@{member}"))
    };

    texts::chapter("1. Alice logs in on web1 with her password and sets up her phone");
    let phone = enroll(open("web1"), "alice@web1:~$");

    texts::chapter("2. She logs in on web2, with a code of the same phone");
    let code = phone.next_unused();
    let mut window = open("web2");
    window.read("Password:");
    window.type_line(PASSWORD);
    window.read(QUESTION);
    window.type_line(&code);
    window.read("alice@web2:~$");
    window.type_line("exit");
    window.close();

    texts::chapter("3. An attacker who has seen the code types it on web1");
    let mut window = open("web1");
    window.read("Password:");
    window.type_line(PASSWORD);
    window.read(QUESTION);
    window.type_line(&code);
    window.read("This code was already used.");
    window.interrupt();
    texts::close(&fleet.verifier);
}
