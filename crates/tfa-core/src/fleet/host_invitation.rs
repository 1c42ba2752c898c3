//! The invitation of a host: it admits one key, once.

use std::fmt;
use std::time::Duration;

use minicbor::{Decode, Encode};
use tfa_fleet_core::{
    Fingerprint, InvitationId, InvitationKey, InvitationSecret, JOIN_PROOF_BYTES, POINT_BYTES,
};

use super::document;
use crate::Time;
use crate::time::MAX_AHEAD;

/// The longest time for which an invitation is open.
pub const HOST_INVITATION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// The stored part of an invitation.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct HostInvitation {
    #[n(0)]
    host: String,
    /// Proves requests, as the secret does. The store seals it.
    #[n(1)]
    key: InvitationKey,
    #[n(2)]
    made: Time,
    #[n(3)]
    until: Time,
    /// For a verifier: where it will accept other hosts.
    #[n(4)]
    port: Option<u16>,
    /// The key that has joined with it. It stays until the end, so that a second one is noticed.
    #[n(5)]
    used: Option<Fingerprint>,
}

document!(HostInvitation);

/// How an invitation is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationUse {
    /// For the first time.
    First,
    /// By the same key: its reply was lost.
    Again,
}

/// Why the join of a host is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JoinRefusal {
    /// There is no such invitation, or it is over.
    NotOpen,
    /// The request is not proved with the secret, or was proved for another key.
    WrongProof,
    /// Another key has joined with it: the token was copied.
    Replayed,
}

impl HostInvitation {
    /// An invitation of a host, which is open from `made` to `until`. A verifier has a port.
    #[must_use]
    pub fn new(
        host: String,
        secret: &InvitationSecret,
        port: Option<u16>,
        made: Time,
        until: Time,
    ) -> Self {
        let key = secret.key();
        let used = None;
        Self {
            host,
            key,
            made,
            until,
            port,
            used,
        }
    }

    /// The name of the host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// When it was made.
    #[must_use]
    pub const fn made(&self) -> Time {
        self.made
    }

    /// The end.
    #[must_use]
    pub const fn until(&self) -> Time {
        self.until
    }

    /// The same, made after a removal of its host. A removal in the far future was made with a clock that was ahead.
    #[must_use]
    pub fn after(self, removal: Option<Time>) -> Self {
        let removal = removal.filter(|removal| self.made.until(*removal) < MAX_AHEAD);
        let first = removal.map(|removal| removal.plus(Duration::from_secs(1)));
        Self {
            made: self.made.max(first.unwrap_or(self.made)),
            ..self
        }
    }

    /// Whether a removal of its host at that time has withdrawn it.
    #[must_use]
    pub fn is_withdrawn_by(&self, removal: Time, now: Time) -> bool {
        self.made <= removal && now.until(removal) < MAX_AHEAD
    }

    /// Where a verifier will accept other hosts; `None` for a member.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether a host has joined with it.
    #[must_use]
    pub const fn is_used(&self) -> bool {
        self.used.is_some()
    }

    /// Whether its time is not over.
    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        // As for the invitations of users: a clock that was ahead has made it.
        let is_made = now.until(self.made) <= MAX_AHEAD;
        is_made && now < self.until && now.until(self.until) <= HOST_INVITATION_LIFETIME
    }

    /// Whether a host may join with the key of this point, which has proved that with the secret of this invitation.
    /// `id` is its number.
    ///
    /// # Errors
    /// [`JoinRefusal`].
    pub fn judge(
        &self,
        id: InvitationId,
        proof: &[u8; JOIN_PROOF_BYTES],
        point: &[u8; POINT_BYTES],
        now: Time,
    ) -> Result<InvitationUse, JoinRefusal> {
        // First: what it says is for those alone who have the secret.
        if !self.key.is_proof(proof, id, point) {
            return Err(JoinRefusal::WrongProof);
        }
        if !self.is_open(now) {
            return Err(JoinRefusal::NotOpen);
        }
        match self.used {
            None => Ok(InvitationUse::First),
            Some(used) if used == Fingerprint::of_point(point) => Ok(InvitationUse::Again),
            Some(_) => Err(JoinRefusal::Replayed),
        }
    }

    /// The same after this key has joined.
    #[must_use]
    pub fn used_by(&self, key: Fingerprint) -> Self {
        Self {
            used: Some(key),
            ..self.clone()
        }
    }
}

