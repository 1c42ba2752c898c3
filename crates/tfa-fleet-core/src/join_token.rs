//! The token with which a host joins a fleet, as one text that is printed once.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Fingerprint, HostName, InvitationId, InvitationSecret};

const PREFIX: &str = "tfa-join-";
/// The version of the bytes behind the prefix.
const VERSION: u8 = 2;
const CHECKSUM_BYTES: usize = 4;
/// The longest token, in characters.
pub const MAX_TOKEN: usize = 2048;
/// The bytes that a text of that length holds, and those before the name of the host.
const MAX_BYTES: usize = (MAX_TOKEN - PREFIX.len()) / 4 * 3;
const FIXED_BYTES: usize =
    1 + InvitationId::LENGTH + InvitationSecret::LENGTH + Fingerprint::LENGTH;
// The longest name of a host, a blank, and a verifier: the longest name, a colon, and the longest port.
const _: () = assert!(FIXED_BYTES + 253 + 1 + 253 + 6 + CHECKSUM_BYTES <= MAX_BYTES);
/// How many verifiers a token names at most.
pub const MAX_VERIFIERS: usize = 16;

/// A verifier, written `NAME:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierAddress {
    /// The name that its certificate has.
    pub name: HostName,
    /// The TCP port, which is not 0.
    pub port: u16,
}

impl VerifierAddress {
    /// Reads `NAME:PORT`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, port) = text.rsplit_once(':')?;
        Some(Self {
            name: HostName::new(name).ok()?,
            port: port.parse().ok().filter(|port| *port != 0)?,
        })
    }
}

impl fmt::Display for VerifierAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.name, self.port)
    }
}

/// What a host needs to join a fleet.
#[derive(Debug, Clone)]
pub struct JoinToken {
    /// The number of the invitation.
    pub id: InvitationId,
    /// The host that was invited. The verifier decides, and certifies no other name with the invitation.
    pub host: HostName,
    /// Its secret.
    pub secret: InvitationSecret,
    /// The certificate of the authority. The host trusts no other one.
    pub authority: Fingerprint,
    /// Where to join.
    pub verifiers: Vec<VerifierAddress>,
}

/// Why a text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidToken {
    /// It begins with something else than each token.
    NoToken,
    /// A part is missing, or characters were changed.
    Checksum,
    /// Another version has made it.
    Version,
    /// What it has is not valid.
    Contents,
}

impl JoinToken {
    /// The text. It holds the secret. It names as many verifiers as fit, and the first one always does.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_TOKEN));
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.id.0);
        bytes.extend_from_slice(&*self.secret.0);
        bytes.extend_from_slice(self.authority.as_bytes());
        bytes.extend_from_slice(self.host.as_str().as_bytes());
        for verifier in self.verifiers.iter().take(MAX_VERIFIERS) {
            let verifier = format!(" {verifier}");
            if bytes.len() + verifier.len() + CHECKSUM_BYTES > MAX_BYTES {
                break;
            }
            bytes.extend_from_slice(verifier.as_bytes());
        }
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        let mut text = Zeroizing::new(String::with_capacity(2 * MAX_TOKEN));
        text.push_str(PREFIX);
        BASE64URL_NOPAD.encode_append(&bytes, &mut text);
        text
    }

    /// Reads a text, also with blanks around and line breaks in it, as a terminal may copy them.
    ///
    /// # Errors
    /// [`InvalidToken`].
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let mut plain = Zeroizing::new(String::with_capacity(MAX_TOKEN));
        let characters = text.chars().filter(|c| !c.is_ascii_whitespace());
        plain.extend(characters.take(MAX_TOKEN));
        let coded = plain.strip_prefix(PREFIX).ok_or(InvalidToken::NoToken)?;
        let bytes = BASE64URL_NOPAD.decode(coded.as_bytes());
        let bytes = Zeroizing::new(bytes.map_err(|_| InvalidToken::Checksum)?);
        let (rest, sum) = bytes.split_last_chunk().ok_or(InvalidToken::Checksum)?;
        if checksum(rest) != *sum {
            return Err(InvalidToken::Checksum);
        }
        let (version, rest) = rest.split_first().ok_or(InvalidToken::Contents)?;
        if *version != VERSION {
            return Err(InvalidToken::Version);
        }
        Self::contents(rest).ok_or(InvalidToken::Contents)
    }

    /// Whether a line may be a further part of a text that was pasted with a line break in it.
    #[must_use]
    pub fn may_go_on_with(line: &str) -> bool {
        let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !line.is_empty() && line.bytes().all(is_of_token) && !line.starts_with(PREFIX)
    }

    fn contents(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (secret, rest) = rest.split_first_chunk()?;
        let (authority, names) = rest.split_first_chunk()?;
        let (host, verifiers) = str::from_utf8(names).ok()?.split_once(' ')?;
        let verifiers = verifiers.split(' ');
        let verifiers: Option<Vec<_>> = verifiers.map(VerifierAddress::parse).collect();
        let verifiers = verifiers.filter(|all| all.len() <= MAX_VERIFIERS)?;
        Some(Self {
            id: InvitationId(*id),
            host: HostName::new(host).ok()?,
            secret: InvitationSecret(Zeroizing::new(*secret)),
            authority: Fingerprint::new(*authority),
            verifiers,
        })
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let (sum, _) = hash
        .split_first_chunk()
        .unwrap_or((&[0; CHECKSUM_BYTES], &[]));
    *sum
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::NoToken => "it does not begin with \"tfa-join-\". Copy all of it",
            Self::Checksum => "a part of it is missing or wrong. Copy all of it",
            Self::Version => {
                "another version of tfa has made it. Install the same version on both hosts, and make a new one"
            }
            Self::Contents => "it names no host or no verifier. Make a new one",
        };
        write!(
            formatter,
            "this is not a valid token of tfactl host invite: {why}"
        )
    }
}

