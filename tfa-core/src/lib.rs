//! The rules of two-factor login, pure: no input or output, no clock, no randomness of its own.
//!
//! Time, entropy and identity come in as parameters, so every rule can be tried at every moment.
//! In the order of one login: [`Entry`] is what was typed, [`Account`] judges it under its
//! [`Throttle`], and [`Dialog`] turns the judgement into the next turn.

mod account;
mod authenticator;
mod backup;
mod dialog;
mod entry;
mod policy;
mod secret;
mod setup;
mod throttle;
mod time;

pub use account::{Account, Factor, Judgement, State, Undecodable};
pub use authenticator::{Algorithm, Authenticator, BadParameters, Match, Parameters};
pub use backup::{BackupSet, HashFailed, Hashed, Recipe};
pub use dialog::{Answered, Begun, Dialog, Message, Next, TRIES, Turn, Verdict};
pub use entry::{BackupCode, Code, Entry, Evidence};
pub use policy::{Decision, Exemption, Mode, Policy};
pub use secret::Secret;
pub use setup::{CONFIRM_TRIES, Drift, OFFER_LIFETIME, Offer, Refusal};
pub use throttle::{Gate, Origin, Tally, Throttle};
pub use time::{Step, Time};
