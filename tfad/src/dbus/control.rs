//! What the service manager tells the daemon, by signals, and what the daemon tells it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tfa_store::StoreError;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::spawn_blocking;

use crate::account::Accounts;
use crate::config::BadConfig;
use crate::fleet::MemberListener;
use crate::log::DaemonEvent;
use crate::state::DaemonState;

/// How often a daemon that cannot serve tries again.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// How often it tries again to reach a store that another program has, which may start just now.
const REACH_INTERVAL: Duration = Duration::from_secs(2);

/// How often a read-only state directory is checked.
const WRITABLE_CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The signals that the daemon takes, from now on.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// To be called before the daemon is ready: a reload right after that would end it.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// Returns with SIGTERM or SIGINT; SIGHUP meanwhile reads the configuration again. What keeps the daemon
/// from serving is tried again then, and from time to time: a full disk or a lock may have passed. The
/// daemon stops also where the store is read-only and would not be if it was opened again: what is
/// read-only in the daemon's own view of the file systems may be writable in a new one, which it gets
/// from the service manager. The store may have been opened just now, so each round checks that.
pub(super) async fn handle_signals(
    signals: io::Result<Signals>,
    state: &Arc<DaemonState>,
    accounts: &Arc<Accounts>,
    members: &Arc<MemberListener>,
) {
    let Ok(Signals {
        mut terminate,
        mut interrupt,
        mut hangup,
    }) = signals
    else {
        state.journal.log_daemon(DaemonEvent::NoSignals);
        return std::future::pending().await;
    };
    loop {
        let is_read_only = writable_again(accounts).await.is_some();
        tokio::select! {
            _ = terminate.recv() => return,
            _ = interrupt.recv() => return,
            _ = hangup.recv() => match writable_again(accounts).await {
                None => {
                    reload(state, accounts).await;
                    open_for_members(members);
                }
                Some(_) => return,
            },
            () = tokio::time::sleep(retry_interval(state)), if state.refusal().is_some() => {
                try_again(state, accounts).await;
                open_for_members(members);
            }
            () = until_writable(accounts), if is_read_only => return,
        }
    }
}

fn retry_interval(state: &DaemonState) -> Duration {
    match state.waits_for_store() {
        true => REACH_INTERVAL,
        false => RETRY_INTERVAL,
    }
}

/// `None` where the store takes changes; else whether one that is opened again would.
async fn writable_again(accounts: &Arc<Accounts>) -> Option<bool> {
    let accounts = Arc::clone(accounts);
    let checked = spawn_blocking(move || accounts.writable_again()).await;
    checked.ok().flatten()
}

/// Returns when a read-only store would take changes if it was opened again.
async fn until_writable(accounts: &Arc<Accounts>) {
    while writable_again(accounts).await != Some(true) {
        tokio::time::sleep(WRITABLE_CHECK_INTERVAL).await;
    }
}

async fn reload(state: &Arc<DaemonState>, accounts: &Arc<Accounts>) {
    let refused = state.refusal().is_some();
    blocking(state, |state| {
        match state.reload() {
            Ok(()) => {
                state.journal.log_daemon(DaemonEvent::Reloaded);
                state.log_warnings();
            }
            Err(bad) => {
                for line in bad.lines() {
                    state.journal.log_daemon(DaemonEvent::ReloadFailed(&line));
                }
            }
        }
        // Its error is the refusal.
        let _: Result<(), StoreError> = state.reopen();
        state.rotate_key();
    })
    .await;
    if refused {
        publish_status(state, accounts);
    }
}

/// Tries again what keeps the daemon from serving. A configuration that is in force stays.
async fn try_again(state: &Arc<DaemonState>, accounts: &Arc<Accounts>) {
    let before = state.refusal();
    blocking(state, |state| {
        if state.has_bad_config() {
            // Its mistakes are the refusal, and so is the error of the store.
            let _: Result<(), BadConfig> = state.reload();
        }
        let _: Result<(), StoreError> = state.reopen();
    })
    .await;
    let refusal = state.refusal();
    if refusal != before {
        publish_status(state, accounts);
    }
    if refusal.is_none() {
        state.log_warnings();
    }
}

/// Has the socket for the logins of members opened, on a verifier that has not opened it. It is not waited
/// for: the name service may hang.
pub(super) fn open_for_members(members: &Arc<MemberListener>) {
    let members = Arc::clone(members);
    drop(spawn_blocking(move || members.open_on_verifier()));
}

/// Runs blocking work on a worker thread.
async fn blocking(state: &Arc<DaemonState>, work: impl FnOnce(&DaemonState) + Send + 'static) {
    let state = Arc::clone(state);
    // Work that panics leaves the state as it was.
    let _ = spawn_blocking(move || work(&state)).await;
}

/// Tells the log and the service manager whether logins are served.
pub(super) fn publish_status(state: &DaemonState, accounts: &Accounts) {
    let status = match state.refusal() {
        None => {
            state.journal.log_daemon(DaemonEvent::Ready);
            match accounts.writable_again() {
                None => "Serving logins.",
                Some(_) => "Refusing every code, because the state directory is read-only.",
            }
        }
        Some(why) => {
            state.journal.log_daemon(DaemonEvent::NotServing(&why));
            "Refusing every login; see the journal."
        }
    };
    notify(&[sd_notify::NotifyState::Status(status)]);
}

/// Tells the service manager, where there is one.
pub(super) fn notify(state: &[sd_notify::NotifyState<'_>]) {
    let _ = sd_notify::notify(state);
}
