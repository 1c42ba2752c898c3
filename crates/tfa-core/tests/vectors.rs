//! The test vectors of RFC 4226 and RFC 6238.

use tfa_core::{Algorithm, Authenticator, Code, Counter, Input, Match, Parameters, Secret, Time};

/// The seed of the RFCs, repeated to the length that the hash requires.
fn seed(length: usize) -> Secret {
    let digits: Vec<u8> = b"1234567890".iter().copied().cycle().take(length).collect();
    Secret::new(&digits).unwrap()
}

fn authenticator(algorithm: Algorithm, digits: u32, length: usize) -> Authenticator {
    let parameters = Parameters::new(algorithm, digits, 30).unwrap();
    Authenticator::totp("vector", parameters, seed(length))
}

fn code(digits: &str) -> Code {
    match Input::parse(digits) {
        Input::Code(code) => code,
        _ => panic!("{digits}"),
    }
}

#[test]
fn codes_are_those_of_rfc_4226_appendix_d() {
    let authenticator = authenticator(Algorithm::Sha1, 6, 20);
    let vectors = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
        "520489",
    ];
    for (counter, digits) in (0_u64..).zip(vectors) {
        let now = Time::from_secs(counter * 30);
        let found = authenticator.check(&code(digits), now);
        assert_eq!(
            found,
            Match::Fresh(now.step(30).counter()),
            "count {counter}"
        );
        assert_eq!(now.step(30).counter(), Counter::new(counter));
    }
}

#[test]
fn codes_are_those_of_rfc_6238_appendix_b() {
    let vectors = [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ];
    let sha1 = authenticator(Algorithm::Sha1, 8, 20);
    let sha256 = authenticator(Algorithm::Sha256, 8, 32);
    let sha512 = authenticator(Algorithm::Sha512, 8, 64);
    for (seconds, first, second, third) in vectors {
        let now = Time::from_secs(seconds);
        for (authenticator, digits) in [(&sha1, first), (&sha256, second), (&sha512, third)] {
            let found = authenticator.check(&code(digits), now);
            assert_eq!(
                found,
                Match::Fresh(now.step(30).counter()),
                "{digits} at {seconds}"
            );
        }
    }
}

#[test]
fn code_with_another_number_of_digits_never_matches() {
    let (six, eight) = (
        authenticator(Algorithm::Sha1, 6, 20),
        authenticator(Algorithm::Sha1, 8, 20),
    );
    let now = Time::from_secs(59);
    assert!(matches!(six.check(&code("287082"), now), Match::Fresh(_)));
    assert_eq!(six.check(&code("94287082"), now), Match::No);
    assert_eq!(eight.check(&code("287082"), now), Match::No);
}
