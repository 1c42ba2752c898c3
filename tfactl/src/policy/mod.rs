//! `tfactl policy`: check a policy, and simulate it for all users.

mod audit;
mod check;
mod files;
mod impact;

pub(crate) use audit::run as audit;
pub(crate) use check::run as check;
pub(crate) use files::Files;
pub(crate) use impact::{in_force, run as impact};
