//! What the user of a hypothetical login sees first.

use tfa_core::{Exemption, LockScope, LockState, Message, PhaseAction, Time};
use tfa_proto::Phase;

use super::phases::Simulation;
use crate::messages;

/// What it depends on.
pub(super) struct Shown<'a> {
    pub(super) simulation: &'a Simulation,
    /// The name of the host.
    pub(super) host: &'a str,
    pub(super) user: &'a str,
    /// The reason for the exemption.
    pub(super) reason: Option<&'a str>,
    /// The lock, and what it applies to.
    pub(super) lock: Option<(LockState, LockScope)>,
    pub(super) now: Time,
}

impl Shown<'_> {
    /// The text, not wrapped; empty for nothing.
    pub(super) fn text(&self) -> String {
        let Self {
            simulation,
            host,
            user,
            now,
            ..
        } = *self;
        match (simulation.action, self.lock) {
            _ if simulation.stepped_over => String::new(),
            (PhaseAction::Exempt(Exemption::ByAdministrator(until)), _)
                if !simulation.silent && simulation.phase != Phase::Session =>
            {
                messages::exempt(host, until, self.reason.unwrap_or_default(), now)
            }
            (_, Some((lock_state, scope))) => messages::locked(lock_state, scope, now),
            (PhaseAction::Ask, _) if simulation.has_security_key => String::new(),
            (PhaseAction::Ask, _) => messages::ASK_CODE.trim_end().to_owned(),
            (PhaseAction::SetUp(_), _) if simulation.uninvited => {
                messages::message(Message::NoInvitation, now).1
            }
            (PhaseAction::Grace(until) | PhaseAction::SetUp(Some(until)), _) => {
                messages::grace(host, until, now).join("\n")
            }
            (PhaseAction::SetUp(None), _) => {
                messages::must_set_up(host, messages::Shown::First).join("\n")
            }
            (PhaseAction::Deny(reason), _) => {
                messages::denial(reason, host, user, simulation.denied_login)
            }
            (
                PhaseAction::Verified
                | PhaseAction::Replace
                | PhaseAction::Exempt(_)
                | PhaseAction::Defer
                | PhaseAction::NotGuarded,
                _,
            ) => String::new(),
        }
    }
}
