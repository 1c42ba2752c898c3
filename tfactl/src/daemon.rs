//! Calls to the daemon for any account. polkit may ask for a password in each call, so there is no
//! timeout, except for root. A signal ends the wait.

use std::collections::HashMap;
use std::io::{self, ErrorKind, IsTerminal};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use tfa_client::{AccountProxy, AdminProxy, Error};
use tfa_client::{Agent, CALL_TIMEOUT, Failure, Interrupt, Terminal, connect, is_root, within};
use tfa_proto::{
    AuditRecord, DaemonFacts, ENUMERATION_TIME_LIMIT, Exemption, Explanation,
    ExportedAuthenticator, FleetHost, HypotheticalLogin, Impact, Import, ImportResult, ListFilter,
    PublishedPolicy, RecoveryStatus, Renamed, Status, TokenParameters, UserFacts,
};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::messages;

/// How long root waits for a call in which the daemon looks up many users.
const ENUMERATION_TIMEOUT: Duration = ENUMERATION_TIME_LIMIT.saturating_add(CALL_TIMEOUT);

/// How long root waits for a call that imports: each code gets the time of a hash many times over.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(300);

/// The accounts of this host.
#[derive(Debug)]
pub(crate) struct Daemon {
    admin: AdminProxy<'static>,
    interrupt: Interrupt,
    /// Why the daemon refuses every login.
    refusal: Option<String>,
    // Runs as long as polkit may ask.
    _agent: Option<Agent>,
}

/// Accounts, the `after` of the next page (empty on the last one), and the number of records that were read.
pub(crate) type Page = (Vec<Status>, String, u32);

/// Whether the policy is in audit mode, and the outcomes without it.
pub(crate) type Impacts = (bool, Vec<Impact>);

/// A call under way.
pub(crate) struct Call<T>(JoinHandle<Result<T, Error>>);

impl<T: Send + 'static> Call<T> {
    /// Sends a call, and does not wait for its answer.
    async fn begin(call: impl Future<Output = Result<T, Error>> + Send + 'static) -> Self {
        let call = tokio::spawn(call);
        // It is sent.
        tokio::task::yield_now().await;
        Self(call)
    }

    async fn end(self) -> Result<T, Error> {
        match self.0.await {
            Ok(answer) => answer,
            Err(panicked) => resume_unwind(panicked.into_panic()),
        }
    }
}

impl Daemon {
    /// Connects, and starts polkit's text agent if polkit may have to ask. If the daemon refuses every
    /// login, prints the reason first.
    pub(crate) async fn connect(terminal: &Terminal) -> Result<Self, Failure> {
        let daemon = Self::connect_quietly(terminal).await?;
        if let Some(why) = daemon.refusal() {
            terminal.error(&messages::refuses_every_login(why));
        }
        Ok(daemon)
    }

    /// As [`Self::connect`], for a command that reports the reason itself.
    pub(crate) async fn connect_quietly(terminal: &Terminal) -> Result<Self, Failure> {
        let mut interrupt = Interrupt::watch()?;
        let connection = connect().await?;
        let account = AccountProxy::new(&connection).await?;
        let refusal = answered(&mut interrupt, account.refusal()).await?;
        let agent = if is_root() || !io::stdin().is_terminal() {
            None
        } else {
            agent(terminal)
        };
        Ok(Self {
            admin: AdminProxy::new(&connection).await?,
            interrupt,
            refusal: Some(refusal).filter(|why| !why.is_empty()),
            _agent: agent,
        })
    }

    /// Fails if the daemon refuses every login: no policy is in force then, and the reason was printed.
    pub(crate) fn fail_if_not_serving(&self) -> Result<(), Failure> {
        match self.refusal {
            Some(_) => Err(Failure::Reported),
            None => Ok(()),
        }
    }

    /// Fails if the daemon refuses every login after a change.
    pub(crate) async fn serves_now(terminal: &Terminal) -> Result<(), Failure> {
        let daemon = Self::connect_quietly(terminal).await?;
        match daemon.refusal() {
            Some(why) => Err(Failure::Refused(why.to_owned())),
            None => Ok(()),
        }
    }

