//! The users of this host: accounts with a uid of the range for users, and a login shell.

use tfa_client::Failure;

use crate::getent;

const ROOT: u32 = 0;

/// The uids that `useradd` assigns to users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Uids {
    min: u32,
    max: u32,
}

/// The login names of the users that the system enumerates.
pub(crate) fn users() -> Result<Vec<String>, Failure> {
    login_names(|uid, uids| (uids.min..=uids.max).contains(&uid))
}

/// The login names of the users, and root.
pub(crate) fn users_and_root() -> Result<Vec<String>, Failure> {
    login_names(|uid, uids| uid == ROOT || (uids.min..=uids.max).contains(&uid))
}

fn login_names(is_selected: impl Fn(u32, Uids) -> bool) -> Result<Vec<String>, Failure> {
    let uids = Uids::of(&std::fs::read_to_string("/etc/login.defs").unwrap_or_default());
    let passwd = getent::all("passwd")?;
    let lines = passwd.lines();
    Ok(lines
        .filter_map(|line| login_name(line, |uid| is_selected(uid, uids)))
        .collect())
}

impl Uids {
    /// The range of `login.defs`, or the default of Debian and Fedora.
    fn of(login_defs: &str) -> Self {
        let number = |key: &str| {
            login_defs.lines().find_map(|line| {
                let mut words = line.split_ascii_whitespace();
                (words.next() == Some(key)).then(|| words.next()?.parse().ok())?
            })
        };
        Self {
            min: number("UID_MIN").unwrap_or(1000),
            max: number("UID_MAX").unwrap_or(60_000),
        }
    }
}

/// The login name in a line of `passwd`, if the uid is selected and the shell is a login shell.
fn login_name(line: &str, is_selected: impl Fn(u32) -> bool) -> Option<String> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, _, _, _, shell] = fields.as_slice() else {
        return None;
    };
    let uid: u32 = uid.parse().ok()?;
    let program = shell.rsplit('/').next().unwrap_or_default();
    let has_login_shell = program != "nologin" && program != "false";
    (is_selected(uid) && has_login_shell).then(|| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const UIDS: Uids = Uids {
        min: 1000,
        max: 60_000,
    };

    #[test]
    fn users_have_a_uid_in_range_and_a_login_shell() {
        for (line, is_user) in [
            ("alice:x:1000:1000:Alice,,,:/home/alice:/bin/bash", true),
            ("noshell:x:1001:1001::/home/noshell:", true),
            ("root:x:0:0:root:/root:/bin/bash", false),
            ("daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin", false),
            (
                "retired:x:1002:1002::/home/retired:/usr/sbin/nologin",
                false,
            ),
            ("closed:x:1003:1003::/home/closed:/bin/false", false),
            ("nobody:x:65534:65534:nobody:/nonexistent:/bin/sh", false),
            ("garbled:x:1004", false),
        ] {
            let name = line.split(':').next().unwrap();
            let found = login_name(line, |uid| (1000..=60_000).contains(&uid));
            assert_eq!(found.as_deref(), is_user.then_some(name), "{line}");
        }
    }

    #[test]
    fn the_range_of_uids_comes_from_login_defs() {
        let defs = "# UID_MIN 5\nUID_MIN\t\t 500\nUID_MAX 600 # x\nSYS_UID_MIN 100\n";
        assert_eq!(Uids::of(defs), Uids { min: 500, max: 600 });
        assert_eq!(Uids::of(""), UIDS);
    }
}
