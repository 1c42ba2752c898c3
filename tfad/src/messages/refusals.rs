//! Refusals of changes that users request, as errors of the contract.

use tfa_core::{
    Algorithm, AuthenticatorKind, BadParameters, Drift, Factors, InvalidHostName, KeyType,
    LockScope, MAX_AUTHENTICATORS, MAX_BOUND_HOSTS, MAX_NEW_COUNTER, MAX_REASON_LENGTH, Refusal,
    State, Time,
};
use tfa_proto::{EXEMPTION_SECONDS, Error, INVITATION_SECONDS};
use tfa_proto::{MAX_IMPORTED_CODES, MAX_IMPORTED_STEPS, MAX_IMPORTED_USERS};
use tfa_text::shell::{user_argument, user_arguments};
use tfa_text::time::difference;

use super::dialog::{ALREADY_USED, NO_INVITATION, NOT_A_CODE, WRONG_INVITATION, locked, void_code};

/// Why the change is refused.
#[must_use]
pub fn refusal(refusal: Refusal, now: Time) -> Error {
    match refusal {
        Refusal::AlreadySetUp => Error::AlreadySetUp(
            "Two-factor login is already set up. To replace an authenticator: tfa-enroll move".to_owned(),
        ),
        Refusal::NotSetUp => Error::NotSetUp(
            "Two-factor login is not set up. To set it up: tfa-enroll setup".to_owned(),
        ),
        // Only an import is refused so, in its own words.
        Refusal::WasReset => Error::WrongState("The account was reset.".to_owned()),
        Refusal::WasRemoved => {
            Error::WrongState("The enrollment of the account was removed.".to_owned())
        }
        Refusal::CounterTooHigh => Error::InvalidArgument(format!(
            "The counter of a new authenticator can be at most {MAX_NEW_COUNTER}."
        )),
        Refusal::WrongState(State::Paused) => Error::WrongState(
            "Two-factor login is already paused. To resume it: tfa-enroll resume".to_owned(),
        ),
        Refusal::WrongState(_) => Error::WrongState("Two-factor login is not paused.".to_owned()),
        Refusal::NothingPending => Error::NothingPending(
            "No new key is waiting for a code. It may have expired. Start again.".to_owned(),
        ),
        Refusal::PendingWithdrawn => Error::NothingPending(
            "Too many wrong codes. The new key is no longer valid. Start again.".to_owned(),
        ),
        Refusal::WrongCode(None) => Error::WrongCode(
            "Wrong code. Enter the latest code of the entry for this host. If it is wrong again, \
             let the phone set its clock from the network."
                .to_owned(),
        ),
        Refusal::WrongCode(Some(drift)) => Error::WrongCode(code_of_another_time(drift)),
        Refusal::AlreadyUsed => Error::WrongCode(ALREADY_USED.to_owned()),
        Refusal::VoidCode(end) => Error::WrongCode(void_code(end, now)),
        Refusal::NotACode => Error::InvalidArgument(NOT_A_CODE.to_owned()),
        Refusal::Locked(lock) | Refusal::WrongAndLocked(lock) => {
            Error::Locked(locked(lock, LockScope::OwnPrograms, now))
        }
        Refusal::NoInvitation => Error::InvitationNeeded(NO_INVITATION.to_owned()),
        Refusal::WrongInvitation | Refusal::NotAnInvitation => {
            Error::WrongCode(WRONG_INVITATION.to_owned())
        }
        Refusal::NoSuchAuthenticator => Error::NoSuchAuthenticator(
            "There is no authenticator of this name. To list yours: tfa-enroll list".to_owned(),
        ),
        Refusal::SeveralAuthenticators => Error::InvalidArgument(
            "You have several authenticators. Name the one that you mean. To list them: tfa-enroll \
             list"
                .to_owned(),
        ),
        Refusal::NameTaken => Error::NameTaken(
            "Another of your authenticators has this name. Choose a different name.".to_owned(),
        ),
        Refusal::TooManyAuthenticators => Error::TooManyAuthenticators(format!(
            "You can have {MAX_AUTHENTICATORS} authenticators. Remove one first: tfa-enroll remove \
             NAME"
        )),
        Refusal::TooManyBoundHosts => Error::WrongState(format!(
            "You have codes that are bound to {MAX_BOUND_HOSTS} hosts, which is the limit."
        )),
        Refusal::LastAuthenticator => Error::Required(
            "Two-factor login is required on this host, so you cannot remove your last \
             authenticator. To replace it: tfa-enroll move"
                .to_owned(),
        ),
        Refusal::LastAcceptedAuthenticator => Error::Required(
            "The policy of this host accepts none of your other authenticators. Enroll another one \
             of this kind first: tfa-enroll add"
                .to_owned(),
        ),
        Refusal::NoSuchDevice => Error::NoSuchDevice(
            "No device of this number is remembered. To list yours: tfa-enroll devices".to_owned(),
        ),
        Refusal::NotASecurityKey => not_a_public_key(),
        Refusal::KeyTaken => Error::KeyTaken(
            "One of your authenticators is this security key already. To list yours: tfa-enroll list"
                .to_owned(),
        ),
        Refusal::NeedsLoginWithKey => Error::NothingPending(
            "Your security key takes no code. It becomes active with the first SSH login that uses \
             it."
                .to_owned(),
        ),
        Refusal::Rehash => Error::Busy("The backup codes were just changed. Try again.".to_owned()),
    }
}

