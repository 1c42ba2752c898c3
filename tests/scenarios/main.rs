//! Scenarios: what people do with a machine, and what must come of it. One file a topic.

mod admin;
mod bus;
mod console;
mod decisions;
mod directory;
mod enroll;
mod faults;
mod guard;
mod locks;
mod log_readers;
mod login_setup;
mod machine;
mod move_phone;
mod outsiders;
mod package;
mod people;
mod phone;
mod policy;
mod policy_files;
mod races;
mod rollout;
mod socket;
mod ssh;
mod stacks;
mod store;
mod sudo;
