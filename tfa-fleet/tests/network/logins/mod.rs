//! Logins of a member at verifiers: tfad, the program, TLS, the program, tfad.

mod account;
pub(crate) mod fleet;
mod limits;
mod lost;
mod old_and_new;
mod way;
