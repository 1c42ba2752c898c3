//! The configuration files of sshd, as far as the doctor needs them: where a keyword stands, and what the
//! `Match` blocks ask for. sshd itself says what is in force (`sshd -T`).

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use crate::messages;

/// Where sshd's configuration begins.
pub const MAIN: &str = "/etc/ssh/sshd_config";
/// How deep files include others, as in sshd.
const MAX_DEPTH: usize = 16;
/// How many lines are kept, those of a file that is included twice counted twice.
pub(crate) const MAX_LINES: usize = 10_000;

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a file: the path, and the number of the line.
    Line(String, usize),
    /// The command line of sshd: the unit or the environment file that has it.
    Option(String),
}

impl Place {
    /// The file, or the unit.
    pub(super) fn file(&self) -> &str {
        match self {
            Self::Line(file, _) | Self::Option(file) => file,
        }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, number) => write!(f, "{file}:{number}"),
            Self::Option(file) => f.write_str(file),
        }
    }
}

/// A line with a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigLine {
    /// Where it stands: `/etc/ssh/sshd_config:12`.
    pub place: Place,
    /// The line as it stands.
    pub text: String,
    /// The keyword in lower case.
    pub keyword: String,
    /// The words behind it.
    pub values: Vec<String>,
    /// The text behind it.
    pub rest: String,
    /// Whether it stands in a `Match` block, or in a file that one includes.
    pub in_match: bool,
    /// The places of the `Match` lines that must all apply to a connection for it to be in force.
    pub blocks: Vec<String>,
}

/// The lines of the files, and what is missing from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The lines, in the order in which sshd reads them.
    pub lines: Vec<ConfigLine>,
    /// The files, also those without a line, or that were not read.
    pub files: BTreeSet<String>,
    /// What was not read as sshd reads it, in whole sentences.
    pub not_read: Vec<String>,
}

/// Reads the configuration, in the order in which sshd reads it. `main` is the file with which it begins.
/// `text` returns the text of a file, `None` if it cannot be read to its end. `matching` returns the files that
/// a pattern of `Include` matches, in order, `None` if that is not known.
pub fn read(
    main: &str,
    text: &dyn Fn(&str) -> Option<String>,
    matching: &dyn Fn(&str) -> Option<Vec<String>>,
) -> Config {
    let mut reader = Reader {
        text,
        matching,
        config: Config::default(),
    };
    reader.file(main, &[], 0);
    let mut config = reader.config;
    config.not_read.sort();
    config.not_read.dedup();
    config
}

/// A setting of the command line, such as that of `-o UsePAM=no`. `place` is where the command line stands;
/// it has no line. `None` if the text has no keyword.
#[must_use]
pub fn option(place: &str, text: &str) -> Option<ConfigLine> {
    let (keyword, rest) = split(text)?;
    Some(ConfigLine {
        place: Place::Option(place.to_owned()),
        text: text.to_owned(),
        keyword: canonical(&keyword),
        values: words(rest),
        rest: rest.to_owned(),
        in_match: false,
        blocks: Vec::new(),
    })
}

impl ConfigLine {
    /// Whether this is a setting of the command line, which is in force before those of files.
    pub(super) fn is_option(&self) -> bool {
        matches!(self.place, Place::Option(_))
    }
}

struct Reader<'a> {
    text: &'a dyn Fn(&str) -> Option<String>,
    matching: &'a dyn Fn(&str) -> Option<Vec<String>>,
    config: Config,
}

impl Reader<'_> {
    fn file(&mut self, path: &str, outer: &[String], depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        self.config.files.insert(path.to_owned());
        let text = (self.text)(path);
        // After a null byte, sshd takes the next line for the rest of the line.
        let Some(text) = text.filter(|text| !text.contains('\0')) else {
            self.config
                .not_read
                .push(messages::sshd_file_not_read(path));
            return;
        };
        let mut blocks = outer.to_vec();
        for (text, number) in text.split('\n').zip(1..) {
            if self.config.lines.len() >= MAX_LINES {
                return;
            }
            let Some((keyword, rest)) = split(text) else {
                continue;
            };
            let keyword = canonical(&keyword);
            let place = Place::Line(path.to_owned(), number);
            if keyword == "match" {
                // It ends the block before it, and not those around the file.
                blocks = outer.to_vec();
                blocks.push(place.to_string());
            }
            let line = ConfigLine {
                place,
                text: text.trim_end_matches('\r').to_owned(),
                keyword,
                values: words(rest),
                rest: rest.to_owned(),
                in_match: !blocks.is_empty(),
                blocks: blocks.clone(),
            };
            let is_block = ["include", "match"].contains(&line.keyword.as_str());
            if is_block && rest.contains(char::REPLACEMENT_CHARACTER) {
                let why = messages::sshd_line_not_read(&line.place.to_string());
                self.config.not_read.push(why);
            }
            let patterns = match line.keyword.as_str() {
                "include" => line.values.clone(),
                _ => Vec::new(),
            };
            self.config.lines.push(line);
            for pattern in &patterns {
                self.include(&absolute(pattern), &blocks, depth + 1);
            }
        }
    }

    fn include(&mut self, pattern: &str, outer: &[String], depth: usize) {
        match (self.matching)(pattern) {
            Some(paths) => {
                for path in paths {
                    self.file(&path, outer, depth);
                }
            }
            None => {
                let why = messages::sshd_pattern_not_read(pattern);
                self.config.not_read.push(why);
            }
        }
    }
}

