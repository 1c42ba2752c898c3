//! The service that answers logins with fixed bytes (`programs/floor.c`).

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::layout;
use tfa_tests::OrFail;

/// The running service. It ends when it is dropped.
pub(crate) struct Echo(Child);

impl Echo {
    /// Starts it under that name, and waits until it owns the name.
    pub(crate) fn serve(name: &str) -> Self {
        let mut child = Command::new(layout::program("floor"))
            .args(["serve", name])
            .stdout(Stdio::piped())
            .spawn()
            .or_fail("start the echo service");
        let mut line = String::new();
        let stdout = child.stdout.take().or_fail("hear the echo service");
        BufReader::new(stdout)
            .read_line(&mut line)
            .or_fail("hear the echo service");
        if line != "ready\n" {
            panic!("the echo service does not own {name}: is the bus policy installed?");
        }
        Self(child)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
