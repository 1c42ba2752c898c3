//! The double of the daemon: one account, codes that never change, and a record of the calls.
//!
//! `account` serves the interface that `tfa-enroll` calls, `admin` the one that `tfactl` calls.

mod account;
mod admin;
mod error;

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};

use tfa_proto::{
    AuditRecord, Authenticator, BoundCodes, DaemonFacts, Device, Exemption, Explanation,
    ExportedAuthenticator, FleetHost, HypotheticalLogin, Impact, Import, ImportResult, NAME, PATH,
    Parameters, PublishedPolicy, RecoveryStatus, SecurityKeyParameters, Status, TokenParameters,
};
use zbus::connection;

use crate::TIMEOUT;
use crate::private_bus::PrivateBus;
use account::AccountInterface;
use admin::AdminInterface;

/// The one-time code of the active authenticator.
pub const PROOF: &str = "111111";
/// The one-time code of the pending authenticator.
pub const NEW_CODE: &str = "222222";
/// Two codes of a token that follow each other, ahead of its counter.
pub const AHEAD: [&str; 2] = ["333333", "444444"];
/// The invitation code.
pub const INVITATION: &str = "MNPQR-STVWX";
/// The recovery code of the host.
pub const RECOVERY_CODE: &str = "ABCD-EFGH-JKMN-PQRS";
/// The code of an invitation that expires while the code is typed.
pub const OLD_INVITATION: &str = "EXPRD-EXPRD";
/// A wrong invitation code that locks the account.
pub const ONE_TOO_MANY: &str = "00000-00000";
/// The secret of the pending authenticator.
pub const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ";
/// The link for the pending authenticator, as long as with usual names.
pub const URI: &str =
    "otpauth://totp/desk.example:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ&issuer=desk.example";

/// What polkit answers.
pub enum Polkit {
    /// The call is authorized.
    Yes,
    /// So many wrong passwords, then the call is authorized.
    WrongPassword(u32),
    /// No authentication agent is registered.
    NoAgent,
    /// The rules of polkit do not permit the call.
    Never,
}

/// The state of the double.
pub struct Account {
    /// The caller's own account.
    pub status: Status,
    /// The link for the pending authenticator: [`URI`], unless a test sets another.
    pub uri: String,
    /// All accounts that the administrator sees.
    pub others: Vec<Status>,
    /// A page of `List` with this record fails.
    pub list_fails_at: Option<String>,
    /// The page of `List` after this name never comes.
    pub list_waits_after: Option<String>,
    /// `Import` with this user never returns.
    pub import_waits_for: Option<String>,
    /// `Show` and `Members` fail because the name service does.
    pub look_ups_fail: bool,
    /// `Show` of this user fails for the same reason.
    pub show_fails_for: Option<String>,
    /// Why every login is refused. Empty if none is.
    pub refusal: String,
    /// Whether the double leaves all calls but `Status` and `Refusal` unanswered.
    pub silent: bool,
    /// What polkit answers.
    pub polkit: Polkit,
    /// Whether polkit asks for a code too, so that the call needs none.
    pub polkit_takes_code: bool,
    /// The calls in their order, with arguments.
    pub calls: Vec<String>,
    /// The parameters of the last enrollment.
    pub parameters: Option<Parameters>,
    /// The last security key.
    pub security_key: Option<SecurityKeyParameters>,
    /// The parameters and the key of the last authenticator that the administrator added.
    pub token: Option<(TokenParameters, Vec<u8>)>,
    /// The answer to `Export`.
    pub exports: Vec<ExportedAuthenticator>,
    /// All that was imported, or checked.
    pub imports: Vec<Import>,
    /// The results of `Import` by user, where a user is not imported.
    pub import_results: BTreeMap<String, ImportResult>,
    /// Whether enrollment needs the invitation code.
    pub needs_invitation: bool,
    /// Whether `Pause` and `Remove` are refused because the policy requires two-factor login.
    pub refuses_switch_off: bool,
    /// The answer to `Explain`.
    pub explanation: Explanation,
    /// Whether the policy is in audit mode.
    pub audit: bool,
    /// The answer to `Impact`, for the users who are affected.
    pub impacts: Vec<Impact>,
    /// The answer to `Users`. Root is left out where it is not asked for.
    pub host_users: Vec<String>,
    /// The answers to `Members`, by name or number of the group.
    pub host_groups: BTreeMap<String, Vec<String>>,
    /// How many names a page has, of these answers and of the other lists.
    pub page_length: usize,
    /// The answer to `AuditRecords`.
    pub audit_records: Vec<AuditRecord>,
    /// The recovery code of the host.
    pub recovery: RecoveryStatus,
    /// The published policy.
    pub published: PublishedPolicy,
    /// The warnings about a policy that is to be published.
    pub policy_warnings: Vec<String>,
    /// The answer to `Facts`.
    pub facts: DaemonFacts,
    /// The answer to `ListHosts`.
    pub hosts: Vec<FleetHost>,
    /// What `PolicyExemptions` and `UserExemptions` return.
    pub exemptions: Vec<Exemption>,
    /// The login of the last `Explain` or `Impact`.
    pub hypothetical_login: Option<HypotheticalLogin>,
    /// The policy files of the last `Explain` or `Impact`, as names and texts.
    pub files: Vec<(String, String)>,
    pending: bool,
    adds: bool,
}

