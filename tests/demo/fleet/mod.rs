//! The demo of a fleet: a verifier and two members, made with the commands of tfa-fleet-setup(7).

mod interactive;
mod machines;
mod scripted;
mod texts;

use std::io::{self, IsTerminal, Write as _};

use crate::texts::GONE;
use machines::Fleet;

/// Runs it to its end.
pub(crate) fn run() {
    print!("{}", texts::OPENING);
    let _ = io::stdout().flush();
    let fleet = Fleet::boot();
    print!("{}", texts::BOOTED);
    fleet.set_up();
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        interactive::run(&fleet);
    } else {
        scripted::run(&fleet);
    }
    drop(fleet);
    println!("{GONE}");
}
