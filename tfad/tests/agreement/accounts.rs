//! The accounts of the logins.

use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use tfa_core::{
    Account, Authenticator, BackupSet, Credential, DeviceKind, HostName, Input, Invitation,
    LockState, Parameters, Proof, RememberRules, RemoteOrigin, Secret, Term, ThrottleScope, Time,
    UserExemption,
};
use tfa_core::{Groups, Identity, Login, LoginOrigin, Methods, Subject};
use tfad::host::clock;

use crate::alice::UID;
use crate::logins::{ADDRESS, Key};

const DAY: u64 = 24 * 3600;
/// The key of the phone.
const PHONE: &[u8] = b"12345678901234567890";

/// What the user has enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountState {
    None,
    NoGrace,
    PendingKey,
    Invited,
    InvitedWithPendingKey,
    Phone,
    PhoneAndKey,
    KeyAlone,
    KeyWithoutBackupCodes,
    Paused,
    Exempt,
}

impl AccountState {
    pub(crate) const ALL: [Self; 11] = [
        Self::None,
        Self::NoGrace,
        Self::PendingKey,
        Self::Invited,
        Self::InvitedWithPendingKey,
        Self::Phone,
        Self::PhoneAndKey,
        Self::KeyAlone,
        Self::KeyWithoutBackupCodes,
        Self::Paused,
        Self::Exempt,
    ];

    /// Whether a login may be asked for a code.
    pub(crate) fn may_be_asked(self) -> bool {
        matches!(
            self,
            Self::Phone | Self::PhoneAndKey | Self::KeyAlone | Self::KeyWithoutBackupCodes
        )
    }
}

/// The device that the account remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceState {
    None,
    Key,
    Address,
    Ended,
    OfMinutes,
}

impl DeviceState {
    pub(crate) const ALL: [Self; 5] = [
        Self::None,
        Self::Key,
        Self::Address,
        Self::Ended,
        Self::OfMinutes,
    ];
}

/// Where wrong codes have locked the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockedPlace {
    Nowhere,
    Unknown,
    Console,
    ConsoleForEver,
    Session,
}

impl LockedPlace {
    pub(crate) const ALL: [Self; 5] = [
        Self::Nowhere,
        Self::Unknown,
        Self::Console,
        Self::ConsoleForEver,
        Self::Session,
    ];
}

/// The record of a user; `None` without one.
pub(crate) fn account(
    state: AccountState,
    device: DeviceState,
    locked: LockedPlace,
) -> Option<Account> {
    account_at(None, state, device, locked)
}

/// As [`account`], with a device that this member has told of.
pub(crate) fn account_at(
    member: Option<&HostName>,
    state: AccountState,
    device: DeviceState,
    locked: LockedPlace,
) -> Option<Account> {
    let now = clock::now();
    let mut account = enrolled(state, now)?;
    // Only an account with authenticators remembers a device.
    let _ = remember(&mut account, member, device, now);
    lock(&mut account, locked, now);
    Some(account)
}

/// The code of the phone.
pub(crate) fn code(now: Time) -> String {
    let phone = totp_rs::Builder::new().with_secret(PHONE);
    let code = phone.build_noncompliant().generate(now.as_secs());
    code.to_string()
}

fn enrolled(state: AccountState, now: Time) -> Option<Account> {
    let long_ago = Time::from_secs(now.as_secs() - 100 * DAY);
    let mut account = Account::new(UID);
    let phone = |account: &mut Account| {
        let secret = Secret::new(PHONE).unwrap();
        let phone = Authenticator::totp("phone", Parameters::default(), secret);
        let id = account.bind(phone, long_ago).unwrap();
        if state != AccountState::KeyWithoutBackupCodes {
            let codes = backup_codes();
            let replaced = account.replace_backup_codes(codes, Proof::Verified, long_ago);
            replaced.unwrap();
        }
        id
    };
    match state {
        AccountState::None => return None,
        AccountState::NoGrace => account.forbid_grace(),
        AccountState::Invited => account.invite(invitation(now)),
        AccountState::PendingKey | AccountState::InvitedWithPendingKey => {
            if state == AccountState::InvitedWithPendingKey {
                account.invite(invitation(now));
            }
            account
                .set_up_security_key("yubi", Key::Hardware.key(), backup_codes(), now)
                .unwrap();
        }
        AccountState::Phone => {
            phone(&mut account);
        }
        AccountState::PhoneAndKey
        | AccountState::KeyAlone
        | AccountState::KeyWithoutBackupCodes => {
            let id = phone(&mut account);
            let key = Key::Hardware.key();
            account
                .add_security_key("yubi", key, Proof::Verified, long_ago)
                .unwrap();
            if state != AccountState::PhoneAndKey {
                account.unbind(id, long_ago).unwrap();
            }
        }
        AccountState::Paused => {
            phone(&mut account);
            account.disable(now).unwrap();
        }
        AccountState::Exempt => {
            phone(&mut account);
            let exemption = UserExemption::new("a test", Duration::from_secs(DAY), now);
            account.exempt(exemption.unwrap());
        }
    }
    Some(account)
}

