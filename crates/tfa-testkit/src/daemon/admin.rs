//! The interface `Admin`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tfa_proto::{
    AuditRecord, DaemonFacts, Error, Exemption, Explanation, ExportedAuthenticator, FleetHost,
    HypotheticalLogin, Impact, Import, ImportOutcome, ImportResult, ListFilter, Outcome,
    PublishedPolicy, Reason, RecoveryStatus, RenameOutcome, Renamed, State, Status,
    TokenParameters, UserFacts,
};
use zbus::message::Header;

use super::error::BusError;
use super::{Account, INVITATION, RECOVERY_CODE, Shared};

pub(super) struct AdminInterface(pub(super) Arc<Shared>);

#[zbus::interface(name = "org.tfad.Tfa1.Admin")]
impl AdminInterface {
    /// A list that leaves it to the caller to filter.
    async fn list(
        &self,
        filter: &str,
        after: &str,
    ) -> Result<(Vec<Status>, String, u32), BusError> {
        let filter = Some(filter).filter(|filter| *filter != ListFilter::All.name());
        let call = format!("List {} {after}", filter.unwrap_or_default());
        let words: Vec<&str> = call.split_whitespace().collect();
        self.0.record(words.join(" ")).await;
        let waits = self.0.account.lock().unwrap().list_waits_after.as_deref() == Some(after);
        if waits {
            std::future::pending::<()>().await;
        }
        let account = self.0.account.lock().unwrap();
        let name = |status: &Status| status.record.clone().unwrap_or_else(|| status.user.clone());
        let names = account.others.iter().map(name).collect();
        let (names, next) = page(names, after, account.page_length);
        if account
            .list_fails_at
            .as_ref()
            .is_some_and(|user| names.contains(user))
        {
            let text = "The name service takes too long.";
            return Err(Error::Storage(text.to_owned()).into());
        }
        let mut accounts: Vec<Status> = account.others.clone();
        accounts.retain(|status| names.contains(&name(status)));
        accounts.sort_by_key(name);
        let read = u32::try_from(accounts.len()).unwrap_or(u32::MAX);
        Ok((accounts, next, read))
    }

    async fn show(&self, user: &str) -> Result<Status, BusError> {
        self.0.record(format!("Show {user}")).await;
        check_known(user)?;
        let account = self.0.account.lock().unwrap();
        account.check_name_service(Some(user))?;
        let known = account.others.iter().find(|other| other.user == user);
        Ok(known.cloned().unwrap_or_else(|| Status {
            user: user.to_owned(),
            uid: Some(1000),
            state: Some(State::None.into()),
            ..Status::default()
        }))
    }

    async fn reset(&self, user: &str) -> Result<(), BusError> {
        self.0.record(format!("Reset {user}")).await;
        Ok(())
    }

    async fn rename(
        &self,
        names: Vec<(String, String)>,
        uids: HashMap<String, u32>,
        check: bool,
    ) -> Result<Vec<Renamed>, BusError> {
        for (old, new) in &names {
            let uid = with_uid(uids.get(new).copied());
            let call = format!("Rename {old} {new} {check}{uid}");
            self.0.record(call).await;
        }
        let account = self.0.account.lock().unwrap();
        let has_record = |name: &str| account.others.iter().any(|other| other.user == name);
        names
            .into_iter()
            .map(|(old, new)| {
                let unknown = check_known(&new).err();
                let outcome = match unknown {
                    Some(error) if !check => return Err(error.into()),
                    Some(_) => RenameOutcome::Refused,
                    None if has_record(&old) => RenameOutcome::Moved,
                    None if has_record(&new) => RenameOutcome::Stands,
                    None => RenameOutcome::NoRecord,
                };
                Ok(Renamed {
                    in_the_way: vec![new.clone()]
                        .into_iter()
                        .filter(|name| *name != old && has_record(name))
                        .collect(),
                    why: format!("There is no user {new} here."),
                    outcome: outcome.into(),
                    uid: 4321,
                    old,
                    new,
                })
            })
            .collect()
    }

    async fn unlock(&self, user: &str) -> Result<(), BusError> {
        self.0.record(format!("Unlock {user}")).await;
        Ok(())
    }

