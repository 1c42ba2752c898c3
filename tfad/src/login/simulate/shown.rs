//! What the user of a hypothetical login sees first.

use tfa_core::{Exemption, Message, Next, PhaseAction, Time, Turn};

use super::phases::Simulation;
use crate::messages;

/// What it depends on.
pub(super) struct Shown<'a> {
    pub(super) simulation: &'a Simulation<'a>,
    /// The name of the host.
    pub(super) host: &'a str,
    /// Whether it is another one: a member of a fleet.
    pub(super) is_member: bool,
    pub(super) user: &'a str,
    /// The reason for the exemption.
    pub(super) reason: Option<&'a str>,
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
        let step = &simulation.step;
        if simulation.stepped_over {
            return String::new();
        }
        if let Some(turn) = &step.confirmed {
            return self.turn(turn);
        }
        match step.action {
            PhaseAction::Exempt(Exemption::ByAdministrator(until)) if !simulation.silent => {
                messages::exempt(host, until, self.reason.unwrap_or_default(), now)
            }
            PhaseAction::Ask => self.asked(),
            PhaseAction::SetUp(_) if simulation.uninvited => {
                messages::message(Message::NoInvitation, now).1
            }
            PhaseAction::Grace(until) | PhaseAction::SetUp(Some(until)) => {
                messages::grace_of_login(host, until, now, step.decision.enrolls_in_login)
            }
            PhaseAction::SetUp(None) => {
                messages::must_set_up(host, messages::Shown::First).join("\n")
            }
            PhaseAction::Deny(reason) => messages::denial(reason, host, user, step.denied_login),
            PhaseAction::Verified
            | PhaseAction::Replace
            | PhaseAction::Exempt(_)
            | PhaseAction::Defer
            | PhaseAction::NotGuarded => String::new(),
        }
    }

    /// Nothing, where a security key or a device replaces the code.
    fn asked(&self) -> String {
        let prompt = self.simulation.prompt();
        let prompt = prompt.filter(|prompt| prompt.device.is_none());
        prompt.map_or_else(String::new, |prompt| self.turn(&prompt.begun.turn))
    }

    /// The message of a turn, and its question.
    fn turn(&self, turn: &Turn) -> String {
        let message = match self.is_member {
            true => messages::message_on_member,
            false => messages::message,
        };
        let says = turn.says.map(|says| message(says, self.now).1);
        let question = match turn.next {
            Next::AskCode { .. } => Some(messages::ASK_CODE),
            Next::AskBackupCode => Some(messages::ASK_BACKUP_CODE),
            Next::AskRecoveryCode => Some(messages::ASK_RECOVERY_CODE),
            _ => None,
        };
        let question = question.map(|question| question.trim_end().to_owned());
        let rows: Vec<String> = says.into_iter().chain(question).collect();
        rows.join("\n")
    }
}
