//! Changes of the text of one line of a PAM file.

/// Over how many lines a jump leads that is tried.
pub(super) const MAX_JUMP: usize = 8;

/// A line of a text that neither goes on behind a backslash nor begins there.
pub(super) fn text_of(text: &str, number: usize) -> Option<&str> {
    let line = |number: usize| text.lines().nth(number);
    let text = line(number.checked_sub(1)?)?;
    let before = number.checked_sub(2).and_then(line).unwrap_or_default();
    let is_whole = ![text, before]
        .iter()
        .any(|line| line.trim_end().ends_with('\\'));
    is_whole.then_some(text)
}

/// A line with another control.
pub(super) fn with_control(line: &str, control: &str) -> Option<String> {
    let start = line.len() - line.trim_start().len();
    let kind = start + line.trim_start().find(char::is_whitespace)?;
    let (head, rest) = line.split_at_checked(kind)?;
    let blank = rest.len() - rest.trim_start().len();
    let rest = rest.trim_start();
    let length = match rest.strip_prefix('[') {
        Some(values) => values.find(']')? + 2,
        None => rest.find(char::is_whitespace)?,
    };
    let (blanks, rest) = (line.get(kind..kind + blank)?, rest.get(length..)?);
    Some(format!("{head}{blanks}{control}{rest}"))
}

/// The line with each of its jumps shorter, the longest first.
pub(super) fn shorter_jumps(text: &str) -> Vec<String> {
    let Some((start, end)) = text.find('[').zip(text.find(']')) else {
        return Vec::new();
    };
    let mut changed = Vec::new();
    for (equals, _) in text
        .match_indices('=')
        .filter(|(at, _)| (start..end).contains(at))
    {
        let (head, tail) = text.split_at(equals + 1);
        let digits = tail.split(|next: char| !next.is_ascii_digit()).next();
        let digits = digits.unwrap_or_default();
        let length: usize = digits.parse().unwrap_or_default();
        let rest = tail.strip_prefix(digits).unwrap_or_default();
        changed.extend(
            (1..length.min(MAX_JUMP + 1))
                .rev()
                .map(|lines| format!("{head}{lines}{rest}")),
        );
    }
    changed
}

/// The line with another text in place of its last word that is the option, and of the blank before that. The option
/// may be in brackets.
pub(super) fn with_instead(line: &str, option: &str, new: &str) -> Option<String> {
    let words = [option.to_owned(), format!("[{option}]")];
    words.iter().find_map(|word| {
        let blanks = [' ', '\t'].into_iter();
        let start = blanks
            .filter_map(|blank| line.rfind(&format!("{blank}{word}")))
            .next()?;
        let (before, rest) = line.split_at_checked(start)?;
        let rest = rest.get(word.len() + 1..)?;
        let is_word = rest.is_empty() || rest.starts_with(char::is_whitespace);
        is_word.then(|| format!("{before}{new}{rest}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_are_shortened_one_by_one() {
        let line = "auth [success=3 default=ignore auth_err=2] pam_x.so a=9";
        assert_eq!(
            shorter_jumps(line),
            [
                "auth [success=2 default=ignore auth_err=2] pam_x.so a=9",
                "auth [success=1 default=ignore auth_err=2] pam_x.so a=9",
                "auth [success=3 default=ignore auth_err=1] pam_x.so a=9",
            ]
        );
        assert_eq!(shorter_jumps("auth sufficient pam_x.so a=9"), [""; 0]);
    }

    #[test]
    fn the_control_is_replaced_with_its_brackets() {
        for (line, expected) in [
            ("auth [a=1 b=ok] pam_x.so", "auth requisite pam_x.so"),
            (
                "  auth\trequired\tpam_x.so y",
                "  auth\trequisite\tpam_x.so y",
            ),
        ] {
            assert_eq!(with_control(line, "requisite").as_deref(), Some(expected));
        }
        assert_eq!(with_control("auth", "requisite"), None);
    }

    #[test]
    fn the_last_word_of_an_option_is_replaced() {
        let changed = with_instead("auth required pam_x.so debug", "debug", "");
        assert_eq!(changed.as_deref(), Some("auth required pam_x.so"));
        assert_eq!(
            with_instead("auth required pam_x.so debugs", "debug", ""),
            None
        );
    }

    #[test]
    fn an_option_in_brackets_is_replaced() {
        let changed = with_instead("auth required pam_x.so [debug] y", "debug", " z");
        assert_eq!(changed.as_deref(), Some("auth required pam_x.so z y"));
        let other = with_instead("auth required pam_x.so [debugs]", "debug", " z");
        assert_eq!(other, None);
    }

    #[test]
    fn parts_of_a_continued_line_are_left_alone() {
        let text = "auth a\nauth b \\\n c\n";
        assert_eq!(text_of(text, 1), Some("auth a"));
        assert_eq!(text_of(text, 2), None);
        assert_eq!(text_of(text, 3), None);
        assert_eq!(text_of(text, 4), None);
    }
}