    async fn invite(
        &self,
        user: &str,
        seconds: u64,
        facts: UserFacts,
    ) -> Result<(String, u64, UserFacts), BusError> {
        let call = format!("Invite {user} {seconds}{}", with_uid(facts.uid));
        self.0.record(call).await;
        let found = found(user, facts.uid)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Ok((INVITATION.to_owned(), now.as_secs() + seconds, found))
    }

    async fn exempt(
        &self,
        user: &str,
        seconds: u64,
        reason: &str,
        facts: UserFacts,
    ) -> Result<(u64, UserFacts), BusError> {
        let call = format!("Exempt {user} {seconds} {reason}{}", with_uid(facts.uid));
        self.0.record(call).await;
        let found = found(user, facts.uid)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Ok((now.as_secs() + seconds, found))
    }

    async fn end_exemption(&self, user: &str) -> Result<(), BusError> {
        self.0.record(format!("EndExemption {user}")).await;
        check_known(user)?;
        Ok(())
    }

    /// Refuses users whose name begins with `must`, as the policy may.
    async fn disable(&self, user: &str) -> Result<(), BusError> {
        self.0.record(format!("Disable {user}")).await;
        if user.starts_with("must") {
            let text = format!("Two-factor login is required of {user}.");
            return Err(Error::Required(text).into());
        }
        check_known(user)?;
        Ok(())
    }

    async fn enable(&self, user: &str) -> Result<(), BusError> {
        self.0.record(format!("Enable {user}")).await;
        check_known(user)?;
        Ok(())
    }

    async fn policy_exemptions(&self) -> Vec<Exemption> {
        self.0.record("PolicyExemptions".to_owned()).await;
        let account = self.0.account.lock().unwrap();
        let all = account.exemptions.iter();
        all.filter(|exemption| exemption.user.is_none())
            .cloned()
            .collect()
    }

    async fn user_exemptions(&self, after: &str) -> (Vec<Exemption>, String) {
        let call = format!("UserExemptions {after}");
        self.0.record(call.trim_end().to_owned()).await;
        let account = self.0.account.lock().unwrap();
        let users = account.exemptions.iter();
        let users = users.filter_map(|exemption| exemption.user.clone());
        let (names, next) = page(users.collect(), after, account.page_length);
        let all = account.exemptions.iter();
        let all = all.filter(|one| one.user.as_ref().is_some_and(|user| names.contains(user)));
        (all.cloned().collect(), next)
    }

    async fn add_authenticator(
        &self,
        user: &str,
        parameters: TokenParameters,
        key: Vec<u8>,
    ) -> Result<(u32, UserFacts), BusError> {
        let call = format!("AddAuthenticator {user} {}", parameters.name);
        self.0.record(call).await;
        let found = found(user, parameters.uid)?;
        self.0.account.lock().unwrap().token = Some((parameters, key));
        Ok((7, found))
    }

    async fn import(&self, imports: Vec<Import>, check: bool) -> Vec<ImportResult> {
        let users: Vec<&str> = imports.iter().map(|one| one.user.as_str()).collect();
        let call = format!("Import {} {check}", users.join(","));
        self.0.record(call).await;
        let waits_for = self.0.account.lock().unwrap().import_waits_for.clone();
        if waits_for.is_some_and(|user| users.contains(&&*user)) {
            std::future::pending::<()>().await;
        }
        let mut account = self.0.account.lock().unwrap();
        let results = imports.iter().map(|one| {
            let result = account.import_results.get(&one.user).cloned();
            result.unwrap_or_else(|| ImportResult {
                user: one.user.clone(),
                outcome: ImportOutcome::Imported.into(),
                ..ImportResult::default()
            })
        });
        let results = results.collect();
        account.imports.extend(imports);
        results
    }

    async fn export(&self, user: &str) -> Result<Vec<ExportedAuthenticator>, BusError> {
        self.0.record(format!("Export {user}")).await;
        check_known(user)?;
        Ok(self.0.account.lock().unwrap().exports.clone())
    }

    async fn remove_authenticator(&self, user: &str, id: u32) -> Result<(), BusError> {
        self.0
            .record(format!("RemoveAuthenticator {user} {id}"))
            .await;
        check_known(user)?;
        Ok(())
    }

