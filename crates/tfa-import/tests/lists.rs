//! Files of many users, as programs and makers of tokens write them.

#![cfg(test)]

use tfa_import::{Algorithm, Entry, Means, Note, Problem, Used, What};
use tfa_import::{oath, oath_csv, otpauth, otpauth_migration};

type Parser = fn(&[u8]) -> Result<Vec<Entry>, Vec<Problem>>;

/// Secret of the test vectors of RFC 4226 and RFC 6238.
const KEY: &[u8] = b"12345678901234567890";
const HEX: &str = "3132333435363738393031323334353637383930";

fn only(parser: Parser, line: &str) -> Entry {
    let mut entries = parser(format!("{line}\n").as_bytes()).unwrap();
    assert_eq!(entries.len(), 1, "{line}");
    entries.remove(0)
}

fn wrong(parser: Parser, line: &str) -> What {
    let problems = parser(format!("{line}\n").as_bytes()).err().unwrap();
    assert_eq!(problems.len(), 1, "{line}");
    problems[0].what
}

#[test]
fn pam_oath_types_have_a_period_and_digits() {
    let (event, totp) = (Means::Hotp { counter: 0 }, |period| Means::Totp { period });
    for (kind, means, digits) in [
        ("HOTP", event, 6),
        ("HOTP/E", event, 6),
        ("HOTP/E/7", event, 7),
        ("HOTP/E/8", event, 8),
        ("HOTP/T30", totp(30), 6),
        ("HOTP/T30/8", totp(30), 8),
        ("HOTP/T60/6", totp(60), 6),
    ] {
        let entry = only(oath, &format!("{kind}\talice\t-\t{HEX}"));
        assert_eq!((entry.means, entry.digits), (means, digits), "{kind}");
        assert_eq!((entry.user.as_str(), entry.key.as_slice()), ("alice", KEY));
        assert!(entry.notes.is_empty());
    }
    for kind in [
        "TOTP",
        "HOTP/E/9",
        "HOTP/T",
        "HOTP/T+3",
        "HOTP/E/6/6",
        "hotp",
    ] {
        let what = wrong(oath, &format!("{kind} alice - {HEX}"));
        assert_eq!(what, What::Unsupported("the type"), "{kind}");
    }
}

#[test]
fn pam_oath_writes_the_counter_that_was_used_last() {
    // As liboath 2.6.7 wrote it: 338314 is the code of counter 4.
    let time = "2026-11-29T12:19:16L";
    let entry = only(oath, &format!("HOTP\talice\t-\t{HEX}\t4\t338314\t{time}"));
    assert_eq!(entry.means, Means::Hotp { counter: 5 });
    // As an administrator writes it.
    let entry = only(oath, &format!("HOTP alice + {HEX} 4"));
    assert_eq!(entry.means, Means::Hotp { counter: 4 });
    let entry = only(oath, &format!("HOTP/T30/6 bob 1234 {HEX} 0 682100 {time}"));
    assert!(matches!(&entry.used, Used::LastCode(code) if code.as_str() == "682100"));
    assert_eq!(entry.notes, [Note::Pin]);
    for (rest, what) in [
        ("x", What::BadOption("COUNTER")),
        ("18446744073709551615 123456", What::BadOption("COUNTER")),
        ("1 12345", What::BadOption("LASTOTP")),
        ("1 12345a", What::BadOption("LASTOTP")),
        (
            "1 123456 t x",
            What::Malformed("TYPE USER PIN KEY [COUNTER [LASTOTP [TIME]]]"),
        ),
    ] {
        assert_eq!(
            wrong(oath, &format!("HOTP alice - {HEX} {rest}")),
            what,
            "{rest}"
        );
    }
    assert_eq!(wrong(oath, "HOTP alice - 123"), What::NotHex);
}

#[test]
fn a_uri_has_the_user_behind_the_issuer() {
    let uri = "otpauth://totp/Example%3Aalice%40example.org?secret=gezd%20gnbv-GY3TQOJQGEZDGNBVGY3TQOJQ%3D\
               &issuer=Example&algorithm=SHA256&digits=8&period=60&image=x#f";
    let entry = only(otpauth, uri);
    assert_eq!(
        (entry.user.as_str(), entry.key.as_slice()),
        ("alice@example.org", KEY)
    );
    assert_eq!(entry.means, Means::Totp { period: 60 });
    assert_eq!((entry.digits, entry.algorithm), (8, Algorithm::Sha256));
    let entry = only(
        otpauth,
        "otpauth://HOTP/bob?secret=GEZDGNBVGY3TQOJQ&counter=5",
    );
    assert_eq!((entry.means, entry.digits), (Means::Hotp { counter: 5 }, 6));
    let form = What::Malformed("otpauth://TYPE/LABEL?secret=...");
    for (uri, what) in [
        ("otpauth://totp/alice", form),
        ("https://totp/alice?secret=A", form),
        ("otpauth://totp/alice?digits=6", What::NoKey),
        ("otpauth://totp/alice?secret=", What::NoKey),
        ("otpauth://totp/alice?secret=GEZDGNB8", What::NotBase32),
        (
            "otpauth://totp/alice?secret=GEZDGNBV&secret=GEZDGNBV",
            What::Twice("secret"),
        ),
        ("otpauth://totp/Host:?secret=GEZDGNBV", What::NoUser),
        ("otpauth://totp/a%0ab?secret=GEZDGNBV", What::NoUser),
        (
            "otpauth://totp/%ff?secret=GEZDGNBV",
            What::BadOption("the label"),
        ),
        (
            "otpauth://hotp/alice?secret=GEZDGNBV",
            What::BadOption("counter"),
        ),
        (
            "otpauth://totp/alice?secret=GEZDGNBV&digits=+6",
            What::BadOption("digits"),
        ),
        (
            "otpauth://totp/alice?secret=GEZDGNBV&algorithm=MD5",
            What::Unsupported("the algorithm"),
        ),
        (
            "otpauth://totp/alice?secret=GEZDGNBV&encoder=steam",
            What::Unsupported("the encoder"),
        ),
        (
            "otpauth://steam/alice?secret=GEZDGNBV",
            What::Unsupported("the type"),
        ),
    ] {
        assert_eq!(wrong(otpauth, uri), what, "{uri}");
    }
}