impl Account {
    fn new(status: Status) -> Self {
        Self {
            status,
            uri: URI.to_owned(),
            others: Vec::new(),
            list_fails_at: None,
            list_waits_after: None,
            import_waits_for: None,
            look_ups_fail: false,
            show_fails_for: None,
            refusal: String::new(),
            silent: false,
            polkit: Polkit::Yes,
            polkit_takes_code: false,
            calls: Vec::new(),
            parameters: None,
            security_key: None,
            token: None,
            exports: Vec::new(),
            imports: Vec::new(),
            import_results: BTreeMap::new(),
            needs_invitation: false,
            refuses_switch_off: false,
            explanation: Explanation::default(),
            audit: false,
            impacts: Vec::new(),
            host_users: Vec::new(),
            host_groups: BTreeMap::new(),
            page_length: usize::MAX,
            audit_records: Vec::new(),
            recovery: RecoveryStatus::default(),
            published: PublishedPolicy::default(),
            policy_warnings: Vec::new(),
            facts: DaemonFacts::default(),
            hosts: Vec::new(),
            exemptions: Vec::new(),
            hypothetical_login: None,
            files: Vec::new(),
            pending: false,
            adds: false,
        }
    }
}

/// Returns the status of alice, who has enrolled.
pub fn enabled() -> Status {
    Status {
        user: "alice".to_owned(),
        uid: Some(1000),
        state: Some(tfa_proto::State::Enabled.into()),
        authenticators: vec![authenticator(1, "phone")],
        backup_codes_left: 8,
        ..Status::default()
    }
}

/// A set of codes that is bound to this host.
#[must_use]
pub fn bound_codes(host: &str, left: u32, confirmed: bool) -> BoundCodes {
    BoundCodes {
        host: host.to_owned(),
        left,
        made: 1_796_133_900,
        confirmed,
    }
}

/// A remembered key, with this number.
#[must_use]
pub fn device(id: u32) -> Device {
    Device {
        id,
        mark: "SHA256:ZY5EzmKtBCq/4Yd2UekHLzTEl0BKOPobpgks2st/KCI".to_owned(),
        key_type: Some("ED25519".to_owned()),
        first_used: 1_796_133_900,
        last_used: 1_796_220_300,
        until: 4_102_444_800,
        ..Device::default()
    }
}

/// Returns a time-based authenticator of this id and name.
pub fn authenticator(id: u32, name: &str) -> Authenticator {
    Authenticator {
        id,
        name: name.to_owned(),
        ..Authenticator::default()
    }
}

/// The double on its bus. Dropping it ends its connection.
pub struct Daemon {
    shared: Arc<Shared>,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    account: Mutex<Account>,
    called: Condvar,
}

impl Daemon {
    /// Starts the double on the bus.
    pub fn start(bus: &PrivateBus, status: Status) -> Self {
        let shared = Arc::new(Shared {
            account: Mutex::new(Account::new(status)),
            called: Condvar::new(),
        });
        let (end, ended) = tokio::sync::oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let address = format!("unix:path={}", bus.socket().display());
        let (account, admin) = (
            AccountInterface(shared.clone()),
            AdminInterface(shared.clone()),
        );
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let connection = connection::Builder::address(address.as_str())
                    .serve_at(PATH, account)
                    .serve_at(PATH, admin)
                    .name(NAME)
                    .build()
                    .await
                    .unwrap();
                ready.send(()).unwrap();
                let _ = ended.await;
                // The bus learns that the daemon has gone before `drop` returns. Without this, it
                // could still pass a call to the closed connection.
                let _ = connection.release_name(NAME).await;
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

    /// Calls `with` with the state of the double.
    pub fn account<T>(&self, with: impl FnOnce(&mut Account) -> T) -> T {
        with(&mut self.shared.account.lock().unwrap())
    }

    /// Returns the calls so far.
    pub fn calls(&self) -> Vec<String> {
        self.account(|account| account.calls.clone())
    }

    /// Waits until this call has come.
    #[track_caller]
    pub fn expect_call(&self, call: &str) {
        let account = self.shared.account.lock().unwrap();
        let is_missing = |account: &mut Account| !account.calls.iter().any(|seen| seen == call);
        let (account, waited) = self
            .shared
            .called
            .wait_timeout_while(account, TIMEOUT, is_missing)
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
    /// Records a call. Never returns while the double is silent.
    async fn record(&self, call: String) {
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
