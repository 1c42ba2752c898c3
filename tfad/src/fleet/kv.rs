//! Reads and transactions of etcd, through the socket of `tfa-fleet`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tfa_fleet_wire::{
    CallError, Client, Key, KvCall, KvCompare, KvEntry, KvFailure, KvFailureKind, KvReply, KvWrite,
    Reply, Request,
};
use tfa_store::etcd::{Compare, Entry, Kv, KvError, Range, RangeReply, Txn, TxnReply, Write};

use crate::log::{DaemonEvent, Journal, Rarely};
use crate::messages;
use crate::semaphore::Semaphore;

/// How many calls are under way at once. Further ones wait, in their order.
const MAX_CALLS: usize = 128;

/// A line about a key that is left out comes once in this time.
const LEFT_OUT_INTERVAL: Duration = Duration::from_secs(3600);
/// No more of such a key is logged, in bytes.
const MAX_LEFT_OUT: usize = 512;

/// How much of the time of a call `tfa-fleet` does not get: what became of a call is known there.
const REPLY_TIME: Duration = Duration::from_millis(150);

/// The time that calls to etcd have. A login has 15 seconds, with at most four reads and changes.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For one call, the way to `tfa-fleet` and back included.
    pub call: Duration,
    /// Before each further call that does the same, if all of them fail.
    pub pauses: &'static [Duration],
}

impl Default for Patience {
    /// 3.6 seconds in all, where no call is answered. A new leader of etcd takes about a second.
    fn default() -> Self {
        const PAUSES: [Duration; 3] = [
            Duration::from_millis(100),
            Duration::from_millis(300),
            Duration::from_millis(600),
        ];
        Self {
            call: Duration::from_millis(650),
            pauses: &PAUSES,
        }
    }
}

/// The etcd that `tfa-fleet` on this host is configured for.
pub struct FleetKv {
    client: Client,
    calls: Semaphore,
    patience: Patience,
    journal: Option<Arc<Journal>>,
    left_out: Rarely<()>,
}

impl FleetKv {
    /// Calls the program at that socket, which must run as the user `listener` or as root.
    #[must_use]
    pub fn new(socket: impl Into<PathBuf>, listener: u32) -> Self {
        Self {
            client: Client::new(socket, listener),
            calls: Semaphore::new(MAX_CALLS),
            patience: Patience::default(),
            journal: None,
            left_out: Rarely::new(LEFT_OUT_INTERVAL),
        }
    }

    /// The same, which logs the keys that are left out.
    #[must_use]
    pub fn logging_to(self, journal: Arc<Journal>) -> Self {
        let journal = Some(journal);
        Self { journal, ..self }
    }

    /// The same with other times.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    fn call(&self, call: KvCall) -> Result<KvReply, KvError> {
        let start = Instant::now();
        let Some(_permit) = self.calls.acquire_within(self.patience.call) else {
            return Err(KvError::Unsent("too many calls are under way".to_owned()));
        };
        let left = self.patience.call.saturating_sub(start.elapsed());
        let budget = left.saturating_sub(REPLY_TIME);
        let budget_ms = u32::try_from(budget.as_millis()).unwrap_or(u32::MAX);
        let request = Request::Kv { call, budget_ms };
        match self.client.call(&request, left) {
            Ok(Reply::Kv(KvReply::Failed(failure))) => Err(failed(failure)),
            Ok(Reply::Kv(reply)) => Ok(reply),
            Ok(Reply::NotUnderstood) => Err(KvError::Refused(
                "tfa-fleet is another version than tfad: restart both".to_owned(),
            )),
            Ok(
                Reply::Status(_)
                | Reply::Login { .. }
                | Reply::NoVerifier(_)
                | Reply::Lost(_)
                | Reply::NoAnswer(_),
            ) => Err(not_asked()),
            Err(CallError::Request(_)) => Err(KvError::TooLarge),
            Err(error @ CallError::Unsent(_)) => {
                Err(KvError::Unsent(messages::fleet_unreachable(&error)))
            }
            Err(error @ (CallError::Unknown(_) | CallError::Reply(_))) => {
                Err(KvError::Unknown(messages::fleet_unreachable(&error)))
            }
        }
    }
}

impl Kv for FleetKv {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        match self.call(KvCall::Get { keys: wire(keys) })? {
            KvReply::Values(values) => Ok(entries(values)),
            _ => Err(not_asked()),
        }
    }

    fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        let call = KvCall::Range {
            from: range.from.clone().into(),
            to: range.to.clone().into(),
            limit: u32::try_from(range.limit).unwrap_or(u32::MAX),
        };
        match self.call(call)? {
            KvReply::Entries { entries, more } => Ok(RangeReply {
                entries: entries.into_iter().map(entry).collect(),
                more,
            }),
            _ => Err(not_asked()),
        }
    }

    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError> {
        let call = KvCall::Txn {
            compares: txn.compares.iter().map(compare).collect(),
            then: txn.then.iter().map(write).collect(),
            otherwise: wire(&txn.otherwise),
        };
        match self.call(call)? {
            KvReply::Applied(revision) => Ok(TxnReply::Applied(revision)),
            KvReply::Differs(values) => Ok(TxnReply::Differs(entries(values))),
            _ => Err(not_asked()),
        }
    }

    fn pause(&self, tries: u32) -> bool {
        let number = usize::try_from(tries).ok().and_then(|it| it.checked_sub(1));
        match number.and_then(|number| self.patience.pauses.get(number)) {
            Some(pause) => {
                sleep(*pause);
                true
            }
            None => false,
        }
    }

    fn left_out(&self, key: &str) {
        let Some(journal) = self.journal.as_ref().filter(|_| self.left_out.is_due(&())) else {
            return;
        };
        // It is ASCII text.
        let text = messages::key_left_out(key.get(..MAX_LEFT_OUT).unwrap_or(key));
        journal.log_daemon(DaemonEvent::KeyLeftOut(&text));
    }
}

