//! On a terminal: the user logs in on the members as alice, and then has the machines to try out.

use std::io::{self, BufRead as _, Write as _};

use tfa_tests::{Machine, Phone};

use super::machines::Fleet;
use super::texts::{AGAIN, BY_HAND, LOG_IN, MENU, SET_UP};
use crate::interactive::{confirm, pass_through};
use crate::texts;

/// The shell command of a login on a member, from the verifier.
pub(crate) fn ssh(member: &str) -> String {
    format!(
        "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
         -o PreferredAuthentications=keyboard-interactive alice@{member}"
    )
}

/// Guides the user through enrollment on one member, a login on the other, and a code that is used twice.
pub(crate) fn run(fleet: &Fleet) {
    let mut phone = None;
    let verifier = &fleet.verifier;
    let is_on = |text: &str| verifier.journal("tfad").contains(text);
    let is_enrolled = || texts::is_set_up(verifier);
    let is_in = || is_on("(on web2.example, service sshd") && texts::has_logged_in(verifier);
    let steps: [(&str, &str, &str, &dyn Fn() -> bool); 3] = [
        (
            "1. You are alice, and set up your phone on web1",
            SET_UP,
            "web1",
            &is_enrolled,
        ),
        ("2. You log in on web2", LOG_IN, "web2", &is_in),
        // The phone may show another code by now.
        ("3. The same code on web1", AGAIN, "web1", &|| true),
    ];
    for (title, text, member, is_done) in steps {
        texts::chapter(title);
        print!("{text}");
        loop {
            if !confirm(&format!("ssh alice@{member}")) {
                return;
            }
            pass_through(verifier, &ssh(member), &mut phone);
            println!();
            if is_done() {
                break;
            }
            println!("That is not done yet. Try again.");
        }
    }
    texts::chapter("4. By hand");
    print!("{BY_HAND}");
    by_hand(fleet, &mut phone);
}

fn by_hand(fleet: &Fleet, phone: &mut Option<Phone>) {
    let [web1, web2] = &fleet.members;
    loop {
        println!("\n{MENU}");
        print!("> ");
        let _ = io::stdout().flush();
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let shell = |machine: &Machine, phone: &mut Option<Phone>| {
            println!("Leave with Ctrl-D.");
            pass_through(machine, "cd; bash -l", phone);
        };
        match line.trim() {
            "1" => pass_through(&fleet.verifier, &ssh("web1"), phone),
            "2" => pass_through(&fleet.verifier, &ssh("web2"), phone),
            "3" => shell(&fleet.verifier, phone),
            "4" => shell(web1, phone),
            "5" => shell(web2, phone),
            "q" | "Q" => return,
            _ => {}
        }
        println!();
    }
}
