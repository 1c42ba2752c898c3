//! The configuration files of sshd, as far as the doctor needs them: where a keyword stands, and what the
//! `Match` blocks ask for. sshd itself says what is in force (`sshd -T`).

/// Where sshd's configuration begins.
pub const MAIN: &str = "/etc/ssh/sshd_config";
/// How deep files include others, as in sshd.
const MAX_DEPTH: usize = 16;
/// How many lines are kept, those of a file that is included twice counted twice.
pub(crate) const MAX_LINES: usize = 10_000;

/// A line with a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigLine {
    /// The file and the line: `/etc/ssh/sshd_config:12`.
    pub place: String,
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
}

/// Reads the configuration, in the order in which sshd reads it. `main` is the file with which it begins.
/// `files` returns the files that a pattern of `Include` matches, with their texts, in order.
pub fn read(main: &str, files: &dyn Fn(&str) -> Vec<(String, String)>) -> Vec<ConfigLine> {
    let mut lines = Vec::new();
    read_pattern(main, false, 0, files, &mut lines);
    lines
}

/// A setting of the command line, such as that of `-o UsePAM=no`. `place` is where the command line stands;
/// it has no line. `None` if the text has no keyword.
#[must_use]
pub fn option(place: &str, text: &str) -> Option<ConfigLine> {
    let (keyword, rest) = split(text)?;
    Some(ConfigLine {
        place: place.to_owned(),
        text: text.to_owned(),
        keyword: keyword.to_ascii_lowercase(),
        values: words(rest),
        rest: rest.to_owned(),
        in_match: false,
    })
}

impl ConfigLine {
    /// Whether this is a setting of the command line, which is in force before those of files.
    pub(super) fn is_option(&self) -> bool {
        !self.place.contains(':')
    }
}

fn read_pattern(
    pattern: &str,
    in_match: bool,
    depth: usize,
    files: &dyn Fn(&str) -> Vec<(String, String)>,
    into: &mut Vec<ConfigLine>,
) {
    if depth > MAX_DEPTH {
        return;
    }
    for (path, text) in files(pattern) {
        let mut in_match = in_match;
        for (text, number) in text.lines().zip(1..) {
            let Some((keyword, rest)) = split(text) else {
                continue;
            };
            let (keyword, words) = (canonical(keyword), words(rest));
            if into.len() >= MAX_LINES {
                return;
            }
            in_match |= keyword == "match";
            let line = ConfigLine {
                place: format!("{path}:{number}"),
                text: text.to_owned(),
                keyword,
                values: words,
                rest: rest.to_owned(),
                in_match,
            };
            let is_include = line.keyword == "include";
            let patterns = line.values.clone();
            into.push(line);
            for pattern in patterns.iter().filter(|_| is_include) {
                read_pattern(&absolute(pattern), in_match, depth + 1, files, into);
            }
        }
    }
}

/// The path of a pattern of `Include`.
pub(super) fn absolute(pattern: &str) -> String {
    match pattern.starts_with('/') {
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

/// The keyword of a line, and the text behind it; `None` for a comment. One `=` may stand between them.
fn split(line: &str) -> Option<(&str, &str)> {
    const WHITESPACE: [char; 3] = [' ', '\t', '\r'];
    let line = line.trim_matches(WHITESPACE);
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find([' ', '\t', '\r', '=', '"']).unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(WHITESPACE);
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    Some((keyword, rest.trim_start_matches(WHITESPACE)))
}

/// The words of a text, as sshd splits them (`argv_split` in `misc.c`): at white space, with quotation marks of
/// both kinds and escapes, up to a comment.
fn words(text: &str) -> Vec<String> {
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

    fn lines(files: &[(&str, &str)]) -> Vec<ConfigLine> {
        read(MAIN, &|pattern| {
            let matches = |path: &str| match pattern.split_once('*') {
                Some((start, end)) => path.starts_with(start) && path.ends_with(end),
                None => path == pattern,
            };
            let found = files.iter().filter(|(path, _)| matches(path));
            found
                .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
                .collect()
        })
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
    fn older_names_of_keywords_are_those_that_sshd_prints() {
        let found = lines(&[(MAIN, "ChallengeResponseAuthentication no\n")]);
        assert_eq!(found[0].keyword, "kbdinteractiveauthentication");
    }

    #[test]
    fn files_that_include_each_other_end() {
        let ends = lines(&[(MAIN, "Include sshd_config\n")]);
        assert!(ends.iter().all(|line| line.keyword == "include"));
        let many = "Port 22\nInclude sshd_config\nInclude sshd_config\n";
        assert!(lines(&[(MAIN, many)]).len() <= MAX_LINES);
    }
}