    async fn forget_device(&self, user: &str, id: u32) -> Result<(), BusError> {
        self.0.record(format!("ForgetDevice {user} {id}")).await;
        check_known(user)?;
        Ok(())
    }

    async fn forget_devices(&self, user: &str) -> Result<u32, BusError> {
        self.0.record(format!("ForgetDevices {user}")).await;
        check_known(user)?;
        Ok(2)
    }

    async fn explain(
        &self,
        files: Vec<(String, String)>,
        user: &str,
        login: HypotheticalLogin,
    ) -> Result<Explanation, BusError> {
        self.0.record(format!("Explain {user}")).await;
        check_known(user)?;
        let mut account = self.0.account.lock().unwrap();
        (account.hypothetical_login, account.files) = (Some(login), files);
        Ok(Explanation {
            user: user.to_owned(),
            ..account.explanation.clone()
        })
    }

    /// Has the same limits as in the daemon.
    async fn impact(
        &self,
        files: Vec<(String, String)>,
        login: HypotheticalLogin,
        users: Vec<String>,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(bool, Vec<Impact>), BusError> {
        let call = format!("Impact {} files, {} users", files.len(), users.len());
        self.0.record(call).await;
        if header.primary().body_len() > 32 * 1024 || users.len() > 200 {
            return Err(Error::InvalidArgument("the call is too long".to_owned()).into());
        }
        if let Some((name, _)) = files.iter().find(|(_, text)| text.contains("mode = 7")) {
            return Err(Error::InvalidArgument(format!("{name} line 1: no mode")).into());
        }
        let mut account = self.0.account.lock().unwrap();
        (account.hypothetical_login, account.files) = (Some(login), files);
        let impacts = users
            .into_iter()
            .map(|user| {
                let own = account.impacts.iter().find(|impact| impact.user == user);
                if check_known(&user).is_err() {
                    return unknown_user(user);
                }
                own.cloned().unwrap_or_else(|| Impact {
                    user,
                    now: Outcome::Nothing.into(),
                    now_reason: Some(Reason::NotSetUp.into()),
                    later: Outcome::Nothing.into(),
                    later_reason: Some(Reason::NotSetUp.into()),
                    ..Impact::default()
                })
            })
            .collect();
        Ok((account.audit, impacts))
    }

    async fn record_names(&self, after: &str) -> (Vec<String>, String) {
        let call = format!("RecordNames {after}");
        self.0.record(call.trim_end().to_owned()).await;
        let account = self.0.account.lock().unwrap();
        let name = |status: &Status| status.record.clone().unwrap_or_else(|| status.user.clone());
        let names = account.others.iter().map(name).collect();
        // Such a page is longer than one of accounts.
        page(names, after, account.page_length.saturating_mul(3))
    }

    async fn users(&self, root: bool, after: &str) -> (Vec<String>, String) {
        let call = format!("Users {root} {after}");
        self.0.record(call.trim_end().to_owned()).await;
        let account = self.0.account.lock().unwrap();
        let users = account.host_users.iter();
        let users = users.filter(|user| root || *user != "root").cloned();
        page(users.collect(), after, account.page_length)
    }

    async fn members(&self, group: &str, after: &str) -> Result<(Vec<String>, String), BusError> {
        let call = format!("Members {group} {after}");
        self.0.record(call.trim_end().to_owned()).await;
        let account = self.0.account.lock().unwrap();
        account.check_name_service(None)?;
        let Some(members) = account.host_groups.get(group) else {
            let text = format!("The group {group} does not exist on this host.");
            return Err(Error::UnknownGroup(text).into());
        };
        Ok(page(members.clone(), after, account.page_length))
    }

    async fn create_recovery_code(&self) -> String {
        self.0.record("CreateRecoveryCode".to_owned()).await;
        RECOVERY_CODE.to_owned()
    }

    async fn recovery_status(&self) -> RecoveryStatus {
        self.0.record("RecoveryStatus".to_owned()).await;
        self.0.account.lock().unwrap().recovery.clone()
    }

    /// It is not recorded: several commands ask it beside what they do.
    async fn published_policy(&self) -> PublishedPolicy {
        self.0.account.lock().unwrap().published.clone()
    }

    /// Publishes what comes, if nothing else was published meanwhile.
    async fn publish_policy(
        &self,
        text: String,
        expected: u64,
        check: bool,
    ) -> Result<(u64, Vec<String>), BusError> {
        self.0
            .record(format!("PublishPolicy {expected} {check}"))
            .await;
        let mut account = self.0.account.lock().unwrap();
        if check {
            return Ok((0, account.policy_warnings.clone()));
        }
        let revision = expected + 1;
        account.published.revision = Some(revision);
        account.published.text = Some(text);
        Ok((revision, Vec::new()))
    }

    async fn unpublish_policy(&self, expected: u64) {
        self.0.record(format!("UnpublishPolicy {expected}")).await;
        self.0.account.lock().unwrap().published = PublishedPolicy::default();
    }

    async fn found_fleet(
        &self,
        host: String,
        port: u16,
        _point: Vec<u8>,
        _proof: Vec<u8>,
    ) -> (bool, Vec<u8>, Vec<u8>) {
        self.0.record(format!("FoundFleet {host} {port}")).await;
        (true, Vec::new(), Vec::new())
    }

    async fn invite_host(&self, host: String, seconds: u64, port: u16) -> (String, u64) {
        let call = format!("InviteHost {host} {seconds} {port}");
        self.0.record(call).await;
        ("tfa-join-TOKEN".to_owned(), 1_700_003_600)
    }

    async fn list_hosts(&self, after: &str) -> (Vec<FleetHost>, String) {
        let call = format!("ListHosts {after}");
        self.0.record(call.trim_end().to_owned()).await;
        (self.0.account.lock().unwrap().hosts.clone(), String::new())
    }

    async fn remove_host(&self, host: String) {
        self.0.record(format!("RemoveHost {host}")).await;
    }

    async fn readmit_host(&self, host: String) {
        self.0.record(format!("ReadmitHost {host}")).await;
    }

    async fn facts(&self) -> Result<DaemonFacts, BusError> {
        self.0.record("Facts".to_owned()).await;
        let account = self.0.account.lock().unwrap();
        if account.refusal.is_empty() {
            Ok(account.facts.clone())
        } else {
            Err(Error::NotServing(account.refusal.clone()).into())
        }
    }

    async fn audit_records(&self, after: &str) -> (Vec<AuditRecord>, String) {
        let call = format!("AuditRecords {after}");
        self.0.record(call.trim_end().to_owned()).await;
        let account = self.0.account.lock().unwrap();
        let users: BTreeSet<String> = account
            .audit_records
            .iter()
            .map(|one| one.user.clone())
            .collect();
        let (users, next) = page(users.into_iter().collect(), after, account.page_length);
        let mut records = account.audit_records.clone();
        records.retain(|record| users.contains(&record.user));
        (records, next)
    }
}

impl Account {
    fn check_name_service(&self, user: Option<&str>) -> Result<(), Error> {
        let text = "The name service fails.";
        let fails_for = self.show_fails_for.as_deref();
        match self.look_ups_fail || (user.is_some() && user == fails_for) {
            true => Err(Error::Storage(text.to_owned())),
            false => Ok(()),
        }
    }
}

/// The names after this one, and the last of them if more follow.
fn page(mut names: Vec<String>, after: &str, length: usize) -> (Vec<String>, String) {
    names.sort();
    names.retain(|name| name.as_str() > after);
    let follow = names.len() > length;
    names.truncate(length);
    let next = names.last().filter(|_| follow).cloned();
    (names, next.unwrap_or_default())
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

fn check_known(user: &str) -> Result<(), Error> {
    if user.starts_with("nobody") {
        return Err(Error::UnknownUser(format!("There is no user {user} here.")));
    }
    Ok(())
}

/// What the call says of the uid.
fn with_uid(uid: Option<u32>) -> String {
    uid.map(|uid| format!(" uid {uid}")).unwrap_or_default()
}

/// A user whose uid is told is one of members, unless the name begins with `both`.
fn found(user: &str, uid: Option<u32>) -> Result<UserFacts, Error> {
    if uid.is_none() {
        check_known(user)?;
    }
    Ok(UserFacts {
        uid: uid.or(Some(1000)),
        known: uid.map(|_| user.starts_with("both")),
    })
}
