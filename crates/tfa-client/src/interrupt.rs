//! Ctrl-C, Ctrl-Z, a closed terminal, a friendly kill: noticed, so that what was begun can be
//! withdrawn and the terminal be left as it was.

use std::future::Future;
use std::io;

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

/// The signals under watch. From the first one on, their default action is off.
#[derive(Debug)]
pub struct Interrupt {
    int: Signals,
    term: Signals,
    hangup: Signals,
    suspend: Signals,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// To end.
    End,
    /// To let the shell have the terminal for a while.
    Suspend,
}

impl Interrupt {
    /// Begins to watch.
    ///
    /// # Errors
    /// The system's, in theory.
    pub fn watch() -> io::Result<Self> {
        Ok(Self {
            int: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
        })
    }

    /// The next signal.
    pub async fn next(&mut self) -> Interruption {
        tokio::select! {
            _ = self.int.recv() => Interruption::End,
            _ = self.term.recv() => Interruption::End,
            _ = self.hangup.recv() => Interruption::End,
            _ = self.suspend.recv() => Interruption::Suspend,
        }
    }

    /// Waits for a future, or for a signal to end, whichever comes first: `None` for the signal.
    pub async fn during<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                biased;
                interruption = self.next() => match interruption {
                    Interruption::End => return None,
                    Interruption::Suspend => stop_here(),
                },
                done = &mut future => return Some(done),
            }
        }
    }
}

/// Stops this process, as Ctrl-Z would have, until the shell lets it go on.
pub(super) fn stop_here() {
    // Stopping oneself is always allowed.
    let _ = kill_process(getpid(), Signal::STOP);
}
