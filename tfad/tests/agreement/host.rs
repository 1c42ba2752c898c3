//! A host under one configuration, with one user.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tfa_core::{Account, Groups, Identity, Subject};
use tfa_proto::{Context, Error, Explanation, HypotheticalLogin, Next, Phase, Turn, Verdict};
use tfa_store::{StateDir, StateFile};
use tfa_testkit::MemoryStore;
use tfad::account::{Accounts, RECOVERY_FILE};
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::host::clock;
use tfad::host::users::User;
use tfad::log::{Entry, Journal, MemoryLog};
use tfad::login::simulate::{self, ShownKey, Simulator};
use tfad::login::{self, BeginRequest, LoginService as _, Logins};
use tfad::state::DaemonState;

use crate::alice::{Names, UID, alice};
use crate::facts::Facts;
use crate::logins::TestLogin;
use crate::seen::Seen;

pub(crate) struct Host {
    /// The user whose logins are explained.
    user: User,
    config: Config,
    accounts: Arc<Accounts>,
    logins: Logins,
    journal: Arc<Journal>,
    log: MemoryLog,
    has_session_phase: bool,
}

impl Host {
    pub(crate) fn new(config: &str) -> Self {
        let accounts = Accounts::new(Arc::new(MemoryStore::new())).with_names(Arc::new(Names));
        Self::with_accounts(config, accounts)
    }

    /// A host with a recovery code, and the code. The file is in that folder.
    pub(crate) fn with_recovery_code(config: &str, folder: PathBuf) -> (Self, String) {
        let state_dir = StateDir {
            path: folder,
            credentials: None,
        };
        let accounts = Accounts::new(Arc::new(MemoryStore::new())).with_names(Arc::new(Names));
        let accounts = accounts.with_recovery(StateFile::new(&state_dir, RECOVERY_FILE));
        let code = accounts.create_recovery_code(clock::now()).unwrap();
        (Self::with_accounts(config, accounts), code.to_printed())
    }

    fn with_accounts(config: &str, accounts: Accounts) -> Self {
        let config = Config::parse(&[("tfad.toml".to_owned(), config.to_owned())]).unwrap();
        let accounts = Arc::new(accounts);
        let log = MemoryLog::default();
        let journal = Arc::new(Journal::in_memory(log.clone()));
        let state = DaemonState::new(Arc::clone(&journal), PathBuf::new(), config.clone(), None);
        let logins = Logins::new(Arc::new(state), Arc::clone(&accounts));
        Self {
            user: alice(),
            config,
            accounts,
            logins,
            journal,
            log,
            has_session_phase: false,
        }
    }

    /// The same, where the session phase decides what depends on a method of sshd.
    pub(crate) fn with_session_phase(self) -> Self {
        Self {
            has_session_phase: true,
            ..self
        }
    }

    /// The same, where the explained logins are root's.
    pub(crate) fn of_root(self) -> Self {
        let user = User {
            name: "root".to_owned(),
            uid: 0,
            aliases: Vec::new(),
        };
        Self { user, ..self }
    }

    /// The entries of the log since the last call.
    pub(crate) fn logged(&self) -> Vec<Entry> {
        self.log.take(&self.journal)
    }

    /// Replaces the record of alice.
    pub(crate) fn store(&self, account: Option<&Account>) {
        if self.accounts.load(&alice()).unwrap().is_some() {
            self.accounts.remove("alice").unwrap();
        }
        if let Some(account) = account {
            let stored = self
                .accounts
                .change(&alice(), |stored| *stored = account.clone());
            stored.unwrap();
        }
    }

    /// Whether audit mode has recorded a login of alice.
    pub(crate) fn has_audit_record(&self) -> bool {
        let account = self.accounts.load(&alice()).unwrap();
        account.is_some_and(|account| !account.audit_records().is_empty())
    }

    /// The explanation of a login. A key is given to other services than sshd too, which
    /// [`ShownKey::of`] refuses: a simulation must not believe in it.
    pub(crate) fn explain(&self, login: &TestLogin, account: Option<&Account>) -> Explanation {
        let over_ssh = HypotheticalLogin {
            service: "sshd".to_owned(),
            ..login.hypothetical.clone()
        };
        let key = self.key_of(&over_ssh, account).unwrap();
        self.explanation_with(&login.hypothetical, key, account)
    }

    /// The explanation of a login, on a host with a recovery code.
    pub(crate) fn explanation(
        &self,
        login: &HypotheticalLogin,
        account: Option<&Account>,
    ) -> Result<Explanation, Error> {
        let key = self.key_of(login, account)?;
        Ok(self.explanation_with(login, key, account))
    }

