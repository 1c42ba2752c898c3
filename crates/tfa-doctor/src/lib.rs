//! Finds what is wrong with the two-factor login of a host: [`Facts`] in, [`Finding`]s out.
//!
//! The crate does no I/O. `tfactl doctor` collects the facts. Each fault that can be found has a [`Kind`]
//! in [`KINDS`], with a stable id that tfa-doctor(7) describes.

mod auth_update;
mod daemon;
mod edit;
mod facts;
mod finding;
mod fleet;
mod host;
mod key_only;
mod login;
mod messages;
mod moving;
mod pam;
mod required;
mod security_key;
mod shell;
pub mod sshd;
mod unit;

pub use auth_update::pam_update_files;
pub use edit::Edit;
pub use facts::{
    DaemonProblem, Facts, Later, LoginFacts, LoginUsers, PamFacts, PolicyFacts, Required,
};
pub use finding::{Finding, Kind, Remedy, Severity, Subject};
pub use fleet::{
    Connections, EtcdLink, FleetFacts, FleetFault, FleetFiles, FleetRole, FleetSettings, FleetUnit,
    Marks, VerifierLink,
};
pub use host::{
    AccountFacts, Administrator, BlockDevice, BusFacts, Clock, DOAS_FILE, GroupCacheFacts,
    HostFacts, NSCD_FILE, NotStartable, OtherWays, OwnedFile, PolicyError, PolkitFacts, Process,
    Reached, Room, STATE_DIR, SocketFacts, StateFacts, polkit_questions, sudo_programs,
    sudo_services,
};
pub use key_only::{KeyAccount, Keys, Refused};
pub use messages::{KINDS, list};
pub use moving::{google_authenticator_may_not_write, has_google_authenticator, oath_files};
pub use pam::{programs, services_that_ask};
pub use required::{must_enroll, required};
pub use tfa_pam_stack::MODULE;
pub use unit::Unit;

/// The findings about a host, the worst first.
#[must_use]
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings = daemon::examine(facts);
    findings.extend(pam::examine(facts));
    findings.extend(sshd::examine(facts));
    findings.extend(login::timeout(facts));
    findings.extend(host::examine(facts));
    findings.extend(fleet::examine(facts));
    findings.extend(key_only::examine(facts));
    findings.extend(security_key::examine(facts));
    let moving = moving::unfinished(facts);
    // Its remedy is another one there.
    findings.retain(|one| moving.is_empty() || one.kind.id != messages::ENROLLED_NONE.id);
    findings.extend(moving);
    let breaks = moving::breaks(facts, &findings);
    moving::settle(&mut findings, &breaks);
    findings.extend(breaks);
    daemon::settle(&mut findings);
    required::settle(facts, &mut findings);
    key_only::settle(facts, &mut findings);
    findings.sort_by_key(Finding::severity);
    findings
}