/// Why a change by an administrator is refused.
#[must_use]
pub fn refusal_for_administrator(refused: Refusal, user: &str, now: Time) -> Error {
    let quoted_user = user_argument(user);
    match refused {
        Refusal::NoSuchAuthenticator => Error::NoSuchAuthenticator(format!(
            "{user} has no such authenticator. To list them: tfactl authenticator list {quoted_user}"
        )),
        Refusal::NameTaken => Error::NameTaken(format!(
            "{user} has an authenticator of this name already. Choose a different name."
        )),
        Refusal::KeyTaken => Error::KeyTaken(format!(
            "An authenticator of {user} is this security key already. To list them: tfactl \
             authenticator list {quoted_user}"
        )),
        Refusal::TooManyAuthenticators => Error::TooManyAuthenticators(format!(
            "{user} has {MAX_AUTHENTICATORS} authenticators, which is the limit. To remove one: \
             tfactl authenticator remove {quoted_user} NAME"
        )),
        Refusal::LastAuthenticator => Error::WrongState(format!(
            "This is the last authenticator of {user}. To remove it with the backup codes: tfactl \
             reset {quoted_user}"
        )),
        Refusal::NoSuchDevice => Error::NoSuchDevice(format!(
            "No device of this number is remembered for {user}. To list them: tfactl devices list \
             {quoted_user}"
        )),
        Refusal::NotSetUp => Error::NotSetUp(format!("{user} has not set up two-factor login.")),
        Refusal::WrongState(State::Paused) => {
            Error::WrongState(format!("Two-factor login of {user} is already paused."))
        }
        other => refusal(other, now),
    }
}

/// As in a login, and what to do where the phone sets its clock already.
fn code_of_another_time(drift: Drift) -> String {
    let difference = difference(drift.seconds.unsigned_abs());
    if drift.seconds > 0 {
        format!(
            "This code is for another time. The clock of the phone is about {difference} ahead of \
             this host. Let the phone set its clock from the network. If it does, tell your \
             administrator that the clock of this host is wrong."
        )
    } else {
        format!(
            "This code is for another time. The clock of the phone is about {difference} behind \
             this host. Let the phone set its clock from the network. If it does, tell your \
             administrator that the clock of this host is wrong."
        )
    }
}

/// Two-factor login is required.
#[must_use]
pub fn required() -> Error {
    Error::Required(
        "Two-factor login is required on this host, so you cannot switch it off. To replace an \
         authenticator: tfa-enroll move"
            .to_owned(),
    )
}

/// The device is that of the caller's own login session.
#[must_use]
pub fn current_device() -> Error {
    Error::CurrentDevice(
        "This login session began from this device, so it cannot be forgotten here. Use a login from \
         elsewhere, or ask your administrator (tfactl devices forget)."
            .to_owned(),
    )
}

/// The change has no proof.
#[must_use]
pub fn code_needed() -> Error {
    Error::CodeNeeded("A code or a backup code is required.".to_owned())
}

/// The hash function of a new authenticator is none of the contract.
#[must_use]
pub fn unknown_algorithm() -> Error {
    Error::InvalidArgument("The algorithm can be SHA1, SHA256 or SHA512.".to_owned())
}