/// The path of a pattern of `Include`.
#[must_use]
pub fn absolute(pattern: &str) -> String {
    // sshd expands no `~`, and adds no folder before one.
    match pattern.starts_with(['/', '~']) {
        true => pattern.to_owned(),
        false => format!("/etc/ssh/{pattern}"),
    }
}

/// A keyword in lower case, by the name under which sshd prints it.
fn canonical(keyword: &str) -> String {
    let keyword = keyword.to_ascii_lowercase();
    match keyword.as_str() {
        "challengeresponseauthentication" | "skeyauthentication" => {
            "kbdinteractiveauthentication".to_owned()
        }
        "pubkeyacceptedkeytypes" => "pubkeyacceptedalgorithms".to_owned(),
        _ => keyword,
    }
}

/// What separates words of a line.
const WHITESPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The keyword of a line, and the text behind it; `None` for a comment.
fn split(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start_matches(WHITESPACE);
    let line = line.trim_end_matches(|c| WHITESPACE.contains(&c) || c == '\u{c}');
    let (first, rest) = next_word(line)?;
    let (keyword, rest) = match first.as_str() {
        "" => next_word(rest)?,
        _ => (first, rest),
    };
    (!keyword.is_empty() && !keyword.starts_with('#')).then_some((keyword, rest))
}

/// The first word of a text, and the text behind it (`strdelim` in `misc.c`). One `=` may stand between them. A
/// quotation mark may stand inside the word, which ends at the next one. `None` without that.
fn next_word(text: &str) -> Option<(String, &str)> {
    let is_end = |c: char| WHITESPACE.contains(&c) || matches!(c, '"' | '=');
    let (start, rest) = text.split_at(text.find(is_end).unwrap_or(text.len()));
    if let Some(quoted) = rest.strip_prefix('"') {
        let (inside, rest) = quoted.split_once('"')?;
        let word = format!("{start}{inside}");
        return Some((word, rest.trim_start_matches(WHITESPACE)));
    }
    let rest = rest.trim_start_matches(WHITESPACE);
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    Some((start.to_owned(), rest.trim_start_matches(WHITESPACE)))
}

