//! The entries that were not sent yet, and the thread that sends those which no other thread has sent: a
//! log daemon that hangs delays no login.
//!
//! While it hangs, the entries wait here, up to a number and a size. Further ones are lost and counted.
//! Once the queue is empty again, one entry says how many were lost.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::sink::{SendError, Sink};
use super::{DaemonEvent, Entry, Event, afterwards};

/// The time that an entry waits before it is sent, so that the reply to the login goes first: the log
/// daemon would compete for the processor.
const DELAY: Duration = Duration::from_millis(1);
/// The entries that wait.
const MAX_ENTRIES: usize = 4096;
/// Their size in bytes.
const MAX_BYTES: usize = 4 << 20;

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
    /// The size of the entries.
    bytes: usize,
    /// The entries that were lost and not reported yet.
    lost: u64,
    /// The log daemon has refused the report of the lost entries.
    is_report_refused: bool,
    sender_waits: bool,
    has_no_sender: bool,
    is_closed: bool,
}

/// What is sent next.
enum Next {
    Entry(Entry),
    /// That so many entries were lost.
    Report(u64),
}

impl Queue {
    /// An empty queue, with the thread that sends what arrives.
    pub(super) fn start(sink: Sink) -> Arc<Self> {
        let queue = Arc::new(Self::new(sink));
        let of_sender = Arc::clone(&queue);
        let thread = thread::Builder::new().name("log".to_owned());
        let sender = thread.spawn(move || of_sender.send_all());
        queue.waiting().has_no_sender = sender.is_err();
        queue
    }

    /// An empty queue.
    fn new(sink: Sink) -> Self {
        Self {
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            sink: Mutex::new(sink),
        }
    }

    /// Adds an entry, or counts it as lost if the queue is full. Without a thread that sends it, it is
    /// sent here.
    pub(super) fn push(&self, entry: Entry) {
        let mut waiting = self.waiting();
        waiting.push(entry);
        let has_no_sender = waiting.has_no_sender;
        drop(waiting);
        if has_no_sender {
            self.flush();
        } else if !afterwards::sends() {
            self.wake_sender();
        }
    }

    /// Sends the entries that were not sent yet, as far as the log daemon takes them without a wait. The
    /// thread sends the others.
    pub(super) fn send_at_once(&self) {
        if self.waiting().has_nothing_to_send() {
            return;
        }
        // Another thread may have seen the queue empty before, and hold the target still.
        if let Ok(mut sink) = self.sink.try_lock() {
            let mut send = |entry: &Entry| sink.send_at_once(entry);
            while self.send_next(&mut send) {}
        }
        if !self.waiting().has_nothing_to_send() {
            self.wake_sender();
        }
    }

    fn wake_sender(&self) {
        let sender_waits = std::mem::take(&mut self.waiting().sender_waits);
        if sender_waits {
            self.arrived.notify_one();
        }
    }

    /// Sends the entries that were not sent yet, and returns after that, or once the log daemon takes
    /// nothing.
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

    /// Waits for something to send; `false` once the queue is closed.
    fn wait(&self) -> bool {
        let mut waiting = self.waiting();
        while waiting.has_nothing_to_send() && !waiting.is_closed {
            waiting.sender_waits = true;
            let woken = self.arrived.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
        !waiting.is_closed
    }

    /// Sends an entry. Returns whether there may be another to send now.
    fn send_one(&self) -> bool {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        self.send_next(&mut |entry| sink.send(entry))
    }

    fn send_next(&self, send: &mut dyn FnMut(&Entry) -> Result<(), SendError>) -> bool {
        let next = self.waiting().next();
        let Some(next) = next else {
            return false;
        };
        let sent = match &next {
            Next::Entry(entry) => send(entry),
            Next::Report(count) => send(&lost(*count)),
        };
        self.waiting().after(next, sent);
        sent != Err(SendError::Busy)
    }
}

impl Waiting {
    fn push(&mut self, entry: Entry) {
        let room = |whole| entry.importance.share_of(whole);
        let bytes = self.bytes.saturating_add(entry.bytes());
        if self.entries.len() < room(MAX_ENTRIES) && bytes <= room(MAX_BYTES) {
            self.bytes = bytes;
            self.entries.push_back(entry);
        } else {
            self.lost = self.lost.saturating_add(1);
        }
    }

