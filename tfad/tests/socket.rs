//! The daemon's own socket, with the client of the PAM module and with that of zbus.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tfa_core::{Authenticator, Parameters, Secret, Time};
use tfa_proto::{Context, LOGIN, Next, PATH, Phase, Turn, Verdict, WireTurn};
use tfa_store::{Sealed, SqliteStore, StateDir, Store};
use tfa_wire::{Endpoints, LoginClient, LoginError};
use tfad::account::Accounts;
use tfad::call_limiter::CallLimiter;
use tfad::config::Config;
use tfad::host::users::{NameService, Nss, User};
use tfad::log::{Journal, MemoryLog};
use tfad::login::Logins;
use tfad::socket::LoginSocket;
use tfad::state::DaemonState;
use totp_rs::Builder;

const KEY: &[u8] = b"12345678901234567890";
/// A user that exists on every system.
const USER: &str = "daemon";
const PATIENCE: Duration = Duration::from_secs(30);

/// A daemon without a bus. Dropping it stops it.
struct Daemon {
    folder: PathBuf,
    store: Arc<Sealed<SqliteStore>>,
    socket: Option<LoginSocket>,
}

impl Daemon {
    fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tfad-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let state_dir = StateDir {
            path: folder.join("state"),
            credentials: None,
        };
        let store = Arc::new(tfa_store::open(&state_dir, |_| None).unwrap().store);
        let accounts = Arc::new(Accounts::new(Arc::clone(&store) as _));
        accounts.change(&user(), set_up).unwrap();
        let config = [(
            "tfad.toml".to_owned(),
            "[policy]\nmode = \"optional\"\n".to_owned(),
        )];
        let config = Config::parse(&config).unwrap();
        let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
        let state = DaemonState::new(Arc::clone(&journal), PathBuf::new(), config, None);
        let logins = Arc::new(Logins::new(Arc::new(state), accounts));
        let calls = CallLimiter::new(1000, 1000);
        let socket = LoginSocket::open(&folder.join("login"), logins, journal, calls).unwrap();
        Self {
            folder,
            store,
            socket: Some(socket),
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("login")
    }

    fn begin(&self, user: &str) -> Result<(LoginClient, Turn), LoginError> {
        let (daemon, bus) = (&*self.socket(), Path::new("/nobody/listens/there"));
        LoginClient::begin(
            Endpoints { daemon, bus },
            PATIENCE,
            user,
            &Context::default(),
        )
    }

    /// The turn that follows a code.
    fn answer(&self, code: &str) -> Turn {
        let (mut client, turn) = self.begin(USER).ok().unwrap();
        assert!(matches!(turn.next, Next::Ask(_)), "{turn:?}");
        client.answer(code).unwrap()
    }

    /// A connection by zbus, another D-Bus client.
    async fn peer(&self) -> zbus::Connection {
        let stream = UnixStream::connect(self.socket()).unwrap();
        let builder = zbus::connection::Builder::unix_stream(stream).p2p();
        builder.build().await.unwrap()
    }

