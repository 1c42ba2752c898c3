//! The file with the public key of a security key. The daemon parses it again; here the file is checked,
//! so that the message can name it, and that no private key is sent.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use tfa_client::Failure;

use crate::messages;

/// The largest file, in bytes. A certificate with many names has a few thousand.
const MAX_SIZE: u64 = 16 * 1024;
/// The beginning of the types of keys in security keys.
const SECURITY_KEY_TYPES: &str = "sk-";
/// The beginnings of the types of other keys.
const OTHER_TYPES: [&str; 4] = ["ssh-", "ecdsa-sha2-", "rsa-sha2-", "webauthn-"];

/// Returns the one line of the file.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let content = content(path).map_err(|error| messages::key_file_unreadable(&shown, &error));
    let content = content.map_err(Failure::Refused)?;
    let line = only_line(&content).map_err(|bad| bad.message(&shown.to_string()));
    line.map(str::to_owned).map_err(Failure::Refused)
}

/// At most one byte more than is accepted, of whatever the file is.
fn content(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut content = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut content)?;
    Ok(content)
}

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BadFile {
    TooLarge,
    PrivateKey,
    NoKey,
    SeveralKeys,
    /// It has the options of a line in `authorized_keys` before the key.
    Options,
    NotASecurityKey,
}

impl BadFile {
    fn message(self, path: &str) -> String {
        match self {
            Self::TooLarge => messages::key_file_too_large(path),
            Self::PrivateKey => messages::key_file_is_private(path),
            Self::NoKey => messages::key_file_without_key(path),
            Self::SeveralKeys => messages::key_file_with_several(path),
            Self::Options => messages::key_file_with_options(path),
            Self::NotASecurityKey => messages::key_file_of_plain_key(path),
        }
    }
}

fn only_line(content: &[u8]) -> Result<&str, BadFile> {
    if u64::try_from(content.len()).is_ok_and(|size| size > MAX_SIZE) {
        return Err(BadFile::TooLarge);
    }
    let text = std::str::from_utf8(content).map_err(|_| BadFile::NoKey)?;
    if text.contains("PRIVATE KEY") {
        return Err(BadFile::PrivateKey);
    }
    let lines = text.lines().map(str::trim);
    let mut keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let line = keys.next().ok_or(BadFile::NoKey)?;
    if keys.next().is_some() {
        return Err(BadFile::SeveralKeys);
    }
    let is_key = |word: &str| {
        word.starts_with(SECURITY_KEY_TYPES)
            || OTHER_TYPES
                .iter()
                .any(|beginning| word.starts_with(beginning))
    };
    let mut words = line.split_ascii_whitespace();
    match words.next() {
        Some(first) if first.starts_with(SECURITY_KEY_TYPES) => Ok(line),
        Some(first) if is_key(first) => Err(BadFile::NotASecurityKey),
        Some(_) if words.any(is_key) => Err(BadFile::Options),
        _ => Err(BadFile::NoKey),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-ssh-ed25519@openssh.com AAAAGnNr alice@laptop";

    #[test]
    fn one_line_is_accepted_with_comments_and_empty_lines_around_it() {
        for text in [
            KEY.to_owned(),
            format!("{KEY}\n"),
            format!("# mine\r\n\r\n  {KEY}  \r\n"),
        ] {
            assert_eq!(only_line(text.as_bytes()), Ok(KEY), "{text}");
        }
        let certificate = "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA x";
        assert_eq!(only_line(certificate.as_bytes()), Ok(certificate));
    }

    #[test]
    fn each_wrong_file_has_its_own_message() {
        let private =
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n";
        for (text, bad) in [
            (String::new(), BadFile::NoKey),
            ("\n# nothing\n".to_owned(), BadFile::NoKey),
            ("hello\n".to_owned(), BadFile::NoKey),
            (private.to_owned(), BadFile::PrivateKey),
            (format!("{KEY}\n{KEY}\n"), BadFile::SeveralKeys),
            (format!("no-touch-required {KEY}"), BadFile::Options),
            (
                "ssh-ed25519 AAAA alice".to_owned(),
                BadFile::NotASecurityKey,
            ),
            (
                "ecdsa-sha2-nistp256 AAAA".to_owned(),
                BadFile::NotASecurityKey,
            ),
            ("x".repeat(16 * 1024 + 1), BadFile::TooLarge),
        ] {
            assert_eq!(only_line(text.as_bytes()), Err(bad), "{text}");
        }
        assert_eq!(only_line(&[0xff, 0xfe]), Err(BadFile::NoKey));
    }
}
