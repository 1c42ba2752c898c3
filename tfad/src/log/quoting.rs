//! Text of others in a line of the log.

use tfa_proto::is_misleading;

/// Text of others for a line of the log: bounded, without misleading characters, and in
/// quotation marks unless it is a plain word. A user named `alice: verified` begins no line that
/// reads like one of alice's.
#[must_use]
pub fn quoted(text: &str) -> String {
    const MAX_CHARS: usize = 128;
    let is_plain = |c: char| c.is_alphanumeric() || "._-+@$%:/\\".contains(c);
    if text.chars().all(is_plain) && text.chars().nth(MAX_CHARS).is_none() {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    let harmless = |c: char| match c {
        '"' => '?',
        c if is_misleading(c) => '?',
        c => c,
    };
    quoted.extend(text.chars().take(MAX_CHARS).map(harmless));
    if text.chars().nth(MAX_CHARS).is_some() {
        quoted.push('…');
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_forges_no_line() {
        assert_eq!(quoted("a\nalice: verified"), "\"a?alice: verified\"");
        assert_eq!(
            quoted("alice: verified by a code"),
            "\"alice: verified by a code\""
        );
        assert_eq!(quoted("\u{1b}[2J\""), "\"?[2J?\"");
        assert_eq!(quoted("\u{202e}ecila"), "\"?ecila\"");
        assert_eq!(quoted("alice\u{200b}"), "\"alice?\"");
        assert_eq!(quoted(&"x".repeat(1000)).chars().count(), 131);
    }

    #[test]
    fn names_hosts_and_terminals_stand_as_they_are() {
        for plain in [
            "alice",
            "EXAMPLE\\j.doe",
            "jürgen@example.org",
            "2001:db8::7",
            "/dev/pts/0",
            "",
        ] {
            assert_eq!(quoted(plain), plain);
        }
    }
}
