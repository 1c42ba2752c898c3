//! Codes that are bound to this member: their store, their issue, logins with them, and what is reported of them
//! (`docs/adr/0092-a-member-that-is-cut-off.md`).

mod issue;
mod login;
mod report;
mod store;

pub(super) use login::OfflineDialog;
pub(in crate::fleet) use report::start;
pub use store::BoundStore;
