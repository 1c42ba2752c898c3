//! What the calls of owners do to an enrollment. Root on a member sees the codes that are typed there, and can make
//! each call with one of them: `docs/adr/0105-changes-of-enrollments-on-members.md`.

use super::Method;

/// What a call of a user of a member does to the enrollment of that user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnMember {
    /// Nothing. It reads, or tries a code, which counts as at a login.
    Reads,
    /// What counts for logins on the member alone, or forgets what makes logins easier.
    CountsThere,
    /// It brings a counter up to date, with two codes in a row.
    Resynchronizes,
    /// It begins a first enrollment.
    EnrollsFirst,
    /// It ends the enrollment of an authenticator that waits for its first code: the first one, or another.
    EndsPending,
    /// It adds, replaces or removes authenticators or backup codes, or ends the question for codes.
    Changes,
}

impl Method {
    /// What the call does to an enrollment.
    pub(crate) const fn on_member(self) -> OnMember {
        match self {
            Self::Status | Self::Devices | Self::Test => OnMember::Reads,
            Self::ForgetDevice | Self::ForgetDevices | Self::NewBoundCodes => OnMember::CountsThere,
            Self::Resynchronize => OnMember::Resynchronizes,
            Self::Setup | Self::SetupSecurityKey => OnMember::EnrollsFirst,
            Self::Confirm | Self::Abandon => OnMember::EndsPending,
            Self::Add
            | Self::AddSecurityKey
            | Self::Move
            | Self::MoveToSecurityKey
            | Self::NewBackupCodes
            | Self::Pause
            | Self::Resume
            | Self::Remove
            | Self::RenameAuthenticator
            | Self::RemoveAuthenticator => OnMember::Changes,
        }
    }
}
