//! The names of one uid. An account belongs to a uid, and rules name users: what is required of a user
//! under any name depends on all of them.

use std::{fs, io};

use nix::unistd::User as Entry;

/// The file of local users. Two names of one uid are mostly made here (`useradd -o`).
const PASSWD: &str = "/etc/passwd";

/// In place of the names that could not be read. No user has it, so its groups are unknown.
const UNREAD: &str = ":";

/// The names of a uid, as far as they can be found: those of the local users, and those in the rules. A
/// name that cannot be looked up counts, so that a rule does not become softer. It asks the name service,
/// and blocks.
pub fn of_uid(uid: u32, in_rules: &[String]) -> Vec<String> {
    let mut names = in_passwd(fs::read(PASSWD), uid);
    let in_rules = in_rules.iter().filter(|name| may_be_of(uid, name));
    names.extend(in_rules.cloned());
    names
}

fn may_be_of(uid: u32, name: &str) -> bool {
    match Entry::from_name(name) {
        Ok(found) => found.is_some_and(|entry| entry.uid.as_raw() == uid),
        Err(_) => true,
    }
}

fn in_passwd(read: io::Result<Vec<u8>>, uid: u32) -> Vec<String> {
    match read {
        // One byte of one user's that is no UTF-8 must not hide the others.
        Ok(passwd) => local_names(&String::from_utf8_lossy(&passwd), uid),
        // Without the file there are no local users.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(_) => vec![UNREAD.to_owned()],
    }
}

fn local_names(passwd: &str, uid: u32) -> Vec<String> {
    let name_of = |line: &str| {
        let mut fields = line.split(':');
        let (name, _password, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    };
    passwd.lines().filter_map(name_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_users_of_a_uid_and_no_others_are_found() {
        let passwd = "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n\
                      bob:x:1000:1000::/:/bin/sh\nbroken\n+::::::\n";
        assert_eq!(local_names(passwd, 0), ["root", "toor"]);
        assert!(local_names(passwd, 1).is_empty());
    }

    #[test]
    fn a_name_that_is_no_utf8_hides_no_other() {
        let passwd =
            b"root:x:0:0::/root:/bin/sh\nJos\xe9:x:7:7:J\xf3:/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n";
        let names = in_passwd(Ok(passwd.to_vec()), 0);
        assert_eq!(names, ["root", "toor"]);
        assert_eq!(in_passwd(Ok(passwd.to_vec()), 7), ["Jos\u{fffd}"]);
    }

    #[test]
    fn a_file_that_cannot_be_read_leaves_a_name_without_known_groups() {
        let unread = in_passwd(Err(io::ErrorKind::PermissionDenied.into()), 0);
        assert_eq!(unread, [UNREAD]);
        assert_eq!(Entry::from_name(UNREAD), Ok(None));
        assert!(in_passwd(Err(io::ErrorKind::NotFound.into()), 0).is_empty());
    }

    #[test]
    fn a_name_in_a_rule_counts_where_it_has_the_uid() {
        let in_rules = ["root", "no-such-user", "daemon"].map(str::to_owned);
        let names = of_uid(0, &in_rules);
        assert!(names.contains(&"root".to_owned()), "{names:?}");
        assert!(!names.contains(&"daemon".to_owned()), "{names:?}");
        assert!(!names.contains(&"no-such-user".to_owned()), "{names:?}");
    }
}
