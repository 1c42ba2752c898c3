//! An import with many backup codes, and logins meanwhile, with a real daemon on a real bus.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

mod host;

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tfa_core::{Account, Authenticator, BackupSet, Input, Parameters, Secret, Time};
use tfa_proto::{ADMIN, AuthenticatorKind, Import, ImportOutcome, ImportResult};
use tfa_proto::{Context, ImportedAuthenticator, NAME, Next, PATH, Verdict};
use tfa_store::{Revision, StateDir, Store};
use tfa_wire::{Endpoints, LoginClient};
use totp_rs::Builder;
use zbus::Connection;
use zbus::connection;

use host::Host;

const KEY: &[u8] = b"12345678901234567890";
/// Users that exist on every system. The first one logs in.
const USER: (&str, u32) = ("daemon", 1);
const IMPORTED: [&str; 5] = ["bin", "sys", "games", "man", "lp"];
/// The backup codes of each imported user: seconds of hashing in all.
const CODES: u32 = 10;
const TRIES: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes a store in which the user who logs in has enrolled, long ago.
fn fill(state: &Path) {
    let state_dir = StateDir {
        path: state.to_owned(),
        credentials: None,
    };
    let store = tfa_store::open(&state_dir, |_| None).unwrap().store;
    let phone = Authenticator::totp("phone", Parameters::default(), Secret::new(KEY).unwrap());
    let then = Time::from_secs(59);
    let mut account = Account::new(USER.1);
    account.set_up(phone, then).unwrap();
    let drawn = tfad::host::random::drawn(|fill| BackupSet::draw(fill)).unwrap();
    let (codes, _) = drawn.unwrap_or_else(|_| panic!("no backup codes"));
    let first = Input::parse("287082");
    account.confirm(&first, Some(codes), then).unwrap();
    let stored = store.commit(USER.0, USER.1, &account.encode(), Revision::NONE);
    let _ = stored.unwrap();
    store.close();
}

fn imports() -> Vec<Import> {
    let of_user = |user: &str| {
        let mut phone = ImportedAuthenticator::default();
        phone.kind = AuthenticatorKind::Totp.into();
        "phone".clone_into(&mut phone.name);
        phone.key = KEY.to_vec();
        let mut import = Import::default();
        user.clone_into(&mut import.user);
        import.authenticators.push(phone);
        import.backup_codes = (0..CODES)
            .map(|code| format!("{:08}", 12_345_678 + code))
            .collect();
        import
    };
    IMPORTED.map(of_user).into()
}

async fn import(bus: &Connection) -> Vec<ImportOutcome> {
    let arguments = (imports(), false);
    let called = bus.call_method(Some(NAME), PATH, Some(ADMIN), "Import", &arguments);
    let results: Vec<ImportResult> = called.await.unwrap().body().deserialize().unwrap();
    let outcomes = results.iter().map(|one| one.outcome.known().unwrap());
    outcomes.collect()
}

/// A code of now.
fn code() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let totp = Builder::new().with_secret(KEY).build_noncompliant();
    totp.generate(now.as_secs()).to_string()
}

fn log_in(socket: &Path) -> Verdict {
    let endpoints = Endpoints {
        daemon: socket,
        bus: Path::new("/nobody/listens/there"),
    };
    let begun = LoginClient::begin(endpoints, PATIENCE, USER.0, &Context::default());
    let Ok((mut client, _)) = begun else {
        panic!("the daemon does not answer");
    };
    match client.answer(&code()).unwrap().next {
        Next::Verdict(verdict) => verdict,
        Next::Ask(_) => panic!("the code was not accepted"),
    }
}

/// Imports, logs in meanwhile, and imports once more. Returns whether the import was under way when the login
/// was over.
async fn login_is_before_the_end_of_an_import(host: &Host) -> bool {
    let address = format!("unix:path={}", host.bus.socket().display());
    let bus = connection::Builder::address(&*address)
        .build()
        .await
        .unwrap();
    let begun = bus.clone();
    let imported = tokio::spawn(async move { import(&begun).await });
    // The import has begun when its first user is stored.
    let stored = || async {
        let arguments = ("all", "");
        let called = bus.call_method(Some(NAME), PATH, Some(ADMIN), "List", &arguments);
        let reply = called.await.unwrap();
        let (accounts, ..): (Vec<tfa_proto::Status>, String, u32) =
            reply.body().deserialize().unwrap();
        accounts.len()
    };
    while stored().await < 2 {}
    let socket = host.folder.join("login");
    let verdict = tokio::task::spawn_blocking(move || log_in(&socket)).await;
    assert_eq!(verdict.unwrap(), Verdict::VerifiedByTotp);
    let is_before = stored().await < 1 + IMPORTED.len();
    let outcomes = imported.await.unwrap();
    assert_eq!(outcomes, [ImportOutcome::Imported; IMPORTED.len()]);
    let outcomes = import(&bus).await;
    assert_eq!(outcomes, [ImportOutcome::Unchanged; IMPORTED.len()]);
    is_before
}

#[tokio::test]
async fn login_is_answered_while_an_import_runs_and_a_second_import_changes_nothing() {
    // On a busy host the test itself may come too late for an import, but not for each one.
    for number in 0..TRIES {
        let host = Host::start(&format!("imports-{number}"), fill);
        if login_is_before_the_end_of_an_import(&host).await {
            return;
        }
    }
    panic!("each login waited for the import");
}
