//! The public key of an SSH key, from a file or from the standard input. The daemon parses it again; here
//! the text is checked, so that the message can name the file, and that no private key is sent.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::{Failure, public_key_text as text};

/// The largest file, in bytes. A certificate with many names has a few thousand.
const MAX_SIZE: u64 = 16 * 1024;
/// The beginning of the types of keys in security keys.
const SECURITY_KEY_TYPES: &str = "sk-";
/// The beginnings of the types of other keys.
const OTHER_TYPES: [&str; 4] = ["ssh-", "ecdsa-sha2-", "rsa-sha2-", "webauthn-"];

/// Returns the one line of a file with the public key of a security key, which a command will enroll.
///
/// # Errors
/// [`Failure::Refused`]: the file cannot be read, or has not the public key of a security key.
pub fn read_public_key(path: &Path) -> Result<String, Failure> {
    let source = text::file(&path.display());
    line_of(File::open(path), security_key, &source).map_err(unchanged)
}

/// As [`read_public_key`], of any key, for a command that changes nothing.
///
/// # Errors
/// As [`read_public_key`].
pub fn read_any_public_key(path: &Path) -> Result<String, Failure> {
    line_of(File::open(path), only_line, &text::file(&path.display()))
}

/// As [`read_public_key`], of the standard input.
///
/// # Errors
/// As [`read_public_key`].
pub fn public_key_of_stdin() -> Result<String, Failure> {
    let input = Ok(io::stdin().lock());
    line_of(input, security_key, text::STANDARD_INPUT).map_err(unchanged)
}

fn line_of(
    input: io::Result<impl Read>,
    line: fn(&[u8]) -> Result<&str, BadFile>,
    source: &str,
) -> Result<String, Failure> {
    let content = input.and_then(content);
    let content = content.map_err(|error| Failure::Refused(text::unreadable(source, &error)))?;
    let line = line(&content).map_err(|bad| Failure::Refused(bad.message(source)))?;
    Ok(line.to_owned())
}

fn unchanged(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(why) => Failure::Refused(text::unchanged(&why)),
        failure => failure,
    }
}

/// At most one byte more than is accepted, of whatever the input is.
fn content(input: impl Read) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    input.take(MAX_SIZE + 1).read_to_end(&mut content)?;
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
    fn message(self, source: &str) -> String {
        match self {
            Self::TooLarge => text::too_large(source),
            Self::PrivateKey => text::private(source),
            Self::NoKey => text::without_key(source),
            Self::SeveralKeys => text::several(source),
            Self::Options => text::with_options(source),
            Self::NotASecurityKey => text::plain_key(source),
        }
    }
}

fn security_key(content: &[u8]) -> Result<&str, BadFile> {
    let line = only_line(content)?;
    let is_in_security_key = line.starts_with(SECURITY_KEY_TYPES);
    is_in_security_key
        .then_some(line)
        .ok_or(BadFile::NotASecurityKey)
}

/// The line of the only key.
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
        Some(first) if is_key(first) => Ok(line),
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
            assert_eq!(security_key(text.as_bytes()), Ok(KEY), "{text}");
        }
        let certificate = "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA x";
        assert_eq!(security_key(certificate.as_bytes()), Ok(certificate));
        let plain = "ssh-ed25519 AAAA alice";
        assert_eq!(only_line(plain.as_bytes()), Ok(plain));
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
            assert_eq!(security_key(text.as_bytes()), Err(bad), "{text}");
        }
        assert_eq!(security_key(&[0xff, 0xfe]), Err(BadFile::NoKey));
    }
}
