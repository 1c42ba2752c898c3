//! What the two commands share: the connection to the daemon, polkit's text agent, the terminal,
//! JSON and exit codes.
//!
//! Nothing here is part of the D-Bus contract. The messages are in the `messages` of each command.

mod account;
mod admin;
mod agent;
mod arguments;
mod bound_codes;
mod completion;
mod connection;
mod devices;
mod error;
mod failure;
mod interrupt;
mod json;
mod one_line;
mod polkit;
mod process;
mod public_key;
mod public_key_text;
mod status_json;
mod status_text;
mod terminal;

pub use account::AccountProxy;
pub use admin::AdminProxy;
pub use agent::{Agent, NoAgent};
pub use arguments::{algorithm_parser, any_kind_parser, kind_parser, parse};
pub use bound_codes::bound_codes_lines;
pub use connection::{CALL_TIMEOUT, best_effort, connect, with_timeout, within};
pub use devices::{DEVICES_HELP, DeviceJson, device_list, devices_json};
pub use error::Error;
pub use failure::Failure;
pub use interrupt::{Interrupt, Interruption};
pub use json::{json, json_line};
pub use one_line::one_line;
pub use polkit::polkit_allows;
pub use process::{harden, host, is_root, now, run};
pub use public_key::{public_key_of_stdin, read_any_public_key, read_public_key};
pub use status_json::{AuthenticatorJson, StatusJson, authenticators_json};
pub use status_text::{
    AUTHENTICATORS_HELP, OFF_FOR_ALL, STATUS_JSON_HELP, UNUSABLE, authenticator_list, kind_text,
    state_text, waits_for_key,
};
pub use terminal::{LineRead, Terminal, plain};
