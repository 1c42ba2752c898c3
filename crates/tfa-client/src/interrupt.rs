//! Signals: Ctrl-C, Ctrl-Z, SIGTERM and a closed terminal. A command catches them to undo what it
//! has started and to restore the terminal.

use std::future::Future;
use std::io;

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

/// The caught signals. Their default action is disabled.
#[derive(Debug)]
pub struct Interrupt {
    int: Signals,
    term: Signals,
    hangup: Signals,
    suspend: Signals,
}

/// What a signal requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// End the command.
    End,
    /// Stop until the shell continues the command.
    Suspend,
}

impl Interrupt {
    /// Catches the signals from now on.
    ///
    /// # Errors
    /// Where a signal handler cannot be installed.
    pub fn watch() -> io::Result<Self> {
        Ok(Self {
            int: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
        })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> Interruption {
        tokio::select! {
            _ = self.int.recv() => Interruption::End,
            _ = self.term.recv() => Interruption::End,
            _ = self.hangup.recv() => Interruption::End,
            _ = self.suspend.recv() => Interruption::Suspend,
        }
    }

    /// Waits for a future, or for a signal that ends the command: `None` for the signal.
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

/// Stops this process, as Ctrl-Z does, until the shell continues it.
pub(super) fn stop_here() {
    // A process may always stop itself.
    let _ = kill_process(getpid(), Signal::STOP);
}
