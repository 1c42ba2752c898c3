//! Which accounts of this host have no password.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::super::missed::Missed;

const PASSWD: &str = "/etc/passwd";
pub(super) const SHADOW: &str = "/etc/shadow";
/// The endings of shells that let no user in.
pub(in crate::doctor) const NO_SHELLS: [&str; 3] = ["/nologin", "/false", "/sync"];
const SECONDS_A_DAY: u64 = 86_400;

/// An account with a login shell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Local {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) gid: String,
    pub(super) home: String,
    pub(super) has_password: bool,
}

/// These accounts; `None` if the files cannot be read.
pub(super) fn local(missed: &Missed) -> Option<Vec<Local>> {
    let passwd = missed.text(PASSWD)?;
    Some(of(&passwd, &states_of_passwords(missed)?))
}

/// An account that `/etc/shadow` does not have, such as one of a directory, is not known, and none that has expired
/// logs in.
fn of(passwd: &str, passwords: &BTreeMap<String, Password>) -> Vec<Local> {
    let account = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, shell] = fields[..] else {
            return None;
        };
        let has_shell = !NO_SHELLS.iter().any(|ending| shell.ends_with(ending));
        let has_password = *passwords.get(name)? == Password::Usable;
        has_shell.then(|| Local {
            name: name.to_owned(),
            uid: uid.to_owned(),
            gid: gid.to_owned(),
            home: home.to_owned(),
            has_password,
        })
    };
    passwd.lines().filter_map(account).collect()
}

/// What is known of the password of an account. The hash is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Password {
    /// No password matches.
    Locked,
    /// sshd accepts none by default.
    Empty,
    Usable,
}

/// Reads `/etc/shadow`: only what is known of each password leaves this function.
fn states_of_passwords(missed: &Missed) -> Option<BTreeMap<String, Password>> {
    let shadow = Zeroizing::new(missed.text(SHADOW)?);
    Some(states(&shadow, tfa_client::now() / SECONDS_A_DAY))
}

/// The passwords of the accounts that have not expired, in the form of shadow(5). `today` is in days since 1970.
fn states(shadow: &str, today: u64) -> BTreeMap<String, Password> {
    let state = |line: &str| {
        let mut fields = line.split(':');
        let (name, hash) = (fields.next()?, fields.next()?);
        let expiry = fields.nth(5).and_then(|field| field.parse::<u64>().ok());
        let state = match hash.chars().next() {
            None => Password::Empty,
            Some('!' | '*') => Password::Locked,
            Some(_) => Password::Usable,
        };
        expiry
            .is_none_or(|day| day > today)
            .then(|| (name.to_owned(), state))
    };
    shadow.lines().filter_map(state).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHADOW: &str = "root:$y$j9T$salt$hash:19000:0:99999:7:::\n\
                          cloud:!:19000:0:99999:7:::\nlocked:!$6$x$y:19000::::::\n\
                          star:*:19000:0:99999:7:::\nempty::19000:0:99999:7:::\n\
                          gone:!:19000:0:99999:7::19999:\nstays:!:19000:0:99999:7::20001:\n\
                          alice:$y$j9T$salt$hash:19000:0:99999:7:::\nbroken\n";

    #[test]
    fn only_the_state_of_a_password_is_known() {
        let states = states(SHADOW, 20_000);
        let state = |name: &str| states.get(name).copied();
        for (name, expected) in [
            ("root", Some(Password::Usable)),
            ("cloud", Some(Password::Locked)),
            ("locked", Some(Password::Locked)),
            ("star", Some(Password::Locked)),
            ("empty", Some(Password::Empty)),
            ("gone", None),
            ("stays", Some(Password::Locked)),
            ("broken", None),
        ] {
            assert_eq!(state(name), expected, "{name}");
        }
        assert!(!format!("{states:?}").contains("hash"));
    }

    #[test]
    fn users_with_a_shell_are_meant_who_are_known() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\ncloud:x:1000:1000::/home/cloud:/bin/bash\n\
                      star:x:7:7::/var:/usr/sbin/nologin\nalice:x:1001:1001::/home/alice:/bin/bash\n\
                      ldap:x:1002:1002::/home/ldap:/bin/bash\nempty:x:1003:1003::/home/empty:\nbroken:x\n";
        let found = of(passwd, &states(SHADOW, 20_000));
        let found: Vec<(&str, bool)> = found
            .iter()
            .map(|one| (one.name.as_str(), one.has_password))
            .collect();
        let expected = [
            ("root", true),
            ("cloud", false),
            ("alice", true),
            ("empty", false),
        ];
        assert_eq!(found, expected);
    }
}
