//! The rules of two-factor login, pure: no input or output, no clock, no randomness of its own.
//!
//! Time, entropy and identity come in as parameters, so every rule can be tried at every moment.
//! In the order of one login: the [`Policy`] decides over a [`Login`], a phase takes its
//! [`Course`], [`Entry`] is what was typed, [`Account`] judges it under its [`Throttle`], and
//! [`Dialog`] turns the judgement into the next turn.

mod account;
mod authenticator;
mod backup;
mod course;
mod dialog;
mod entry;
mod invitation;
mod policy;
mod secret;
mod setup;
mod sighting;
mod throttle;
mod time;
mod used;
mod wrong_codes;

pub use account::{Account, Factor, Judgement, State, Undecodable};
pub use authenticator::{Algorithm, Authenticator, BadParameters, Match, Parameters};
pub use backup::{BackupSet, HashFailed, Hashed, Recipe};
pub use course::{Bar, Course, Met, Stage};
pub use dialog::{Answered, Begun, Dialog, Message, Next, Turn, Verdict};
pub use dialog::{AskCode, Enroll, Picture, TRIES};
pub use entry::{BackupCode, Code, Entry, Evidence};
pub use invitation::{Invitation, LONGEST_INVITATION};
pub use policy::{
    AfterGrace, Decision, Exemption, GRACE, GUARD, Mode, Policy, Ruling, Source, Terms,
};
pub use policy::{Belongs, Group, Groups, Identity, Login, Methods, Origins, Person, Place, Rule};
pub use secret::Secret;
pub use setup::{CONFIRM_TRIES, Drift, OFFER_LIFETIME, Offer, Proof, Refusal};
pub use sighting::{Sighting, Would};
pub use throttle::{Gate, Origin, Tally, Throttle};
pub use time::{Step, Time};
pub use wrong_codes::{Client, WrongCodes};
