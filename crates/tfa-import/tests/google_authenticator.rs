//! `~/.google_authenticator`: files as the program writes them, and files that are none.

#![cfg(test)]

use proptest::prelude::*;
use tfa_import::google_authenticator;
use tfa_import::{Algorithm, Entry, MAX_USER_FILE, Means, Note, Problem, Used, What};

/// As google-authenticator 1.09 writes it, after two logins.
const WRITTEN: &str = "\
GEZDGNBVGY3TQOJQGEZDGNBVGY
\" RATE_LIMIT 3 30 1796000000
\" WINDOW_SIZE 3
\" DISALLOW_REUSE 59866667 59866668
\" LAST0 192.0.2.7 1796000000
\" TOTP_AUTH
10293847
56473829
";

fn read(text: &str) -> Entry {
    google_authenticator(text.as_bytes()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn problems(input: &[u8]) -> Vec<Problem> {
    google_authenticator(input).err().expect("it is refused")
}

fn at(line: usize, what: What) -> Problem {
    let line = Some(line);
    Problem { line, what }
}

#[test]
fn a_time_based_file_is_read_with_its_used_steps_and_scratch_codes() {
    let entry = read(WRITTEN);
    assert_eq!(entry.key.as_slice(), b"1234567890123456");
    assert_eq!(entry.means, Means::Totp { period: 30 });
    assert_eq!((entry.digits, entry.algorithm), (6, Algorithm::Sha1));
    assert!(
        matches!(&entry.used, Used::Steps { steps, steps_ahead: 1 } if steps == &[59_866_667, 59_866_668])
    );
    let codes: Vec<&str> = entry
        .backup_codes
        .iter()
        .map(|code| code.as_str())
        .collect();
    assert_eq!(codes, ["10293847", "56473829"]);
    let notes = [Note::RateLimit, Note::WindowSize, Note::GracePeriod];
    assert_eq!(entry.notes, notes);
}

#[test]
fn a_counter_makes_the_file_counter_based() {
    let entry = read("GEZDGNBVGY3TQOJQ\n\" HOTP_COUNTER 7\n");
    assert_eq!(entry.means, Means::Hotp { counter: 7 });
    assert_eq!(entry.key.len(), 10);
    assert!(entry.notes.is_empty());
}

#[test]
fn what_changes_or_is_lost_is_noted() {
    let entry = read("gezd gnbv-gy3tq0jq\r\n\" STEP_SIZE 60\n\" TIME_SKEW -3\n\" FUTURE x\n");
    assert_eq!(entry.means, Means::Totp { period: 60 });
    let notes = [Note::TimeSkew(-3), Note::UnknownOption];
    assert_eq!(entry.notes, notes);
    assert!(matches!(
        entry.used,
        Used::Until {
            steps_ahead: 1,
            is_dated: false
        }
    ));
    let many = format!(
        "GEZDGNBVGY3TQOJQ\n\" DISALLOW_REUSE\n{}",
        "12345678\n".repeat(11)
    );
    let entry = read(&many);
    assert_eq!(entry.backup_codes.len(), 10);
    assert_eq!(entry.notes, [Note::FurtherBackupCodes]);
}

#[test]
fn a_key_is_read_as_the_program_reads_it() {
    // It drops the bits that fill no byte, and so a letter that completes none.
    for (text, key) in [
        ("GEZDGNBVGY3TQOJQGF", &b"12345678901"[..]),
        ("GEZDGNBVGY3TQOJQG", b"1234567890"),
        ("GEZDGNBVGY3TQOJQGEZ", b"12345678901"),
        ("GEZDGNBVGY3TQOJQGEZDGN", b"1234567890123"),
        ("gezd gnbv-gy3t qojq", b"1234567890"),
        ("GEZDGNBVGY3TQ0JQ", b"1234567890"),
    ] {
        assert_eq!(read(&format!("{text}\n")).key.as_slice(), key, "{text}");
    }
    let lookalikes = [
        read("108AAAAAAAAAAAAA\n").key,
        read("LOBAAAAAAAAAAAAA\n").key,
    ];
    assert_eq!(lookalikes[0], lookalikes[1]);
    for text in ["GEZDGNBVGY3TQOJQ!", "GEZDGNBVGY3TQOJQ9", "G"] {
        let refused = problems(format!("{text}\n").as_bytes());
        assert_eq!(refused.len(), 1, "{text}");
    }
}

#[test]
fn how_far_ahead_codes_may_be_used_follows_from_the_window_and_the_skew() {
    for (options, expected) in [
        ("", 1),
        ("\" WINDOW_SIZE 17\n", 8),
        ("\" TIME_SKEW 40\n", 41),
        ("\" WINDOW_SIZE 17\n\" TIME_SKEW 40\n", 48),
        ("\" TIME_SKEW -40\n", 1),
        ("\" TIME_SKEW 9223372036854775807\n", u32::MAX),
    ] {
        let entry = read(&format!("GEZDGNBVGY3TQOJQ\n{options}"));
        assert!(
            matches!(entry.used, Used::Until { steps_ahead, .. } if steps_ahead == expected),
            "{options}"
        );
    }
}

#[test]
fn only_a_limit_of_logins_dates_the_attempts() {
    for (options, expected) in [("", false), ("\" RATE_LIMIT 3 30 1700000000\n", true)] {
        let entry = read(&format!("GEZDGNBVGY3TQOJQ\n{options}"));
        assert!(
            matches!(entry.used, Used::Until { is_dated, .. } if is_dated == expected),
            "{options}"
        );
    }
}

#[test]
fn each_problem_has_its_line_and_quotes_nothing() {
    let lines = [
        "GEZDGNBVGY3TQOJQ",
        "\" HOTP_COUNTER 0",
        "\" HOTP_COUNTER x",
        "\" STEP_SIZE 61",
        "\" DISALLOW_REUSE 5 -6",
        "\" TIME_SKEW",
        "1234567",
        "12345678 12345678",
        "\" STEP_SIZE 30",
        "\" STEP_SIZE 30",
        "\"",
    ];
    let expected = "an option or a scratch code of 8 digits";
    let text = lines.join("\n") + "\n";
    let found = problems(text.as_bytes());
    let wanted = [
        at(2, What::BadOption("HOTP_COUNTER")),
        at(3, What::BadOption("HOTP_COUNTER")),
        at(4, What::BadOption("STEP_SIZE")),
        at(5, What::BadOption("DISALLOW_REUSE")),
        at(6, What::BadOption("TIME_SKEW")),
        at(7, What::Malformed(expected)),
        at(8, What::Malformed(expected)),
        at(10, What::Twice("STEP_SIZE")),
        at(11, What::Malformed(expected)),
    ];
    assert_eq!(found, wanted);
    assert!(
        !found
            .iter()
            .any(|problem| problem.to_string().contains("1234567"))
    );
}

#[test]
fn a_file_that_is_none_is_refused() {
    let long = vec![b'A'; MAX_USER_FILE + 1];
    for (input, wanted) in [
        (
            &b""[..],
            Problem {
                line: None,
                what: What::Empty,
            },
        ),
        (b"\n12345678\n", at(1, What::NoKey)),
        (b"GEZDGNBV!\n", at(1, What::NotBase32)),
        (b"\x7fELF\x02\x01\n", at(1, What::NotText)),
        (b"\xff\xfeG\0E\0\n", at(1, What::NotText)),
        (b"GEZDGNBVGY3TQOJQ", at(1, What::CutOff)),
        (b"GEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n1234", at(3, What::CutOff)),
        (
            &long,
            Problem {
                line: None,
                what: What::TooLarge(MAX_USER_FILE),
            },
        ),
    ] {
        assert_eq!(problems(input), [wanted]);
    }
}

#[test]
fn a_file_that_is_cut_off_within_a_line_is_refused() {
    for length in 0..WRITTEN.len() {
        let read = google_authenticator(&WRITTEN.as_bytes()[..length]);
        let at_line_end = WRITTEN[..length].ends_with('\n');
        assert_eq!(read.is_ok(), at_line_end, "{length}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(input in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = google_authenticator(&input);
    }

    #[test]
    fn arbitrary_lines_do_not_panic(
        lines in prop::collection::vec("\" [A-Z0-9_]{0,16}( -?[0-9]{0,22}){0,3}|[0-9]{7,9}|[A-Z2-7]{0,40}", 0..20),
    ) {
        let _ = google_authenticator((lines.join("\n") + "\n").as_bytes());
    }
}
