//! Messages between the questions of a login.

use tfa_core::{Drift, FactorKind, Factors, LockScope, LockState, Message, Time};
use tfa_text::time::{difference, wait};

/// The message, and whether it is an error.
#[must_use]
pub fn message(message: Message, now: Time) -> (bool, String) {
    let is_error = !matches!(
        message,
        Message::BackupCodeUsed { .. }
            | Message::RecoveryCodeUsed
            | Message::SecurityKeyActive
            | Message::NotBegun
            | Message::NotSetUp
            | Message::NoSecurityKey {
                backup_codes_left: 1..
            }
    );
    (is_error, text(message, now))
}

/// As [`message`], in a login on a member of a fleet.
#[must_use]
pub fn message_on_member(says: Message, now: Time) -> (bool, String) {
    match says {
        Message::WrongAndLocked(lock, scope) | Message::Locked(lock, scope) => {
            (true, locked_on_member(lock, scope, now))
        }
        _ => message(says, now),
    }
}

fn text(message: Message, now: Time) -> String {
    let text = match message {
        Message::Wrong | Message::WrongNewCode(None) => "Wrong code. Enter the latest one.",
        Message::WrongAndLocked(lock, scope) | Message::Locked(lock, scope) => {
            return locked(lock, scope, now);
        }
        Message::WrongNewCode(Some(drift)) => return code_of_another_time(drift),
        Message::AlreadyUsed => ALREADY_USED,
        Message::VoidCode(end) => return void_code(end, now),
        Message::NotACode => NOT_A_CODE,
        Message::NotARecoveryCode => {
            "Not a recovery code. Enter the 16 characters of the recovery code of this host."
        }
        Message::BackupCodeOnly => "Too many wrong codes. Only a backup code is accepted now.",
        Message::BackupOrRecoveryCodeOnly => {
            "Too many wrong codes. Only a backup code, or the recovery code of this host, is accepted \
             now."
        }
        Message::RecoveryCodeOnly => {
            "Too many wrong codes. Only the recovery code of this host is accepted now."
        }
        Message::NoUsableFactor => {
            "This login accepts none of your second factors. Enter the recovery code of this host."
        }
        Message::RecoveryCodeUsed => RECOVERY_CODE_USED,
        Message::NoSecurityKey {
            backup_codes_left: 0,
        } => {
            "Your second factor is a security key, and this login has not used it. You have no \
             backup codes left. Log in over SSH with the security key, or ask your administrator \
             (tfactl reset)."
        }
        Message::NoSecurityKey { .. } => {
            "Your second factor is a security key, and this login has not used it. Enter a backup \
             code, or log in over SSH with the security key."
        }
        Message::AcceptedFactors(factors) => return accepted_factors(factors),
        Message::BackupCodeNotAccepted => "Backup codes are not accepted for this login.",
        Message::SecurityKeyActive => {
            "Your security key is active now. From now on, logins ask for it or for a backup code."
        }
        Message::BackupCodeUsed { left, has_codes } => return backup_code_used(left, has_codes),
        Message::WrongInvitation | Message::NotAnInvitation => WRONG_INVITATION,
        Message::NoInvitation => NO_INVITATION,
        Message::PendingWithdrawn => {
            "Too many wrong codes. The new key is no longer valid. Delete it in the app, and log in \
             again."
        }
        Message::NotBegun => "Nothing was set up.",
        Message::NotSetUp => "Nothing was set up. Delete the entry in the app, if there is one.",
        Message::Changed => "Your two-factor login was just changed. Log in again.",
    };
    text.to_owned()
}

/// For one-time codes and backup codes.
pub(super) const ALREADY_USED: &str =
    "This code was already used. Each code works only once: enter a new one.";
/// When the authenticator shows a code that is accepted.
pub(super) fn void_code(end: Time, now: Time) -> String {
    let seconds = now.until(end).as_secs();
    if seconds < SOON {
        return VOID_UNTIL_THE_NEXT.to_owned();
    }
    let wait = wait(seconds);
    format!(
        "This code may have been used before your account was imported or restored\n\
         here, so it is not accepted. Wait {wait}, and enter the code that is\n\
         shown then."
    )
}

/// The seconds within which an authenticator of the usual period shows the next code.
const SOON: u64 = 30;
const VOID_UNTIL_THE_NEXT: &str = "\
This code may have been used before your account was imported or restored
here, so it is not accepted. Enter the next code that is shown.";