    /// A failure for which the daemon gives the reason that was printed at the beginning is not printed again.
    pub(crate) fn unrepeated<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        match (result, self.refusal()) {
            (Err(Failure::Refused(why)), Some(told)) if is_same(told, &why) => {
                Err(Failure::Reported)
            }
            (result, _) => result,
        }
    }

    /// Why the daemon refuses every login, if it does.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    pub(crate) fn interrupt(&mut self) -> &mut Interrupt {
        &mut self.interrupt
    }

    /// A page of the accounts that have a record and that the filter selects.
    pub(crate) async fn list(&mut self, filter: ListFilter, after: &str) -> Result<Page, Failure> {
        let call = self.begin_list(filter, after).await;
        self.end_list(call).await
    }

    /// Calls for a page, as [`Self::list`], and does not wait for it.
    pub(crate) async fn begin_list(&self, filter: ListFilter, after: &str) -> Call<Page> {
        let (admin, after) = (self.admin.clone(), after.to_owned());
        Call::begin(async move { admin.list(filter.name(), &after).await }).await
    }

    pub(crate) async fn end_list(&mut self, call: Call<Page>) -> Result<Page, Failure> {
        enumerated(&mut self.interrupt, call.end()).await
    }

    /// The names of all records, also of those whose users do not exist any more.
    pub(crate) async fn record_names(&mut self) -> Result<Vec<String>, Failure> {
        let call = async |after: &str| self.admin.record_names(after).await;
        all_pages(&mut self.interrupt, call).await
    }

    /// A page of these names behind a name, and whether more follow.
    pub(crate) async fn record_names_after(
        &mut self,
        after: &str,
    ) -> Result<(Vec<String>, bool), Failure> {
        let page = answered(&mut self.interrupt, self.admin.record_names(after)).await;
        page.map(|(names, next)| (names, !next.is_empty()))
    }

    pub(crate) async fn show(&mut self, user: &str) -> Result<Status, Failure> {
        answered(&mut self.interrupt, self.admin.show(user)).await
    }

    /// The same; `None` if the system knows no such user.
    pub(crate) async fn show_if_known(&mut self, user: &str) -> Result<Option<Status>, Failure> {
        let call = async { if_known(self.admin.show(user).await) };
        answered(&mut self.interrupt, call).await
    }

    pub(crate) async fn reset(&mut self, user: &str) -> Result<(), Failure> {
        answered(&mut self.interrupt, self.admin.reset(user)).await
    }

    pub(crate) async fn rename(
        &mut self,
        names: &[(&str, &str)],
        uids: HashMap<&str, u32>,
        check: bool,
    ) -> Result<Vec<Renamed>, Failure> {
        answered(&mut self.interrupt, self.admin.rename(names, uids, check)).await
    }

    pub(crate) async fn unlock(&mut self, user: &str) -> Result<(), Failure> {
        answered(&mut self.interrupt, self.admin.unlock(user)).await
    }

    pub(crate) async fn add_authenticator(
        &mut self,
        user: &str,
        parameters: TokenParameters,
        key: &[u8],
    ) -> Result<(u32, UserFacts), Failure> {
        let call = self.admin.add_authenticator(user, parameters, key);
        answered(&mut self.interrupt, call).await
    }

    /// Takes over enrollments, or checks that. The daemon hashes up to a hundred backup codes in one call,
    /// which takes long on a busy host. The progress bar shows that, so no note is printed.
    pub(crate) async fn import(
        &mut self,
        imports: &[Import],
        check: bool,
    ) -> Result<Vec<ImportResult>, Failure> {
        let call = async {
            let call = self.admin.import(imports, check);
            if !is_root() {
                return call.await;
            }
            let answer = timeout(IMPORT_TIMEOUT, call).await;
            answer.unwrap_or_else(|_| Err(Error::Bus(io::Error::from(ErrorKind::TimedOut).into())))
        };
        unless_interrupted(&mut self.interrupt, call).await
    }

    /// The authenticators of a user, with their keys.
    pub(crate) async fn export(
        &mut self,
        user: &str,
    ) -> Result<Vec<ExportedAuthenticator>, Failure> {
        answered(&mut self.interrupt, self.admin.export(user)).await
    }

    pub(crate) async fn remove_authenticator(
        &mut self,
        user: &str,
        id: u32,
    ) -> Result<(), Failure> {
        let call = self.admin.remove_authenticator(user, id);
        answered(&mut self.interrupt, call).await
    }

    pub(crate) async fn forget_device(&mut self, user: &str, id: u32) -> Result<(), Failure> {
        answered(&mut self.interrupt, self.admin.forget_device(user, id)).await
    }

    pub(crate) async fn forget_devices(&mut self, user: &str) -> Result<u32, Failure> {
        answered(&mut self.interrupt, self.admin.forget_devices(user)).await
    }

    /// The invitation code, the end of its validity, and for whom it is.
    pub(crate) async fn invite(
        &mut self,
        user: &str,
        seconds: u64,
        facts: UserFacts,
    ) -> Result<(String, u64, UserFacts), Failure> {
        answered(&mut self.interrupt, self.admin.invite(user, seconds, facts)).await
    }

    /// The end of the exemption, and who is exempt.
    pub(crate) async fn exempt(
        &mut self,
        user: &str,
        seconds: u64,
        reason: &str,
        facts: UserFacts,
    ) -> Result<(u64, UserFacts), Failure> {
        let call = self.admin.exempt(user, seconds, reason, facts);
        answered(&mut self.interrupt, call).await
    }

    pub(crate) async fn end_exemption(&mut self, user: &str) -> Result<(), Failure> {
        answered(&mut self.interrupt, self.admin.end_exemption(user)).await
    }

    pub(crate) async fn disable(&mut self, user: &str) -> Result<(), Failure> {
        answered(&mut self.interrupt, self.admin.disable(user)).await
    }

    pub(crate) async fn enable(&mut self, user: &str) -> Result<(), Failure> {
        answered(&mut self.interrupt, self.admin.enable(user)).await
    }

    pub(crate) async fn policy_exemptions(&mut self) -> Result<Vec<Exemption>, Failure> {
        answered(&mut self.interrupt, self.admin.policy_exemptions()).await
    }

    /// The exemptions and pauses of all users.
    pub(crate) async fn user_exemptions(&mut self) -> Result<Vec<Exemption>, Failure> {
        let call = async |after: &str| self.admin.user_exemptions(after).await;
        all_pages(&mut self.interrupt, call).await
    }

    /// The published policy; without a revision there is none.
    pub(crate) async fn published_policy(&mut self) -> Result<PublishedPolicy, Failure> {
        answered(&mut self.interrupt, self.admin.published_policy()).await
    }

    /// The warnings about a policy that is to be published.
    pub(crate) async fn check_publication(&mut self, text: &str) -> Result<Vec<String>, Failure> {
        let call = self.admin.publish_policy(text, 0, true);
        let (_, warnings) = enumerated(&mut self.interrupt, call).await?;
        Ok(warnings)
    }

    /// Publishes a policy in place of the one with that revision, and returns its own.
    pub(crate) async fn publish_policy(
        &mut self,
        text: &str,
        expected: u64,
    ) -> Result<u64, Failure> {
        let call = self.admin.publish_policy(text, expected, false);
        Ok(answered(&mut self.interrupt, call).await?.0)
    }

    /// Removes the published policy.
    pub(crate) async fn unpublish_policy(&mut self, expected: u64) -> Result<(), Failure> {
        answered(&mut self.interrupt, self.admin.unpublish_policy(expected)).await
    }

    pub(crate) async fn explain(
        &mut self,
        files: &[(&str, &str)],
        user: &str,
        login: HypotheticalLogin,
    ) -> Result<Explanation, Failure> {
        let call = self.admin.explain(files, user, login);
        answered(&mut self.interrupt, call).await
    }

    /// Simulates a login of each user, and does not wait for the answer.
    pub(crate) async fn begin_impact(
        &self,
        files: &Arc<Vec<(String, String)>>,
        login: HypotheticalLogin,
        users: Vec<String>,
    ) -> Call<Impacts> {
        let (admin, files) = (self.admin.clone(), Arc::clone(files));
        Call::begin(async move {
            let files = files.iter().map(|(name, text)| (&**name, &**text));
            let files: Vec<(&str, &str)> = files.collect();
            let users: Vec<&str> = users.iter().map(String::as_str).collect();
            admin.impact(&files, login, &users).await
        })
        .await
    }

    pub(crate) async fn end_impact(&mut self, call: Call<Impacts>) -> Result<Impacts, Failure> {
        answered(&mut self.interrupt, call.end()).await
    }

    /// The accounts of persons on this host, and of root.
    pub(crate) async fn users(&mut self, root: bool) -> Result<Vec<String>, Failure> {
        let call = async |after: &str| self.admin.users(root, after).await;
        all_pages(&mut self.interrupt, call).await
    }

    /// The members of a group, also those who do not exist any more.
    pub(crate) async fn members(&mut self, group: &str) -> Result<Vec<String>, Failure> {
        let call = async |after: &str| self.admin.members(group, after).await;
        all_pages(&mut self.interrupt, call).await
    }

    /// The same; none if the system knows no such group.
    pub(crate) async fn members_if_known(&mut self, group: &str) -> Result<Vec<String>, Failure> {
        let call = async |after: &str| {
            let page = if_known(self.admin.members(group, after).await)?;
            Ok(page.unwrap_or_default())
        };
        all_pages(&mut self.interrupt, call).await
    }

    pub(crate) async fn create_recovery_code(&mut self) -> Result<Zeroizing<String>, Failure> {
        let call = self.admin.create_recovery_code();
        answered(&mut self.interrupt, call)
            .await
            .map(Zeroizing::new)
    }

    pub(crate) async fn recovery_status(&mut self) -> Result<RecoveryStatus, Failure> {
        answered(&mut self.interrupt, self.admin.recovery_status()).await
    }

    /// Whether the authority is new, the certificate of this host, and that of the authority.
    pub(crate) async fn found_fleet(
        &mut self,
        host: &str,
        port: u16,
        point: &[u8],
        proof: &[u8],
    ) -> Result<(bool, Vec<u8>, Vec<u8>), Failure> {
        let call = self.admin.found_fleet(host, port, point, proof);
        answered(&mut self.interrupt, call).await
    }

    /// The token, and the end of its validity.
    pub(crate) async fn invite_host(
        &mut self,
        host: &str,
        seconds: u64,
        port: u16,
    ) -> Result<(Zeroizing<String>, u64), Failure> {
        let call = self.admin.invite_host(host, seconds, port);
        let (token, until) = answered(&mut self.interrupt, call).await?;
        Ok((Zeroizing::new(token), until))
    }

    /// The open invitations, and the hosts of the fleet.
    pub(crate) async fn hosts(&mut self) -> Result<Vec<FleetHost>, Failure> {
        let call = async |after: &str| self.admin.list_hosts(after).await;
        all_pages(&mut self.interrupt, call).await
    }

    pub(crate) async fn remove_host(&mut self, host: &str) -> Result<(), Failure> {
        answered(&mut self.interrupt, self.admin.remove_host(host)).await
    }

    pub(crate) async fn readmit_host(&mut self, host: &str) -> Result<(), Failure> {
        answered(&mut self.interrupt, self.admin.readmit_host(host)).await
    }

    /// Whether this host is a verifier of a fleet. That of a daemon that refuses every login is not told.
    pub(crate) async fn is_verifier(&mut self) -> Result<bool, Failure> {
        match self.facts().await {
            Ok(facts) => Ok(facts.fleet_role.as_deref() == Some("verifier")),
            Err(cancelled @ Failure::Cancelled(_)) => Err(cancelled),
            Err(_) => Ok(false),
        }
    }

    pub(crate) async fn facts(&mut self) -> Result<DaemonFacts, Failure> {
        answered(&mut self.interrupt, self.admin.facts()).await
    }

    pub(crate) async fn audit_records(&mut self) -> Result<Vec<AuditRecord>, Failure> {
        let call = async |after: &str| self.admin.audit_records(after).await;
        all_pages(&mut self.interrupt, call).await
    }
}

