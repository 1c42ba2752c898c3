//! The machine: users and groups of the name service, the clock, random bytes, PAM files, memory.

pub mod aliases;
pub mod clock;
pub mod groups;
pub mod hardening;
pub mod pam_files;
pub mod random;
pub mod users;