pub(super) const NOT_A_CODE: &str = "Not a valid code. Enter 6 or 8 digits, or a backup code.";
pub(super) const WRONG_INVITATION: &str = "Wrong invitation code.";
pub(super) const NO_INVITATION: &str = "\
You need an invitation code to set up two-factor login, and have no valid one. Ask your \
administrator for one (tfactl invite).";

/// Says what a login accepts, where the policy names it.
fn accepted_factors(factors: Factors) -> String {
    let names: Vec<&str> = factors.kinds().map(name_of_factor).collect();
    // The first row is short: ssh writes user and host in front of it.
    let accepted = match names.as_slice() {
        [] => return NO_COMMON_FACTOR.to_owned(),
        [name] => format!("This login accepts only: {name}."),
        names => format!("This login accepts only:\n  {}", names.join("\n  ")),
    };
    if factors.contains(FactorKind::SecurityKey) {
        format!(
            "{accepted}\n\
             To use a security key, log in over SSH with it.\n\
             To enroll one: tfa-enroll add --security-key FILE"
        )
    } else {
        accepted
    }
}

/// Several rules, or several names of one user, name factors that have none in common.
const NO_COMMON_FACTOR: &str = "\
The rules of this host accept no common second factor for this login. Ask your administrator.";

fn name_of_factor(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Totp => "a code of an authenticator app (TOTP)",
        FactorKind::Hotp => "a code of a counter-based token (HOTP)",
        FactorKind::SecurityKey => "a security key",
        FactorKind::BackupCode => "a backup code",
    }
}

/// What the owner of the host must do next.
const RECOVERY_CODE_USED: &str = "\
The recovery code of this host was used and is now void. As root, create a new one:
    tfactl recovery create";

/// Fewer backup codes are a reason to create new ones. Each of them may be used because the phone is
/// lost.
fn backup_code_used(left: usize, has_codes: bool) -> String {
    match left {
        0 if !has_codes => {
            "That was your last backup code. To create new ones: tfa-enroll codes".to_owned()
        }
        1 | 2 if !has_codes => {
            format!("Backup code used, {left} left. To create new ones: tfa-enroll codes")
        }
        _ if !has_codes => {
            format!("Backup code used, {left} left. To replace the security key: tfa-enroll move")
        }
        0 => "\
That was your last backup code. To create new ones: tfa-enroll codes
For a new phone: tfa-enroll move"
            .to_owned(),
        1 | 2 => format!(
            "Backup code used, {left} left. To create new ones: tfa-enroll codes\n\
             For a new phone: tfa-enroll move"
        ),
        _ => format!("Backup code used, {left} left. For a new phone: tfa-enroll move"),
    }
}

/// The code is correct for another time than that of this host.
fn code_of_another_time(drift: Drift) -> String {
    let difference = difference(drift.seconds.unsigned_abs());
    if drift.seconds > 0 {
        format!(
            "This code is for another time. The clock of the phone is about {difference} ahead of \
             this host. Let the phone set its clock from the network, and enter the new code."
        )
    } else {
        format!(
            "This code is for another time. The clock of the phone is about {difference} behind \
             this host. Let the phone set its clock from the network, and enter the new code."
        )
    }
}

/// Why no code is verified, when to try again, and where a login is still possible.
#[must_use]
pub fn locked(lock: LockState, scope: LockScope, now: Time) -> String {
    match (lock, scope) {
        (LockState::Unlocked, _) => "Too many wrong codes. Try again now.".to_owned(),
        (LockState::Until(until), LockScope::UnknownOrigins) => {
            let wait = wait(now.until(until).as_secs());
            format!(
                "Too many wrong codes. Try again in {wait}. You can still log in from a place where \
                 you have logged in within 30 days, or at the console."
            )
        }
        (LockState::Until(until), _) => {
            let wait = wait(now.until(until).as_secs());
            format!("Too many wrong codes. Try again in {wait}.")
        }
        (LockState::Permanent, LockScope::UnknownOrigins) => "\
Too many wrong codes. Ask your administrator to unlock you (tfactl unlock), or enter a backup code \
at the console. You can still log in from a place where you have logged in within 30 days."
            .to_owned(),
        (LockState::Permanent, _) => "\
Too many wrong codes. Ask your administrator to unlock you (tfactl unlock), or enter a backup code \
at the console."
            .to_owned(),
    }
}

