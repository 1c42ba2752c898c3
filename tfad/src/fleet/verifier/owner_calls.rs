//! Calls of owners on members: what the owner must give is what an owner on this host must give.

use std::sync::Arc;

use tfa_core::{HostName, MemberPlace, MemberScope, ThrottleScope};
use tfa_fleet_wire::{AccountCall, LoginReply, REPORT_BOUND_CODES, SecretBytes};
use tfa_proto::Error;
use tfa_store::RecordRead;

use super::{MemberLogins, must_be_root_by_both};
use crate::caller::Caller;
use crate::fleet::translate;
use crate::host::facts::Missing;
use crate::host::subject::SubjectQuery;
use crate::login;
use crate::messages;
use crate::owner::{Method, Owner};

impl MemberLogins {
    /// Answers the call of a user of a member.
    pub(super) fn account(
        &self,
        member: &HostName,
        name: String,
        call: AccountCall,
        record: Option<RecordRead>,
    ) -> Result<LoginReply, login::Error> {
        let AccountCall {
            user,
            method,
            arguments,
            subject,
            proved_by,
            only_reads: _,
        } = call;
        must_be_root_by_both(&user)?;
        if method == REPORT_BOUND_CODES {
            return self.take_report(member, name, user, &arguments.0);
        }
        let method = Method::from_name(&method);
        let method = method.ok_or_else(|| refused(messages::UNKNOWN_METHOD))?;
        let caller = Caller {
            name,
            uid: user.uid,
            pid: None,
            host: Some(member.clone()),
        };
        let user = translate::user(user).map_err(login::Error::Refused)?;
        self.may_be_made_on(member, &caller, &user, method)?;
        let changes_refused = match method {
            // A call that changes something tells the error.
            Method::Status => self.why_no_changes_on(member, &user).unwrap_or_default(),
            _ => None,
        };
        let query = SubjectQuery::of_any_name(&self.state.config().policy);
        let told = subject.map(translate::told_subject);
        let subject = match told {
            Some(told) if told.query == query => told.of(&user),
            _ if query.asks_something() => return Err(Missing::Subject(query).into()),
            _ => query.unanswered(&user),
        };
        let place = MemberScope::new(member, MemberPlace::OwnProgram);
        let is_proved = proved_by.is_some_and(|attempt| {
            let attempt = translate::attempt(member, attempt);
            self.logins.take_proof(attempt, &user.name)
        });
        let owner = Owner::of_member(
            Arc::clone(&self.state),
            Arc::clone(&self.accounts),
            caller,
            user,
            subject,
            ThrottleScope::AtMember(place),
            changes_refused,
        )
        .reading(record);
        let result = owner.answer(method, &arguments.0, is_proved);
        let result = result.map_err(login::Error::Refused)?;
        Ok(LoginReply::Account(SecretBytes(result)))
    }
}

/// Whether the call reads the record once, and changes nothing.
pub(super) fn only_reads(call: &AccountCall) -> bool {
    Method::from_name(&call.method).is_some_and(Method::only_reads)
}

fn refused(text: &str) -> login::Error {
    login::Error::Refused(Error::InvalidArgument(text.to_owned()))
}
