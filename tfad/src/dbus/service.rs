//! The daemon on the bus: takes its place, serves, and goes when told to.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::join;
use tokio::signal::unix::{SignalKind, signal};
use zbus::fdo::RequestNameFlags;
use zbus::{Connection, MatchRule, MessageStream, message};

use crate::config::BadConfig;
use crate::dbus;
use crate::dbus::interface::account::OwnAccount;
use crate::dbus::interface::admin::Admin;
use crate::dbus::interface::bounded::Bounded;
use crate::dbus::interface::login::Login;
use crate::log::journal::Level;
use crate::login::Logins;
use crate::socket::LoginSocket;
use crate::state::DaemonState;

/// How long calls under way may take at the end: a judgement, but not a person at polkit's question.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long a daemon that cannot serve says so before it tries again.
const RETRY: Duration = Duration::from_secs(60);

/// How often a read-only state directory is looked at.
const WRITABLE_CHECK: Duration = Duration::from_secs(2);

/// Why the daemon stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It was told to.
    Asked,
    /// The bus is gone; whoever started the daemon starts it again with the bus.
    BusLost,
}

/// Serves until told to stop.
///
/// # Errors
/// What the bus says, at the start.
pub async fn serve(state: Arc<DaemonState>, bus: &str, socket: &Path) -> zbus::Result<Stop> {
    let logins = Arc::new(Logins::new(Arc::clone(&state)));
    let login = Login::new(Arc::clone(&state), Arc::clone(&logins));
    let account = OwnAccount::new(Arc::clone(&state));
    let admin = Admin::new(Arc::clone(&state));
    let connection = dbus::connect(bus)?
        .serve_at(tfa_proto::PATH, Bounded::new(&state, login))
        .serve_at(tfa_proto::PATH, Bounded::new(&state, account))
        .serve_at(tfa_proto::PATH, Bounded::new(&state, admin))
        .build()
        .await?;
    let disconnections = disconnections(&connection).await?;
    // Of two daemons the first stays.
    let flags = RequestNameFlags::DO_NOT_QUEUE;
    connection
        .request_name_with_flags(tfa_proto::NAME, flags)
        .await?;
    let login_socket = open(socket, &logins, &state);
    notify(&[sd_notify::NotifyState::Ready]);
    publish_status(&state);
    if state.refusal().is_none() {
        state.log_warnings();
    }

    let stop = tokio::select! {
        () = reap_disconnected(disconnections, &state) => Stop::BusLost,
        () = connection.closed() => Stop::BusLost,
        () = handle_signals(&state) => Stop::Asked,
    };
    notify(&[sd_notify::NotifyState::Stopping]);
    // No new call comes where nobody listens, nor reaches a name that is gone; the calls under way are
    // answered. A bus that hangs holds up nobody at the door.
    let shut = async {
        if let Some(login_socket) = login_socket {
            login_socket.close().await;
        }
    };
    let leave = async {
        if stop == Stop::Asked {
            let _ = connection.release_name(tfa_proto::NAME).await;
            connection.graceful_shutdown().await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL, join(shut, leave)).await;
    Ok(stop)
}

/// Opens the daemon's own socket. Without it logins take the bus, which is the longer way.
fn open(socket: &Path, logins: &Arc<Logins>, state: &DaemonState) -> Option<LoginSocket> {
    let opened = LoginSocket::open(socket, Arc::clone(logins), Arc::clone(&state.journal));
    opened
        .inspect_err(|error| {
            let path = socket.display();
            let what = format!("cannot listen at {path}, logins come over the bus alone: {error}");
            state.journal.write(Level::Error, &what);
        })
        .ok()
}

/// The connections that leave the bus.
async fn disconnections(connection: &Connection) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder()
        .msg_type(message::Type::Signal)
        .sender("org.freedesktop.DBus")
        .interface("org.freedesktop.DBus")
        .member("NameOwnerChanged")
        .arg(2, "")
        .build()?;
    MessageStream::for_match_rule(rule, connection, None).await
}

/// A dialog dies with the connection that began it.
async fn reap_disconnected(mut disconnections: MessageStream, state: &DaemonState) {
    while let Some(Ok(message)) = disconnections.next().await {
        let body = message.body();
        if let Ok((name, _old, _new)) = body.deserialize::<(&str, &str, &str)>() {
            state.callers.forget(name);
            state.sessions().forget(name, Instant::now());
        }
    }
}

/// A store that takes no changes could be opened anew so that it does.
async fn writable_again(state: &DaemonState) {
    while state.accounts.writable_again() != Some(true) {
        tokio::time::sleep(WRITABLE_CHECK).await;
    }
}

/// SIGTERM or SIGINT; SIGHUP meanwhile reads the configuration again. What keeps the daemon from
/// serving is tried again then, and from time to time: a full disk or a lock may have passed. A store
/// that takes no changes and would take them when opened anew is a reason to stop, too; it may have been
/// opened just now, so each round looks whether it is such a store.
async fn handle_signals(state: &DaemonState) {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = signals else {
        state.journal.write(
            Level::Error,
            "cannot listen for signals: no reload, no graceful stop",
        );
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = interrupt.recv() => return,
            // What is read-only in the daemon's own view of the file systems may be writable in a new one,
            // which it gets from whoever starts it anew.
            _ = hangup.recv() => match state.accounts.writable_again() {
                None => reload(state).await,
                Some(_) => return,
            },
            () = tokio::time::sleep(RETRY), if state.refusal().is_some() => try_again(state).await,
            () = writable_again(state), if state.accounts.writable_again().is_some() => return,
        }
    }
}

async fn reload(state: &DaemonState) {
    let refused = state.refusal().is_some();
    match state.reload() {
        Ok(()) => {
            let read = "the configuration was read again";
            state.journal.write(Level::Notice, read);
            state.log_warnings();
        }
        Err(bad) => {
            let stays = "the configuration stays as it was, for the new one is wrong";
            for line in bad.lines() {
                state
                    .journal
                    .write(Level::Error, &format!("{stays}: {line}"));
            }
        }
    }
    // Its error is the refusal.
    let _: Result<(), tfa_proto::Error> = state.reopen().await;
    if refused {
        publish_status(state);
    }
}

/// What nobody asked for: a configuration that is in force stays as it is.
async fn try_again(state: &DaemonState) {
    if state.has_bad_config() {
        // Its mistakes are the refusal, and so is the error of the store.
        let _: Result<(), BadConfig> = state.reload();
    }
    let _: Result<(), tfa_proto::Error> = state.reopen().await;
    publish_status(state);
    if state.refusal().is_none() {
        state.log_warnings();
    }
}

/// To the log and the service manager.
fn publish_status(state: &DaemonState) {
    let status = match state.refusal() {
        None => {
            state.journal.write(Level::Info, "ready");
            match state.accounts.writable_again() {
                None => "Serving logins.",
                Some(_) => "Refusing every code, because the state directory is read-only.",
            }
        }
        Some(why) => {
            let refused = format!("no login is served, every one is refused: {why}");
            state.journal.write(Level::Critical, &refused);
            "Refusing every login; see the journal."
        }
    };
    notify(&[sd_notify::NotifyState::Status(status)]);
}

/// Tells the service manager, where there is one.
fn notify(state: &[sd_notify::NotifyState<'_>]) {
    let _ = sd_notify::notify(state);
}
