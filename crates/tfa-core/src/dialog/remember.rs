//! The question after a right code whether to remember the device.
//!
//! The code is used up and stored before the question. A login that breaks off here is refused, and
//! nothing is remembered.

use super::{Answered, Dialog, Next, Turn, Verdict};
use crate::{
    Account, Binding, Change, ChangedBy, Client, Device, DeviceId, DeviceMark, Factor,
    RememberRules, Term, ThrottleScope, Time, VerifiedBy,
};

/// The turn of a login whose device replaces the code, with what it reports to the owner.
#[must_use]
pub fn remembered(account: &mut Account, device: DeviceId, client: Client<'_>, now: Time) -> Turn {
    Turn {
        says: None,
        report: account.report(VerifiedBy::Device(device), client, now),
        next: Next::End(Verdict::Remembered),
    }
}

/// What a login can have remembered.
#[derive(Debug, Clone, Copy)]
pub struct Rememberable<'a> {
    /// What the host remembers.
    pub rules: &'a RememberRules,
    /// The devices that the login shows. The first one is remembered.
    pub marks: &'a [DeviceMark],
    /// Whether the program can ask.
    pub asks: bool,
}

/// The state of the dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskRemember {
    scope: ThrottleScope,
    factor: Factor,
    mark: DeviceMark,
    /// The time of the code.
    code: Time,
    binding: Binding,
}

impl AskRemember {
    /// Continues a dialog whose code was right: remembers the device for some minutes, and asks
    /// whether to remember it for days. Every other turn stays as it is.
    pub(super) fn after(
        answered: Answered,
        account: &mut Account,
        scope: ThrottleScope,
        offer: Rememberable<'_>,
        now: Time,
    ) -> Answered {
        let Answered::Turn(turn, dialog) = answered else {
            return answered;
        };
        let factor = match turn.next {
            // The recovery code of the host is not the user's: it remembers nothing.
            Next::End(Verdict::Verified(factor)) if factor != Factor::RecoveryCode => factor,
            _ => return Answered::Turn(turn, dialog),
        };
        let Rememberable { rules, marks, asks } = offer;
        account.prune_devices(rules, now);
        let Some(mark) = marks.first().copied() else {
            return Answered::Turn(turn, dialog);
        };
        if rules.minutes > 0 {
            // It fails only where nothing is enrolled, and a code was right.
            let _ = account.remember_device(mark, Term::Minutes, rules, now);
        }
        let known = account.remembered_device(marks, rules, now);
        let is_known = known.is_some_and(|device| device.term() == Term::Days);
        if rules.days == 0 || !asks || is_known {
            return Answered::Turn(turn, dialog);
        }
        let question = Self {
            scope,
            factor,
            mark,
            code: now,
            binding: account.binding(),
        };
        let next = Next::AskRemember {
            days: rules.days,
            factor,
        };
        Answered::Turn(Turn { next, ..turn }, Some(Dialog::AskRemember(question)))
    }

    /// The scope in which wrong codes are counted.
    #[must_use]
    pub fn scope(&self) -> ThrottleScope {
        self.scope
    }

    /// The time of the code.
    #[must_use]
    pub fn code(&self) -> Time {
        self.code
    }

    /// Handles the answer. Only a plain yes remembers the device: some programs answer every question
    /// alike. The caller must store the account before it shows the turn. Also returns the device that
    /// is now remembered.
    #[must_use]
    pub fn answer(
        &self,
        account: &mut Account,
        typed: &str,
        rules: &RememberRules,
        now: Time,
    ) -> (Turn, Option<Device>) {
        let turn = Turn {
            says: None,
            report: None,
            next: Next::End(Verdict::Verified(self.factor)),
        };
        let typed = typed.trim();
        let is_yes = ["y", "yes"]
            .iter()
            .any(|yes| typed.eq_ignore_ascii_case(yes));
        // An authenticator that was removed meanwhile may be a thief's.
        if !is_yes || rules.days == 0 || !self.binding.holds(account) {
            return (turn, None);
        }
        let id = account.remember_device(self.mark, Term::Days, rules, self.code);
        let device = id.ok().and_then(|id| {
            let mut devices = account.devices(rules, now);
            devices.find(|device| device.id() == id).cloned()
        });
        if device.is_some() {
            let change = Change::DeviceRemembered(self.mark.name());
            account.notify(change, ChangedBy::Owner, now);
        }
        (turn, device)
    }
}
