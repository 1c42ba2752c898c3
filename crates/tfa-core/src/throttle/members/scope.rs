//! A place at a member of a fleet, as its wrong codes are counted.

use std::str;

use minicbor::{CborLen, Decode, Encode};
use sha2::{Digest, Sha256};
use tfa_fleet_core::HostName;

use crate::LockScope;

/// How much of the name of a member a record keeps, in bytes.
pub(super) const MAX_NAME: usize = 64;

/// Where at a member a code is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberPlace {
    /// Inside a session: sudo, su, polkit.
    Session,
    /// At a console.
    Console,
    /// In a program that runs as the user.
    OwnProgram,
}

impl MemberPlace {
    pub(in crate::throttle) fn lock_scope(self) -> LockScope {
        match self {
            Self::Session => LockScope::Sessions,
            Self::Console => LockScope::Console,
            Self::OwnProgram => LockScope::OwnPrograms,
        }
    }
}

/// A place at a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberScope {
    place: MemberPlace,
    member: MemberKey,
    /// The begin of the member's name, filled up with zeros.
    name: [u8; MAX_NAME],
    earlier: PlaceKey,
}

/// Of the name of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub(super) struct MemberKey(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

/// Of a place and the name of a member, as earlier versions kept it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub(super) struct PlaceKey(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

impl MemberScope {
    /// The scope of a place at that member.
    #[must_use]
    pub fn new(member: &HostName, place: MemberPlace) -> Self {
        let placed: &[u8] = match place {
            MemberPlace::Session => b"tfa place session ",
            MemberPlace::Console => b"tfa place console ",
            MemberPlace::OwnProgram => b"tfa place own ",
        };
        Self {
            place,
            member: MemberKey(key_of(b"tfa member ", member)),
            name: begin_of(member.as_str().as_bytes()),
            earlier: PlaceKey(key_of(placed, member)),
        }
    }

    pub(in crate::throttle) fn place(self) -> MemberPlace {
        self.place
    }

    pub(super) fn member(self) -> MemberKey {
        self.member
    }

    pub(super) fn earlier(self) -> PlaceKey {
        self.earlier
    }

    /// The begin of the member's name.
    pub(super) fn name(&self) -> &str {
        let name = str::from_utf8(&self.name).unwrap_or_default();
        name.trim_end_matches('\0')
    }
}

fn key_of(what: &[u8], member: &HostName) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(what);
    hash.update(member.as_str());
    let hash: [u8; 32] = hash.finalize().into();
    begin_of(&hash)
}

/// The first bytes, filled up with zeros.
fn begin_of<const LENGTH: usize>(bytes: &[u8]) -> [u8; LENGTH] {
    let mut begin = [0; LENGTH];
    begin
        .iter_mut()
        .zip(bytes)
        .for_each(|(byte, from)| *byte = *from);
    begin
}
