//! A text page with backup codes.

use tfa_text::time::date_time;
use zeroize::Zeroizing;

use crate::messages;

/// The content of the file.
pub(crate) fn page(user: &str, host: &str, codes: &[String], now: u64) -> Zeroizing<Vec<u8>> {
    let head = messages::page_head(user, host, &date_time(now));
    let lines = head.iter().map(String::as_str).chain(messages::PAGE_FOOT);
    let texts: usize = lines.map(|line| line.len() + 1).sum();
    let boxes: usize = codes.iter().map(|code| code.len() + BOX.len() + 1).sum();
    let heading = messages::PAGE_HEADING.len();
    // The full length is reserved, because a growing buffer would leave copies of the codes.
    let mut page = Zeroizing::new(Vec::with_capacity(heading + texts + boxes + 4));
    let mut line = |parts: &[&str]| {
        for part in parts {
            page.extend_from_slice(part.as_bytes());
        }
        page.push(b'\n');
    };
    line(&[messages::PAGE_HEADING]);
    line(&[]);
    for text in &head {
        line(&[text]);
    }
    line(&[]);
    for code in codes {
        line(&[BOX, code]);
    }
    line(&[]);
    for text in messages::PAGE_FOOT {
        line(&[text]);
    }
    page
}

/// What precedes a code: a box to tick.
const BOX: &str = "    [ ] ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_user_host_date_and_codes_in_the_reserved_space() {
        let codes = ["ABCDE-FGHJK".to_owned(), "12345-67890".to_owned()];
        let page = page("alice", "host", &codes, 1_700_000_000);
        let text = std::str::from_utf8(&page).unwrap();
        for part in [
            "alice",
            "host",
            "2023",
            "[ ] ABCDE-FGHJK\n",
            "[ ] 12345-67890\n",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert_eq!(page.len(), page.capacity());
    }
}
