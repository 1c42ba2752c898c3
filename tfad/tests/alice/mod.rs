//! A user for tests, and a name service that knows no other one.

#![allow(dead_code, reason = "no test program uses all of it")]

use tfad::host::users::{NameService, NameServiceFailed, User};

/// The uid of the user.
pub(crate) const UID: u32 = 1000;

/// A name service that knows alice.
pub(crate) struct Names;

impl NameService for Names {
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
        Ok((name == "alice").then(alice))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
        Ok((uid == UID).then(alice))
    }
}

pub(crate) fn alice() -> User {
    User {
        name: "alice".to_owned(),
        uid: UID,
        aliases: Vec::new(),
    }
}

/// A name service that knows no user.
pub(crate) struct NoNames;

impl NameService for NoNames {
    fn by_name(&self, _: &str) -> Result<Option<User>, NameServiceFailed> {
        Ok(None)
    }

    fn by_uid(&self, _: u32) -> Result<Option<User>, NameServiceFailed> {
        Ok(None)
    }
}
