//! What members report of logins that no verifier has answered. A member speaks for its own host.

use std::time::Instant;

use tfa_core::{BoundReply, BoundReport, HostName, OfflineEvent};
use tfa_fleet_wire::{LoginReply, LoginUser, SecretBytes};
use tfa_proto::{Context, Error};
use zeroize::Zeroizing;

use super::MemberLogins;
use crate::account;
use crate::caller::Caller;
use crate::fleet::translate;
use crate::host::clock;
use crate::log::{DaemonEvent, LoginEvent};
use crate::login;
use crate::messages;

impl MemberLogins {
    /// Takes a report about a user of a member. An event that was reported before has no second effect.
    /// Events past the quota of a user and a member are told again.
    pub(super) fn take_report(
        &self,
        member: &HostName,
        name: String,
        user: LoginUser,
        report: &[u8],
    ) -> Result<LoginReply, login::Error> {
        let report = BoundReport::decode(report).map_err(|_| {
            let text = messages::NOT_ARGUMENTS.to_owned();
            login::Error::Refused(Error::InvalidArgument(text))
        })?;
        let caller = Caller {
            name,
            uid: user.uid,
            pid: None,
            host: Some(member.clone()),
        };
        let user = translate::user(user).map_err(login::Error::Refused)?;
        let now = clock::now();
        // Each event that is new changes the record, and its number is the word of the member.
        let has_taken_events =
            report.events.is_empty() || self.state.admits_change(&caller, Instant::now());
        let events = match has_taken_events {
            true => report.events.as_slice(),
            false => &[],
        };
        let taken = self.accounts.change(&user, |account| {
            let is_unknown = |event: &&OfflineEvent| !account.knows_bound(member, event.set);
            let unknown = events.iter().filter(is_unknown).count();
            let new = account.take_events(member, events, now);
            let is_valid = report
                .set
                .is_none_or(|set| account.confirm_bound(member, set));
            (new, is_valid, unknown)
        });
        let (new, is_valid, unknown) = match taken {
            Ok(taken) => taken,
            // The record is that of another user: the set is void, and no record keeps what was told.
            Err(account::Error::UidChanged(_)) => (Vec::new(), false, events.len()),
            Err(error) => return Err(error.into()),
        };
        if unknown > 0 && self.unknown_sets.is_due(member) {
            let text = messages::unknown_bound_events(member, &user.name, unknown);
            let event = DaemonEvent::BoundCodesFailed(&text);
            self.journal.log_daemon(event);
        }
        if !new.is_empty() {
            self.state.count_change(&caller, Instant::now());
        }
        for event in new {
            let context = Context {
                service: event.service.clone(),
                rhost: event.from.clone(),
                ..Context::default()
            };
            let (outcome, at) = (event.outcome, event.at.min(now));
            let event = LoginEvent::Offline { outcome, at };
            self.journal.log_login(&caller, &user.name, &context, event);
        }
        Ok(replied(BoundReply {
            is_valid,
            has_taken_events,
        }))
    }
}

/// The reply to a member that was removed.
pub(super) fn all_void() -> LoginReply {
    replied(BoundReply {
        is_valid: false,
        has_taken_events: false,
    })
}

fn replied(reply: BoundReply) -> LoginReply {
    LoginReply::Account(SecretBytes(Zeroizing::new(reply.encode())))
}
