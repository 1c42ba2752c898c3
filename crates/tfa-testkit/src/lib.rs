//! What the tests of several crates share.

mod privileges;

pub use privileges::{NOBODY, skip_without_root, skip_without_uid};
