//! The kinds of events: the name and the message ID of each.

use super::event::{AccountEvent, DaemonEvent, Event, LoginEvent, RecordEvent};

/// A kind of event. The names and the message IDs are listed in tfad(8) and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// The value of `TFA_EVENT`.
    pub(super) name: &'static str,
    /// The value of `MESSAGE_ID`.
    pub(super) message_id: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $text:literal, $id:literal;)*) => {
        $(pub(super) const $name: Kind = Kind { name: $text, message_id: $id };)*
        /// Every kind, in the order of the manual.
        #[cfg(test)]
        const ALL: &[Kind] = &[$($name),*];
    };
}

kinds! {
    VERIFIED = "verified", "0fe4c15f0d7b62f459cdb2ad40b211ef";
    REMEMBERED = "remembered", "1da4cc3d627f55a1e7d4db7bb2a951b8";
    CODE_OF_SESSION = "code-of-session", "413461b49805ca034f5c224dd3e35c75";
    DEVICE_ADDED = "device-added", "6eb2311f592c57652f9d3ab1d2ae87c3";
    RECOVERY_CODE_USED = "recovery-code-used", "28cbf196cdd9dde5616e5b343c74f3e2";
    WRONG_CODE = "wrong-code", "1bfcf602d2684681117a4e8f73288b05";
    WRONG_INVITATION = "wrong-invitation", "09c79d56423d9cb8936ceda962f62403";
    WRONG_NEW_CODE = "wrong-new-code", "6a948d2d4f8541bdcc96dc164fa44ecc";
    CODE_REUSED = "code-reused", "2433a8a4c70347f893a14e8b93faf91d";
    CODE_VOID = "code-void", "11b082088a754fcabed48b399f89459e";
    OFFLINE_LOGIN = "offline-login", "7c1f0b6a52e94d0f9f3c5f0e8a41d2b6";
    NO_RIGHT_CODE = "no-right-code", "8489627246b847ea1b0043bdf4853d09";
    NOT_ENROLLED = "not-enrolled", "61ebf78aa522dedb06b012ba94b0ba80";
    LOCKED = "locked", "8cf79dd98198016b227a9c9a1df9b026";
    ENROLLED = "enrolled", "87538d7cfae36a8a9b38e2f647ce49aa";
    DENIED = "denied", "01432cc826a275f9e10a482c1f3d06e1";
    EXEMPT = "exempt", "799906debe2b2f98a9e1734363088752";
    NOT_GUARDED = "not-guarded", "e22cb466da76625dc04bfbe6d760c0a0";
    GRACE = "grace", "37adf9b9b5c1500087f80af7bd248b41";
    DEFERRED = "deferred", "e117faaa18e4a179477b2e5e0c23c726";
    AUDITED = "audited", "8e5c951357c1c22ae8275cd35013710a";
    BYPASSED = "bypassed", "ad5c650369b89bf802b272889af9265e";
    NAME_CHANGED = "name-changed", "8f233142e8407da5ca6edb6a33d99852";
    AUTHENTICATOR_OFFERED = "authenticator-offered", "513811db07f4c966e4a34fd2f6188a3b";
    AUTHENTICATOR_ACTIVATED = "authenticator-activated", "bbf11362d21fb70ee6b85c606ebca79b";
    AUTHENTICATOR_RENAMED = "authenticator-renamed", "cbb2e022a6e54c25a1f8ba53915f840d";
    AUTHENTICATOR_REMOVED = "authenticator-removed", "00823b8ecbff49ba9d31bb10fafecf9b";
    AUTHENTICATOR_BOUND = "authenticator-bound", "fbfe1a175c8b424091fc8a8a4d0b543a";
    IMPORTED = "imported", "c9e60c1beb16464a811497fd45a24f0e";
    EXPORTED = "exported", "f7605856370c4741b0c677cedfd5af75";
    RESYNCHRONIZED = "resynchronized", "de6160144fa2467f91c52e68a6ab4255";
    BACKUP_CODES_MADE = "backup-codes-made", "91c86f54e58a8a651f0ade7cc6ae4544";
    PAUSED = "paused", "cdcf2a84f2ed6d93ed39683b3ad0a475";
    RESUMED = "resumed", "0d50162b1ccf30c32729852b02363092";
    REMOVED = "removed", "e7d28b9a2961965dd028c0c6c7659a2d";
    DEVICE_FORGOTTEN = "device-forgotten", "634c86d8142315a3bde7a0db9611ab4e";
    RESET = "reset", "299c5cd7e65dd53062808a9961d674b6";
    UNLOCKED = "unlocked", "a1d45d6aacc4532e25ad9d4b0f6688b9";
    INVITED = "invited", "9cf547ce2cbb3d1872f0fa1122845dab";
    EXEMPTED = "exempted", "3668e8331a6513b53d41564668da9993";
    EXEMPTION_ENDED = "exemption-ended", "ecc66f22498a4b540a11187c3d112d40";
    RECORD_GIVEN = "record-given", "f2a72874eb6b870708ede501ede7c4a7";
    UID_TOLD = "uid-told", "98002c21d77b4bec82af89cd44b11626";
    CODE_TESTED = "code-tested", "74eb86ae7a1bb2a6e9056ff8748ec1bd";
    SWITCH_OFF_REFUSED = "switch-off-refused", "e3d734ad22a1e2f2fbc675aa2bab4e9f";
    NOT_ADMINISTRATOR = "not-administrator", "1cc4ea26fc2ee22cd7425fb602ac327b";
    REFUSED = "refused", "a30205ca3ed4a33d830dcd9b7baf3406";
    RECORD_MOVED = "record-moved", "01ada11dee8a82111070f42bff14c8d2";
    CLOCK_WAS_AHEAD = "clock-was-ahead", "5a6d829fc5b37a7093c1f21c3c638831";
    FLEET_MADE = "fleet-made", "cb2baef4ec20098c580b88b452252522";
    HOST_INVITED = "host-invited", "98a4402f0c9fa278badd5653a55e85d5";
    HOST_JOINED = "host-joined", "4ab4dfd6ec23a3fc154b5f41d8b53809";
    HOST_RENEWED = "host-renewed", "292d4e27bef1cc99261b6f990457ade4";
    HOST_REMOVED = "host-removed", "ad501ad5b0100655caf6aced7349b144";
    HOST_READMITTED = "host-readmitted", "f76a6a2ca0cbd362f19b745ca33d3fe0";
    JOIN_REFUSED = "join-refused", "44b64b1d89aa4b35b73e3bff555c399c";
    HOST_REFUSED = "host-refused", "2c5fcbe8e67df81535a0daf09c3175ef";
    READY = "ready", "90d8f566f6b8d5ab7c7ba2e2002e3f04";
    STOPPED = "stopped", "138c5ca0de600fed717c36e9625f66c3";
    FAILED = "failed", "a1f93ca2e9c71ab05c99722d88c8d9a6";
    NOT_SERVING = "not-serving", "888fb2336c6425b3b8a30c59b8a7d71e";
    RELOADED = "reloaded", "ee1c1821185190b361ed13cfff955769";
    RELOAD_FAILED = "reload-failed", "f6df229c98c2b3d7116e85378c7ac154";
    POLICY_IN_FORCE = "policy-in-force", "843aa3d2861a4328ba1f8b40d55d7323";
    POLICY_UNUSABLE = "policy-unusable", "52d7c597064e4a998b90eaf4ecf8c5cf";
    POLICY_PUBLISHED = "policy-published", "525560b1411d42c3aafd991a414ed99e";
    CONFIG_WARNING = "config-warning", "d96a7b62657497a4d4abfce7364faa22";
    NAMES_PENDING = "names-pending", "bc822efde72368f1d5a06423bed871b0";
    NAMES_UNAVAILABLE = "names-unavailable", "02ad097a21fda0e0e69d7a9c139d8540";
    STORE = "store", "65a5bd831937294ea7a8f9a23f7d0eef";
    RECOVERY_CODE_MADE = "recovery-code-made", "df5e936d256ef192c140876124626502";
    MEMORY_UNPROTECTED = "memory-unprotected", "d9e53680052b8f6a83cb4ff8bc58b16c";
    NO_SIGNALS = "no-signals", "200fe4d68cccbd46df9fcd58ef21603b";
    NO_LOGIN_SOCKET = "no-login-socket", "1205a4a8cbb2b581898d16e255d20dce";
    NO_MEMBER_SOCKET = "no-member-socket", "3f0a2d9c5b7e4816a1c6d8e2f4b09735";
    CONNECTION_REFUSED = "connection-refused", "0c2f75174ad46f3c860b7c2fb9669957";
    QUOTA_REACHED = "quota-reached", "11c510c284a5e3776c71551e185c1490";
    ENTRIES_LOST = "entries-lost", "889b43836ce322be3b694abdf9980c3c";
}

