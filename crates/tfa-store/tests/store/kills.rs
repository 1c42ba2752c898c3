//! Processes that are killed at moments spread over their work.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::scratch::{Scratch, child};

/// Kills that come later and later, until one comes too late. So they sweep over the time between a word
/// and the end of the work several times, however long it is on a busy host.
pub(crate) struct Kills<'a> {
    test: &'a str,
    word: &'a str,
    whole: Duration,
    after: Duration,
    in_time: u32,
    too_late: u32,
}

impl<'a> Kills<'a> {
    /// The test works in another process on a state directory and prints `word` at the start of the time
    /// in question, and "done" at its end. It runs once without a kill.
    pub(crate) fn of(test: &'a str, word: &'a str, scratch: &Scratch) -> Self {
        let mut kills = Kills {
            test,
            word,
            whole: Duration::ZERO,
            after: Duration::ZERO,
            too_late: 0,
            in_time: 0,
        };
        kills.whole = kills.run(scratch, None);
        kills
    }

    /// Lets the work begin on another state directory, and kills it.
    pub(crate) fn kill(&self, scratch: &Scratch) {
        self.run(scratch, Some(self.after));
    }

    /// Whether another kill is due: there are so many, and more until some came in time and some too late.
    pub(crate) fn go_on(&self, rounds: u32) -> bool {
        let (in_time, too_late) = (self.in_time, self.too_late);
        let is_enough = in_time > 2 && too_late > 2;
        assert!(
            is_enough || in_time + too_late < 10 * rounds,
            "{}: {in_time} in time, {too_late} too late",
            self.word
        );
        !is_enough || in_time + too_late < rounds
    }

    /// Tells whether the last kill found the work at its end, and so when the next one comes.
    pub(crate) fn was_too_late(&mut self, too_late: bool) {
        if too_late {
            self.too_late += 1;
            self.after = self.after.saturating_sub(self.whole / 2);
        } else {
            self.in_time += 1;
            self.after += self.whole / 8;
        }
    }

    /// Returns the time between the word and the end of the process.
    fn run(&self, scratch: &Scratch, kill_after: Option<Duration>) -> Duration {
        let mut child = child(self.test, &scratch.state().display().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while !lines.next().unwrap().unwrap().ends_with(self.word) {}
        let start = Instant::now();
        if let Some(after) = kill_after {
            sleep(after);
            child.kill().unwrap();
        }
        let is_done = lines.any(|line| line.is_ok_and(|line| line.ends_with("done")));
        child.wait().unwrap();
        assert!(is_done || kill_after.is_some());
        start.elapsed()
    }
}