/// The kind of a new authenticator is none of the contract.
#[must_use]
pub fn unknown_kind() -> Error {
    Error::InvalidArgument("The kind can be totp, hotp or security-key.".to_owned())
}

/// The policy does not let users enroll this kind.
#[must_use]
pub fn kind_not_allowed(kind: AuthenticatorKind, allowed: &[AuthenticatorKind]) -> Error {
    let name = |kind| match kind {
        AuthenticatorKind::Totp => "totp",
        AuthenticatorKind::Hotp => "hotp",
        AuthenticatorKind::SecurityKey => "security-key",
    };
    let allowed: Vec<&str> = allowed.iter().copied().map(name).collect();
    Error::InvalidArgument(format!(
        "The policy of this host does not allow the kind {}. It allows: {}",
        name(kind),
        allowed.join(", ")
    ))
}

/// A first authenticator is of a kind that no rule accepts which requires a second factor of the user.
#[must_use]
pub fn not_accepted(kind: AuthenticatorKind, required: &[Factors]) -> Error {
    let accepts = |kind| required.iter().any(|factors| factors.contains(kind));
    let other = match kind {
        AuthenticatorKind::Totp => AuthenticatorKind::Hotp,
        AuthenticatorKind::Hotp | AuthenticatorKind::SecurityKey => AuthenticatorKind::Totp,
    };
    let option = match (
        accepts(AuthenticatorKind::SecurityKey),
        accepts(other),
        other,
    ) {
        (true, ..) => "--security-key FILE",
        (false, true, AuthenticatorKind::Hotp) => "--kind hotp",
        (false, true, _) => "--kind totp",
        (false, false, _) => {
            return Error::Required(
                "The policy of this host accepts no authenticator that you can enroll. Ask your \
                 administrator."
                    .to_owned(),
            );
        }
    };
    Error::Required(format!(
        "The policy of this host does not accept such an authenticator. To enroll one that it \
         accepts: tfa-enroll setup {option}"
    ))
}

/// Users can enroll security keys only, and the call is for another kind.
#[must_use]
pub fn only_security_keys() -> Error {
    Error::InvalidArgument(
        "The policy of this host allows security keys only. Use the option --security-key FILE."
            .to_owned(),
    )
}

/// The call is for authenticators with a key of the daemon's.
#[must_use]
pub fn security_key_needs_its_key() -> Error {
    Error::InvalidArgument(
        "A security key has a public key of its own. Its owner adds it: tfa-enroll add \
         --security-key FILE"
            .to_owned(),
    )
}

/// The administrator adds a security key with parameters of codes.
#[must_use]
pub fn security_key_has_no_codes() -> Error {
    Error::InvalidArgument(
        "A security key computes no codes: it has no algorithm, digits, period or counter."
            .to_owned(),
    )
}

/// The text is not one public key.
#[must_use]
pub fn not_a_public_key() -> Error {
    Error::InvalidArgument(
        "Not the public key of a security key. Use the file that ends in .pub, with one line that \
         begins with sk-ssh-ed25519@openssh.com or sk-ecdsa-sha2-nistp256@openssh.com."
            .to_owned(),
    )
}

/// The key is in a file and not in hardware.
#[must_use]
pub fn not_a_security_key(key_type: KeyType) -> Error {
    Error::InvalidArgument(format!(
        "This is a key of type {}, which is not in a security key: its file can be copied. To make one \
         in a security key: ssh-keygen -t ed25519-sk",
        key_type.name()
    ))
}

/// The key of a simulated login is neither a key nor a fingerprint.
#[must_use]
pub fn bad_simulated_key() -> Error {
    Error::InvalidArgument(
        "The key is neither a public key of OpenSSH nor a fingerprint, for example \
         SHA256:ZY5EzmKtBCq/4Yd2UekHLzTEl0BKOPobpgks2st/KCI. Use the file that ends in .pub, or the \
         fingerprint that ssh-keygen -lf prints."
            .to_owned(),
    )
}

/// The host of a simulated login has no valid name.
#[must_use]
pub fn bad_simulated_host(why: &InvalidHostName) -> Error {
    Error::InvalidArgument(format!("The name of the host is not valid: {why}."))
}

/// A simulated login has a key and another method.
#[must_use]
pub fn simulated_key_by_method(method: &str) -> Error {
    Error::InvalidArgument(format!(
        "A login by the method {method} does not tell its key. With a key, leave out the method for a \
         login by key and password, or use the method publickey for a login by the key alone."
    ))
}

