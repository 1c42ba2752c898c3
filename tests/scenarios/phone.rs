//! The phone of the tests: it shows the codes of the standards, and no code twice.

use std::time::{SystemTime, UNIX_EPOCH};

use tfa_tests::Phone;

/// The seeds of RFC 6238's test vectors in base32.
const SEED_20: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const SEED_32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
const SEED_64: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                       GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA";

#[test]
fn it_shows_the_codes_of_rfc_6238() {
    for (algorithm, seed, code) in [
        ("SHA1", SEED_20, "94287082"),
        ("SHA256", SEED_32, "46119246"),
        ("SHA512", SEED_64, "90693936"),
    ] {
        let phone = Phone::from_uri(&format!(
            "otpauth://totp/Example:alice%40host?secret={seed}&algorithm={algorithm}&digits=8"
        ));
        phone.shift_clock(-seconds_since_1970() + 40);
        assert_eq!(phone.code(), code);
        assert_eq!(phone.label(), "Example:alice@host");
    }
}

#[test]
fn it_shows_the_codes_of_rfc_4226() {
    let phone = Phone::from_uri(&format!("otpauth://hotp/alice?secret={SEED_20}&counter=1"));
    assert_eq!(phone.code_of_counter(0), "287082");
    assert_eq!(phone.code_of_counter(8), "520489");
}

#[test]
fn it_returns_each_code_of_the_window_once_and_in_order() {
    let phone = Phone::from_secret("gezd gnbv gy3t qojq gezd gnbv gy3t qojq");
    phone.shift_clock(-seconds_since_1970() + 3_000);
    let expected: Vec<String> = (-1..=1).map(|steps| phone.code_at(steps)).collect();
    let given: Vec<String> = (0..3).map(|_| phone.next_unused()).collect();
    assert_eq!(given, expected);
    assert!(!given.contains(&phone.wrong_code()));
}

#[test]
fn its_wrong_code_is_wrong_now_and_with_a_wrong_clock() {
    let phone = Phone::from_secret(SEED_20);
    let zeros = 59_995_833 * 30 + 5;
    phone.shift_clock(zeros - seconds_since_1970());
    assert_eq!(phone.code(), "000000");
    // The daemon searches two hours in both directions. A scenario moves its clock by a hundred.
    for hours in [-119, -100, -3, -2, -1, 0, 1, 2, 3, 100, 119] {
        phone.shift_clock(zeros + hours * 3_600 - seconds_since_1970());
        assert_eq!(phone.wrong_code(), "111111", "{hours}");
    }
    phone.shift_clock(zeros + 121 * 3_600 - seconds_since_1970());
    assert_eq!(phone.wrong_code(), "000000");
}

#[test]
fn a_code_unlike_another_phones_is_in_the_window() {
    let phone = Phone::from_secret(SEED_20);
    let other = Phone::from_secret("GA4TQNZWGU2DGMRRGA4TQNZWGU2DGMRR");
    let same = 60_000_927 * 30 + 5;
    for one in [&phone, &other] {
        one.shift_clock(same - seconds_since_1970());
    }
    assert_eq!(phone.code(), other.code_at(77));
    assert_eq!(phone.code_not_of(&other), phone.code_at(1));
    other.shift_clock(same - 4 * 3_600 - seconds_since_1970());
    assert_eq!(phone.code_not_of(&other), phone.code());
}

fn seconds_since_1970() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}
