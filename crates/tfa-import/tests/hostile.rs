//! No input makes a parser panic, and none that is cut off within an entry is accepted.

#![cfg(test)]

use proptest::prelude::*;
use tfa_import::{Entry, MAX_FILE, MAX_LINE, Problem, What};
use tfa_import::{oath, oath_csv, otpauth, otpauth_migration};

type Parser = fn(&[u8]) -> Result<Vec<Entry>, Vec<Problem>>;

/// The parsers of lists, each with a right file.
const LISTS: [(&str, Parser, &str); 4] = [
    (
        "oath",
        oath,
        "# users\nHOTP alice - 3132333435363738393031323334353637383930 4 338314 2026-11-29T12:19:16L\n\n\
         HOTP/T30/8\tbob\tpin\tabcdef34353637383930\n",
    ),
    (
        "otpauth",
        otpauth,
        "otpauth://totp/Host:alice%20b?secret=GEZDGNBVGY3TQOJQ&issuer=Host&digits=8\n\
         otpauth://hotp/bob?secret=GEZDGNBVGY3TQOJQ&counter=9\n",
    ),
    (
        "otpauth-migration",
        otpauth_migration,
        "otpauth-migration://offline?data=CiAKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgJiYiABKAEwAhAB\n",
    ),
    (
        "oath-csv",
        oath_csv,
        "1000133508267,3132333435363738393031323334353637383930,TOTP,6,30\n\
         1000133508268,3132333435363738393031323334353637383930,HOTP,8,7\n",
    ),
];

fn count(parser: Parser, input: &[u8]) -> Option<usize> {
    parser(input).ok().map(|entries| entries.len())
}

#[test]
fn a_file_that_is_cut_off_within_a_line_is_refused() {
    for (name, parser, text) in LISTS {
        let all = count(parser, text.as_bytes());
        assert!(all.is_some_and(|all| all > 0), "{name}");
        for length in 0..text.len() {
            let cut = &text[..length];
            let read = count(parser, cut.as_bytes());
            assert!(read.is_none() || cut.ends_with('\n'), "{name} {length}");
            // With a line end put behind it, no entry is there that was not.
            let ended = count(parser, format!("{cut}\n").as_bytes());
            assert!(ended <= all, "{name} {length}");
        }
    }
}

#[test]
fn what_is_no_file_of_the_format_is_refused_with_its_line() {
    let huge = vec![b'A'; MAX_FILE + 1];
    let long = [vec![b'A'; MAX_LINE + 1], b"\n".to_vec()].concat();
    let at = |line, what| Problem { line, what };
    for (name, parser, text) in LISTS {
        for (input, problem) in [
            (&b""[..], at(None, What::Empty)),
            (b"\n# nothing\n", at(None, What::Empty)),
            (b"\x7fELF\x02\x00\n", at(Some(1), What::NotText)),
            (b"#\n\xff\xfe\xe9\n", at(Some(2), What::NotText)),
            (&huge, at(None, What::TooLarge(MAX_FILE))),
            (&long, at(Some(1), What::LineTooLong)),
        ] {
            assert_eq!(parser(input).err(), Some(vec![problem]), "{name}");
        }
        // One wrong line makes the whole file wrong, and every wrong line is named.
        let wrong = format!("what\n{text}what\n");
        let problems = parser(wrong.as_bytes()).err();
        let lines: Vec<_> = problems.iter().flatten().map(|one| one.line).collect();
        assert_eq!(lines, [Some(1), Some(wrong.lines().count())], "{name}");
    }
}

#[test]
fn there_are_not_more_problems_or_entries_than_a_bound() {
    for (name, parser, _) in LISTS {
        let problems = parser("what\n".repeat(100_000).as_bytes()).err();
        let problems = problems.unwrap_or_default();
        assert!(problems.len() < 1100, "{name}: {}", problems.len());
    }
    let line = "HOTP a - 31323334353637383930\n";
    let problems = oath(line.repeat(tfa_import::MAX_ENTRIES + 2).as_bytes()).err();
    assert_eq!(
        problems.map(|all| all[0].what),
        Some(What::TooManyEntries(200_000))
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(input in prop::collection::vec(any::<u8>(), 0..300)) {
        for (_, parser, _) in LISTS {
            let _ = parser(&input);
        }
    }

    #[test]
    fn a_changed_file_does_not_panic_and_no_problem_quotes_it(
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        for (name, parser, text) in LISTS {
            let mut input = text.as_bytes().to_vec();
            let place = place.index(input.len());
            input[place] = byte;
            for problem in parser(&input).err().iter().flatten() {
                let shown = problem.to_string();
                prop_assert!(!shown.contains("3132") && !shown.contains("GEZ"), "{} {}", name, shown);
            }
        }
    }

    #[test]
    fn arbitrary_messages_do_not_panic(message in prop::collection::vec(any::<u8>(), 0..200)) {
        let data = data_encoding::BASE64.encode(&message).replace('+', "%2B");
        let uri = format!("otpauth-migration://offline?data={data}\n");
        let _ = otpauth_migration(uri.as_bytes());
    }

    #[test]
    fn arbitrary_uris_do_not_panic(
        uri in "otpauth://(totp|hotp|steam)/[a-z%:0-9]{0,12}\\?(secret|digits|counter|period|algorithm)=[A-Z0-9%]{0,20}(&(secret|digits|counter)=[A-Z2-7%]{0,20}){0,3}",
    ) {
        let _ = otpauth(format!("{uri}\n").as_bytes());
    }
}
