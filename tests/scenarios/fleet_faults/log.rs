//! The history of a run, in memory and in a file.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tfa_fleet_history::{Event, Op, Outcome, What};

/// The history.
pub(crate) struct Log {
    start: Instant,
    /// In milliseconds since 1970.
    start_of_clock: u64,
    path: PathBuf,
    processes: AtomicU32,
    events: Mutex<(Vec<Event>, File)>,
}

impl Log {
    pub(crate) fn new(seed: u64) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fleet-history-{seed}.jsonl"));
        let file = File::create(&path).unwrap();
        Self {
            start: Instant::now(),
            start_of_clock: clock(),
            path,
            processes: AtomicU32::new(0),
            events: Mutex::new((Vec::new(), file)),
        }
    }

    /// Makes a call between the two events of it.
    pub(crate) fn call(&self, op: Op, make: impl FnOnce() -> Outcome) -> Outcome {
        let process = self.processes.fetch_add(1, Ordering::Relaxed);
        self.add(process, What::Invoke(op));
        let outcome = make();
        self.add(process, What::Return(outcome.clone()));
        outcome
    }

    /// Notes what the nemesis does.
    pub(crate) fn note(&self, what: What) {
        self.add(u32::MAX, what);
    }

    fn add(&self, process: u32, what: What) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let at = u64::try_from(self.start.elapsed().as_millis()).unwrap();
        let event = Event { at, process, what };
        writeln!(events.1, "{}", serde_json::to_string(&event).unwrap()).unwrap();
        events.0.push(event);
    }

    /// The time of the run's clock, in milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.start_of_clock + u64::try_from(self.start.elapsed().as_millis()).unwrap()
    }

    /// A time in milliseconds since 1970 as one of the run.
    pub(crate) const fn of_run(&self, at: u64) -> u64 {
        at.saturating_sub(self.start_of_clock)
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .clone()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}
