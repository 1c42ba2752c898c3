//! The entries that were not sent yet, and the thread that sends them: a log daemon that hangs delays
//! no login.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::Entry;
use super::sink::Sink;

/// The time that an entry waits before it is sent. The log daemon takes a processor at once, and the
/// reply to the login goes first.
const DELAY: Duration = Duration::from_millis(1);

/// The entries, and where they go.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Signalled for a sender that waits.
    arrived: Condvar,
    sink: Mutex<Sink>,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    sender_waits: bool,
    has_no_sender: bool,
    is_closed: bool,
}

impl Queue {
    /// An empty queue, with the thread that sends what arrives.
    pub(super) fn start(sink: Sink) -> Arc<Self> {
        let queue = Arc::new(Self {
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            sink: Mutex::new(sink),
        });
        let of_sender = Arc::clone(&queue);
        let thread = thread::Builder::new().name("log".to_owned());
        let sender = thread.spawn(move || of_sender.send_all());
        queue.waiting().has_no_sender = sender.is_err();
        queue
    }

    /// Adds an entry. Without a thread that sends it, it is sent here.
    pub(super) fn push(&self, entry: Entry) {
        let mut waiting = self.waiting();
        waiting.entries.push_back(entry);
        let has_no_sender = waiting.has_no_sender;
        let sender_waits = std::mem::take(&mut waiting.sender_waits);
        drop(waiting);
        if sender_waits {
            self.arrived.notify_one();
        }
        if has_no_sender {
            self.flush();
        }
    }

    /// Sends the entries that were not sent yet, and returns after that.
    pub(super) fn flush(&self) {
        while self.send_one() {}
    }

    /// Sends what is there, and ends the thread.
    pub(super) fn close(&self) {
        self.flush();
        self.waiting().is_closed = true;
        self.arrived.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send_all(&self) {
        while self.wait() {
            thread::sleep(DELAY);
            self.flush();
        }
    }

    /// Waits for an entry; `false` once the queue is closed.
    fn wait(&self) -> bool {
        let mut waiting = self.waiting();
        while waiting.entries.is_empty() && !waiting.is_closed {
            waiting.sender_waits = true;
            let woken = self.arrived.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
        !waiting.is_closed
    }

    /// Sends an entry. Returns whether there was one.
    fn send_one(&self) -> bool {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let next = self.waiting().entries.pop_front();
        let Some(entry) = next else {
            return false;
        };
        sink.send(&entry);
        true
    }
}
