//! The SSH key of a hypothetical login.

use std::str::FromStr;

use ssh_key::Fingerprint;
use tfa_core::{
    Account, Authenticator, DeviceMark, KeyFingerprint, KeyType, RememberRules, SshKey, Time,
};
use tfa_proto::{Error, HypotheticalLogin, PUBLICKEY_METHOD};

use super::hypothetical::names_keys;
use crate::login::ssh_keys;
use crate::messages;

/// The beginning of a fingerprint.
const SHA256: &str = "SHA256:";

/// A key that sshd has accepted in a hypothetical login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownKey {
    pub(super) key: SshKey,
    /// Only the fingerprint is known, of a key that the user has neither enrolled nor used on a
    /// remembered device. The type in `key` means nothing then.
    pub(super) is_of_unknown_type: bool,
}

impl ShownKey {
    /// The key of a login of this user.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a text that is not a key, and for a service, method or option
    /// that excludes one.
    pub fn of(
        supposed: &HypotheticalLogin,
        account: Option<&Account>,
        rules: &RememberRules,
        now: Time,
    ) -> Result<Option<Self>, Error> {
        let is_enrolled = supposed.security_key == Some(true);
        if !names_keys(supposed) && (is_enrolled || supposed.key.is_some()) {
            return Err(messages::simulated_key_by_service(&supposed.service));
        }
        let Some(text) = supposed.key.as_deref() else {
            return Ok(account.filter(|_| is_enrolled).and_then(enrolled));
        };
        if is_enrolled {
            return Err(messages::two_simulated_keys());
        }
        if let Some(method) = supposed.method.as_deref()
            && method != PUBLICKEY_METHOD
        {
            return Err(messages::simulated_key_by_method(method));
        }
        let key = if text.starts_with(SHA256) {
            fingerprint(text).map(|fingerprint| {
                let known = account.and_then(|account| type_of(account, fingerprint, rules, now));
                Self {
                    key: SshKey {
                        fingerprint,
                        key_type: known.unwrap_or(KeyType::Ed25519),
                        is_certificate: false,
                    },
                    is_of_unknown_type: known.is_none(),
                }
            })
        } else {
            ssh_keys::public_key(text).map(Self::from)
        };
        key.map(Some).ok_or_else(messages::bad_simulated_key)
    }
}

impl From<SshKey> for ShownKey {
    fn from(key: SshKey) -> Self {
        Self {
            key,
            is_of_unknown_type: false,
        }
    }
}

/// The first security key that the user has enrolled.
fn enrolled(account: &Account) -> Option<ShownKey> {
    let mut all = account.authenticators().iter();
    all.find_map(Authenticator::ssh_key).map(ShownKey::from)
}

fn fingerprint(text: &str) -> Option<KeyFingerprint> {
    let parsed = Fingerprint::from_str(text).ok()?;
    parsed.sha256().map(KeyFingerprint)
}

/// The type of a key, which the record has of the user's security keys and devices.
fn type_of(
    account: &Account,
    fingerprint: KeyFingerprint,
    rules: &RememberRules,
    now: Time,
) -> Option<KeyType> {
    let pending = account.pending().map(|pending| pending.authenticator());
    let all = account.authenticators().iter().chain(pending);
    let security_keys = all.filter_map(Authenticator::ssh_key);
    let security_keys = security_keys.map(|key| (key.fingerprint, key.key_type));
    let devices = account.devices(rules, now);
    let devices = devices.filter_map(|device| match device.mark() {
        DeviceMark::Key {
            fingerprint,
            key_type,
            member: _,
        } => Some((fingerprint, key_type)),
        DeviceMark::Address(..) => None,
    });
    let mut known = security_keys.chain(devices);
    known
        .find(|(known, _)| *known == fingerprint)
        .map(|(_, key_type)| key_type)
}