/// A simulated login has a key, and its service is not sshd.
#[must_use]
pub fn simulated_key_by_service(service: &str) -> Error {
    Error::InvalidArgument(format!(
        "A login by the service {service} has no SSH key. Leave out the key, or explain a login by the \
         service sshd."
    ))
}

/// A simulated login has a security key of the user, who has none.
#[must_use]
pub fn no_simulated_security_key(user: &str) -> Error {
    Error::InvalidArgument(format!(
        "{user} has enrolled no security key. Leave out the security key, or name an SSH key."
    ))
}

/// A simulated login has a key twice.
#[must_use]
pub fn two_simulated_keys() -> Error {
    Error::InvalidArgument(
        "The login has either a key, or a security key that the user has enrolled.".to_owned(),
    )
}

/// The policy does not let users enroll another hash function.
#[must_use]
pub fn algorithm_not_allowed(only: Algorithm) -> Error {
    Error::InvalidArgument(format!(
        "The policy of this host allows the algorithm {} only.",
        only.name()
    ))
}

/// The policy does not let users enroll another number of digits.
#[must_use]
pub fn digits_not_allowed(only: u32) -> Error {
    Error::InvalidArgument(format!(
        "The policy of this host allows codes of {only} digits only."
    ))
}

/// The policy does not let users enroll another period.
#[must_use]
pub fn period_not_allowed(only: u32) -> Error {
    Error::InvalidArgument(format!(
        "The policy of this host allows a period of {only} seconds only."
    ))
}

/// A period of codes that do not follow the time.
#[must_use]
pub fn no_period() -> Error {
    let text = "A counter-based authenticator (hotp) has no period.";
    Error::InvalidArgument(text.to_owned())
}

/// A counter of codes that follow the time.
#[must_use]
pub fn no_counter() -> Error {
    let text = "A time-based authenticator (totp) has no counter.";
    Error::InvalidArgument(text.to_owned())
}

/// The key of a token is too short or too long.
#[must_use]
pub fn bad_key_length(bytes: usize) -> Error {
    Error::InvalidArgument(format!("The key has {bytes} bytes. It can have 16 to 128."))
}

/// The key of an import is too short or too long.
#[must_use]
pub fn bad_imported_key_length(bytes: usize) -> Error {
    Error::InvalidArgument(format!(
        "The key has {bytes} bytes. An imported one can have 10 to 128. Let the user enroll anew."
    ))
}

/// A code of an import has not the form of one.
#[must_use]
pub fn bad_imported_code() -> Error {
    Error::InvalidArgument(
        "A used code has 6 or 8 digits, and a backup code of an import has 8.".to_owned(),
    )
}

/// An import has too many parts.
#[must_use]
pub fn import_too_long() -> Error {
    Error::InvalidArgument(format!(
        "One call can import {MAX_IMPORTED_USERS} users, {MAX_IMPORTED_CODES} backup codes, and \
         {MAX_IMPORTED_STEPS} used steps of an authenticator."
    ))
}

/// The policy wants an invitation, and the user could have written the file of an import.
#[must_use]
pub fn import_needs_invitation(user: &str) -> Error {
    let quoted_user = user_argument(user);
    Error::InvitationNeeded(format!(
        "The policy wants an invitation for a first enrollment, and any program of {user} could have \
         written the file. Let {user} enroll (tfactl invite {quoted_user}), or import with --without-invitation"
    ))
}

/// Why an import is refused.
#[must_use]
pub fn import_refused(refused: Refusal, user: &str, now: Time) -> Error {
    let quoted_user = user_argument(user);
    match refused {
        Refusal::AlreadySetUp => Error::AlreadySetUp(format!(
            "{user} has enrolled here already, with another key. An import changes no enrollment. To \
             add an authenticator: tfactl authenticator add {quoted_user}"
        )),
        Refusal::NotSetUp => {
            Error::InvalidArgument("There is no authenticator to import.".to_owned())
        }
        Refusal::WasReset => Error::WrongState(format!(
            "The account of {user} was reset. An import brings no key back, because it may be lost or \
             stolen. Remove the old file, and let {user} enroll: tfa-enroll setup"
        )),
        Refusal::WasRemoved => Error::WrongState(format!(
            "{user} had enrolled here and has removed the enrollment. An import brings no key back, because \
             it may be lost or stolen. Remove the old file, and let {user} enroll: tfa-enroll setup"
        )),
        Refusal::CounterTooHigh => Error::InvalidArgument(format!(
            "The counter of a token of {user} is above {MAX_NEW_COUNTER}, or more than 1000 ahead of that \
             of the enrollment here. Correct it in the file, or enter the key: tfactl authenticator add \
             {quoted_user}"
        )),
        other => refusal_for_administrator(other, user, now),
    }
}