impl Event<'_> {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Login { event, .. } => event.kind(),
            Self::Account { event, .. } => event.kind(),
            Self::Record { event, .. } => event.kind(),
            Self::Host { event, .. } => event.kind(),
            Self::Daemon(event) => event.kind(),
        }
    }
}

impl LoginEvent<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Verified(_) => VERIFIED,
            Self::Remembered(_) => REMEMBERED,
            Self::CodeOfSession { .. } => CODE_OF_SESSION,
            Self::DeviceAdded(_) => DEVICE_ADDED,
            Self::RecoveryCodeUsed => RECOVERY_CODE_USED,
            Self::WrongCode => WRONG_CODE,
            Self::WrongInvitation => WRONG_INVITATION,
            Self::WrongNewCode => WRONG_NEW_CODE,
            Self::CodeReused => CODE_REUSED,
            Self::CodeVoid => CODE_VOID,
            Self::Offline { .. } => OFFLINE_LOGIN,
            Self::NoBoundCodes => DENIED,
            Self::NoRightCode => NO_RIGHT_CODE,
            Self::NotEnrolled => NOT_ENROLLED,
            Self::Locked(_) => LOCKED,
            Self::Enrolled { .. } => ENROLLED,
            Self::Denied { .. } => DENIED,
            Self::Exempt { .. } => EXEMPT,
            Self::NotGuarded { .. } => NOT_GUARDED,
            Self::Grace { .. } => GRACE,
            Self::Deferred { .. } => DEFERRED,
            Self::Audited { .. } => AUDITED,
            Self::Bypassed { .. } => BYPASSED,
            Self::NameChanged { .. } => NAME_CHANGED,
        }
    }
}

