//! The settings of login(1).

use std::fs;

use tfa_doctor::LoginFacts;

use super::missed::Missed;

const PROGRAMS: [&str; 2] = ["/usr/bin/login", "/bin/login"];
const DEFS: &str = "/etc/login.defs";

/// `None` unless login(1) is that of util-linux, whose program contains the name.
pub(super) fn collect(missed: &Missed) -> Option<LoginFacts> {
    let program = PROGRAMS.iter().find_map(|path| fs::read(path).ok())?;
    let name = b"util-linux";
    let is_util_linux = program.windows(name.len()).any(|bytes| bytes == name);
    is_util_linux.then(|| LoginFacts {
        defs: missed.text(DEFS).unwrap_or_default(),
    })
}
