//! What an administrator does with any account. Every call blocks.

mod authenticators;
mod devices;
mod exemptions;
mod export;
mod facts;
mod hosts;
mod import;
mod list;
mod publication;
mod recovery;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tfa_core::{Account, Change, ChangedBy, HostName, Invitation, MAX_INVITATION_LIFETIME, Time};
use tfa_proto::{
    AuditRecord, Error, Explanation, HypotheticalLogin, INVITATION_SECONDS, Impact, OpenEnum,
    Outcome, Reason, RenameOutcome, Renamed, Status, UserFacts,
};

use crate::account::{self, Accounts, NamedUser, status};
use crate::caller::Caller;
use crate::config::{Config, FleetRole};
use crate::fleet::Hosts;
use crate::host::time_limit::CallsFor;
use crate::host::users::User;
use crate::host::{clock, host_name, pam_files, random, subject};
use crate::log::AccountEvent;
use crate::login::simulate::{self, ShownKey, Simulator};
use crate::messages;
use crate::state::DaemonState;
use tfa_store::StoreError;

// The record accepts no longer invitation.
const _: () = assert!(*INVITATION_SECONDS.end() == MAX_INVITATION_LIFETIME.as_secs());

/// The most records that one reply about audit mode is made of. Each has up to eight kinds of logins.
const MAX_AUDITED: usize = 1000;

/// An administrator, in one call.
pub(in crate::dbus::interface) struct Administrator {
    pub(in crate::dbus::interface) state: Arc<DaemonState>,
    pub(in crate::dbus::interface) accounts: Arc<Accounts>,
    pub(in crate::dbus::interface) hosts: Arc<Hosts>,
    pub(in crate::dbus::interface) caller: Caller,
}

impl Administrator {
    pub(in crate::dbus::interface) fn show(&self, user: &str) -> Result<Status, Error> {
        let user = self.accounts.user(user)?;
        let loaded = self.accounts.load_record(&user);
        if let Err(error @ account::Error::Store(StoreError::NoAccounts)) = loaded {
            return Err(error.into());
        }
        let record = match &loaded {
            Ok(loaded) => loaded.former_name().map(str::to_owned),
            Err(_) => None,
        };
        let note = record
            .as_ref()
            .map(|former| messages::moved(former, &user.name, user.uid));
        let account = loaded.map(|loaded| loaded.account().cloned());
        let attempts = account.iter().flatten();
        let attempts = attempts.flat_map(|account| status::failed_attempts(account, clock::now()));
        let failed_attempts = attempts.collect();
        let told = self.described(&user, account);
        Ok(Status {
            note,
            record,
            failed_attempts,
            ..told
        })
    }

    pub(in crate::dbus::interface) fn reset(&self, user: &str) -> Result<(), Error> {
        // A record may have outlived its user: then it is found by the name as given. A name
        // service that fails says nothing of that.
        let known = match self.accounts.user(user) {
            Ok(user) => Some(user),
            Err(account::Error::UnknownUser(_)) => None,
            Err(error) => {
                return Err(self.state.journal.report(&self.caller, user, error).into());
            }
        };
        if let Some(known) = &known {
            self.must_not_be_anothers(known)
                .map_err(|error| self.state.journal.report(&self.caller, user, error))?;
        }
        let name = self.reset_record(user, known)?;
        self.state
            .journal
            .log_account(&self.caller, &name, AccountEvent::Reset);
        Ok(())
    }

    pub(in crate::dbus::interface) fn unlock(&self, user: &str) -> Result<(), Error> {
        let user = self.accounts.user(user)?;
        let report = |error| self.state.journal.report(&self.caller, &user.name, error);
        if self.accounts.load(&user).map_err(report)?.is_none() {
            return Err(messages::nothing_to_unlock(&user.name));
        }
        self.accounts
            .change(&user, Account::unlock)
            .map_err(report)?;
        self.state
            .journal
            .log_account(&self.caller, &user.name, AccountEvent::Unlocked);
        Ok(())
    }

    pub(in crate::dbus::interface) fn rename(
        &self,
        names: &[(String, String)],
        uids: &HashMap<String, u32>,
        check: bool,
    ) -> Result<Vec<Renamed>, Error> {
        let renamed = self.accounts.rename(names, uids, check);
        let renamed =
            renamed.map_err(|error| self.state.journal.report(&self.caller, "rename", error))?;
        let moved = renamed
            .iter()
            .filter(|one| !check && one.outcome == RenameOutcome::Moved);
        for Renamed { old, new, uid, .. } in moved {
            let (former, uid) = (old.as_str(), *uid);
            let event = AccountEvent::RecordGiven { former, uid };
            self.state.journal.log_account(&self.caller, new, event);
        }
        Ok(renamed)
    }

