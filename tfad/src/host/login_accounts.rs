//! The accounts of persons: a uid in the range for users, and a login shell.

use super::enumerate::User;

const ROOT: u32 = 0;
const LOGIN_DEFS: &str = "/etc/login.defs";

/// Which accounts are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoginAccounts {
    uids: Uids,
    /// Root as well, which is in no range.
    root: bool,
}

/// The uids that `useradd` assigns to users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Uids {
    min: u32,
    max: u32,
}

impl LoginAccounts {
    /// The accounts of this host.
    pub(crate) fn of_host(root: bool) -> Self {
        let login_defs = std::fs::read_to_string(LOGIN_DEFS).unwrap_or_default();
        let uids = Uids::of(&login_defs);
        Self { uids, root }
    }

    /// Whether a user is one of them.
    pub(crate) fn include(self, user: &User) -> bool {
        let is_in_range = (self.uids.min..=self.uids.max).contains(&user.uid);
        let program = user.shell.rsplit('/').next().unwrap_or_default();
        let has_login_shell = program != "nologin" && program != "false";
        has_login_shell && (is_in_range || self.root && user.uid == ROOT)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const UIDS: Uids = Uids {
        min: 1000,
        max: 60_000,
    };

    fn user(uid: u32, shell: &str) -> User {
        User {
            name: "x".to_owned(),
            uid,
            gid: 0,
            shell: shell.to_owned(),
        }
    }

    #[test]
    fn users_have_a_uid_in_range_and_a_login_shell() {
        for (uid, shell, is_user) in [
            (1000, "/bin/bash", true),
            (60_000, "/bin/bash", true),
            (1001, "", true),
            (0, "/bin/bash", false),
            (1, "/usr/sbin/nologin", false),
            (1002, "/usr/sbin/nologin", false),
            (1003, "/bin/false", false),
            (65_534, "/bin/sh", false),
        ] {
            let accounts = LoginAccounts {
                uids: UIDS,
                root: false,
            };
            assert_eq!(
                accounts.include(&user(uid, shell)),
                is_user,
                "{uid} {shell}"
            );
        }
    }

    #[test]
    fn root_is_included_where_it_is_wanted_and_can_log_in() {
        let accounts = LoginAccounts {
            uids: UIDS,
            root: true,
        };
        assert!(accounts.include(&user(0, "/bin/bash")));
        assert!(!accounts.include(&user(0, "/usr/sbin/nologin")));
        assert!(!accounts.include(&user(1, "/bin/bash")));
    }

    #[test]
    fn the_range_of_uids_comes_from_login_defs() {
        let defs = "# UID_MIN 5\nUID_MIN\t\t 500\nUID_MAX 600 # x\nSYS_UID_MIN 100\n";
        assert_eq!(Uids::of(defs), Uids { min: 500, max: 600 });
        assert_eq!(Uids::of(""), UIDS);
    }
}
