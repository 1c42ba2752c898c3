//! Lines of a PAM file: comments, and lines that go on behind a backslash.
//!
//! The releases of libpam differ. 1.5 reads into a buffer of 1024 bytes: what does not fit is a line of
//! its own, even the end of a comment. It skips blank lines and comments between the parts of a line.
//! 1.7 has no limit, and such a line ends the one before.

/// The releases of libpam in Debian 12 and 13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// 1.5.2, in Debian 12.
    V1_5,
    /// 1.7.0, in Debian 13.
    V1_7,
}

/// A line as libpam puts it together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// Where it starts in the file; the first line is 1.
    pub(crate) number: usize,
    pub(crate) bytes: Vec<u8>,
}

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    /// The file ends behind a backslash, which is an error.
    InContinuation,
    /// libpam reads on forever.
    Hang,
}

/// The buffer of libpam 1.5, with the zero at its end.
const BUFFER: usize = 1024;

/// The lines of a file that are not empty, and how it ends.
pub(crate) fn read(file: &[u8], release: Release) -> (Vec<Text>, End) {
    match release {
        Release::V1_5 => read_1_5(file),
        Release::V1_7 => read_1_7(file),
    }
}

/// Takes what fgets(3) reads: a line with its end, at most so many bytes.
fn take_line<'a>(file: &mut &'a [u8], limit: usize) -> Option<&'a [u8]> {
    let end = file.iter().position(|byte| *byte == b'\n');
    let length = end.map_or(file.len(), |end| end + 1).min(limit);
    let (line, rest) = file.split_at_checked(length)?;
    *file = rest;
    (length > 0).then_some(line)
}

/// The text before the first of these bytes.
fn before(text: &[u8], byte: u8) -> &[u8] {
    text.split(|found| *found == byte)
        .next()
        .unwrap_or_default()
}

fn trim_start<'a>(text: &'a [u8], blanks: &[u8]) -> &'a [u8] {
    let length = text.iter().take_while(|byte| blanks.contains(byte)).count();
    text.get(length..).unwrap_or_default()
}

fn trim_end<'a>(text: &'a [u8], blanks: &[u8]) -> &'a [u8] {
    let blank = text.iter().rev().take_while(|byte| blanks.contains(byte));
    text.get(..text.len() - blank.count()).unwrap_or_default()
}

fn read_1_5(mut file: &[u8]) -> (Vec<Text>, End) {
    let mut lines = Vec::new();
    let mut number = 1;
    // What the parts of a line behind a backslash left in the buffer.
    let mut parts: Option<Text> = None;
    loop {
        let used = parts.as_ref().map_or(0, |parts| parts.bytes.len());
        if used + 1 >= BUFFER {
            return (lines, End::Hang);
        }
        let Some(raw) = take_line(&mut file, BUFFER - used - 1) else {
            let end = if parts.is_some() {
                End::InContinuation
            } else {
                End::Whole
            };
            return (lines, end);
        };
        let start = number;
        number += usize::from(raw.ends_with(b"\n"));
        let raw = before(raw, 0);
        let text = before(trim_start(raw, b" \n\t"), b'#');
        if text.is_empty() {
            continue;
        }
        let has_comment = raw.contains(&b'#');
        let trimmed = trim_end(text, b" \n\t").strip_suffix(b"\\");
        let line = parts.get_or_insert_with(|| Text {
            number: start,
            bytes: Vec::new(),
        });
        // The buffer keeps the blanks at the start of a line.
        line.bytes
            .extend_from_slice(before(raw, b'#').strip_suffix(text).unwrap_or_default());
        match trimmed {
            Some(kept) if !has_comment => {
                line.bytes.extend_from_slice(kept);
                line.bytes.push(b' ');
            }
            _ => {
                line.bytes.extend_from_slice(text);
                lines.extend(parts.take());
            }
        }
    }
}

fn read_1_7(mut file: &[u8]) -> (Vec<Text>, End) {
    let mut lines = Vec::new();
    let mut number = 0;
    let mut parts: Option<Text> = None;
    let mut continues = false;
    while let Some(raw) = take_line(&mut file, usize::MAX) {
        number += 1;
        let trimmed = trim_end(raw, b" \n\t").strip_suffix(b"\\");
        let mut raw = raw.to_vec();
        if let Some(kept) = trimmed {
            raw = [kept, b" "].concat();
        }
        let visible = before(&raw, 0);
        let has_comment = visible.contains(&b'#');
        // A comment hides the rest, zeros and what follows them included.
        let text = if has_comment {
            before(visible, b'#')
        } else {
            &raw
        };
        let text = trim_start(text, b" \t");
        continues = trimmed.is_some() && !has_comment;
        let is_empty = text.is_empty() || text == b"\n";
        if !is_empty {
            let line = parts.get_or_insert_with(|| Text {
                number,
                bytes: Vec::new(),
            });
            line.bytes.extend_from_slice(text);
        }
        if !continues {
            lines.extend(parts.take().map(|line| Text {
                bytes: before(&line.bytes, 0).to_vec(),
                ..line
            }));
        }
    }
    let end = if continues {
        End::InContinuation
    } else {
        End::Whole
    };
    lines.retain(|line| !line.bytes.is_empty());
    (lines, end)
}
