//! Keys, code parameters, and the link that passes both to a phone.

use tfa_core::{Algorithm, Authenticator, BadParameters, Parameters, Secret};

#[test]
fn a_key_has_16_to_128_bytes() {
    for (length, fits) in [
        (0, false),
        (15, false),
        (16, true),
        (20, true),
        (128, true),
        (129, false),
    ] {
        assert_eq!(Secret::new(&vec![7; length]).is_some(), fits, "{length}");
    }
}

#[test]
fn a_key_is_formatted_as_base32_without_padding() {
    let key = Secret::new(b"12345678901234567890").unwrap();
    assert_eq!(*key.to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert!(!Secret::new(&[0; 16]).unwrap().to_base32().contains('='));
}

#[test]
fn codes_have_6_or_8_digits_and_a_period_of_15_to_120_seconds() {
    let new = |digits, period| Parameters::new(Algorithm::Sha1, digits, period).err();
    for digits in [0, 1, 5, 7, 9, 10, 256 + 6, u32::MAX] {
        assert_eq!(new(digits, 30), Some(BadParameters::Digits), "{digits}");
    }
    for period in [0, 1, 14, 121, u32::MAX] {
        assert_eq!(new(6, period), Some(BadParameters::Period), "{period}");
    }
    for (digits, period) in [(6, 15), (8, 120)] {
        assert_eq!(new(digits, period), None);
    }
    let usual = Parameters::new(Algorithm::Sha1, 6, 30);
    assert_eq!(usual, Ok(Parameters::default()));
}

fn authenticator(name: &str, parameters: Parameters) -> Authenticator {
    let key = Secret::new(b"12345678901234567890").unwrap();
    Authenticator::totp(name, parameters, key)
}

#[test]
fn the_link_omits_default_parameters() {
    let link = authenticator("phone", Parameters::default())
        .uri("host.example", "alice")
        .unwrap();
    assert_eq!(
        *link,
        "otpauth://totp/host.example:alice\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=host.example"
    );
}

#[test]
fn the_link_contains_parameters_that_are_not_the_default() {
    let parameters = Parameters::new(Algorithm::Sha512, 8, 60).unwrap();
    let link = authenticator("phone", parameters)
        .uri("host", "alice")
        .unwrap();
    assert!(
        link.ends_with("&issuer=host&algorithm=SHA512&digits=8&period=60"),
        "{}",
        *link
    );
}

#[test]
fn names_in_the_link_are_escaped() {
    let link = authenticator("phone", Parameters::default())
        .uri("a:b&c=d/ü", "x?secret=y#z %")
        .unwrap();
    assert!(
        link.starts_with("otpauth://totp/a%3Ab%26c%3Dd%2F%C3%BC:x%3Fsecret%3Dy%23z%20%25?secret=G"),
        "{}",
        *link
    );
    assert!(link.ends_with("&issuer=a%3Ab%26c%3Dd%2F%C3%BC"));
}

#[test]
fn a_name_is_kept_short_and_without_control_characters() {
    let named = |name: &str| authenticator(name, Parameters::default()).name().to_owned();
    assert_eq!(named("my phone"), "my phone");
    assert_eq!(named("a\x1b[2J\n\r\u{9b}b\0"), "a[2Jb");
    assert_eq!(named(&"ü".repeat(100_000)), "ü".repeat(64));
}