impl fmt::Display for JoinRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotOpen => "there is no such invitation, or it is over",
            Self::WrongProof => "its secret does not prove the key of the host",
            Self::Replayed => "another host has joined with it",
        })
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn secret(byte: u8) -> InvitationSecret {
        InvitationSecret(Zeroizing::new([byte; InvitationSecret::LENGTH]))
    }

    const ID: InvitationId = InvitationId([7; InvitationId::LENGTH]);

    const fn point(byte: u8) -> [u8; POINT_BYTES] {
        [byte; POINT_BYTES]
    }

    fn key(byte: u8) -> Fingerprint {
        Fingerprint::of_point(&point(byte))
    }

    /// Judges a request for the key of `point`, which was proved with `secret`.
    fn judge(
        invitation: &HostInvitation,
        secret: &InvitationSecret,
        point: [u8; POINT_BYTES],
        now: Time,
    ) -> Result<InvitationUse, JoinRefusal> {
        let proof = secret.key().proof(ID, &point);
        invitation.judge(ID, &proof, &point, now)
    }

    const fn at(seconds: u64) -> Time {
        Time::from_secs(1_700_000_000 + seconds)
    }

    fn invitation() -> HostInvitation {
        HostInvitation::new("web1.example".to_owned(), &secret(1), None, at(0), at(3600))
    }

    #[test]
    fn invitation_admits_one_key_and_knows_it_again() {
        let invitation = invitation();
        let judged = judge(&invitation, &secret(1), point(1), at(10));
        assert_eq!(judged, Ok(InvitationUse::First));
        let used = invitation.used_by(key(1));
        let again = judge(&used, &secret(1), point(1), at(3599));
        assert_eq!(again, Ok(InvitationUse::Again));
        let other = judge(&used, &secret(1), point(2), at(3599));
        assert_eq!(other, Err(JoinRefusal::Replayed));
    }

    #[test]
    fn wrong_secret_learns_nothing_else() {
        let used = invitation().used_by(key(1));
        for (point, time) in [(point(1), at(10)), (point(2), at(10)), (point(1), at(7200))] {
            let judged = judge(&used, &secret(2), point, time);
            assert_eq!(judged, Err(JoinRefusal::WrongProof));
        }
    }

    #[test]
    fn proof_that_was_seen_admits_no_other_key() {
        let seen = secret(1).key().proof(ID, &point(1));
        for invitation in [invitation(), invitation().used_by(key(1))] {
            let judged = invitation.judge(ID, &seen, &point(2), at(10));
            assert_eq!(judged, Err(JoinRefusal::WrongProof));
        }
    }

    #[test]
    fn invitation_ends_and_a_clock_that_was_ahead_makes_none_that_lasts() {
        let over = judge(&invitation(), &secret(1), point(1), at(3600));
        assert_eq!(over, Err(JoinRefusal::NotOpen));
        let day = 24 * 3600;
        for (made, until) in [(30 * day, 31 * day), (0, 8 * day)] {
            let host = "web1.example".to_owned();
            let ahead = HostInvitation::new(host, &secret(1), None, at(made), at(until));
            assert!(!ahead.is_open(at(0)), "{made}");
        }
    }

    #[test]
    fn removal_withdraws_what_was_made_before_it() {
        let removal = at(100);
        let before = invitation();
        assert!(before.is_withdrawn_by(removal, at(10)));
        // The clock of the verifier that invites it again is behind.
        let anew = before.clone().after(Some(removal));
        assert!(!anew.is_withdrawn_by(removal, at(10)));
        assert!(anew.is_open(at(10)) && before.clone().after(None) == before);
        // A clock that was ahead does not keep the host out for years.
        let ahead = at(24 * 3600);
        assert!(!before.is_withdrawn_by(ahead, at(10)));
        assert!(before.after(Some(ahead)).is_open(at(10)));
    }

    #[test]
    fn document_is_read_back_without_the_secret() {
        let used = invitation().used_by(key(9));
        let bytes = used.encode();
        assert!(HostInvitation::decode(&bytes) == Ok(used));
        assert!(!bytes.windows(16).any(|part| part == [1; 16]));
    }
}
