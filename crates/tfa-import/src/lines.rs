//! The lines of a text file.

use crate::problem::goes_on;
use crate::{Entry, MAX_FILE, Problem, What};

/// The longest line, in bytes.
pub const MAX_LINE: usize = 8 * 1024;
/// The most entries of one file.
pub const MAX_ENTRIES: usize = 200_000;

/// The lines with their numbers, without line ends. Every line has an end, so that a file that was cut
/// off is noticed.
pub(crate) fn lines(
    input: &[u8],
    max: usize,
) -> Result<impl Iterator<Item = (usize, Result<&str, What>)>, Problem> {
    if input.len() > max {
        return Err(Problem::of_file(What::TooLarge(max)));
    }
    // Before the end is looked at: a binary file is not cut off.
    if let Some(place) = input.iter().position(|byte| *byte == 0) {
        let before = input.iter().take(place);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        return Err(Problem::at(line, What::NotText));
    }
    let Some(content) = input.strip_suffix(b"\n") else {
        let last = input.split(|byte| *byte == b'\n').count();
        return Err(match input {
            [] => Problem::of_file(What::Empty),
            _ => Problem::at(last, What::CutOff),
        });
    };
    Ok((1..).zip(content.split(|byte| *byte == b'\n').map(line)))
}

/// The entries of a file with one in each line, or every problem. Empty lines and comments (`#`) are
/// left out.
pub(crate) fn entries(
    input: &[u8],
    read: impl Fn(&str, usize) -> Result<Vec<Entry>, What>,
) -> Result<Vec<Entry>, Vec<Problem>> {
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for (number, line) in lines(input, MAX_FILE).map_err(|problem| vec![problem])? {
        let is_empty = |line: &str| line.trim_start().is_empty() || line.starts_with('#');
        match line {
            Ok(line) if is_empty(line) => {}
            line => match line.and_then(|line| read(line, number)) {
                Ok(read) => entries.extend(read),
                Err(what) => problems.push(Problem::at(number, what)),
            },
        }
        if !goes_on(entries.len(), &mut problems, number) {
            break;
        }
    }
    match (problems.is_empty(), entries.is_empty()) {
        (true, false) => Ok(entries),
        (true, true) => Err(vec![Problem::of_file(What::Empty)]),
        (false, _) => Err(problems),
    }
}

fn line(bytes: &[u8]) -> Result<&str, What> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if bytes.len() > MAX_LINE {
        return Err(What::LineTooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| What::NotText)?;
    let is_control = |letter: char| letter.is_control() && letter != '\t';
    if text.contains(is_control) {
        return Err(What::NotText);
    }
    Ok(text)
}
