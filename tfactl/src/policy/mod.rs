//! `tfactl policy`: check a policy, simulate it for all users, and publish it for all verifiers.

mod audit;
mod check;
mod files;
mod impact;
mod publication;

pub(crate) use audit::run as audit;
pub(crate) use check::run as check;
pub(crate) use files::Files;
pub(crate) use impact::{in_force, run as impact};
pub(crate) use publication::{publish, show, unpublish};
