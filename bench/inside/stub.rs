//! The service with fixed answers (`floor serve` of `programs/floor.c`).

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::layout;
use tfa_tests::OrFail;

/// The running service. Dropping it ends the service.
pub(crate) struct Stub(Child);

impl Stub {
    /// Starts the service, and waits until it owns the bus name.
    pub(crate) fn serve(name: &str) -> Self {
        let mut child = Command::new(layout::program("floor"))
            .args(["serve", name])
            .stdout(Stdio::piped())
            .spawn()
            .or_fail("start the service with fixed answers");
        let mut line = String::new();
        let stdout = child
            .stdout
            .take()
            .or_fail("read from the service with fixed answers");
        BufReader::new(stdout)
            .read_line(&mut line)
            .or_fail("read from the service with fixed answers");
        if line != "ready\n" {
            panic!(
                "the service with fixed answers does not own {name}: is the bus policy installed?"
            );
        }
        Self(child)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