    fn stop(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.close(PATIENCE);
            self.store.close();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn user() -> User {
    Nss.look_up(USER).unwrap()
}

fn set_up(account: &mut tfa_core::Account) {
    let phone = Authenticator::totp("phone", Parameters::default(), Secret::new(KEY).unwrap());
    // Long ago, so that every code of today is unused.
    let then = Time::from_secs(59);
    account.set_up(phone, then).unwrap();
    let drawn = tfad::host::random::drawn(|fill| tfa_core::BackupSet::draw(fill)).unwrap();
    let (codes, _) = drawn.unwrap();
    let first = tfa_core::Input::parse("287082");
    account.confirm(&first, Some(codes), then).unwrap();
}

/// The code of the time step that is `steps` from now.
fn code(steps: i64) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let totp = Builder::new().with_secret(KEY).build_noncompliant();
    let token = totp.generate(now.saturating_add_signed(steps * 30));
    token.to_string()
}

/// A code that no step around now has.
fn wrong_code() -> String {
    let near: Vec<String> = (-2..=2).map(code).collect();
    let mut codes = (1000..).map(code);
    codes.find(|code| !near.contains(code)).unwrap()
}

fn verdict(turn: &Turn) -> Verdict {
    match turn.next {
        Next::Verdict(verdict) => verdict,
        Next::Ask(_) => panic!("{turn:?}"),
    }
}

#[test]
fn a_right_code_is_accepted_once() {
    let daemon = Daemon::start("once");
    let code = code(0);
    assert_eq!(verdict(&daemon.answer(&code)), Verdict::VerifiedByTotp);
    assert!(matches!(daemon.answer(&code).next, Next::Ask(_)));
}

#[test]
fn a_wrong_code_admits_no_login_and_an_unknown_user_is_unknown() {
    let daemon = Daemon::start("wrong");
    let turn = daemon.answer(&wrong_code());
    assert!(matches!(turn.next, Next::Ask(_)), "{turn:?}");
    let (_, turn) = daemon.begin("no-such-user").ok().unwrap();
    assert_eq!(verdict(&turn), Verdict::UnknownUser);
}

#[test]
fn the_same_wrong_code_is_counted_in_each_answer_and_in_each_login() {
    let daemon = Daemon::start("again");
    let wrong = wrong_code();
    let (mut client, _) = daemon.begin(USER).ok().unwrap();
    for _ in 0..2 {
        let turn = client.answer(&wrong).unwrap();
        assert!(matches!(turn.next, Next::Ask(_)), "{turn:?}");
    }
    drop(client);
    daemon.answer(&wrong);
    let accounts = Accounts::new(Arc::clone(&daemon.store) as _);
    let account = accounts.load(&user()).unwrap().unwrap();
    assert_eq!(account.wrong_codes().map(|wrong| wrong.count), Some(3));
}

#[test]
fn concurrent_logins_are_judged_separately() {
    let daemon = Daemon::start("many");
    let code = code(0);
    let verified = thread::scope(|scope| {
        let tries: Vec<_> = (0..60)
            .map(|_| scope.spawn(|| daemon.answer(&code)))
            .collect();
        let turns = tries.into_iter().map(|handle| handle.join().unwrap());
        turns
            .filter(|turn| turn.next == Next::Verdict(Verdict::VerifiedByTotp))
            .count()
    });
    assert_eq!(verified, 1);
}

#[test]
fn any_user_may_connect_and_only_root_may_listen() {
    let daemon = Daemon::start("mode");
    let mode = fs::metadata(daemon.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
}

#[test]
fn a_leftover_socket_at_the_path_is_replaced() {
    let folder = std::env::temp_dir().join(format!("tfad-left-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    drop(UnixListener::bind(folder.join("login")).unwrap());
    let daemon = Daemon::start("left");
    assert_eq!(daemon.folder, folder);
    assert_eq!(verdict(&daemon.answer(&code(0))), Verdict::VerifiedByTotp);
}

#[test]
fn a_closed_socket_is_removed_and_its_dialogs_end() {
    let mut daemon = Daemon::start("close");
    let (mut client, _) = daemon.begin(USER).ok().unwrap();
    daemon.stop();
    assert!(UnixStream::connect(daemon.socket()).is_err());
    let error = client.answer(&code(0)).unwrap_err();
    assert!(matches!(error, LoginError::Connection(_)), "{error:?}");
}

#[test]
fn ended_dialogs_do_not_count_toward_the_limit() {
    let daemon = Daemon::start("departed");
    for _ in 0..600 {
        let (_, turn) = daemon.begin(USER).ok().unwrap();
        assert!(matches!(turn.next, Next::Ask(_)), "{turn:?}");
    }
}

fn of_login<'a, T>(
    peer: &'a zbus::Connection,
    method: &'a str,
    arguments: &'a T,
) -> impl Future<Output = zbus::Result<zbus::Message>> + 'a
where
    T: serde::Serialize + zbus::wire::DynamicType,
{
    peer.call_method(None::<&str>, PATH, Some(LOGIN), method, arguments)
}

#[tokio::test]
async fn only_its_own_connection_continues_a_dialog() {
    let daemon = Daemon::start("alone");
    let (peer, other) = (daemon.peer().await, daemon.peer().await);
    let context = Context::default();
    let begin = (USER, context.to_dict());
    let begun = of_login(&peer, "Begin", &begin).await.unwrap();
    let (dialog, _): (u32, WireTurn) = begun.body().deserialize().unwrap();

    let answer = (dialog, code(0));
    let error = of_login(&other, "Answer", &answer).await.unwrap_err();
    assert!(error.to_string().contains("NoSuchDialog"), "{error}");
    let error = of_login(&other, "Cancel", &dialog).await.unwrap_err();
    assert!(error.to_string().contains("NoSuchDialog"), "{error}");

    let turn = of_login(&peer, "Answer", &answer).await.unwrap();
    let (turn,): (WireTurn,) = turn.body().deserialize().unwrap();
    assert_eq!(
        verdict(&Turn::try_from(turn).unwrap()),
        Verdict::VerifiedByTotp
    );
}

#[tokio::test]
async fn a_context_of_another_version_is_refused_with_the_remedy() {
    let daemon = Daemon::start("versions");
    let peer = daemon.peer().await;
    let account = Context {
        phase: Phase::Account,
        ..Context::default()
    };
    let mut without_result = account.to_dict();
    without_result.remove("auth-result");
    let mut with_old_key = account.to_dict();
    with_old_key.insert("met", "verified".into());
    for (context, key) in [(without_result, "auth-result"), (with_old_key, "met")] {
        let begin = (USER, context);
        let error = of_login(&peer, "Begin", &begin).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains("InvalidArgument"), "{error}");
        assert!(error.contains(key), "{error}");
        assert!(error.contains("systemctl restart tfad"), "{error}");
    }
}

#[tokio::test]
async fn calls_that_are_not_of_a_login_are_refused() {
    let daemon = Daemon::start("refused");
    let peer = daemon.peer().await;
    for (path, interface, method) in [
        (PATH, tfa_proto::ADMIN, "List"),
        (PATH, tfa_proto::ACCOUNT, "Status"),
        (PATH, LOGIN, "Finish"),
        ("/", LOGIN, "Begin"),
    ] {
        let called = peer.call_method(None::<&str>, path, Some(interface), method, &());
        let error = called.await.unwrap_err();
        assert!(error.to_string().contains("InvalidArgument"), "{error}");
    }
    let error = of_login(&peer, "Begin", &USER).await.unwrap_err();
    assert!(error.to_string().contains("InvalidArgument"), "{error}");
}
