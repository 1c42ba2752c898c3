//! The people of this host: accounts with a uid of people's and a shell that lets them in.

use tfa_client::Failure;

use crate::getent;

const ROOT: u32 = 0;

/// The uids that `useradd` gives to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Uids {
    min: u32,
    max: u32,
}

/// The login names of the people whom the system enumerates.
pub(crate) fn people() -> Result<Vec<String>, Failure> {
    whoever(|uid, uids| (uids.min..=uids.max).contains(&uid))
}

/// And of root, whom a policy can keep out like anybody else.
pub(crate) fn people_and_root() -> Result<Vec<String>, Failure> {
    whoever(|uid, uids| uid == ROOT || (uids.min..=uids.max).contains(&uid))
}

fn whoever(is_meant: impl Fn(u32, Uids) -> bool) -> Result<Vec<String>, Failure> {
    let uids = Uids::of(&std::fs::read_to_string("/etc/login.defs").unwrap_or_default());
    let passwd = getent::all("passwd")?;
    let lines = passwd.lines();
    Ok(lines
        .filter_map(|line| who_gets_in(line, |uid| is_meant(uid, uids)))
        .collect())
}

impl Uids {
    /// What `login.defs` says, or what Debian and Fedora ship.
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

/// The login name in a line of passwd, if the uid is meant and the shell lets in.
fn who_gets_in(line: &str, is_meant: impl Fn(u32) -> bool) -> Option<String> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, _, _, _, shell] = fields.as_slice() else {
        return None;
    };
    let uid: u32 = uid.parse().ok()?;
    let program = shell.rsplit('/').next().unwrap_or_default();
    let lets_in = program != "nologin" && program != "false";
    (is_meant(uid) && lets_in).then(|| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const UIDS: Uids = Uids {
        min: 1000,
        max: 60_000,
    };

    #[test]
    fn people_have_a_uid_of_peoples_and_a_shell_that_lets_them_in() {
        for (line, is_person) in [
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
            let found = who_gets_in(line, |uid| (1000..=60_000).contains(&uid));
            assert_eq!(found.as_deref(), is_person.then_some(name), "{line}");
        }
    }

    #[test]
    fn the_uids_of_people_come_from_login_defs_and_comments_do_not_count() {
        let defs = "# UID_MIN 5\nUID_MIN\t\t 500\nUID_MAX 600 # x\nSYS_UID_MIN 100\n";
        assert_eq!(Uids::of(defs), Uids { min: 500, max: 600 });
        assert_eq!(Uids::of(""), UIDS);
    }
}
