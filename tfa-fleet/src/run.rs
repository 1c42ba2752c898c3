//! The program from its start to its end.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use crate::client;
use crate::config::{BadConfig, Config};
use crate::credentials::Folder;
use crate::etcd::Etcd;
use crate::local::{self, Answers};
use crate::log::{Level, log, printable};
use crate::peers::Peers;
use crate::renewal::{self, Certifier};
use crate::server::Tfad;
use crate::stop;
use crate::tls::{self, BadFile};

/// What the log says on a verifier with etcd that has no certificate of its fleet.
const NOT_CERTIFIED: &str = "this host has no certificate of a fleet yet: carrying the calls of tfad to etcd alone. Run \
                             tfactl fleet init on the first verifier, or tfactl fleet join-verifier on a further one";

/// The pause until a renewed certificate is read again that could not be read.
const READ_AGAIN: Duration = Duration::from_secs(600);

/// Why the program cannot start or go on.
#[derive(Debug)]
pub enum RunError {
    /// The configuration has an error.
    Config(BadConfig),
    /// A certificate or a key cannot be used.
    File(BadFile),
    /// The certificate that this member has from its fleet has ended.
    Ended(BadFile),
    /// The kernel passes no signals.
    Signals(io::Error),
    /// Nothing can listen at this address of the network.
    Listen(SocketAddr, io::Error),
    /// tfad cannot call at this socket.
    Socket(PathBuf, io::Error),
    /// A task has ended, with the fault that ended it.
    Task(Option<JoinError>),
}

/// Where the program has its files and sockets.
#[derive(Debug)]
pub struct Places {
    /// The configuration.
    pub config: PathBuf,
    /// The certificates that this host gets from the authority of its fleet.
    pub folder: Folder,
    /// Where tfad calls.
    pub socket: PathBuf,
    /// Where tfad of a verifier takes the calls of members.
    pub tfad: PathBuf,
}

/// Serves until SIGTERM or SIGINT, at a socket for tfad. Calls of members go to the socket of tfad. SIGHUP
/// reads the certificates again.
///
/// # Errors
/// [`RunError`].
pub async fn run(places: &Places) -> Result<(), RunError> {
    let Places {
        config: config_file,
        folder,
        socket,
        tfad,
    } = places;
    let config = Config::read(config_file, folder).map_err(RunError::Config)?;
    let tfad = Tfad::new(tfad.to_owned());
    let peers = Peers::read(&config, folder, &tfad)
        .map_err(|why| RunError::of_certificate(why, &config))?;
    let tls_of_etcd = tls::of_etcd(&config).map_err(RunError::File)?;
    let mut signals = Signals::new().map_err(RunError::Signals)?;
    let answers = Arc::new(Answers {
        peers,
        etcd: config
            .etcd
            .as_ref()
            .map(|etcd| Etcd::new(etcd, tls_of_etcd.as_ref())),
    });

    // All sockets are there before the program is ready, and before it connects anywhere.
    let mut listeners = Vec::new();
    let listen_at = answers.peers.iter().flat_map(|_| &config.listen);
    for address in listen_at {
        listeners.push(
            listen(*address)
                .await
                .map_err(|error| RunError::Listen(*address, error))?,
        );
    }
    let calls = local::bind(socket).map_err(|error| RunError::Socket(socket.to_owned(), error))?;

    let (stopper, stop) = stop::channel();
    let mut tasks = JoinSet::new();
    let (renewed, mut renewals) = mpsc::channel(1);
    match &answers.peers {
        Some(peers) => {
            for listener in listeners {
                tasks.spawn(Arc::clone(&peers.server).serve(listener, stop.clone()));
            }
            for link in peers.verifiers.links().iter() {
                tasks.spawn(Arc::clone(link).keep(stop.clone()));
            }
            if config.is_managed {
                let certifier = match config.listen.is_empty() {
                    true => Certifier::Verifiers(Arc::clone(&peers.verifiers)),
                    false => Certifier::Own(tfad, peers.host.clone()),
                };
                let folder = folder.clone();
                if let (true, Ok((_, authority))) =
                    (config.listen.is_empty(), folder.certificates())
                {
                    let (verifiers, folder) = (Arc::clone(&peers.verifiers), folder.clone());
                    tasks.spawn(client::learn(verifiers, folder, authority, stop.clone()));
                }
                tasks.spawn(renewal::keep(folder, certifier, renewed, stop.clone()));
            }
        }
        None => {
            log(Level::Warning, &NOT_CERTIFIED);
            let _ = sd_notify::notify(&[NotifyState::Status(NOT_CERTIFIED)]);
        }
    }
    for keeper in answers.etcd.iter().flat_map(|etcd| etcd.keepers(&stop)) {
        tasks.spawn(keeper);
    }
    tasks.spawn(local::serve(calls, Arc::clone(&answers), stop));
    for url in config.etcd.iter().flat_map(|etcd| &etcd.endpoints) {
        if !url.has_tls() {
            log(
                Level::Warning,
                &format_args!(
                    "{url} has no TLS: every user and service of this host that reaches the port can take \
                     the second factor of users away. Use https and --client-cert-auth"
                ),
            );
        }
    }
    log(Level::Info, &"ready");
    let _ = sd_notify::notify(&[NotifyState::Ready]);

    // A renewed certificate is on the disk, and could not be read: it is tried again, until it is used.
    let mut is_behind = false;
    let result = loop {
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::Stop => break Ok(()),
                Asked::Reload => is_behind &= !reload(&config, folder, &answers),
            },
            Some(()) = renewals.recv() => is_behind = !reload(&config, folder, &answers),
            () = sleep(READ_AGAIN), if is_behind => {
                is_behind = !reload(&config, folder, &answers);
            }
            error = early_end(&mut tasks) => break Err(error),
        }
    };
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    log(Level::Info, &"stopping");
    // Within the limits of the connections that end.
    stopper.stop().await;
    let _ = std::fs::remove_file(socket);
    result
}