fn invitation(now: Time) -> Invitation {
    let until = now.plus(Duration::from_secs(DAY));
    let (invitation, _) = Invitation::draw(|bytes| bytes.fill(7), now, until);
    invitation
}

/// Hashed once: each code costs an evaluation of Argon2id.
fn backup_codes() -> BackupSet {
    static CODES: LazyLock<BackupSet> =
        LazyLock::new(|| BackupSet::draw(|bytes| bytes.fill(7)).unwrap().0);
    CODES.clone()
}

fn remember(
    account: &mut Account,
    member: Option<&HostName>,
    device: DeviceState,
    now: Time,
) -> Option<()> {
    let days_ago = |days: u64| Time::from_secs(now.as_secs() - days * DAY);
    let (kind, term, code) = match device {
        DeviceState::None => return None,
        DeviceState::Key => (DeviceKind::Key, Term::Days, days_ago(1)),
        DeviceState::Address => (DeviceKind::Address, Term::Days, days_ago(1)),
        DeviceState::Ended => (DeviceKind::Key, Term::Days, days_ago(31)),
        DeviceState::OfMinutes => (DeviceKind::Key, Term::Minutes, now),
    };
    let rules = RememberRules {
        days: 30,
        minutes: 5,
        by: vec![kind],
        ..RememberRules::default()
    };
    let mark = rules.devices_of(&login_of_device()).pop()?;
    let mark = member.map_or(mark, |member| mark.at_member(member));
    account.remember_device(mark, term, &rules, code).ok()?;
    Some(())
}

/// A login from the device, by key and from the address.
fn login_of_device() -> Login {
    let canonical = Identity {
        name: "alice".to_owned(),
        groups: Groups::default(),
    };
    Login {
        subject: Subject {
            uid: UID,
            canonical,
            aliases: Vec::new(),
        },
        host: None,
        service: "sshd".to_owned(),
        origin: LoginOrigin::Address(address()),
        methods: Methods::default(),
        keys: vec![Key::Plain.key()],
        host_requires: None,
    }
}

fn address() -> IpAddr {
    ADDRESS.parse().unwrap()
}

/// Tries wrong codes: five in a row, or so many that only the administrator unlocks.
fn lock(account: &mut Account, locked: LockedPlace, now: Time) {
    let (scope, attempts) = match locked {
        LockedPlace::Nowhere => return,
        LockedPlace::Unknown => (ThrottleScope::Remote(RemoteOrigin::UNKNOWN), 5),
        LockedPlace::Console => (ThrottleScope::Console, 5),
        LockedPlace::ConsoleForEver => (ThrottleScope::Console, 100),
        LockedPlace::Session => (ThrottleScope::Session, 5),
    };
    let wrong = wrong_code(account, now);
    for attempt in 1..=attempts {
        // The locks after the first ones last up to an hour, also for backup codes.
        let hours = if attempts > 5 {
            attempts - attempt + 1
        } else {
            0
        };
        let at = Time::from_secs(now.as_secs() - 2 * hours * 3600);
        let _ = account.judge(&wrong, scope, at);
    }
    let is_permanent = account.lock_state(scope, now) == LockState::Permanent;
    assert_eq!(is_permanent, attempts == 100, "{locked:?}");
    assert_ne!(account.lock_state(scope, now), LockState::Unlocked);
}

fn wrong_code(account: &Account, now: Time) -> Credential {
    let credentials = ["000000", "000001", "000002", "000003"].map(|code| {
        let Input::Code(code) = Input::parse(code) else {
            panic!("not a code")
        };
        Credential::Code(code)
    });
    let is_wrong = |credential: &Credential| {
        let judged = account
            .clone()
            .judge(credential, ThrottleScope::Console, now);
        !matches!(judged, tfa_core::Judgement::Accepted(_))
    };
    credentials.into_iter().find(is_wrong).unwrap()
}
