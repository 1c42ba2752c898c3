//! Scenarios: what people do with a machine, and what must come of it. One file a topic.

mod admin;
mod bus;
mod console;
mod decisions;
mod directory;
mod enroll;
mod faults;
mod locks;
mod login_setup;
mod machine;
mod move_phone;
mod outsiders;
mod package;
mod people;
mod phone;
mod races;
mod ssh;
mod stacks;
mod store;
mod sudo;
