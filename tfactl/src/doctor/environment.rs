//! The environment of a unit and its command line, as systemd reads them.

/// What separates words (`WHITESPACE` in systemd).
const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];
const NEWLINE: [char; 2] = ['\n', '\r'];

/// Where the reader of an environment file is (`parse_env_file_internal`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    BeforeName,
    Name,
    BeforeValue,
    Value,
    EscapeInValue,
    SingleQuotes,
    DoubleQuotes,
    EscapeInDoubleQuotes,
    Comment,
    EscapeInComment,
}

/// A name and a value that are read.
#[derive(Default)]
struct Assignment {
    name: String,
    value: String,
    /// The length of the value without the blanks at its end.
    length: usize,
}

impl Assignment {
    fn push(&mut self, c: char) {
        self.value.push(c);
        self.length = self.value.len();
    }

    fn finish(&mut self, is_plain: bool, into: &mut Vec<(String, String)>) {
        let Self {
            name,
            mut value,
            length,
        } = std::mem::take(self);
        if is_plain {
            value.truncate(length);
        }
        let name = name.trim_end_matches(WHITESPACE);
        // systemd drops others.
        if is_name(name) {
            into.push((name.to_owned(), value));
        }
    }
}

/// Whether systemd accepts the name of a variable.
fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(is_part)
}

/// The assignments of an environment file. `None` for one that systemd refuses, or that its releases read
/// differently.
pub(super) fn assignments(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let text = String::from_utf8_lossy(bytes);
    let (mut found, mut state, mut one) = (Vec::new(), State::BeforeName, Assignment::default());
    for c in text.chars() {
        // In a comment, any byte may stand.
        let is_in_comment = matches!(state, State::Comment | State::EscapeInComment);
        if c == '\0' || (c == char::REPLACEMENT_CHARACTER && !is_in_comment) {
            return None;
        }
        state = match state {
            State::BeforeName if matches!(c, '#' | ';') => State::Comment,
            State::BeforeName if WHITESPACE.contains(&c) => State::BeforeName,
            State::BeforeName => {
                one.name.push(c);
                State::Name
            }
            State::Name if NEWLINE.contains(&c) => {
                one = Assignment::default();
                State::BeforeName
            }
            State::Name if c == '=' => State::BeforeValue,
            State::Name => {
                one.name.push(c);
                State::Name
            }
            State::BeforeValue | State::Value if NEWLINE.contains(&c) => {
                one.finish(state == State::Value, &mut found);
                State::BeforeName
            }
            State::BeforeValue if c == '\'' => State::SingleQuotes,
            State::BeforeValue if c == '"' => State::DoubleQuotes,
            State::BeforeValue if WHITESPACE.contains(&c) => State::BeforeValue,
            State::BeforeValue | State::Value if c == '\\' => {
                one.length = one.value.len();
                State::EscapeInValue
            }
            State::Value if WHITESPACE.contains(&c) => {
                one.value.push(c);
                State::Value
            }
            State::BeforeValue | State::Value => {
                one.push(c);
                State::Value
            }
            State::EscapeInValue => {
                if !NEWLINE.contains(&c) {
                    one.push(c);
                }
                State::Value
            }
            State::SingleQuotes if c == '\'' => State::BeforeValue,
            State::DoubleQuotes if c == '"' => State::BeforeValue,
            State::DoubleQuotes if c == '\\' => State::EscapeInDoubleQuotes,
            State::SingleQuotes | State::DoubleQuotes => {
                one.push(c);
                state
            }
            State::EscapeInDoubleQuotes => {
                if !matches!(c, '"' | '\\' | '`' | '$' | '\n') {
                    one.push('\\');
                }
                if c != '\n' {
                    one.push(c);
                }
                State::DoubleQuotes
            }
            State::Comment if c == '\\' => State::EscapeInComment,
            State::Comment if NEWLINE.contains(&c) => State::BeforeName,
            // Since release 254 the comment ends here.
            State::EscapeInComment if NEWLINE.contains(&c) => return None,
            State::Comment | State::EscapeInComment => State::Comment,
        };
    }
    if !matches!(
        state,
        State::BeforeName | State::Name | State::Comment | State::EscapeInComment
    ) {
        one.finish(state == State::Value, &mut found);
    }
    Some(found)
}

