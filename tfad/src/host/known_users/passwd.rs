//! The users of a file in the format of passwd(5).

use std::collections::HashMap;

use crate::host::users::User;

/// The users of a file. Of several lines with the same name or uid, the first one counts.
pub(super) struct LocalUsers {
    uids: HashMap<String, u32>,
    names: HashMap<u32, String>,
}

impl LocalUsers {
    /// The users, if each line is blank, a comment, or of the plain form: libc forgives mistakes in a line,
    /// and with them the first line of a user may be another one.
    pub(super) fn parse(passwd: &str) -> Option<Self> {
        // For libc a line ends there.
        if passwd.contains('\0') {
            return None;
        }
        let (mut uids, mut names) = (HashMap::new(), HashMap::new());
        for line in passwd.split('\n') {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, uid) = name_and_uid(line)?;
            uids.entry(name.to_owned()).or_insert(uid);
            names.entry(uid).or_insert_with(|| name.to_owned());
        }
        Some(Self { uids, names })
    }

    /// The user of a name, with the name that the uid has.
    pub(super) fn find(&self, name: &str) -> Option<User> {
        let uid = *self.uids.get(name)?;
        let canonical = self.names.get(&uid)?;
        let is_alias = canonical != name;
        Some(User {
            name: canonical.clone(),
            uid,
            aliases: is_alias.then(|| name.to_owned()).into_iter().collect(),
        })
    }
}

/// The name and the uid of a line of seven fields, with a name of usual characters and plain numbers.
fn name_and_uid(line: &str) -> Option<(&str, u32)> {
    let mut fields = line.split(':');
    let (name, _password) = (fields.next()?, fields.next()?);
    let (uid, gid) = (number(fields.next()?)?, number(fields.next()?)?);
    let (_comment, _home, _shell) = (fields.next()?, fields.next()?, fields.next()?);
    // The last user that 32 bits can name means "no user".
    let is_plain = is_name(name) && uid != u32::MAX && gid != u32::MAX && fields.next().is_none();
    is_plain.then_some((name, uid))
}

/// A name that begins with a sign is one of NIS.
fn is_name(name: &str) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-@$".contains(&byte);
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_usual)
}

fn number(field: &str) -> Option<u32> {
    let is_plain = !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit());
    field.parse().ok().filter(|_| is_plain)
}