    pub(in crate::dbus::interface) fn invite(
        &self,
        user: &str,
        seconds: u64,
        facts: UserFacts,
    ) -> Result<(String, u64, UserFacts), Error> {
        if !INVITATION_SECONDS.contains(&seconds) {
            return Err(messages::bad_invitation_time());
        }
        let named = self.accounts.named_user(user, facts.uid)?;
        let user = &named.user;
        let now = clock::now();
        let until = now.plus(Duration::from_secs(seconds));
        let (invitation, code) = random::drawn(|fill| Invitation::draw(fill, now, until))?;
        let invited = self
            .accounts
            .change(user, |account| {
                let is_set_up = !account.authenticators().is_empty();
                if !is_set_up {
                    account.invite(invitation.clone());
                }
                !is_set_up
            })
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?;
        if !invited {
            return Err(messages::invited_is_set_up(&user.name));
        }
        self.state
            .journal
            .log_account(&self.caller, &user.name, AccountEvent::Invited);
        self.log_told_uid(&named);
        Ok((code.to_printed(), until.as_secs(), facts_of(&named)))
    }

    pub(in crate::dbus::interface) fn explain(
        &self,
        files: &[(String, String)],
        user: &str,
        login: &HypotheticalLogin,
    ) -> Result<Explanation, Error> {
        let config = self.policy_of(files)?;
        check_host(login)?;
        let named = self.accounts.named_user(user, login.uid)?;
        if named.is_known == Some(false) && login.host.is_none() {
            return Err(messages::simulated_user_of_members(user));
        }
        let subject = simulate::subject(&named, &config.policy, login);
        let user = named.user;
        let now = login.at.map_or_else(clock::now, Time::from_secs);
        let (account, problem) = match self.accounts.load(&user) {
            Ok(account) => (account, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let account = account.as_ref();
        let has_recovery_code = self.accounts.has_recovery_code();
        let key = ShownKey::of(login, account, &config.remember, now)?;
        if login.security_key == Some(true) && key.is_none() && problem.is_none() {
            return Err(messages::no_simulated_security_key(&user.name));
        }
        let simulator = Simulator {
            config: &config,
            policy: &config.policy,
            login,
            key,
            user: &user,
            subject: &subject,
            account,
            has_session_phase: pam_files::leaves_to_session(&login.service),
            has_recovery_code: matches!(has_recovery_code, Ok(true)),
            on_member: self.is_on_member(login)?,
            now,
        };
        let host = login.host.clone().unwrap_or_else(host_name);
        let mut told = simulate::explain(&simulator, &host);
        told.offline = told.offline.filter(|_| self.accounts.are_of_fleet());
        if let Err(error) = has_recovery_code {
            told.unknown.push(format!("the recovery code: {error}"));
        }
        Ok(match problem {
            // Such a record refuses every login that would look at it.
            Some(problem) if needs_record(told.reason.as_ref()) => Explanation {
                outcome: Outcome::Refused.into(),
                reason: Some(Reason::Unusable.into()),
                shown: String::new(),
                unknown: vec![problem],
                file: String::new(),
                line: 0,
                grace_until: None,
                audited: None,
                audited_reason: None,
                ..told
            },
            Some(_) | None => told,
        })
    }

    pub(in crate::dbus::interface) fn impact(
        &self,
        files: &[(String, String)],
        login: &HypotheticalLogin,
        users: Vec<String>,
    ) -> Result<(bool, Vec<Impact>), Error> {
        let config = self.policy_of(files)?;
        check_host(login)?;
        if login.uid.is_some() || login.groups.is_some() {
            return Err(messages::impact_of_one_user());
        }
        let now = login.at.map_or_else(clock::now, Time::from_secs);
        let has_session_phase = pam_files::leaves_to_session(&login.service);
        // A login that cannot determine it goes on as without one.
        let has_recovery_code = matches!(self.accounts.has_recovery_code(), Ok(true));
        let on_member = self.is_on_member(login)?;
        let mut impacts = Vec::with_capacity(users.len());
        for name in users {
            let Ok(user) = self.accounts.user(&name) else {
                impacts.push(unknown_user(name));
                continue;
            };
            let account = self.accounts.load(&user);
            let named = NamedUser {
                user,
                is_known: None,
            };
            let subject = simulate::subject(&named, &config.policy, login);
            let user = named.user;
            let usable = account.is_ok();
            let account = account.ok().flatten();
            let account = account.as_ref();
            // A list of impacts covers services that no key reaches.
            let key = if simulate::names_keys(login) {
                ShownKey::of(login, account, &config.remember, now)?
            } else {
                None
            };
            let impact = simulate::impact(&Simulator {
                config: &config,
                policy: &config.policy,
                login,
                key,
                user: &user,
                subject: &subject,
                account,
                has_session_phase,
                has_recovery_code,
                on_member,
                now,
            });
            impacts.push(if usable { impact } else { unusable(impact) });
        }
        Ok((config.policy.audit, impacts))
    }

    /// A page of the logins that audit mode recorded, in the order of the names of the records. Also returns
    /// the name after which the next page begins; empty on the last page.
    pub(in crate::dbus::interface) fn audit_records(
        &self,
        after: &str,
    ) -> Result<(Vec<AuditRecord>, String), Error> {
        let page = self.accounts.list(after, MAX_AUDITED)?;
        let mut all = Vec::new();
        for (name, record) in page.records {
            let account = record
                .ok()
                .and_then(|(record, _)| Account::decode(record.as_bytes()).ok());
            let audit_records = account.iter().flat_map(Account::audit_records);
            all.extend(audit_records.map(|record| audit_record(&name, record)));
        }
        Ok((all, page.next.unwrap_or_default()))
    }
}

impl Administrator {
    /// Logs the uid that the administrator has told of a user whose record did not have it.
    fn log_told_uid(&self, named: &NamedUser) {
        let Some(is_known) = named.is_known else {
            return;
        };
        let uid = named.user.uid;
        let event = AccountEvent::UidTold { uid, is_known };
        self.state
            .journal
            .log_account(&self.caller, &named.user.name, event);
    }

    /// The policy of the files, or the one in force where there are none.
    fn policy_of(&self, files: &[(String, String)]) -> Result<Arc<Config>, Error> {
        if files.is_empty() {
            self.state.serves()?;
            return Ok(self.state.config());
        }
        let config = Config::parse(files);
        let config = config.map_err(|bad| Error::InvalidArgument(bad.to_string()))?;
        Ok(Arc::new(config))
    }

    /// Whether a hypothetical login is on a member of the fleet. Another host counts as one, unless the store says that it
    /// is a verifier.
    fn is_on_member(&self, login: &HypotheticalLogin) -> Result<bool, Error> {
        match simulate::other_host(login) {
            Some(host) if self.accounts.are_of_fleet() => Ok(!self.hosts.may_be_verifier(&host)?),
            Some(_) | None => Ok(false),
        }
    }

    fn described(&self, user: &User, account: Result<Option<Account>, account::Error>) -> Status {
        match account {
            Ok(account) => {
                let now = clock::now();
                let config = self.state.config();
                let required =
                    subject::required_of(&config.policy, user, now, CallsFor::Administrators);
                let (account, required) = (account.as_ref(), required.as_ref());
                let known = status::of(user, account, required, &config.remember, now);
                let grace_on_verifiers_only = self.state.role() == Some(FleetRole::Verifier)
                    && known.grace_until.is_some()
                    && status::grace_has_not_begun(account, required, now);
                Status {
                    grace_on_verifiers_only,
                    off: config.policy.is_off() && !self.state.policy_is_unknown(),
                    policy_unknown: self.state.policy_is_unknown(),
                    ..known
                }
            }
            Err(error) => status::unusable(&user.name, Some(user.uid), error.to_string()),
        }
    }

    /// A record under a user's name that was set up for the uid of another user may be the other's:
    /// it is not reset before the administrator has said whose it is.
    fn must_not_be_anothers(&self, user: &User) -> Result<(), Error> {
        let name = &user.name;
        let Some(other) = self.accounts.other_owner(name, user)? else {
            return Ok(());
        };
        let text = messages::record_of_other_uid(name, &other.name, other.uid);
        Err(Error::WrongState(text))
    }

    /// Removes the record that a name means, and returns the name that it was stored under. A record
    /// under exactly the given name comes first.
    fn reset_record(&self, given: &str, known: Option<User>) -> Result<String, Error> {
        let accounts = &self.accounts;
        let named = known.as_ref().map_or(given, |user| &user.name);
        if named != given && !accounts.has_none(given) {
            let is_known = match &known {
                Some(user) => accounts.load(user).is_ok(),
                None => false,
            };
            if !is_known {
                accounts.remove(given)?;
                return Ok(given.to_owned());
            }
        }
        if accounts.has_none(named) {
            let follows = match &known {
                Some(user) => accounts.load(user)?.is_some(),
                None => false,
            };
            if !follows {
                return Err(messages::nothing_to_reset(named));
            }
        }
        match &known {
            Some(user) if self.may_require_of(user) || self.was_enrolled(user) => {
                self.reset_without_grace(user)?
            }
            Some(user) => accounts.forget(user)?,
            None => accounts.remove(named)?,
        }
        Ok(named.to_owned())
    }

    /// Whether the user had enrolled, or may have: a record that cannot be read counts. Without the mark that
    /// a reset leaves, an import would bring the key back.
    fn was_enrolled(&self, user: &User) -> bool {
        match self.accounts.load(user) {
            Ok(Some(account)) => account.has_no_grace() || account.was_enrolled(),
            Err(
                account::Error::Damaged(_)
                | account::Error::Store(StoreError::RecordDamaged { .. }),
            ) => true,
            Ok(None) | Err(_) => false,
        }
    }

    /// Removes everything but the mark that there is no second grace. For a record that cannot be read it
    /// is not known whether the user had enrolled.
    fn reset_without_grace(&self, user: &User) -> Result<(), account::Error> {
        let (accounts, now) = (&self.accounts, clock::now());
        let reset = accounts.change_and_move(user, |account| {
            account.reset();
            // The owner learns of it after a new enrollment.
            account.notify(Change::Reset, ChangedBy::Administrator, now);
        });
        if reset.is_ok() {
            return Ok(());
        }
        accounts.remove(&user.name)?;
        accounts.change(user, Account::forbid_grace)
    }

    /// Whether two-factor login is, or may come to be, required of a user.
    fn may_require_of(&self, user: &User) -> bool {
        // Of a policy that cannot be read nothing is known.
        if self.state.refusal().is_some() {
            return true;
        }
        let config = self.state.config();
        let subject = subject::by_any_name(user, &config.policy, CallsFor::Administrators);
        config.policy.may_require_of(&subject)
    }
}

/// What the answer of a call says of its user.
fn facts_of(named: &NamedUser) -> UserFacts {
    UserFacts {
        uid: Some(named.user.uid),
        known: named.is_known,
    }
}

/// Checks the host of a hypothetical login.
fn check_host(login: &HypotheticalLogin) -> Result<(), Error> {
    let name = login.host.as_deref();
    let checked = name.map(|name| HostName::new(name).map(|_| ()));
    let checked = checked.unwrap_or(Ok(()));
    checked.map_err(|why| messages::bad_simulated_host(&why))
}

fn audit_record(user: &str, record: &tfa_core::AuditRecord) -> AuditRecord {
    let (outcome, reason) = simulate::outcome(record.action());
    AuditRecord {
        user: user.to_owned(),
        outcome: outcome.into(),
        reason: reason.map(OpenEnum::from),
        service: record.service.clone(),
        from: record.from.clone(),
        last: record.last.as_secs(),
        count: record.count,
    }
}

/// Whether a login with that reason depends on the record.
fn needs_record(reason: Option<&OpenEnum<Reason>>) -> bool {
    !matches!(
        reason.and_then(OpenEnum::known),
        Some(Reason::Off | Reason::RuleOff | Reason::NotGuarded | Reason::NotAsked)
    )
}

/// The impact on a user whose record cannot be used.
fn unusable(mut impact: Impact) -> Impact {
    let Impact {
        now,
        now_reason,
        later,
        later_reason,
        ..
    } = &mut impact;
    for (outcome, reason) in [(now, now_reason), (later, later_reason)] {
        if needs_record(reason.as_ref()) {
            *outcome = Outcome::Refused.into();
            *reason = Some(Reason::Unusable.into());
        }
    }
    if impact.now == impact.later && impact.now_reason == impact.later_reason {
        (impact.changes_at, impact.later_from) = (None, None);
        impact.after_first_login = None;
    }
    impact
}

fn unknown_user(user: String) -> Impact {
    Impact {
        user,
        now: Outcome::Refused.into(),
        now_reason: Some(Reason::UnknownUser.into()),
        later: Outcome::Refused.into(),
        later_reason: Some(Reason::UnknownUser.into()),
        ..Impact::default()
    }
}
