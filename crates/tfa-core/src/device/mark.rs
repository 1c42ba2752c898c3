//! What identifies a device.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use minicbor::{CborLen, Decode, Encode};
use sha2::{Digest as _, Sha256};

use crate::{HostName, KeyFingerprint, KeyType, SshKey};

/// The kinds of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// An SSH key.
    Key,
    /// An address.
    Address,
}

/// What identifies a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum DeviceMark {
    /// A key that sshd has accepted in the login.
    #[n(0)]
    Key {
        /// Its fingerprint.
        #[n(0)]
        fingerprint: KeyFingerprint,
        /// Its type, for people.
        #[n(1)]
        key_type: KeyType,
        /// The member of the fleet that has told of it.
        #[n(2)]
        member: Option<MemberMark>,
    },
    /// The address that the login comes from, and the member of the fleet that has told of it.
    #[n(1)]
    Address(#[n(0)] AddressPrefix, #[n(1)] Option<MemberMark>),
}

/// A member of a fleet, by its name. A device that it has told of is remembered for logins there alone: the device is
/// its word. The verifiers of a fleet are one more: each has all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct MemberMark(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

impl MemberMark {
    fn of(member: &HostName) -> Self {
        Self::of_text(member.as_str())
    }

    fn of_text(text: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"tfa device ");
        hash.update(text);
        let hash: [u8; 32] = hash.finalize().into();
        let mut mark = [0; 16];
        mark.iter_mut()
            .zip(hash)
            .for_each(|(byte, hashed)| *byte = hashed);
        Self(mark)
    }

    /// The verifiers. No member has this name.
    fn of_verifiers() -> Self {
        Self::of_text("of verifiers")
    }
}

/// An IPv4 address, or the first 64 bits of an IPv6 address: the other half changes every day on many
/// computers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum AddressPrefix {
    /// The four bytes of an IPv4 address.
    #[n(0)]
    V4(#[n(0)] [u8; 4]),
    /// The first eight bytes of an IPv6 address.
    #[n(1)]
    V6(#[n(0)] [u8; 8]),
}

impl AddressPrefix {
    /// The prefix of an address. An IPv4-mapped IPv6 address is the IPv4 address.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4.octets()),
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

impl DeviceMark {
    /// What kind of mark it is.
    #[must_use]
    pub fn kind(&self) -> DeviceKind {
        match self {
            Self::Key { .. } => DeviceKind::Key,
            Self::Address(..) => DeviceKind::Address,
        }
    }

    /// The type of the key; `None` for an address.
    #[must_use]
    pub fn key_type(&self) -> Option<&'static str> {
        match self {
            Self::Key { key_type, .. } => Some(key_type.name()),
            Self::Address(..) => None,
        }
    }

    /// What people know it by: type and fingerprint of a key, or the address.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Key { key_type, .. } => format!("{} {self}", key_type.name()),
            Self::Address(..) => self.to_string(),
        }
    }

    pub(super) fn of_key(key: &SshKey) -> Self {
        Self::Key {
            fingerprint: key.fingerprint,
            key_type: key.key_type,
            member: None,
        }
    }

    /// The mark of an address; `None` for the loopback and link-local addresses, which all programs of
    /// the host and all hosts of the link share.
    pub(super) fn of_address(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        let is_shared = match address {
            IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
            IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified(),
        };
        (!is_shared).then(|| Self::Address(AddressPrefix::of(address), None))
    }

    /// The same device, as this member of the fleet tells of it.
    #[must_use]
    pub fn at_member(self, member: &HostName) -> Self {
        self.told_by(MemberMark::of(member))
    }

    /// The same device, as a verifier sees it in a login on itself.
    #[must_use]
    pub(super) fn at_verifiers(self) -> Self {
        self.told_by(MemberMark::of_verifiers())
    }

    /// Whether it is not known who has told of it.
    pub(super) fn is_of_no_host(&self) -> bool {
        match self {
            Self::Key { member, .. } | Self::Address(_, member) => member.is_none(),
        }
    }

    fn told_by(self, member: MemberMark) -> Self {
        let told_by = Some(member);
        match self {
            Self::Key {
                fingerprint,
                key_type,
                member: _,
            } => Self::Key {
                fingerprint,
                key_type,
                member: told_by,
            },
            Self::Address(prefix, _) => Self::Address(prefix, told_by),
        }
    }

    /// Whether both are the same device. The type of a key follows from its fingerprint.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Key {
                    fingerprint,
                    member,
                    ..
                },
                Self::Key {
                    fingerprint: other,
                    member: told_by,
                    ..
                },
            ) => fingerprint == other && member == told_by,
            (Self::Address(prefix, member), Self::Address(other, told_by)) => {
                prefix == other && member == told_by
            }
            (Self::Key { .. } | Self::Address(..), _) => false,
        }
    }
}

/// The fingerprint in the form of `ssh-keygen -l`, or the address.
impl fmt::Display for DeviceMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { fingerprint, .. } => fingerprint.fmt(formatter),
            Self::Address(AddressPrefix::V4(bytes), _) => Ipv4Addr::from(*bytes).fmt(formatter),
            Self::Address(AddressPrefix::V6(bytes), _) => {
                let prefix = u128::from(u64::from_be_bytes(*bytes)) << 64;
                write!(formatter, "{}/64", Ipv6Addr::from(prefix))
            }
        }
    }
}