/// The words of a text, as sshd splits them (`argv_split` in `misc.c`): at white space, with quotation marks of
/// both kinds and escapes, up to a comment.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote): (Option<String>, Option<char>) = (None, None);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_end = quote.is_none() && matches!(c, ' ' | '\t');
        if is_end {
            words.extend(word.take());
            continue;
        }
        if c == '#' && word.is_none() {
            break;
        }
        let word = word.get_or_insert_default();
        match c {
            '\\' => {
                let is_escaped = |next: &char| {
                    matches!(next, '\'' | '"' | '\\') || (quote.is_none() && *next == ' ')
                };
                word.push(chars.next_if(is_escaped).unwrap_or(c));
            }
            '"' | '\'' if quote.is_none() => quote = Some(c),
            c if quote == Some(c) => quote = None,
            c => word.push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(files: &[(&str, &str)]) -> Config {
        let text = |path: &str| {
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned())
        };
        read(MAIN, &text, &|pattern| {
            let (start, end) = pattern.split_once('*')?;
            let names = files.iter().map(|(path, _)| (*path).to_owned());
            Some(
                names
                    .filter(|path| path.starts_with(start) && path.ends_with(end))
                    .collect(),
            )
        })
    }

    fn lines(files: &[(&str, &str)]) -> Vec<ConfigLine> {
        config(files).lines
    }

    #[test]
    fn included_files_are_read_in_their_place() {
        let found = lines(&[
            (
                MAIN,
                "# head\nInclude sshd_config.d/*.conf\nUsePAM=yes\nmatch = User \"a b\",'c\\'d' # last\n\tX11Forwarding no\n",
            ),
            (
                "/etc/ssh/sshd_config.d/1.conf",
                "KbdInteractiveAuthentication  yes\nMatch all\n",
            ),
            (
                "/etc/ssh/sshd_config.d/2.conf",
                "PasswordAuthentication no\n",
            ),
        ]);
        let shown: Vec<String> = found
            .iter()
            .map(|line| {
                let (place, keyword) = (&line.place, &line.keyword);
                format!(
                    "{place} {keyword} {} {}",
                    line.values.join("|"),
                    line.in_match
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "/etc/ssh/sshd_config:2 include sshd_config.d/*.conf false",
                "/etc/ssh/sshd_config.d/1.conf:1 kbdinteractiveauthentication yes false",
                "/etc/ssh/sshd_config.d/1.conf:2 match all true",
                "/etc/ssh/sshd_config.d/2.conf:1 passwordauthentication no false",
                "/etc/ssh/sshd_config:3 usepam yes false",
                "/etc/ssh/sshd_config:4 match User|a b,c'd true",
                "/etc/ssh/sshd_config:5 x11forwarding no true",
            ]
        );
    }

    #[test]
    fn files_without_a_line_are_known_too() {
        let found = config(&[
            (MAIN, "Include sshd_config.d/*.conf\n"),
            ("/etc/ssh/sshd_config.d/1.conf", ""),
            ("/etc/ssh/sshd_config.d/2.conf", "# UsePAM no\n"),
        ]);
        let expected = [
            MAIN,
            "/etc/ssh/sshd_config.d/1.conf",
            "/etc/ssh/sshd_config.d/2.conf",
        ];
        assert_eq!(found.files, expected.map(str::to_owned).into());
    }

    #[test]
    fn a_file_or_a_unit_may_have_a_colon() {
        let found = lines(&[
            (MAIN, "Include sshd_config.d/*.conf\n"),
            ("/etc/ssh/sshd_config.d/a:1.conf", "UsePAM no\n"),
        ]);
        let place = &found[1].place;
        assert_eq!(place.file(), "/etc/ssh/sshd_config.d/a:1.conf");
        assert_eq!(place.to_string(), "/etc/ssh/sshd_config.d/a:1.conf:1");
        let option = option("ssh@a:b.service", "UsePAM=no").unwrap();
        assert!(option.is_option() && !found[1].is_option());
        assert_eq!(option.place.file(), "ssh@a:b.service");
    }

    #[test]
    fn older_names_of_keywords_are_those_that_sshd_prints() {
        let found = lines(&[(MAIN, "ChallengeResponseAuthentication no\n")]);
        assert_eq!(found[0].keyword, "kbdinteractiveauthentication");
    }

    #[test]
    fn files_that_include_each_other_end() {
        let ends = lines(&[(MAIN, "Include sshd_config*\n")]);
        assert!(ends.iter().all(|line| line.keyword == "include"));
        let many = "Port 22\nInclude sshd_config*\nInclude sshd_config*\n";
        assert!(lines(&[(MAIN, many)]).len() <= MAX_LINES);
    }

    #[test]
    fn keywords_are_split_as_in_sshd() {
        for (line, keyword, rest) in [
            ("\"Match\" User bob", "match", "User bob"),
            ("Ma\"tch\"User bob", "match", "User bob"),
            ("\"include\"=x", "include", "=x"),
            (" \t= UsePAM=no", "usepam", "no"),
            ("=UsePAM = no \u{c}\r", "usepam", "no"),
            ("UsePAM ==no", "usepam", "=no"),
            ("\"Port\" ", "port", ""),
        ] {
            let found = lines(&[(MAIN, line)]);
            assert_eq!(found[0].keyword, keyword, "{line}");
            assert_eq!(found[0].rest, rest, "{line}");
        }
        for comment in ["", " ", "=", "\"#\" a", " # a", "\"open"] {
            assert_eq!(lines(&[(MAIN, comment)]), [], "{comment}");
        }
    }

    #[test]
    fn what_is_not_read_is_reported() {
        let not_read = |text| config(&[(MAIN, text)]).not_read;
        assert_eq!(not_read("# f\u{fffd}r\n"), Vec::<String>::new());
        let absent = messages::sshd_file_not_read("/absent");
        assert_eq!(read("/absent", &|_| None, &|_| None).not_read, [absent]);
        let null = messages::sshd_file_not_read(MAIN);
        assert_eq!(not_read("# a\0\nUsePAM no\n"), [null]);
        let pattern = messages::sshd_pattern_not_read("~x");
        assert_eq!(not_read("Include ~x\nInclude ~x\n"), [pattern]);
        let line = messages::sshd_line_not_read(&format!("{MAIN}:1"));
        assert_eq!(not_read("Match User f\u{fffd}r\n"), [line]);
    }
}
