//! The daemon: keeps the second factors, applies the host's policy, conducts the login dialog.
//!
//! One login, in the order of the files: [`socket`] takes the call, [`logins`] has the dialog begun,
//! [`users`] resolves the name, [`accounts`] loads the record from the [`store`], `tfa-core` judges,
//! the record is committed, [`texts`] puts the turn into words, and the turn goes out. [`dialogs`]
//! remembers whose dialog is where.

pub mod accounts;
pub mod aliases;
pub mod beside;
pub mod caller;
pub mod check;
pub mod circumstances;
pub mod clock;
pub mod config;
pub mod dbus;
pub mod dialogs;
pub mod enrollment;
pub mod foresight;
pub mod groups;
pub mod hardening;
pub mod hashing;
pub mod host;
pub mod interface;
pub mod journal;
pub mod logins;
pub mod once;
pub mod pam_files;
pub mod password_prompts;
pub mod polkit;
pub mod random;
pub mod service;
pub mod services;
pub mod socket;
pub mod store;
pub mod texts;
pub mod turns;
pub mod users;
pub mod visitors;
