//! `tfactl policy`: a policy before it is in force, and what it means for everybody.

mod check;
mod files;
mod impact;
mod seen;

pub(crate) use check::run as check;
pub(crate) use files::Files;
pub(crate) use impact::run as impact;
pub(crate) use seen::run as seen;
