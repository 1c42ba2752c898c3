//! Codes that are bound to this member: their store, their issue, logins with them, and what is reported of them
//! (`docs/adr/0092-a-member-that-is-cut-off.md`).

mod background;
mod changes;
mod issue;
mod login;
mod report;
mod store;
mod turns;

pub(in crate::fleet) use background::start;
pub(super) use login::OfflineDialog;
pub use store::BoundStore;
