//! `tfad`: reads its options, opens what it needs, and serves.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tfa_store::{
    DaemonStore, KeptIn, KeyRotation, NoAccounts, Notice, Opened, StateDir, StateFile, StoreError,
    UnavailableStore, etcd, settle_migration,
};
use tfad::account::{Accounts, FollowsUid, RECOVERY_FILE};
use tfad::config::{BadConfig, Config, FleetRole, StoreKind, Trust, check};
use tfad::dbus::service::{self, Stop};
use tfad::fleet::{self, MemberListener};
use tfad::host::{clock, enumerate, hardening};
use tfad::log::{DaemonEvent, Journal};
use tfad::publication::MARK;
use tfad::rotation::{REPORT, Rotation};
use tfad::state::DaemonState;
use tfad::task;

const USAGE: &str =
    "usage: tfad [--config FILE] [--state DIRECTORY] [--bus ADDRESS] [--socket PATH]
       tfad --check [--config FILE] [--draft] [--quiet] [--strict]
                    [--json]
See tfad(8).";

/// The socket for the logins of members, beside that for logins: `tfa_fleet_wire::MEMBER_SOCKET`.
const MEMBERS: &str = "fleet";

/// What the command line says.
struct Options {
    config: PathBuf,
    state: PathBuf,
    bus: String,
    socket: PathBuf,
    /// Only check the configuration.
    check: bool,
    how: check::Options,
}

fn main() -> ExitCode {
    // Before any thread is started. No option for users: the daemon starts itself with it.
    if std::env::args().nth(1).as_deref() == Some(enumerate::OPTION) {
        return enumerate::run();
    }
    // No option for users either: `tfactl backup` and others start it.
    if let Some(code) = task::run(std::env::args_os().skip(1)) {
        return code;
    }
    let options = match options(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => return say(USAGE, ExitCode::SUCCESS),
        Err(wrong) => return say(&format!("tfad: {wrong}\n{USAGE}"), ExitCode::from(2)),
    };
    if options.check {
        return say_checked(&options.config, &options.how);
    }
    let journal = Arc::new(Journal::open());
    let code = match run(options, &journal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            journal.log_daemon(DaemonEvent::Failed(&why));
            say(&format!("tfad: {why}"), ExitCode::FAILURE)
        }
    };
    // The thread that sends the lines ends with the program.
    journal.flush();
    code
}