/// Waits until a task ends. None does before the program stops, unless it panics. systemd then starts
/// the program again.
async fn early_end(tasks: &mut JoinSet<()>) -> RunError {
    let ended = tasks.join_next().await;
    RunError::Task(ended.and_then(Result::err))
}

impl RunError {
    fn of_certificate(why: BadFile, config: &Config) -> Self {
        if !config.is_managed || !why.has_ended() {
            return Self::File(why);
        }
        Self::Ended(why)
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(formatter),
            Self::File(error) => error.fmt(formatter),
            Self::Ended(error) => write!(formatter, "{error}. {}", renewal::JOIN_AGAIN),
            Self::Signals(error) => write!(formatter, "cannot wait for signals: {error}"),
            Self::Listen(address, error) => {
                write!(formatter, "cannot listen at {address}: {error}")
            }
            Self::Socket(path, error) => {
                write!(formatter, "cannot listen at {}: {error}", path.display())
            }
            Self::Task(Some(error)) => write!(formatter, "stopping after a fault: {error}"),
            Self::Task(None) => formatter.write_str("stopping: a task has ended"),
        }
    }
}

impl std::error::Error for RunError {}

async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    // Of port 0, the one that the kernel has chosen.
    log(
        Level::Info,
        &format_args!("listening at {}", listener.local_addr()?),
    );
    Ok(listener)
}

/// Reads the certificates again. Connections that are open keep theirs until their time is over. Returns whether the
/// certificate of this host at the other hosts is in use.
fn reload(config: &Config, folder: &Folder, answers: &Answers) -> bool {
    let of_peers = match &answers.peers {
        Some(peers) => peers.renew(config),
        None => Ok(()),
    };
    let is_in_use = of_peers.is_ok();
    // Each on its own: a wrong file for etcd does not keep a renewed certificate from being used, nor the reverse.
    let of_etcd = renew_at_etcd(config, answers);
    let (level, text) = match of_peers.and(of_etcd) {
        Ok(()) if answers.peers.is_none() && !folder.has_no_certificate() => (
            Level::Warning,
            "this host has a certificate now: restart tfa-fleet, to accept other hosts".to_owned(),
        ),
        Ok(()) => (Level::Info, "read the certificates again".to_owned()),
        Err(why) => (
            Level::Error,
            match is_in_use {
                true => format!("keeping the current certificate for etcd: {why}"),
                false => format!("keeping the current certificates: {why}"),
            },
        ),
    };
    // systemd counts the reload as done: its status tells what came of it.
    let _ = sd_notify::notify(&[NotifyState::Status(&printable(&text))]);
    log(level, &text);
    is_in_use
}

/// Uses the certificates of now for the connections to etcd. Changes nothing if one of them cannot be used.
fn renew_at_etcd(config: &Config, answers: &Answers) -> Result<(), BadFile> {
    let tls_of_etcd = tls::of_etcd(config)?;
    if let Some(etcd) = &answers.etcd {
        etcd.replace(tls_of_etcd.as_ref());
    }
    Ok(())
}

enum Asked {
    Stop,
    Reload,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn task_that_panics_ends_the_program_with_an_error() {
        let mut tasks = JoinSet::new();
        tasks.spawn(std::future::pending());
        tasks.spawn(async { unreachable!("a fault of the test") });
        assert!(early_end(&mut tasks).await.to_string().contains("panicked"));
    }
}