/// As [`locked`], in a login on a member of a fleet. A backup code at its console opens no lock.
#[must_use]
pub fn locked_on_member(lock: LockState, scope: LockScope, now: Time) -> String {
    match (lock, scope) {
        (LockState::Permanent, LockScope::UnknownOrigins) => "\
Too many wrong codes. Ask your administrator to unlock you (tfactl unlock, on a verifier). You can still log in \
from a place where you have logged in within 30 days, or at the console."
            .to_owned(),
        (LockState::Permanent, _) => "\
Too many wrong codes. Ask your administrator to unlock you (tfactl unlock, on a verifier)."
            .to_owned(),
        _ => locked(lock, scope, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_void_code_waits_for_the_next_one_or_for_a_time() {
        let text = |now| void_code(Time::from_secs(1030), Time::from_secs(now));
        for now in [940, 1000] {
            let wait = format!("Wait {} seconds,", 1030 - now);
            assert!(text(now).contains(&wait), "{}", text(now));
        }
        for now in [1001, 1030, 1031] {
            let next = "Enter the next code that is shown.";
            assert!(text(now).ends_with(next), "{}", text(now));
        }
    }

    #[test]
    fn a_lock_states_when_to_try_again_and_never_too_early() {
        let now = Time::from_secs(1000);
        let after = |seconds: u64| {
            let until = LockState::Until(Time::from_secs(1000 + seconds));
            locked(until, LockScope::Sessions, now)
        };
        assert!(after(30).ends_with("in 30 seconds."));
        assert!(after(121).ends_with("in 3 minutes."));
        assert!(after(3600).ends_with("in 60 minutes."));
    }

    #[test]
    fn what_alone_is_accepted_is_named_before_and_after_an_answer() {
        let text = |says| message(says, Time::from_secs(1000)).1;
        for says in [
            Message::RecoveryCodeOnly,
            Message::NoUsableFactor,
            Message::NotARecoveryCode,
        ] {
            let text = text(says);
            assert!(text.contains("the recovery code of this host"), "{text}");
            assert!(!text.contains("backup code"), "{text}");
        }
    }

    #[test]
    fn a_user_of_security_keys_alone_reads_of_no_phone() {
        for left in 0..10 {
            let of = |has_codes| backup_code_used(left, has_codes);
            assert!(of(true).contains("For a new phone"), "{left}");
            assert!(!of(false).contains("phone"), "{left}");
        }
    }

    #[test]
    fn accepted_factors_are_named_and_an_empty_set_is_the_administrators() {
        use FactorKind::{BackupCode, SecurityKey, Totp};
        let text = |kinds: &[FactorKind]| accepted_factors(kinds.iter().copied().collect());
        assert_eq!(
            text(&[Totp, BackupCode]),
            "This login accepts only:\n  a code of an authenticator app (TOTP)\n  a backup code"
        );
        let key = text(&[SecurityKey]);
        assert!(key.starts_with("This login accepts only: a security key.\nTo use"));
        let all = text(&[Totp, FactorKind::Hotp, SecurityKey, BackupCode]);
        let first = all.lines().next().unwrap_or_default();
        assert!(
            first.len() <= 40 && all.lines().all(|row| row.len() <= 80),
            "{all}"
        );
        assert!(key.ends_with("\nTo enroll one: tfa-enroll add --security-key FILE"));
        assert_eq!(text(&[]), NO_COMMON_FACTOR);
    }

    #[test]
    fn only_a_lock_of_unknown_places_names_places_that_are_open() {
        let now = Time::from_secs(1000);
        for lock in [
            LockState::Until(Time::from_secs(1030)),
            LockState::Permanent,
        ] {
            let names_them = |scope| locked(lock, scope, now).contains("within 30 days");
            assert!(names_them(LockScope::UnknownOrigins));
            assert!(!names_them(LockScope::KnownOrigin) && !names_them(LockScope::Sessions));
        }
        let lifetime = tfa_core::ORIGIN_LIFETIME.as_secs();
        assert_eq!(lifetime, 30 * 24 * 3600);
    }

    #[test]
    fn a_wrong_clock_is_named_with_its_direction() {
        let text = |seconds| code_of_another_time(Drift { seconds });
        assert!(text(300).contains("5 minutes ahead of"));
        assert!(text(-90).contains("90 seconds behind"));
    }
}