    fn key_of(
        &self,
        login: &HypotheticalLogin,
        account: Option<&Account>,
    ) -> Result<Option<ShownKey>, Error> {
        ShownKey::of(login, account, &self.config.remember, clock::now())
    }

    fn explanation_with(
        &self,
        login: &HypotheticalLogin,
        key: Option<ShownKey>,
        account: Option<&Account>,
    ) -> Explanation {
        let subject = Subject {
            uid: self.user.uid,
            canonical: Identity {
                name: self.user.name.clone(),
                groups: Groups::default(),
            },
            aliases: Vec::new(),
        };
        let simulator = Simulator {
            config: &self.config,
            policy: &self.config.policy,
            login,
            key,
            user: &self.user,
            subject: &subject,
            account,
            has_session_phase: self.has_session_phase,
            has_recovery_code: true,
            on_member: false,
            now: clock::now(),
        };
        simulate::explain(&simulator, "host")
    }

    /// Runs a login through its phases, as the module does.
    pub(crate) fn log_in(&self, login: &TestLogin) -> Seen {
        // A program that wants silence speaks once a session.
        static SESSIONS: AtomicU32 = AtomicU32::new(1);
        let first_context = Context {
            session: Some(SESSIONS.fetch_add(1, Ordering::Relaxed)),
            ..login.context.clone()
        };
        let first = self.begin(login, &first_context);
        if let (true, Next::Verdict(verified)) = (first.covers_account, &first.next) {
            self.expect_cover(login, &first_context, *verified);
        }
        let is_auth = login.context.phase == Phase::Auth;
        let continues = first.next == Next::Verdict(Verdict::NotRequired);
        if !(is_auth && continues && !login.is_own) {
            return Seen::of(&first, !is_auth);
        }
        let context = Context {
            phase: Phase::Account,
            auth_result: Some(Verdict::NotRequired),
            password_given: false,
            ..first_context
        };
        Seen::of(&self.begin(login, &context), true)
    }

    /// A verdict that covers the account phase is the one that the phase would have.
    fn expect_cover(&self, login: &TestLogin, context: &Context, verified: Verdict) {
        assert_eq!(context.phase, Phase::Auth);
        for session_follows in [false, true] {
            let context = Context {
                phase: Phase::Account,
                auth_result: Some(verified),
                session_follows,
                ..context.clone()
            };
            let account = self.begin(login, &context);
            assert_eq!(account.next, Next::Verdict(verified), "{context:?}");
            assert!(account.lines.is_empty(), "{account:?}");
        }
    }

    fn begin(&self, login: &TestLogin, context: &Context) -> Turn {
        let caller = caller(login.is_own);
        let begun = self.logins.begin(&caller, "alice", Ok(context.clone()));
        let (dialog, turn) = begun.unwrap();
        self.cancel(&caller, dialog);
        turn
    }

    /// Begins a login of alice on a host that has told these facts.
    pub(crate) fn begin_for(
        &self,
        facts: &Facts,
        is_own: bool,
        context: &Context,
    ) -> Result<Turn, login::Error> {
        let caller = caller(is_own);
        let begun = self.logins.begin_for(request(facts, &caller, context));
        let (dialog, turn) = begun?;
        self.cancel(&caller, dialog);
        Ok(turn)
    }

    /// The same, and answers the question.
    pub(crate) fn begin_and_answer(&self, facts: &Facts, context: &Context, typed: &str) -> Turn {
        let caller = caller(false);
        let begun = self.logins.begin_for(request(facts, &caller, context));
        let (dialog, _) = begun.unwrap();
        self.logins.answer(&caller.name, dialog, typed).unwrap()
    }

    fn cancel(&self, caller: &Caller, dialog: u32) {
        if dialog != 0 {
            self.logins.cancel(&caller.name, dialog).unwrap();
        }
    }
}

/// A login of alice on a host that has told these facts.
fn request<'a>(facts: &Facts, caller: &'a Caller, context: &Context) -> BeginRequest<'a> {
    BeginRequest {
        host: Arc::new(facts.clone()),
        caller,
        user: alice(),
        context: context.clone(),
        record: None,
    }
}

fn caller(is_own: bool) -> Caller {
    Caller {
        name: ":1.7".to_owned(),
        uid: if is_own { UID } else { 0 },
        pid: None,
        host: None,
    }
}