/// A field of a message: its number, and a number or bytes.
fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).unwrap();
    [&[number << 3 | 2, length], value].concat()
}

fn migration(message: &[u8]) -> String {
    let data = data_encoding::BASE64.encode(message);
    let data = data
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    format!("otpauth-migration://offline?data={data}")
}

#[test]
fn an_export_of_google_authenticator_has_several_authenticators() {
    let alice = [
        field(1, KEY),
        field(2, b"Example:alice"),
        field(3, b"Example"),
        vec![4 << 3, 2, 5 << 3, 2, 6 << 3, 2],
    ]
    .concat();
    let counter = vec![4 << 3, 1, 5 << 3, 1, 6 << 3, 1, 7 << 3, 0x87, 1];
    let bob = [field(1, KEY), field(2, b"bob"), counter].concat();
    // Version, number of QR codes, index, id.
    let rest = [2 << 3, 1, 3 << 3, 1, 4 << 3, 0, 5 << 3, 7];
    let first = field(1, &alice).len();
    let message = [field(1, &alice), field(1, &bob), rest.to_vec()].concat();
    let uri = migration(&message);
    let entries = otpauth_migration(format!("{uri}\n").as_bytes()).unwrap();
    let (alice, bob) = (&entries[0], &entries[1]);
    assert_eq!((alice.user.as_str(), alice.key.as_slice()), ("alice", KEY));
    assert_eq!(alice.means, Means::Totp { period: 30 });
    assert_eq!((alice.digits, alice.algorithm), (8, Algorithm::Sha256));
    assert_eq!(
        (bob.user.as_str(), bob.means),
        ("bob", Means::Hotp { counter: 135 })
    );
    assert_eq!(
        (bob.digits, bob.algorithm, bob.notes.len()),
        (6, Algorithm::Sha1, 0)
    );

    // One of two QR codes.
    let part = [
        field(1, &[field(1, KEY), field(2, b"a")].concat()),
        vec![3 << 3, 2],
    ]
    .concat();
    assert_eq!(
        only(otpauth_migration, &migration(&part)).notes,
        [Note::PartOfExport]
    );
    let cut = What::Malformed("the data of an export, which may be cut off");
    for length in 1..message.len() - rest.len() {
        let uri = migration(&message[..length]);
        let read = otpauth_migration(format!("{uri}\n").as_bytes());
        assert!(read.is_err() || length == first, "{length}");
    }
    for (message, what) in [
        (field(1, &field(2, b"alice")), What::NoKey),
        (field(1, &field(1, KEY)), What::NoUser),
        (vec![2 << 3, 1], What::NoKey),
        (vec![1 << 3 | 2, 5, 1], cut),
        (vec![1 << 3, 5], What::TooManyEntries(100)),
        (vec![0xff; 20], cut),
    ] {
        assert_eq!(
            wrong(otpauth_migration, &migration(&message)),
            what,
            "{message:?}"
        );
    }
}

#[test]
fn a_csv_of_tokens_has_their_serial_numbers() {
    let entry = only(oath_csv, &format!("\"T 1\", {HEX} ,totp,8,60"));
    assert_eq!(
        (entry.user.as_str(), entry.label.as_deref()),
        ("T 1", Some("T 1"))
    );
    assert_eq!((entry.means, entry.digits), (Means::Totp { period: 60 }, 8));
    let entry = only(oath_csv, &format!("2;{HEX};HOTP;6;12;;"));
    assert_eq!(entry.means, Means::Hotp { counter: 12 });
    let entry = only(oath_csv, &format!("3,{HEX},TOTP-SHA256"));
    assert_eq!((entry.means, entry.digits), (Means::Totp { period: 30 }, 6));
    assert_eq!(entry.algorithm, Algorithm::Sha256);
    for (line, what) in [
        (format!(",{HEX},TOTP,6"), What::NoUser),
        (format!("1,{HEX},OCRA,6"), What::Unsupported("the type")),
        (format!("1,{HEX},TOTP,six"), What::BadOption("DIGITS")),
        (format!("1,{HEX},TOTP,6,x"), What::BadOption("STEP")),
        (format!("1,{HEX},HOTP,6,-1"), What::BadOption("COUNTER")),
        ("1,xyz,HOTP,6".to_owned(), What::NotHex),
        ("1,,HOTP,6".to_owned(), What::NoKey),
    ] {
        assert_eq!(wrong(oath_csv, &line), what, "{line}");
    }
}
