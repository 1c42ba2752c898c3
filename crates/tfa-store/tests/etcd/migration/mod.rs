//! Accounts that move from a database to etcd and back, and migrations that are interrupted at each step.

mod host;
mod interrupted;
mod refused;
mod verifiers;