/// `None` for a user or a group that the system does not know.
fn if_known<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    use tfa_proto::Error as E;
    match answer {
        Err(Error::Daemon(E::UnknownUser(_) | E::UnknownGroup(_))) => Ok(None),
        answer => answer.map(Some),
    }
}

/// Whether one of two reasons has the other.
fn is_same(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|why| why.trim_end_matches('.'));
    one.contains(other) || other.contains(one)
}

async fn answered<T>(
    interrupt: &mut Interrupt,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    answered_within(CALL_TIMEOUT, interrupt, call).await
}

async fn enumerated<T>(
    interrupt: &mut Interrupt,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    answered_within(ENUMERATION_TIMEOUT, interrupt, call).await
}

/// Calls a method that returns one page, and the `after` of the next one, until the last page.
async fn all_pages<T>(
    interrupt: &mut Interrupt,
    mut call: impl AsyncFnMut(&str) -> Result<(Vec<T>, String), Error>,
) -> Result<Vec<T>, Failure> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let (page, next) = enumerated(interrupt, call(&after)).await?;
        all.extend(page);
        if next.is_empty() {
            return Ok(all);
        }
        after = next;
    }
}

async fn answered_within<T>(
    limit: Duration,
    interrupt: &mut Interrupt,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    let call = async {
        if is_root() {
            within(limit, &Terminal::new(), messages::WAITING, call).await
        } else {
            call.await
        }
    };
    unless_interrupted(interrupt, call).await
}

async fn unless_interrupted<T>(
    interrupt: &mut Interrupt,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    match interrupt.during(call).await {
        Some(answer) => Ok(answer?),
        None => Err(Failure::Cancelled(messages::CANCELLED.to_owned())),
    }
}

fn agent(terminal: &Terminal) -> Option<Agent> {
    match Agent::start() {
        Ok(agent) => Some(agent),
        Err(why) => {
            terminal.error(&messages::no_agent(&why));
            None
        }
    }
}
