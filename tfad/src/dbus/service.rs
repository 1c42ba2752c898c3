//! The daemon on the bus: takes its name, serves calls, and stops when it is told to.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join;
use tfa_store::StateDir;
use tokio::task::spawn_blocking;
use zbus::fdo::RequestNameFlags;
use zbus::{Connection, MatchRule, MessageStream, message};

use super::calls::Calls;
use super::control::{self, publish_status};
use super::interface::account::AccountInterface;
use super::interface::admin::AdminInterface;
use super::interface::bounded::Bounded;
use super::interface::forwarded::Forwarded;
use super::interface::login::LoginInterface;
use crate::account::Accounts;
use crate::call_limiter::CallLimiter;
use crate::fleet::{HostLogins, MemberListener};
use crate::log::DaemonEvent;
use crate::login::{LoginService, Logins};
use crate::socket::LoginSocket;
use crate::state::DaemonState;

/// The number of calls under way, on the bus and at the socket: of one uid other than root, and of all
/// of them together. A call that waits for a person at polkit counts, too.
const MAX_CALLS_PER_UID: u32 = 8;
const MAX_UNPRIVILEGED_CALLS: u32 = 1024;
/// The number of threads on which calls from the bus do their work.
pub const MAX_WORKERS: usize = 512;

/// How long calls under way may take at the end: long enough for a verification, but not for a person
/// at polkit's question.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the daemon stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It was told to.
    Asked,
    /// The bus is gone. The service manager starts the daemon again with the bus.
    BusLost,
}

/// Serves until told to stop.
///
/// # Errors
/// What the bus says, at the start.
pub async fn serve(
    state: Arc<DaemonState>,
    accounts: Arc<Accounts>,
    members: Arc<MemberListener>,
    state_dir: StateDir,
    bus: &str,
    socket: &Path,
) -> zbus::Result<Stop> {
    let logins = Arc::new(Logins::new(Arc::clone(&state), Arc::clone(&accounts)));
    let limiter = CallLimiter::new(MAX_CALLS_PER_UID, MAX_UNPRIVILEGED_CALLS);
    let calls = Arc::new(Calls::new(Arc::clone(&limiter)));
    let names = accounts.shared_names();
    let of_host = HostLogins::new(Arc::clone(&state), Arc::clone(&logins), Arc::clone(&names));
    let of_host = Arc::new(of_host.keeping_in(state_dir));
    let service: Arc<dyn LoginService> = Arc::clone(&of_host) as _;
    let forwarded = Forwarded::new(&state, names, &of_host, &calls);
    let login = LoginInterface::new(Arc::clone(&service), &calls);
    let account = AccountInterface::new(&state, &accounts, &logins, &calls);
    let admin = AdminInterface::new(&state, &accounts, &of_host, members.hosts(), &calls);
    let connection = super::connect(bus)?
        .serve_at(tfa_proto::PATH, Bounded::new(&calls, login))
        .serve_at(
            tfa_proto::PATH,
            Bounded::new(&calls, account).forwarding(forwarded),
        )
        .serve_at(tfa_proto::PATH, Bounded::new(&calls, admin))
        .build()
        .await?;
    let disconnections = disconnections(&connection).await?;
    // Of two daemons the first stays.
    let flags = RequestNameFlags::DO_NOT_QUEUE;
    connection
        .request_name_with_flags(tfa_proto::NAME, flags)
        .await?;
    let login_socket = open(socket, Arc::clone(&service), &state, limiter);
    let signals = control::Signals::new();
    control::notify(&[sd_notify::NotifyState::Ready]);
    control::open_for_members(&members);
    of_host.report_in_background();
    publish_status(&state, &accounts);
    if state.refusal().is_none() {
        state.log_warnings();
    }

    let stop = tokio::select! {
        () = reap_disconnected(disconnections, &calls, &*service) => Stop::BusLost,
        () = connection.closed() => Stop::BusLost,
        () = control::handle_signals(signals, &state, &accounts, &members) => Stop::Asked,
    };
    control::notify(&[sd_notify::NotifyState::Stopping]);
    members.close();
    // No new call comes to a socket that is closed, nor to a name that is gone; the calls under way are
    // answered. A bus that hangs delays no login at the socket.
    let close = async {
        if let Some(login_socket) = login_socket {
            let _ = spawn_blocking(move || login_socket.close(SHUTDOWN_TIMEOUT)).await;
        }
    };
    let leave = async {
        if stop == Stop::Asked {
            let _ = connection.release_name(tfa_proto::NAME).await;
            connection.graceful_shutdown().await;
        }
    };
    let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, join(close, leave)).await;
    Ok(stop)
}

/// Opens the daemon's own socket. Without it logins take the bus, which takes longer.
fn open(
    socket: &Path,
    logins: Arc<dyn LoginService>,
    state: &DaemonState,
    limiter: Arc<CallLimiter>,
) -> Option<LoginSocket> {
    let journal = Arc::clone(&state.journal);
    let opened = LoginSocket::open(socket, logins, journal, limiter);
    opened
        .inspect_err(|error| {
            let path = socket.display();
            let what = format!("cannot listen at {path}, logins come over the bus alone: {error}");
            state.journal.log_daemon(DaemonEvent::NoLoginSocket(&what));
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

/// Drops what belongs to a connection when it leaves the bus: a dialog dies with it.
async fn reap_disconnected(
    mut disconnections: MessageStream,
    calls: &Calls,
    logins: &dyn LoginService,
) {
    while let Some(Ok(message)) = disconnections.next().await {
        let body = message.body();
        if let Ok((name, _old, _new)) = body.deserialize::<(&str, &str, &str)>() {
            calls.forget(name);
            logins.forget(name);
        }
    }
}
