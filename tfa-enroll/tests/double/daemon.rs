//! The daemon's double: one account, codes that never change, and a list of what it was asked.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tfa_bus::{Error, NAME, Offer, PATH, Parameters, Status};
use zbus::connection;

use super::Bus;

/// The code that proves the account's owner.
pub(crate) const PROOF: &str = "111111";
/// The code of the authenticator that is offered.
pub(crate) const NEW_CODE: &str = "222222";
/// The key that is offered.
pub(crate) const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ";
/// The link that is offered, of the length that usual names give.
pub(crate) const URI: &str =
    "otpauth://totp/desk.example:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ&issuer=desk.example";

/// What the double knows and has seen.
pub(crate) struct Account {
    pub(crate) status: Status,
    /// The link to offer instead of the usual one.
    pub(crate) uri: String,
    /// All accounts, for the administrator's side.
    pub(crate) others: Vec<Status>,
    /// No call but `Status` is answered any more.
    pub(crate) silent: bool,
    /// How often polkit says no to a set-up.
    pub(crate) refusals: u32,
    /// Calls, in the order in which they came, with their arguments.
    pub(crate) calls: Vec<String>,
    pub(crate) parameters: Option<Parameters>,
    pending: bool,
}

/// An account of alice with two-factor login on.
pub(crate) fn enabled() -> Status {
    Status {
        user: "alice".to_owned(),
        uid: 1000,
        state: "enabled".to_owned(),
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
            account: Mutex::new(Account {
                status,
                uri: URI.to_owned(),
                others: Vec::new(),
                silent: false,
                refusals: 0,
                calls: Vec::new(),
                parameters: None,
                pending: false,
            }),
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

    fn allowed(&self) -> Result<(), Error> {
        let mut account = self.account.lock().unwrap();
        if account.refusals == 0 {
            return Ok(());
        }
        account.refusals -= 1;
        Err(Error::NotAuthorized(
            "permission was not granted".to_owned(),
        ))
    }

    fn proved(&self, proof: &str) -> Result<(), Error> {
        match proof {
            PROOF | "ABCDE-FGHJK" => Ok(()),
            "999999" => Err(Error::Locked(
                "Too many wrong codes. Try again in 30 seconds.".to_owned(),
            )),
            _ => Err(Error::WrongCode(
                "That code is wrong. Perhaps the clock of your phone is off by about 2 minutes: \
                 let it set its time by the network. Or type a backup code."
                    .to_owned(),
            )),
        }
    }

    fn set(&self, state: &str) {
        self.account.lock().unwrap().status.state = state.to_owned();
    }

    fn offer(&self, parameters: Parameters) -> Offer {
        let mut account = self.account.lock().unwrap();
        account.pending = true;
        let digits = parameters.digits.unwrap_or(6);
        let offer = Offer {
            uri: account.uri.clone(),
            secret: SECRET.to_owned(),
            issuer: "desk.example".to_owned(),
            account: "alice".to_owned(),
            algorithm: parameters.algorithm.clone().unwrap_or("SHA1".to_owned()),
            digits,
            period: parameters.period.unwrap_or(30),
        };
        account.parameters = Some(parameters);
        offer
    }
}

fn backup_codes() -> Vec<String> {
    (0..10).map(|at| format!("ABCD{at}-FGHJ{at}")).collect()
}

struct OnBus(Arc<Shared>);

#[zbus::interface(name = "org.tfad.Tfa1.Account")]
impl OnBus {
    async fn status(&self) -> Status {
        self.0.account.lock().unwrap().status.clone()
    }

    async fn setup(&self, parameters: Parameters) -> Result<Offer, Error> {
        self.0.called("Setup".to_owned()).await;
        self.0.allowed()?;
        Ok(self.0.offer(parameters))
    }

    async fn r#move(&self, proof: &str, parameters: Parameters) -> Result<Offer, Error> {
        self.0.called(format!("Move {proof}")).await;
        self.0.proved(proof)?;
        if proof != PROOF {
            self.0.account.lock().unwrap().status.backup_codes_left -= 1;
        }
        Ok(self.0.offer(parameters))
    }

    async fn confirm(&self, code: &str) -> Result<Vec<String>, Error> {
        self.0.called(format!("Confirm {code}")).await;
        let mut account = self.0.account.lock().unwrap();
        if !account.pending {
            return Err(Error::NothingPending(
                "Nothing waits for a code.".to_owned(),
            ));
        }
        if code != NEW_CODE {
            return Err(Error::WrongCode(
                "That code is wrong. Type the one that the app shows now.".to_owned(),
            ));
        }
        account.pending = false;
        let first = account.status.state == "none" || account.status.state == "pending";
        account.status.state = "enabled".to_owned();
        Ok(if first { backup_codes() } else { Vec::new() })
    }

    async fn abandon(&self) -> Result<(), Error> {
        self.0.called("Abandon".to_owned()).await;
        self.0.account.lock().unwrap().pending = false;
        Ok(())
    }

    async fn new_backup_codes(&self, proof: &str) -> Result<Vec<String>, Error> {
        self.0.called(format!("NewBackupCodes {proof}")).await;
        self.0.proved(proof)?;
        Ok(backup_codes())
    }

    async fn pause(&self, proof: &str) -> Result<(), Error> {
        self.0.called(format!("Pause {proof}")).await;
        self.0.proved(proof)?;
        self.0.set("paused");
        Ok(())
    }

    async fn resume(&self, proof: &str) -> Result<(), Error> {
        self.0.called(format!("Resume {proof}")).await;
        self.0.proved(proof)?;
        self.0.set("enabled");
        Ok(())
    }

    async fn remove(&self, proof: &str) -> Result<(), Error> {
        self.0.called(format!("Remove {proof}")).await;
        self.0.proved(proof)?;
        self.0.set("none");
        Ok(())
    }

    async fn test(&self, code: &str) -> Result<String, Error> {
        self.0.called(format!("Test {code}")).await;
        self.0.proved(code)?;
        let kind = if code == PROOF {
            "authenticator"
        } else {
            "backup-code"
        };
        Ok(kind.to_owned())
    }
}

struct AdminOnBus(Arc<Shared>);

#[zbus::interface(name = "org.tfad.Tfa1.Admin")]
impl AdminOnBus {
    async fn list(&self) -> Vec<Status> {
        self.0.called("List".to_owned()).await;
        self.0.account.lock().unwrap().others.clone()
    }

    async fn show(&self, user: &str) -> Result<Status, Error> {
        self.0.called(format!("Show {user}")).await;
        let account = self.0.account.lock().unwrap();
        if user.starts_with("nobody") {
            return Err(Error::UnknownUser(format!("There is no user {user} here.")));
        }
        let known = account.others.iter().find(|other| other.user == user);
        Ok(known.cloned().unwrap_or_else(|| Status {
            user: user.to_owned(),
            uid: 1000,
            state: "none".to_owned(),
            ..Status::default()
        }))
    }

    async fn reset(&self, user: &str) -> Result<(), Error> {
        self.0.called(format!("Reset {user}")).await;
        Ok(())
    }

    async fn unlock(&self, user: &str) -> Result<(), Error> {
        self.0.called(format!("Unlock {user}")).await;
        Ok(())
    }
}
