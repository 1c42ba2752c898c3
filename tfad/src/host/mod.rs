//! The machine: users and groups of the name service, the clock, random bytes, PAM files, processes,
//! memory.

pub mod aliases;
pub(crate) mod child;
pub mod clock;
pub mod enumerate;
pub mod facts;
pub(crate) mod group_members;
pub mod groups;
pub mod hardening;
pub mod known_users;
pub(crate) mod login_accounts;
pub(crate) mod name_page;
pub mod pam_files;
pub mod pam_services;
pub mod process;
pub mod random;
pub(crate) mod record_owner;
mod results;
pub mod subject;
pub mod time_limit;
pub(crate) mod timed_reader;
pub mod users;

use tfa_core::HostName;

/// The host name; `localhost` where the kernel does not tell one.
#[must_use]
pub fn host_name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// The host name as rules have it: in lower case. `None` if no rule can name it.
#[must_use]
pub fn name_in_rules() -> Option<HostName> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?;
    HostName::new(&name.to_ascii_lowercase()).ok()
}
