//! The verifier's side: answers the logins of members, and the calls of their users, which `tfa-fleet` passes on.
//!
//! The engine is that of this host's own logins, with dialogs of its own: members cannot take the places of
//! the users here. A member speaks for the name in its certificate alone, which `tfa-fleet` has checked.

mod bound_codes;
mod changes;
mod listener;
mod owner_calls;
mod socket;

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use tfa_core::{AnswerId, HostName, HostRefusal};
use tfa_fleet_wire::{LoginCall, LoginReply, LoginUser, MemberCall};
use tfa_proto::Error;
use tfa_store::{DaemonStore, RecordRead};

use crate::account::Accounts;
use crate::caller::Caller;
use crate::fleet::{CertificateAuthority, Hosts, floor, hosts, translate};
use crate::host::users::NameService;
use crate::log::{Journal, Rarely};
use crate::login::{self, BeginRequest, LoginService as _, Logins};
use crate::messages;
use crate::state::DaemonState;

pub use listener::MemberListener;
pub use socket::MemberSocket;

/// How often the log says that a member reports sets that were never registered.
const UNKNOWN_SETS_INTERVAL: Duration = Duration::from_secs(60);

/// The logins of members.
#[derive(Debug)]
pub struct MemberLogins {
    journal: Arc<Journal>,
    hosts: Hosts,
    state: Arc<DaemonState>,
    accounts: Arc<Accounts>,
    logins: Logins,
    /// The lines about members that report sets that were never registered.
    unknown_sets: Rarely<HostName>,
}

impl MemberLogins {
    /// The logins of members to the accounts in this store, which also has the hosts. The uids that members tell
    /// are compared with those of this name service.
    #[must_use]
    pub fn new(
        state: Arc<DaemonState>,
        store: Arc<dyn DaemonStore>,
        names: Arc<dyn NameService>,
    ) -> Self {
        let hosts = Hosts::new(Arc::clone(&store), Arc::clone(&state.journal));
        let hosts = hosts.remembering(state.removals());
        let accounts = Accounts::new(store).of_members().with_names(names);
        let accounts = Arc::new(accounts.logging_to(Arc::clone(&state.journal)));
        Self {
            journal: Arc::clone(&state.journal),
            state: Arc::clone(&state),
            accounts: Arc::clone(&accounts),
            hosts,
            logins: Logins::new(state, accounts),
            unknown_sets: Rarely::new(UNKNOWN_SETS_INTERVAL),
        }
    }

    /// The same, with another program that signs certificates.
    #[must_use]
    pub fn certified_by(mut self, authority: Arc<dyn CertificateAuthority>) -> Self {
        self.hosts = self.hosts.certified_by(authority);
        self
    }

    /// The hosts that may log users in.
    #[must_use]
    pub const fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Answers a call. It blocks.
    #[must_use]
    pub fn answer(&self, call: MemberCall) -> LoginReply {
        let MemberCall { member, call, key } = call;
        let Ok(member) = HostName::new(&member) else {
            let text = messages::NOT_A_MEMBER.to_owned();
            return refused(&Error::InvalidArgument(text));
        };
        // At each call, also within a dialog: a host that was removed is refused at once.
        let user = match &call {
            LoginCall::Begin(begin) => Some(&begin.user),
            LoginCall::Account(call) if owner_calls::only_reads(call) => Some(&call.user),
            LoginCall::Answer { .. } | LoginCall::Account(_) | LoginCall::Cancel { .. } => None,
        };
        let names = user.into_iter();
        let names = names.flat_map(|user| iter::once(&user.name).chain(&user.aliases));
        let names: Vec<&str> = names.map(String::as_str).collect();
        let record = match self.hosts.admit(&member, key, &names) {
            Ok(record) => record,
            // Its document says so, and its bound codes are to end.
            Err(hosts::Error::Refused(HostRefusal::Removed | HostRefusal::Returned))
                if call.is_report() =>
            {
                return bound_codes::all_void();
            }
            Err(error) => {
                let (error, text) = error.told();
                return LoginReply::Refused { error, text };
            }
        };
        match self.dispatch(&member, call, record) {
            Ok(reply) => reply,
            Err(login::Error::NeedsFacts(missing)) => {
                LoginReply::NeedFact(translate::needed_fact(missing))
            }
            Err(error) => refused(&told(error)),
        }
    }

    fn dispatch(
        &self,
        member: &HostName,
        call: LoginCall,
        record: Option<RecordRead>,
    ) -> Result<LoginReply, login::Error> {
        // A dialog belongs to its member.
        let name = format!("host {member}");
        match call {
            LoginCall::Begin(mut begin) => {
                let caller = Caller {
                    name,
                    uid: begin.caller_uid,
                    pid: None,
                    host: Some(member.clone()),
                };
                let floor = floor::take(&mut begin.context, member)?;
                must_be_root_by_both(&begin.user)?;
                let user = translate::user(begin.user).map_err(login::Error::Refused)?;
                let context = translate::context(&begin.context)?;
                let facts = translate::facts(member, begin.attempt, begin.facts, floor);
                let (dialog, turn) = self.logins.begin_for(BeginRequest {
                    host: Arc::new(facts),
                    caller: &caller,
                    user,
                    context,
                    record,
                })?;
                let turn = translate::turn(turn);
                Ok(LoginReply::Begun { dialog, turn })
            }
            LoginCall::Answer {
                attempt,
                dialog,
                number,
                answer,
            } => {
                let attempt = translate::attempt(member, attempt);
                let id = AnswerId { attempt, number };
                let turn = self.logins.answer_for(&name, dialog, id, &answer.0)?;
                let turn = translate::turn(turn);
                Ok(LoginReply::Begun { dialog, turn })
            }
            LoginCall::Account(call) => self.account(member, name, call, record),
            LoginCall::Cancel { dialog, .. } => {
                self.logins.cancel(&name, dialog)?;
                Ok(LoginReply::Cancelled)
            }
        }
    }
}

/// root is root on each host, and no other user is.
fn must_be_root_by_both(user: &LoginUser) -> Result<(), login::Error> {
    if (user.uid == 0) == (user.name == "root") {
        return Ok(());
    }
    let error = Error::InvalidArgument(messages::NOT_ROOT.to_owned());
    Err(login::Error::Refused(error))
}

/// The error as a member gets it. "Not serving" is none of a login: an older member takes it for the absence of this
/// verifier, and who can write to the store can cause it.
fn told(error: login::Error) -> Error {
    match error {
        login::Error::NotServing(why) => Error::Storage(why),
        error => error.into(),
    }
}

fn refused(error: &Error) -> LoginReply {
    LoginReply::Refused {
        error: error.name().to_owned(),
        text: error.text().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publication::PolicyError;

    #[test]
    fn policy_that_cannot_be_used_is_told_as_a_failure_of_the_store() {
        let why = || "why".to_owned();
        let unusable = login::Error::from(PolicyError::Unusable(why()));
        for error in [unusable, login::Error::NotServing(why())] {
            assert_eq!(told(error), Error::Storage(why()));
        }
        // The member knows by it that a call of an owner was not executed.
        let of_owner = login::Error::Refused(Error::NotServing(why()));
        assert_eq!(told(of_owner), Error::NotServing(why()));
    }
}