impl AccountEvent<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::FirstAuthenticatorOffered(_)
            | Self::FirstSecurityKeyOffered(_)
            | Self::AuthenticatorOffered(_) => AUTHENTICATOR_OFFERED,
            Self::AuthenticatorActivated { .. } | Self::SecurityKeyActivated { .. } => {
                AUTHENTICATOR_ACTIVATED
            }
            Self::AuthenticatorRenamed { .. } => AUTHENTICATOR_RENAMED,
            Self::AuthenticatorRemoved(_) | Self::AuthenticatorUnbound(_) => AUTHENTICATOR_REMOVED,
            Self::AuthenticatorBound(_) => AUTHENTICATOR_BOUND,
            Self::Imported { .. } | Self::ImportUpdated => IMPORTED,
            Self::Exported { .. } => EXPORTED,
            Self::Resynchronized(_) => RESYNCHRONIZED,
            Self::BackupCodesMade | Self::BoundCodesMade(_) => BACKUP_CODES_MADE,
            Self::Paused | Self::Disabled => PAUSED,
            Self::Resumed | Self::Enabled => RESUMED,
            Self::Removed => REMOVED,
            Self::DeviceForgotten(_) | Self::DevicesForgotten { .. } => DEVICE_FORGOTTEN,
            Self::Reset => RESET,
            Self::Unlocked => UNLOCKED,
            Self::Invited => INVITED,
            Self::Exempted(_) => EXEMPTED,
            Self::ExemptionEnded => EXEMPTION_ENDED,
            Self::RecordGiven { .. } => RECORD_GIVEN,
            Self::UidTold { .. } => UID_TOLD,
            Self::CodeTested => CODE_TESTED,
            Self::WrongCode => WRONG_CODE,
            Self::WrongInvitation => WRONG_INVITATION,
            Self::CodeReused => CODE_REUSED,
            Self::CodeVoid => CODE_VOID,
            Self::Locked => LOCKED,
            Self::SwitchOffRefused => SWITCH_OFF_REFUSED,
            Self::NotAdministrator => NOT_ADMINISTRATOR,
            Self::Refused { .. } => REFUSED,
        }
    }
}

impl RecordEvent<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Moved { .. } => RECORD_MOVED,
            Self::ClockWasAhead { .. } => CLOCK_WAS_AHEAD,
        }
    }
}

impl DaemonEvent<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Ready => READY,
            Self::Stopped => STOPPED,
            Self::Failed(_) => FAILED,
            Self::NotServing(_) => NOT_SERVING,
            Self::Reloaded => RELOADED,
            Self::ReloadFailed(_) => RELOAD_FAILED,
            Self::PolicyInForce(_) => POLICY_IN_FORCE,
            Self::PolicyUnusable(_) => POLICY_UNUSABLE,
            Self::PolicyPublished { .. } | Self::PolicyUnpublished { .. } => POLICY_PUBLISHED,
            Self::ConfigWarning(_) => CONFIG_WARNING,
            Self::NamesPending => NAMES_PENDING,
            Self::NamesUnavailable(_) => NAMES_UNAVAILABLE,
            Self::Store(_) => STORE,
            Self::RecoveryCodeMade => RECOVERY_CODE_MADE,
            Self::MemoryUnprotected(_) => MEMORY_UNPROTECTED,
            Self::NoSignals => NO_SIGNALS,
            Self::NoLoginSocket(_) => NO_LOGIN_SOCKET,
            Self::NoMemberSocket(_) => NO_MEMBER_SOCKET,
            Self::BoundCodesFailed(_) | Self::RemovalsNotKept(_) | Self::KeyLeftOut(_) => STORE,
            Self::ConnectionRefused(_) => CONNECTION_REFUSED,
            Self::QuotaReached(_) => QUOTA_REACHED,
            Self::EntriesLost { .. } => ENTRIES_LOST,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const MANUAL: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../man/tfad.8"));

    #[test]
    fn each_kind_has_a_name_and_a_message_id_of_its_own() {
        let names: BTreeSet<&str> = ALL.iter().map(|kind| kind.name).collect();
        let ids: BTreeSet<&str> = ALL.iter().map(|kind| kind.message_id).collect();
        assert_eq!((names.len(), ids.len()), (ALL.len(), ALL.len()));
        let is_id = |id: &str| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(ids.into_iter().all(is_id));
    }

    #[test]
    fn the_manual_lists_each_kind_with_its_message_id() {
        let rows: Vec<(&str, &str)> = MANUAL
            .lines()
            .filter_map(|line| line.strip_prefix(".It Li ")?.split_once(" Ta Li "))
            .collect();
        let kinds: Vec<(&str, &str)> = ALL
            .iter()
            .map(|kind| (kind.name, kind.message_id))
            .collect();
        assert_eq!(rows, kinds);
    }
}