/// Prints the result of a check, and exits with it.
fn say_checked(file: &Path, options: &check::Options) -> ExitCode {
    let report = check::check(file, options);
    for line in &report.lines {
        if options.json {
            use std::io::Write as _;
            let _ = writeln!(std::io::stdout(), "{line}");
        } else {
            say(&format!("tfad: {line}"), ExitCode::SUCCESS);
        }
    }
    if report.passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(options: Options, journal: &Arc<Journal>) -> Result<(), String> {
    if let Err(why) = hardening::protect_memory() {
        journal.log_daemon(DaemonEvent::MemoryUnprotected(&why));
    }
    let state_dir = StateDir {
        path: options.state,
        credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
    };
    // Without a configuration or a store the daemon stays, and refuses every login with the reason:
    // an answer, at once, where a daemon that ends and starts again makes logins wait for nothing.
    // A reload tries again, and so does the daemon itself from time to time.
    let recovery = StateFile::new(&state_dir, RECOVERY_FILE);
    let log = Arc::clone(journal);
    let report = options.socket.with_file_name(REPORT);
    let rotation = Arc::new(Rotation::new(Arc::clone(journal), report));
    let of_store = Arc::clone(&rotation);
    let config = Config::read(&options.config, &Trust::own());
    let store = StoreOpener {
        place: config.as_ref().ok().map(Place::of),
        config: options.config.clone(),
        state_dir,
        follows_uid: FollowsUid::default(),
    };
    let follows_uid = store.follows_uid.clone();
    let of_member = store.state_dir.clone();
    let open = move || store.open(&log, &of_store);
    let (store, unavailable) = match open() {
        Ok(store) => (store, None),
        Err(error) => {
            let store = Arc::new(UnavailableStore::new(error, open));
            (Arc::clone(&store) as Arc<dyn DaemonStore>, Some(store))
        }
    };
    let accounts = Accounts::new(Arc::clone(&store) as _);
    let accounts = accounts.logging_to(Arc::clone(journal));
    let accounts = accounts.following_uid_if(follows_uid);
    let accounts = Arc::new(accounts.with_recovery(recovery));
    let bad_config = config.as_ref().err().map(BadConfig::summary);
    let state = DaemonState::new(
        Arc::clone(journal),
        options.config,
        config.unwrap_or_default(),
        bad_config,
    );
    let state = state
        .waiting_for(unavailable)
        .publishing_in(Arc::clone(&store), options.socket.with_file_name(MARK))
        .keeping_policy_serial_in(&of_member)
        .keeping_removals_in(&of_member)
        .rotating(Arc::clone(&rotation));
    let state = Arc::new(state);
    // For the log and the warnings. A login reads it anyway.
    let _ = state.publication().newest();
    // One thread serves the bus, and the blocking threads do the work of its calls. Each login at the
    // socket has a thread of its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(service::MAX_WORKERS)
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    let members = options.socket.with_file_name(MEMBERS);
    let members = MemberListener::new(members, Arc::clone(&state), Arc::clone(&store));
    let stop = runtime.block_on(service::serve(
        state,
        accounts,
        Arc::new(members),
        of_member,
        &options.bus,
        &options.socket,
    ));
    rotation.stop();
    store.close();
    // Not waiting for a directory that still hangs.
    runtime.shutdown_background();
    let stop = stop.map_err(|error| format!("cannot serve on the bus: {error}"))?;
    match stop {
        Stop::Asked => {
            journal.log_daemon(DaemonEvent::Stopped);
            Ok(())
        }
        Stop::BusLost => Err("the bus is gone".to_owned()),
    }
}

/// Where the accounts are.
#[derive(Clone, Copy)]
enum Place {
    /// In a store that this daemon opens.
    Store(StoreKind),
    /// In that of a verifier, for users of members too.
    Verifier(StoreKind),
    /// With the verifiers of a fleet.
    Verifiers,
}

impl Place {
    fn of(config: &Config) -> Self {
        match config.role {
            Some(FleetRole::Member) => Self::Verifiers,
            Some(FleetRole::Verifier) => Self::Verifier(config.store),
            None => Self::Store(config.store),
        }
    }

    fn is_in(self, kept_in: KeptIn) -> bool {
        match self {
            Self::Store(kind) | Self::Verifier(kind) => kind == kind_of(kept_in),
            Self::Verifiers => false,
        }
    }

    /// The same with the store that a migration has moved the accounts to.
    fn with_store(self, kept_in: KeptIn) -> Self {
        match self {
            Self::Store(_) => Self::Store(kind_of(kept_in)),
            Self::Verifier(_) => Self::Verifier(kind_of(kept_in)),
            Self::Verifiers => Self::Verifiers,
        }
    }

    /// Whether other hosts use the accounts.
    fn is_in_fleet(self) -> bool {
        !matches!(self, Self::Store(StoreKind::Sqlite))
    }
}

fn kind_of(kept_in: KeptIn) -> StoreKind {
    match kept_in {
        KeptIn::Database => StoreKind::Sqlite,
        KeptIn::Etcd => StoreKind::Etcd,
    }
}

/// What is needed to open the store.
struct StoreOpener {
    /// The place that the configuration names; `None` while it cannot be used.
    place: Option<Place>,
    config: PathBuf,
    state_dir: StateDir,
    /// Ended before the store of a fleet is opened.
    follows_uid: FollowsUid,
}

impl StoreOpener {
    /// Opens the store, and logs what the administrator should know of it.
    fn open(
        &self,
        journal: &Arc<Journal>,
        rotation: &Arc<Rotation>,
    ) -> Result<Arc<dyn DaemonStore>, StoreError> {
        let log = |notices: Vec<Notice>| {
            for notice in notices {
                journal.log_daemon(DaemonEvent::Store(&notice));
            }
        };
        let place = self.place()?;
        let settled = settle_migration(&self.state_dir, fleet::etcd, clock::now().as_secs())?;
        let place = match settled {
            Some(kept_in) if !place.is_in(kept_in) => {
                log(vec![Notice::ConfigurationBehind { kept_in }]);
                place.with_store(kept_in)
            }
            _ => place,
        };
        if place.is_in_fleet() {
            self.follows_uid.end();
        }
        match place {
            Place::Verifiers => Ok(Arc::new(NoAccounts::open(&self.state_dir)?)),
            Place::Store(StoreKind::Sqlite) | Place::Verifier(StoreKind::Sqlite) => {
                let Opened { store, notices } = tfa_store::open(&self.state_dir, uid_of)?;
                log(notices);
                let store = Arc::new(store);
                let state_dir = self.state_dir.clone();
                rotation.set_store(KeyRotation::new(Arc::clone(&store), state_dir));
                Ok(store)
            }
            Place::Store(StoreKind::Etcd) | Place::Verifier(StoreKind::Etcd) => {
                let kv = fleet::etcd()?.logging_to(Arc::clone(journal));
                let etcd::Opened { store, notices } = etcd::open(&self.state_dir, kv)?;
                log(notices);
                Ok(Arc::new(store))
            }
        }
    }

    /// The place that the configuration at the start names, else the one of now. In another one users would
    /// have no record, and would not be asked for a code.
    fn place(&self) -> Result<Place, StoreError> {
        let read = || match Config::read(&self.config, &Trust::own()) {
            Ok(config) => Ok(Place::of(&config)),
            Err(_) => Err(StoreError::Unavailable {
                why: "the configuration, which tells where the accounts are, has an error"
                    .to_owned(),
            }),
        };
        self.place.map_or_else(read, Ok)
    }
}

/// The uid in a record.
fn uid_of(record: &[u8]) -> Option<u32> {
    let account = tfa_core::Account::decode(record).ok();
    account.map(|account| account.uid())
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        config: PathBuf::from("/etc/tfa/tfad.toml"),
        state: PathBuf::from("/var/lib/tfa"),
        bus: tfa_proto::SYSTEM_BUS.to_owned(),
        socket: PathBuf::from(tfa_proto::LOGIN_SOCKET),
        check: false,
        how: check::Options::default(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--config" => options.config = PathBuf::from(value()?),
            "--state" => options.state = PathBuf::from(value()?),
            "--bus" => options.bus = value()?,
            "--socket" => options.socket = PathBuf::from(value()?),
            "--check" => options.check = true,
            "--draft" => options.how.draft = true,
            "--quiet" => options.how.quiet = true,
            "--strict" => options.how.strict = true,
            "--json" => options.how.json = true,
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown argument {argument:?}")),
        }
    }
    Ok(Some(options))
}

/// Prints to the standard error. A path or a file may contain control characters.
fn say(text: &str, code: ExitCode) -> ExitCode {
    use std::io::Write as _;
    let misleads = |c: char| c != '\n' && tfa_proto::is_misleading(c);
    let text = text.replace(misleads, "?");
    let _ = writeln!(std::io::stderr(), "{text}");
    code
}
