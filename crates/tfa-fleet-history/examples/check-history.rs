//! Checks a history that a run has written, and prints its figures: `check-history FILE`.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program for the terminal of who reads a history"
)]

use std::fs;

use tfa_fleet_history::{Event, check, figures};

fn main() {
    let path = std::env::args().nth(1).expect("the file of a history");
    let text = fs::read_to_string(path).expect("the history");
    let read = |line| serde_json::from_str::<Event>(line).expect("an event");
    let events: Vec<_> = text.lines().map(read).collect();
    println!("{}", figures(&events));
    for violation in check(&events) {
        println!("{violation:#?}");
    }
}