/// The words of a variable that stands alone as a word (`extract_first_word` with `EXTRACT_UNQUOTE` and
/// `EXTRACT_RELAX`).
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote): (Option<String>, Option<char>) = (None, None);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if quote.is_none() && WHITESPACE.contains(&c) {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        match c {
            '\\' => word.extend(chars.next()),
            c if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            c => word.push(c),
        }
    }
    words.extend(word);
    words
}

/// A part of a word of a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// The value of a variable: `${NAME}`.
    Variable(String),
}

/// The parts of a word (`replace_env`). `$$` is a dollar sign.
pub(super) fn pieces(word: &str) -> Vec<Piece> {
    let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), word);
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            text.push('$');
            rest = after;
        } else if let Some((name, after)) = after
            .strip_prefix('{')
            .and_then(|after| after.split_once('}'))
        {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Variable(name.to_owned()));
            rest = after;
        } else {
            text.push('$');
            rest = after;
        }
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was compared with `load_env_file` of systemd 252.
    #[test]
    fn environment_files_are_read_as_systemd_reads_them() {
        for (text, expected) in [
            ("A=-o UsePAM=no\n", Some(&[("A", "-o UsePAM=no")][..])),
            (
                "# -o x\n;y\n\n A = b c \t\nB='a b'",
                Some(&[("A", "b c"), ("B", "a b")]),
            ),
            (
                "A=\"-4 \\\n -o UsePAM=no\"\n",
                Some(&[("A", "-4  -o UsePAM=no")]),
            ),
            ("A=-4 \\\n-o x\n", Some(&[("A", "-4 -o x")])),
            ("A=-o\\ x\\\\\n", Some(&[("A", "-o x\\")])),
            ("A=\"a\nb\" 'c'd\n", Some(&[("A", "a\nbcd")])),
            ("A='-o \"a b\"'\n", Some(&[("A", "-o \"a b\"")])),
            ("A=a\"b\"\n", Some(&[("A", "a\"b\"")])),
            ("A=\"\\$\\x\\\\\"\n", Some(&[("A", "$\\x\\")])),
            ("A=' b '\nB=\nC", Some(&[("A", " b "), ("B", "")])),
            ("1A=b\nA B=c\nexport D=e\n", Some(&[])),
            ("# a \\\nA=b\n", None),
            ("A=\0\n", None),
        ] {
            let found = assignments(text.as_bytes());
            let pairs = |all: &[(&str, &str)]| -> Vec<(String, String)> {
                let pairs = all.iter();
                pairs
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect()
            };
            assert_eq!(found, expected.map(pairs), "{text}");
        }
        let latin = assignments(b"# f\xfcr\nA=b\n").unwrap();
        assert_eq!(latin, [("A".to_owned(), "b".to_owned())]);
        assert_eq!(assignments(b"A=f\xfcr\n"), None);
    }

    #[test]
    fn words_and_variables_are_split_as_in_systemd() {
        for (text, expected) in [
            ("-o 'a b' -o\"c d\"", &["-o", "a b", "-oc d"][..]),
            ("a\\ b \"c\\\"d\" '", &["a b", "c\"d", ""]),
            (" \t\n", &[]),
            ("'' x", &["", "x"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
        let text = |text: &str| Piece::Text(text.to_owned());
        let variable = Piece::Variable("A".to_owned());
        assert_eq!(pieces("x${A}$$y"), [text("x"), variable, text("$y")]);
        assert_eq!(pieces("${A $B"), [text("${A $B")]);
    }
}
