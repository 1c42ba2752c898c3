//! The daemon's double: one account, codes that never change, and a list of what it was asked.
//! [`account`] is what `tfa-enroll` calls, [`admin`] what `tfactl` calls.

mod account;
mod admin;
mod error;

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tfa_proto::{
    AuditRecord, Explanation, HypotheticalLogin, Impact, NAME, PATH, Parameters, Status,
};
use zbus::connection;

use super::Bus;
use account::OnBus;
use admin::AdminOnBus;

/// The code that proves the account's owner.
pub(crate) const PROOF: &str = "111111";
/// The code of the authenticator that is offered.
pub(crate) const NEW_CODE: &str = "222222";
/// The administrator's word, where one is needed.
pub(crate) const INVITATION: &str = "MNPQR-STVWX";
/// One that ends while it is typed.
pub(crate) const OLD_INVITATION: &str = "EXPRD-EXPRD";
/// The one wrong word too many.
pub(crate) const ONE_TOO_MANY: &str = "00000-00000";
/// The key that is offered.
pub(crate) const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ";
/// The link that is offered, of the length that usual names give.
pub(crate) const URI: &str =
    "otpauth://totp/desk.example:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ&issuer=desk.example";

/// What polkit says where it is asked.
pub(crate) enum Polkit {
    Yes,
    /// So often, and then yes.
    WrongPassword(u32),
    /// There is nothing to ask with.
    NoAgent,
    /// No password would help.
    Never,
}

/// What the double knows and has seen.
pub(crate) struct Account {
    pub(crate) status: Status,
    /// The link to offer instead of the usual one.
    pub(crate) uri: String,
    /// All accounts, for the administrator's side.
    pub(crate) others: Vec<Status>,
    /// Why every login is refused, if it is.
    pub(crate) refusal: String,
    /// No call but `Status` and `Refusal` is answered any more.
    pub(crate) silent: bool,
    pub(crate) polkit: Polkit,
    /// polkit's login takes a code as well, so that none has to come with the call.
    pub(crate) polkit_takes_code: bool,
    /// Calls, in the order in which they came, with their arguments.
    pub(crate) calls: Vec<String>,
    pub(crate) parameters: Option<Parameters>,
    /// A set-up takes the invitation.
    pub(crate) by_invitation: bool,
    /// The policy lets nobody pause or remove, whatever the status said before.
    pub(crate) insists: bool,
    /// What becomes of any login.
    pub(crate) explanation: Explanation,
    /// The policy is in audit mode.
    pub(crate) audit: bool,
    /// What the policy means for those whom it means something for.
    pub(crate) impacts: Vec<Impact>,
    /// What audit mode noted.
    pub(crate) seen: Vec<AuditRecord>,
    /// The login that was last asked about.
    pub(crate) supposed: Option<HypotheticalLogin>,
    /// The names and texts of the policy that was last asked about.
    pub(crate) files: Vec<(String, String)>,
    pending: bool,
}

impl Account {
    fn new(status: Status) -> Self {
        Self {
            status,
            uri: URI.to_owned(),
            others: Vec::new(),
            refusal: String::new(),
            silent: false,
            polkit: Polkit::Yes,
            polkit_takes_code: false,
            calls: Vec::new(),
            parameters: None,
            by_invitation: false,
            insists: false,
            explanation: Explanation::default(),
            audit: false,
            impacts: Vec::new(),
            seen: Vec::new(),
            supposed: None,
            files: Vec::new(),
            pending: false,
        }
    }
}

/// An account of alice with two-factor login on.
pub(crate) fn enabled() -> Status {
    Status {
        user: "alice".to_owned(),
        uid: Some(1000),
        state: Some(tfa_proto::State::Enabled.into()),
        authenticators: vec!["phone".to_owned()],
        backup_codes_left: 8,
        ..Status::default()
    }
}

/// The double at work. Ends with the value.
pub(crate) struct Daemon {
    shared: Arc<Shared>,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    account: Mutex<Account>,
    called: Condvar,
}

impl Daemon {
    pub(crate) fn start(bus: &Bus, status: Status) -> Self {
        let shared = Arc::new(Shared {
            account: Mutex::new(Account::new(status)),
            called: Condvar::new(),
        });
        let (end, ended) = tokio::sync::oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let address = format!("unix:path={}", bus.socket().display());
        let (one, other) = (OnBus(shared.clone()), AdminOnBus(shared.clone()));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let connection = connection::Builder::address(address.as_str())
                    .serve_at(PATH, one)
                    .serve_at(PATH, other)
                    .name(NAME)
                    .build()
                    .await
                    .unwrap();
                ready.send(()).unwrap();
                let _ = ended.await;
                drop(connection);
            });
        });
        is_ready.recv().unwrap();
        Self {
            shared,
            end: Some(end),
            thread: Some(thread),
        }
    }

    /// Looks into the account or changes it.
    pub(crate) fn account<T>(&self, with: impl FnOnce(&mut Account) -> T) -> T {
        with(&mut self.shared.account.lock().unwrap())
    }

    /// All calls so far.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.account(|account| account.calls.clone())
    }

    /// Waits until a call has come.
    #[track_caller]
    pub(crate) fn expect_call(&self, call: &str) {
        let account = self.shared.account.lock().unwrap();
        let came = |account: &mut Account| !account.calls.iter().any(|seen| seen == call);
        let patience = Duration::from_secs(10);
        let (account, waited) = self
            .shared
            .called
            .wait_timeout_while(account, patience, came)
            .unwrap();
        assert!(!waited.timed_out(), "no {call} among {:?}", account.calls);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    async fn called(&self, call: String) {
        let silent = {
            let mut account = self.account.lock().unwrap();
            account.calls.push(call);
            account.silent
        };
        self.called.notify_all();
        if silent {
            std::future::pending::<()>().await;
        }
    }
}