    fn has_nothing_to_send(&self) -> bool {
        self.entries.is_empty() && (self.lost == 0 || self.is_report_refused)
    }

    fn next(&mut self) -> Option<Next> {
        if self.has_nothing_to_send() {
            return None;
        }
        Some(match self.entries.pop_front() {
            Some(entry) => {
                self.bytes = self.bytes.saturating_sub(entry.bytes());
                Next::Entry(entry)
            }
            None => Next::Report(std::mem::take(&mut self.lost)),
        })
    }

    /// Keeps what was not sent, or counts it as lost.
    fn after(&mut self, next: Next, sent: Result<(), SendError>) {
        match (next, sent) {
            (_, Ok(())) => self.is_report_refused = false,
            (Next::Entry(entry), Err(SendError::Busy)) => {
                self.bytes = self.bytes.saturating_add(entry.bytes());
                self.entries.push_front(entry);
            }
            (Next::Entry(_), Err(SendError::Refused)) => self.lost = self.lost.saturating_add(1),
            (Next::Report(count), Err(error)) => {
                self.lost = self.lost.saturating_add(count);
                self.is_report_refused = error == SendError::Refused;
            }
        }
    }
}

fn lost(count: u64) -> Entry {
    Event::Daemon(DaemonEvent::EntriesLost { count }).entry()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixDatagram;
    use std::sync::mpsc;

    use super::super::afterwards::Work;
    use super::super::journald::Journald;
    use super::super::sink::Target;
    use super::super::{Importance, Level};
    use super::*;

    fn entry(line: String, importance: Importance) -> Entry {
        Entry {
            level: Level::Notice,
            importance,
            line,
            fields: Vec::new(),
        }
    }

    /// A queue without a thread: what is pushed stays.
    fn stuck() -> Queue {
        Queue::new(Sink::new(Box::new(|| Target::StandardError)))
    }

    #[test]
    fn a_full_queue_keeps_room_for_what_matters_and_counts_the_rest() {
        let queue = stuck();
        let (mut kept, mut lost) = (0, 0);
        for importance in [Importance::Low, Importance::Medium, Importance::High] {
            for number in 0..MAX_ENTRIES {
                queue.push(entry(number.to_string(), importance));
            }
            let room = importance.share_of(MAX_ENTRIES);
            lost += MAX_ENTRIES - (room - kept);
            kept = room;
            let waiting = queue.waiting();
            assert_eq!(waiting.entries.len(), kept, "{importance:?}");
            assert_eq!(waiting.lost, u64::try_from(lost).unwrap(), "{importance:?}");
        }
        assert_eq!(kept, MAX_ENTRIES);
    }

    #[test]
    fn long_entries_take_no_more_memory_than_short_ones() {
        let queue = stuck();
        for _ in 0..8 {
            queue.push(entry("x".repeat(MAX_BYTES / 4), Importance::High));
        }
        let waiting = queue.waiting();
        let bytes: usize = waiting.entries.iter().map(Entry::bytes).sum();
        assert_eq!(waiting.bytes, bytes);
        assert!(bytes <= MAX_BYTES, "{bytes}");
        assert_eq!((waiting.entries.len(), waiting.lost), (3, 5));
    }

    #[test]
    fn a_log_daemon_that_hung_hears_each_entry_or_how_many_were_lost() {
        const SENT: usize = 3 * MAX_ENTRIES;
        let folder = std::env::temp_dir().join(format!("tfad-queue-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("socket");
        let log_daemon = UnixDatagram::bind(&path).unwrap();
        log_daemon
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let (connected, connections) = mpsc::channel();
        let connect = move || {
            let _ = connected.send(());
            let journald = Journald::connect_to(&path, Duration::from_millis(1));
            Target::Journald(journald.unwrap())
        };
        let queue = Queue::start(Sink::new(Box::new(connect)));
        // It reads nothing now: what the kernel does not hold waits in the queue, or is lost.
        for number in 0..SENT {
            queue.push(entry(format!("entry {number}"), Importance::High));
            assert!(queue.waiting().entries.len() <= MAX_ENTRIES + 1);
        }
        // The sender has connected anew twice, so it has kept an entry that was not taken.
        for _ in 0..3 {
            connections.recv().unwrap();
        }
        let (mut heard, mut lost, mut last) = (0, 0, None);
        while heard + lost < SENT {
            let mut bytes = [0; 4096];
            let length = log_daemon.recv(&mut bytes).unwrap();
            let text = String::from_utf8(bytes[..length].to_vec()).unwrap();
            let line = text.lines().next().unwrap();
            match line.strip_prefix("MESSAGE=entry ") {
                Some(number) => {
                    let number: Option<usize> = Some(number.parse().unwrap());
                    assert!(number > last, "{number:?} after {last:?}");
                    (heard, last) = (heard + 1, number);
                }
                None => {
                    assert!(text.contains("TFA_EVENT=entries-lost"), "{text}");
                    let (_, count) = line.split_once("them: ").unwrap();
                    let (count, _) = count.split_once('.').unwrap();
                    lost += count.parse::<usize>().unwrap();
                }
            }
        }
        assert!(lost > 0 && heard >= MAX_ENTRIES, "{heard} heard");
        queue.close();
        fs::remove_dir_all(folder).unwrap();
    }

    /// A queue without a thread, and the log daemon that it sends to.
    fn with_log_daemon(name: &str) -> (Queue, UnixDatagram) {
        let path = std::env::temp_dir().join(format!("tfad-{name}-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let log_daemon = UnixDatagram::bind(&path).unwrap();
        log_daemon.set_nonblocking(true).unwrap();
        let connect = move || {
            // Who sends and waits, waits for longer than a test.
            let connected = Journald::connect_to(&path, Duration::from_secs(3600));
            let _ = fs::remove_file(&path);
            connected.map_or(Target::StandardError, Target::Journald)
        };
        (Queue::new(Sink::new(Box::new(connect))), log_daemon)
    }

    #[test]
    fn entries_of_work_are_sent_after_it_by_its_own_thread() {
        let (queue, log_daemon) = with_log_daemon("after-work");
        let mut bytes = [0; 4096];
        let work = Work::begin(&queue);
        queue.push(entry("first".to_owned(), Importance::High));
        queue.push(entry("second".to_owned(), Importance::High));
        assert!(log_daemon.recv(&mut bytes).is_err(), "sent during the work");
        drop(work);
        for expected in ["MESSAGE=first\n", "MESSAGE=second\n"] {
            let length = log_daemon.recv(&mut bytes).unwrap();
            assert!(bytes[..length].starts_with(expected.as_bytes()));
        }
        assert!(!afterwards::sends());
    }

    #[test]
    fn a_log_daemon_that_hangs_delays_no_work() {
        let (queue, log_daemon) = with_log_daemon("hung-after-work");
        let logged = || queue.waiting().entries.len();
        let (mut pushed, mut kept) = (0, 0);
        while kept == 0 {
            let work = Work::begin(&queue);
            queue.push(entry(format!("entry {pushed}"), Importance::High));
            pushed += 1;
            assert!(pushed < MAX_ENTRIES, "the kernel holds fewer");
            drop(work);
            kept = logged();
        }
        // What was not taken is kept for the thread, which was told.
        assert_eq!(logged(), 1);
        let mut bytes = [0; 4096];
        for _ in 1..pushed {
            log_daemon.recv(&mut bytes).unwrap();
        }
        queue.send_at_once();
        let length = log_daemon.recv(&mut bytes).unwrap();
        let last = format!("MESSAGE=entry {}\n", pushed - 1);
        assert!(bytes[..length].starts_with(last.as_bytes()));
    }

    #[test]
    fn the_thread_sends_what_the_work_could_not() {
        let (queue, _log_daemon) = with_log_daemon("woken-after-work");
        queue.waiting().sender_waits = true;
        let work = Work::begin(&queue);
        queue.push(entry("text".to_owned(), Importance::High));
        assert!(queue.waiting().sender_waits, "woken during the work");
        let sink = queue.sink.lock();
        drop(work);
        assert!(!queue.waiting().sender_waits);
        drop(sink);
        assert_eq!(queue.waiting().entries.len(), 1);
    }
}
