//! The settings of login(1).

use tfa_doctor::LoginFacts;

use super::bounded;
use super::missed::Missed;

const PROGRAMS: [&str; 2] = ["/usr/bin/login", "/bin/login"];
const DEFS: &str = "/etc/login.defs";

/// `None` unless login(1) is that of util-linux, whose program contains the name.
pub(super) fn collect(missed: &Missed) -> Option<LoginFacts> {
    of(&PROGRAMS, missed)
}

fn of(programs: &[&str], missed: &Missed) -> Option<LoginFacts> {
    let read = |path: &&str| missed.known(bounded::whole(path)).flatten();
    let program = programs.iter().find_map(read)?;
    let name = b"util-linux";
    let is_util_linux = program.windows(name.len()).any(|bytes| bytes == name);
    is_util_linux.then(|| LoginFacts {
        defs: missed.text(DEFS).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_no_program_is_noted() {
        let folder = std::env::temp_dir().join(format!("tfactl-login-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| format!("{}/{name}", folder.display());
        let (pipe, program) = (path("pipe"), path("login"));
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        fs::write(&program, "login from util-linux 2.38").unwrap();
        let missed = Missed::default();
        assert!(of(&[&path("absent"), &program], &missed).is_some());
        assert_eq!(missed.reasons(), Vec::<String>::new());
        assert_eq!(of(&[&pipe], &missed), None);
        assert_eq!(missed.reasons(), [crate::messages::not_a_file(&pipe)]);
        fs::remove_dir_all(folder).unwrap();
    }
}