/// Why an export is refused.
#[must_use]
pub fn export_refused(refused: Refusal, user: &str, now: Time) -> Error {
    match refused {
        Refusal::NotSetUp => Error::NotSetUp(format!(
            "{user} has no authenticator with codes, so there is no key to export."
        )),
        other => refusal_for_administrator(other, user, now),
    }
}

/// The parameters of a new authenticator are out of range.
#[must_use]
pub fn bad_parameters(bad: BadParameters) -> Error {
    let text = match bad {
        BadParameters::Digits => "A code can have 6 or 8 digits.",
        BadParameters::Period => "The period can be 15 to 120 seconds.",
    };
    Error::InvalidArgument(text.to_owned())
}

/// The name of a new authenticator is empty, too long, or has control characters.
#[must_use]
pub fn bad_authenticator_name(max_length: usize) -> Error {
    Error::InvalidArgument(format!(
        "A name has 1 to {max_length} visible characters, with single blanks between words."
    ))
}

/// The user has made too many changes in a minute.
#[must_use]
pub fn too_many_changes() -> Error {
    Error::Busy("Too many changes at once. Wait a minute, and try again.".to_owned())
}

/// The change needs an invitation code, and none was given.
#[must_use]
pub fn invitation_needed() -> Error {
    Error::InvitationNeeded("Setting up takes an invitation from your administrator.".to_owned())
}

/// The user who is to be invited has enrolled.
#[must_use]
pub fn invited_is_set_up(name: &str) -> Error {
    Error::AlreadySetUp(format!(
        "{name} has set up two-factor login already. To begin anew: tfactl reset {}",
        user_argument(name)
    ))
}

/// The validity of an invitation code is out of range.
#[must_use]
pub fn bad_invitation_time() -> Error {
    let days = INVITATION_SECONDS.end() / 86_400;
    Error::InvalidArgument(format!(
        "An invitation is good for a minute to {days} days."
    ))
}

/// The length of an exemption is out of range.
#[must_use]
pub fn bad_exemption_time() -> Error {
    let days = EXEMPTION_SECONDS.end() / 86_400;
    Error::InvalidArgument(format!("A user can be exempt for a minute to {days} days."))
}

/// The reason of an exemption is empty, too long, or has invisible characters.
#[must_use]
pub fn bad_reason() -> Error {
    Error::InvalidArgument(format!(
        "A reason has 1 to {MAX_REASON_LENGTH} visible characters in one line."
    ))
}

/// The user has no exemption to end.
#[must_use]
pub fn not_exempt(name: &str) -> Error {
    Error::WrongState(format!("{name} has no exemption."))
}

/// The user has neither a pause nor an exemption to end.
#[must_use]
pub fn not_disabled(name: &str) -> Error {
    Error::WrongState(format!("{name} is neither paused nor exempt."))
}

/// The policy requires a second factor of the user, and a pause would have no end.
#[must_use]
pub fn disable_required(name: &str) -> Error {
    Error::Required(format!(
        "Two-factor login is required of {name}, so it cannot be paused. To exempt {name} for a time: \
         tfactl disable {}",
        user_arguments(&[name], "--for 2d --reason TEXT")
    ))
}

/// The user has no record.
#[must_use]
pub fn nothing_to_unlock(name: &str) -> Error {
    Error::NotSetUp(format!("{name} has no two-factor login to unlock."))
}

/// A list has no such filter.
#[must_use]
pub fn unknown_filter() -> Error {
    Error::InvalidArgument("The filter can be all, enabled, paused or locked.".to_owned())
}

/// There is no record of that name.
#[must_use]
pub fn nothing_to_reset(name: &str) -> Error {
    Error::NotSetUp(format!("{name} has no two-factor login to reset."))
}

/// No login is served.
#[must_use]
pub fn refuses_every_login(why: &str) -> String {
    format!("tfad refuses every login on this host now, and changes nothing: {why}")
}
