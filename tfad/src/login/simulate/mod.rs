//! What would become of a login: the policy's answer without a login, for the administrator.
//!
//! `hypothetical`, `subject` and `key` put the login that an administrator describes in the terms of the policy.
//! `phases` follows it through the phases of PAM, and calls what a login calls. `outcome` names its end.
//! `explain` collects all that for one login, with what the user would see (`shown`); `impact` compares
//! two times for each user.

mod explain;
mod hypothetical;
mod impact;
mod key;
mod outcome;
mod phases;
mod shown;
mod subject;

#[cfg(test)]
mod tests;

pub use explain::explain;
pub use hypothetical::{is_inside_session, login_name, names_keys, other_host};
pub use impact::impact;
pub use key::ShownKey;
pub use outcome::outcome;
pub use phases::{Simulation, Simulator};
pub use subject::subject;
