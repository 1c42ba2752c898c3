//! What the process that enumerates writes: fields that end with NUL, which no field contains.
//!
//! A user is `user`, name, uid, gid, shell. The last record is `end`, or `failed` and the reason. Without
//! one of these the list is not complete.

use std::io::{self, BufRead, Read as _, Write};

/// The length of a field, above that of an entry of the name service.
const MAX_FIELD: u64 = 2 * 1024 * 1024;

/// A user that the name service enumerates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: u32,
    /// Of the primary group.
    pub(crate) gid: u32,
    pub(crate) shell: String,
}

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record {
    User(User),
    /// The enumeration failed, and why.
    Failed(String),
    /// Every user was written.
    End,
}

impl Record {
    /// Reads the next record.
    pub(super) fn read(input: &mut impl BufRead) -> io::Result<Self> {
        match field(input)?.as_str() {
            "user" => Ok(Self::User(User {
                name: field(input)?,
                uid: number(input)?,
                gid: number(input)?,
                shell: field(input)?,
            })),
            "failed" => Ok(Self::Failed(field(input)?)),
            "end" => Ok(Self::End),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

pub(super) fn write_user(output: &mut impl Write, user: tfa_nss::User<'_>) -> io::Result<()> {
    output.write_all(b"user\0")?;
    output.write_all(user.name.to_bytes_with_nul())?;
    write!(output, "{}\0{}\0", user.uid, user.gid)?;
    output.write_all(user.shell.to_bytes_with_nul())
}

pub(super) fn write_failed(output: &mut impl Write, why: &str) -> io::Result<()> {
    write!(output, "failed\0{}\0", why.replace('\0', "?"))
}

pub(super) fn write_end(output: &mut impl Write) -> io::Result<()> {
    output.write_all(b"end\0")
}

/// The next field. The bus has UTF-8 only, so other bytes are replaced.
fn field(input: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    input.take(MAX_FIELD).read_until(0, &mut bytes)?;
    if bytes.pop() != Some(0) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(other) => String::from_utf8_lossy(other.as_bytes()).into_owned(),
    })
}

fn number(input: &mut impl BufRead) -> io::Result<u32> {
    let number = field(input)?.parse();
    number.map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_they_were_written() {
        let mut written = Vec::new();
        let user = tfa_nss::User {
            name: c"alice\n:",
            uid: u32::MAX,
            gid: 7,
            shell: c"",
        };
        write_user(&mut written, user).unwrap();
        write_failed(&mut written, "no\0answer").unwrap();
        write_end(&mut written).unwrap();
        let mut input = written.as_slice();
        let user = User {
            name: "alice\n:".to_owned(),
            uid: u32::MAX,
            gid: 7,
            shell: String::new(),
        };
        assert_eq!(Record::read(&mut input).unwrap(), Record::User(user));
        let failed = Record::Failed("no?answer".to_owned());
        assert_eq!(Record::read(&mut input).unwrap(), failed);
        assert_eq!(Record::read(&mut input).unwrap(), Record::End);
        let end = Record::read(&mut input).unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_malformed_record_is_an_error() {
        for malformed in [
            "user alice x 1000 /bin/sh ",
            "user alice 1000 4294967296 /bin/sh ",
            "user alice 1000 1000 /bin/sh",
            "group ",
            " ",
            "end",
        ] {
            let written = malformed.replace(' ', "\0");
            assert!(
                Record::read(&mut written.as_bytes()).is_err(),
                "{malformed}"
            );
        }
    }
}
