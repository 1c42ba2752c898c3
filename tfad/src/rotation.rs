//! The rotation of the sealing key, on a thread beside the logins.
//!
//! `tfactl key rotate` asks for it by a file in the state directory, and then sends SIGHUP. A rotation
//! that was interrupted continues at the start. The report is a file beside the login socket.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use tfa_store::{KeyRotation, Notice, StoreError};
use tfa_text::task::TaskLine;

use crate::log::{DaemonEvent, Journal};

/// The name of the report, beside the login socket.
pub const REPORT: &str = "key-rotation";

/// How many records are sealed anew between two reports.
const STEP: u64 = 1000;

/// The rotation of the key of the store, which may not be open yet.
pub struct Rotation {
    journal: Arc<Journal>,
    report: PathBuf,
    store: OnceLock<KeyRotation>,
    is_running: AtomicBool,
    /// A rotation was asked for since the thread has looked.
    is_asked: AtomicBool,
    is_stopped: AtomicBool,
}

impl fmt::Debug for Rotation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Rotation")
    }
}

impl Rotation {
    /// Reports to this file.
    #[must_use]
    pub fn new(journal: Arc<Journal>, report: PathBuf) -> Self {
        Self {
            journal,
            report,
            store: OnceLock::new(),
            is_running: AtomicBool::new(false),
            is_asked: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// Sets the store, once it is open, and continues a rotation that was interrupted.
    pub fn set_store(self: &Arc<Self>, store: KeyRotation) {
        // The store is opened once.
        let _ = self.store.set(store);
        self.wake();
    }

    /// Does the rotation that was asked for, if one was, on a thread of its own.
    pub fn wake(self: &Arc<Self>) {
        self.is_asked.store(true, Ordering::SeqCst);
        if self.store.get().is_none() || self.is_running.swap(true, Ordering::SeqCst) {
            return;
        }
        let rotation = Arc::clone(self);
        let thread = thread::Builder::new().name("key-rotation".to_owned());
        let spawned = thread.spawn(move || {
            loop {
                while rotation.is_asked.swap(false, Ordering::SeqCst) {
                    rotation.run();
                }
                rotation.is_running.store(false, Ordering::SeqCst);
                // Who asked just before that saw a running thread.
                if !rotation.is_asked.load(Ordering::SeqCst)
                    || rotation.is_running.swap(true, Ordering::SeqCst)
                {
                    return;
                }
            }
        });
        if let Err(error) = spawned {
            self.is_running.store(false, Ordering::SeqCst);
            self.stopped(format!("no thread can be started: {error}"));
        }
    }

    /// Ends the rotation after the present change. It continues at the next start.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    fn run(&self) {
        let Some(store) = self.store.get() else {
            return;
        };
        let mut reported = None;
        let rotated = store.run(&mut |done, total| {
            if reported != Some(done / STEP) || done == total {
                reported = Some(done / STEP);
                self.report(&TaskLine::Progress { done, total });
            }
            !self.is_stopped.load(Ordering::Acquire)
        });
        match rotated {
            Ok(None) => {}
            Ok(Some(rotated)) => {
                let (key, records) = (rotated.key, rotated.records);
                let notice = Notice::KeyRotated { key, records };
                self.journal.log_daemon(DaemonEvent::Store(&notice));
                self.report(&TaskLine::result("key", format!("{key} {records}")));
            }
            Err(StoreError::Stopped) => {}
            Err(error) => self.stopped(error.to_string()),
        }
    }

    fn stopped(&self, why: String) {
        self.report(&TaskLine::Refused {
            reason: "refused".to_owned(),
            text: why.clone(),
        });
        let notice = Notice::RotationStopped { why };
        self.journal.log_daemon(DaemonEvent::Store(&notice));
    }

    /// Replaces the report. Without it the rotation goes on, but how far it is cannot be seen.
    fn report(&self, line: &TaskLine) {
        let draft = self.report.with_extension("new");
        let _ =
            fs::write(&draft, format!("{line}\n")).and_then(|()| fs::rename(&draft, &self.report));
    }
}