fn wire(keys: &[Vec<u8>]) -> Vec<Key> {
    keys.iter().cloned().map(Key::from).collect()
}

fn compare(compare: &Compare) -> KvCompare {
    match compare.clone() {
        Compare::Revision(key, revision) => KvCompare::Revision(key.into(), revision),
        Compare::Value(key, value) => KvCompare::Value(key.into(), value.into()),
    }
}

fn write(write: &Write) -> KvWrite {
    match write.clone() {
        Write::Put(key, value) => KvWrite::Put(key.into(), value.into()),
        Write::Delete(key) => KvWrite::Delete(key.into()),
    }
}

fn entries(values: Vec<Option<KvEntry>>) -> Vec<Option<Entry>> {
    values.into_iter().map(|value| value.map(entry)).collect()
}

fn entry(entry: KvEntry) -> Entry {
    Entry {
        key: entry.key.into(),
        value: entry.value.into(),
        revision: entry.revision,
    }
}

fn failed(KvFailure { kind, text }: KvFailure) -> KvError {
    match kind {
        KvFailureKind::Unsent => KvError::Unsent(text),
        KvFailureKind::Unknown => KvError::Unknown(text),
        KvFailureKind::Refused => KvError::Refused(text),
        KvFailureKind::TooLarge => KvError::TooLarge,
    }
}

/// A reply to something else. The call may have been made.
fn not_asked() -> KvError {
    KvError::Unknown("tfa-fleet has replied to something that was not asked".to_owned())
}

impl fmt::Debug for FleetKv {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FleetKv")
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixListener;
    use std::thread;

    use tfa_fleet_wire::frame;

    use super::*;
    use crate::log::MemoryLog;

    /// What a transaction comes to where `tfa-fleet` replies with these bytes, and then closes.
    fn outcome(reply: Vec<u8>) -> Result<(), KvError> {
        let folder = folder();
        let listener = UnixListener::bind(folder.join("call")).unwrap();
        let peer = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let length = frame::body_length(length).unwrap();
            stream.read_exact(&mut vec![0; length]).unwrap();
            stream.write_all(&reply).unwrap();
        });
        let uid = nix::unistd::geteuid().as_raw();
        let kv = FleetKv::new(folder.join("call"), uid).with_patience(Patience {
            call: Duration::from_secs(60),
            pauses: &[],
        });
        let txn = Txn {
            compares: Vec::new(),
            then: Vec::new(),
            otherwise: Vec::new(),
        };
        let outcome = kv.txn(&txn).map(drop);
        peer.join().unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        outcome
    }

    fn folder() -> PathBuf {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tfad-fleet-kv-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        folder
    }

    fn reply(reply: &Reply) -> Vec<u8> {
        frame::encode(reply).unwrap().to_vec()
    }

    fn failure(kind: KvFailureKind) -> Vec<u8> {
        let text = String::new();
        reply(&Reply::Kv(KvReply::Failed(KvFailure { kind, text })))
    }

    #[test]
    fn key_that_is_left_out_is_an_alert_once() {
        let log = MemoryLog::default();
        let journal = Arc::new(Journal::in_memory(log.clone()));
        let kv = FleetKv::new("/nonexistent/call", 0).logging_to(Arc::clone(&journal));
        let key = format!(r"/tfa/a/\xff{}", "x".repeat(600));
        kv.left_out(&key);
        kv.left_out(&key);
        let entries = log.take(&journal);
        assert_eq!(entries.len(), 1);
        let line = entries.first().unwrap().line();
        assert!(line.contains(r"left out: /tfa/a/\xffxxx"), "{line}");
        assert!(line.len() < 700, "{line}");
    }

    #[test]
    fn change_is_unsent_or_refused_only_where_the_reply_says_so() {
        assert_eq!(outcome(reply(&Reply::Kv(KvReply::Applied(7)))), Ok(()));
        assert!(matches!(
            outcome(failure(KvFailureKind::Unsent)),
            Err(KvError::Unsent(_))
        ));
        assert!(matches!(
            outcome(failure(KvFailureKind::Refused)),
            Err(KvError::Refused(_))
        ));
        assert_eq!(
            outcome(failure(KvFailureKind::TooLarge)),
            Err(KvError::TooLarge)
        );
        assert!(matches!(
            outcome(reply(&Reply::NotUnderstood)),
            Err(KvError::Refused(_))
        ));
        let whole = reply(&Reply::Kv(KvReply::Applied(7)));
        for unclear in [
            failure(KvFailureKind::Unknown),
            reply(&Reply::Kv(KvReply::Values(Vec::new()))),
            whole[..whole.len() - 1].to_vec(),
            b"\xff\xff\xff\xff".to_vec(),
            b"\x03\0\0\0\x01\x81\x09".to_vec(),
            Vec::new(),
        ] {
            let outcome = outcome(unclear);
            assert!(matches!(outcome, Err(KvError::Unknown(_))), "{outcome:?}");
        }
    }

    #[test]
    fn change_that_no_program_takes_is_unsent() {
        let kv = FleetKv::new("/nonexistent/call", 0).with_patience(Patience {
            call: Duration::from_secs(60),
            pauses: &[Duration::ZERO],
        });
        let Some(KvError::Unsent(why)) = kv.get(&[b"a/lea".to_vec()]).err() else {
            panic!("it was sent, or succeeded");
        };
        assert!(why.contains("systemctl start tfa-fleet"), "{why}");
        assert!(kv.pause(1) && !kv.pause(2) && !kv.pause(0));
    }
}