impl std::error::Error for InvalidToken {}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> JoinToken {
        let verifiers = ["v1.example:7443", "v2.example:443"];
        JoinToken {
            id: InvitationId([1; InvitationId::LENGTH]),
            host: HostName::new("web1.example").unwrap(),
            secret: InvitationSecret(Zeroizing::new([2; InvitationSecret::LENGTH])),
            authority: Fingerprint::new([3; Fingerprint::LENGTH]),
            verifiers: verifiers
                .map(|text| VerifierAddress::parse(text).unwrap())
                .into(),
        }
    }

    #[test]
    fn token_is_read_back_also_with_line_breaks() {
        let text = token().to_text();
        let (head, tail) = text.split_at(70);
        for text in [text.to_string(), format!("  {head}\r\n{tail}\n")] {
            let read = JoinToken::parse(&text).unwrap();
            assert_eq!((read.id, *read.secret.0), (token().id, [2; 16]));
            assert_eq!(
                (read.host, read.authority),
                (token().host, token().authority)
            );
            assert_eq!(read.verifiers, token().verifiers);
        }
    }

    #[test]
    fn no_character_of_a_token_can_be_changed_or_left_out() {
        let text = token().to_text();
        for place in 0..text.len() {
            let mut left_out = text.to_string();
            left_out.remove(place);
            assert!(JoinToken::parse(&left_out).is_err(), "{place}");
            let mut changed = text.to_string();
            let other = if changed[place..].starts_with('A') {
                "B"
            } else {
                "A"
            };
            changed.replace_range(place..=place, other);
            assert!(JoinToken::parse(&changed).is_err(), "{place}");
        }
    }

    #[test]
    fn token_names_as_many_long_verifiers_as_fit() {
        let label = "a".repeat(63);
        let name = format!("{label}.{label}.{label}.{}", "b".repeat(61));
        let verifier = VerifierAddress::parse(&format!("{name}:65535")).unwrap();
        let token = JoinToken {
            host: verifier.name.clone(),
            verifiers: vec![verifier; MAX_VERIFIERS],
            ..token()
        };
        let text = token.to_text();
        assert!(text.len() <= MAX_TOKEN, "{}", text.len());
        let read = JoinToken::parse(&text).unwrap();
        assert!((1..MAX_VERIFIERS).contains(&read.verifiers.len()));
    }

    #[test]
    fn each_mistake_has_its_reason() {
        let parse = |text: &str| JoinToken::parse(text).map(|_| ()).unwrap_err();
        assert_eq!(parse("v1.example"), InvalidToken::NoToken);
        assert_eq!(parse("tfa-join-"), InvalidToken::Checksum);
        let with = |bytes: &[u8]| {
            let bytes = [bytes, &checksum(bytes)].concat();
            parse(&format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes)))
        };
        for version in [1, 3] {
            assert_eq!(with(&[version; 70]), InvalidToken::Version);
        }
        assert_eq!(with(&[2; FIXED_BYTES]), InvalidToken::Contents);
        let names = [
            "v1.example:7443",
            "web1.example",
            "web1.example ",
            "web1.example v1.example",
            "web1.example v1.example:0",
            "web1.example *.example:7443",
            "web1.example v1.example:7443 ",
            "*.example v1.example:7443",
            " v1.example:7443",
        ];
        for names in names {
            assert_eq!(
                with(&[&[2; FIXED_BYTES], names.as_bytes()].concat()),
                InvalidToken::Contents,
                "{names:?}"
            );
        }
    }

    #[test]
    fn only_a_line_of_its_characters_goes_on_with_a_token() {
        let text = token().to_text();
        assert!(JoinToken::may_go_on_with(&text[80..]));
        for other in ["", "tfactl host list", "a;b", "réseau", &text, &text[..60]] {
            assert!(!JoinToken::may_go_on_with(other), "{other:?}");
        }
    }

    #[test]
    fn secret_is_not_printed() {
        let printed = format!("{:?}", token());
        assert!(printed.contains("InvitationSecret(_)"), "{printed}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_token_or_an_error(text in "\\PC{0,300}|tfa-join-[A-Za-z0-9_-]{0,300}") {
            let _ = JoinToken::parse(&text);
        }
    }
}
