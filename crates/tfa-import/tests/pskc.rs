//! PSKC: the figures of RFC 6030, what `pskctool` reads in them, and containers that are wrong.
//!
//! `rfc6030/` has the figures of the RFC, which are its code components under the Simplified BSD License.

#![cfg(test)]

use std::process::{Command, Stdio};

use proptest::prelude::*;
use tfa_import::{Algorithm, Entry, Means, Note, Problem, Unlock, What, pskc};

const FIGURE_3: &str = include_str!("rfc6030/figure3.xml");
const FIGURE_4: &str = include_str!("rfc6030/figure4.xml");
const FIGURE_5: &str = include_str!("rfc6030/figure5.xml");
const FIGURE_6: &str = include_str!("rfc6030/figure6.xml");
const FIGURE_7: &str = include_str!("rfc6030/figure7.xml");
const FIGURE_8: &str = include_str!("rfc6030/figure8.xml");
/// The secret of each figure.
const SECRET: &[u8] = b"12345678901234567890";
/// The key of figure 6.
const PRE_SHARED: [u8; 16] = [
    0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12,
];
const QWERTY: Unlock<'_> = Unlock::Passphrase(b"qwerty");

const TOTP: &str = r#"<?xml version="1.0"?>
<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
  <KeyPackage>
    <Key Id="t" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp">
      <AlgorithmParameters>
        <Suite>HMAC-SHA256</Suite>
        <ResponseFormat Length="6" Encoding="DECIMAL"/>
      </AlgorithmParameters>
      <Data>
        <Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>
        <TimeInterval><PlainValue>60</PlainValue></TimeInterval>
      </Data>
      <UserId>alice</UserId>
    </Key>
  </KeyPackage>
</KeyContainer>
"#;

#[track_caller]
fn only(text: &str, unlock: Unlock<'_>) -> Entry {
    let mut entries = pskc(text.as_bytes(), unlock).unwrap();
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

#[track_caller]
fn wrong(text: &str, unlock: Unlock<'_>) -> Problem {
    let problems = pskc(text.as_bytes(), unlock).err().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].clone()
}

#[test]
fn the_figures_with_plain_keys_are_read() {
    let entry = only(FIGURE_3, Unlock::Nothing);
    assert_eq!(entry.key.as_slice(), SECRET);
    assert_eq!(
        (entry.user.as_str(), entry.label.as_deref()),
        ("jsmith", Some("987654321"))
    );
    assert_eq!((entry.means, entry.digits), (Means::Hotp { counter: 0 }, 8));
    assert_eq!((entry.algorithm, entry.line), (Algorithm::Sha1, 5));
    // The PIN of the second package is not carried over.
    let entry = only(FIGURE_5, Unlock::Nothing);
    assert_eq!(
        (entry.user.as_str(), entry.key.as_slice()),
        ("987654321", SECRET)
    );
    assert_eq!(entry.notes, [Note::Pin]);
    let entry = only(TOTP, Unlock::Nothing);
    assert_eq!((entry.user.as_str(), entry.label), ("alice", None));
    assert_eq!(
        (entry.means, entry.algorithm),
        (Means::Totp { period: 60 }, Algorithm::Sha256)
    );
}

#[test]
fn the_figures_with_encrypted_keys_are_decrypted() {
    for (figure, unlock) in [(FIGURE_6, Unlock::Key(&PRE_SHARED)), (FIGURE_7, QWERTY)] {
        let entry = only(figure, unlock);
        assert_eq!(entry.key.as_slice(), SECRET);
        assert_eq!((entry.means, entry.digits), (Means::Hotp { counter: 0 }, 8));
        assert_eq!(wrong(figure, Unlock::Nothing).what, What::Encrypted);
        let other = wrong(figure, Unlock::Key(&[7; 16]));
        assert_eq!(other.what, What::WrongPassphrase);
        assert_eq!(
            wrong(figure, Unlock::Key(&[7; 15])).what,
            What::Malformed("a key of 16 bytes")
        );
    }
    assert_eq!(
        wrong(FIGURE_7, Unlock::Passphrase(b"qwertz")).what,
        What::WrongPassphrase
    );
}

#[test]
fn a_container_without_usable_keys_is_refused() {
    // The key is derived from a serial number, and encrypted to a certificate.
    assert_eq!(wrong(FIGURE_4, Unlock::Nothing).what, What::NoKey);
    let certificate = What::Unsupported("encryption to a certificate");
    assert_eq!(wrong(FIGURE_8, QWERTY).what, certificate);
}

#[test]
fn a_changed_ciphertext_or_mac_is_noticed() {
    for (from, to) in [
        ("oTvo+S22nsmS", "oTvo+S22nsmT"),
        ("En032yCr4f", "En032yCr4e"),
        ("LP6xMvjtypbf", "LP6xMvjtypbe"),
        ("2GTTnLwM3I4e", "2GTTnLwM3I4f"),
        ("1000</It", "1001</It"),
        ("Ej7/PEpyEpw=", "Ej7/PEpyEpQ="),
    ] {
        let changed = FIGURE_7.replace(from, to);
        assert_ne!(changed, FIGURE_7, "{from}");
        assert_eq!(
            wrong(&changed, QWERTY).what,
            What::WrongPassphrase,
            "{from}"
        );
    }
    let without = FIGURE_7.replace("ValueMAC", "Other");
    assert_eq!(
        wrong(&without, QWERTY).what,
        What::Malformed("a ValueMAC in base64")
    );
}

#[test]
fn costs_and_forms_out_of_range_are_refused() {
    for (from, to, what) in [
        (">1000<", ">0<", What::BadOption("IterationCount")),
        (">1000<", ">10000001<", What::BadOption("IterationCount")),
        (">1000<", ">99999999999<", What::BadOption("IterationCount")),
        (">16<", ">32<", What::Unsupported("a key of this length")),
        (
            "#pbkdf2",
            "#scrypt",
            What::Unsupported("the key derivation"),
        ),
        ("hmac-sha1", "hmac-md5", What::Unsupported("the MAC")),
        (
            "aes128-cbc",
            "tripledes-cbc",
            What::Unsupported("the encryption"),
        ),
        (":hotp", ":ocra", What::Unsupported("the algorithm")),
        (
            "DECIMAL",
            "HEXADECIMAL",
            What::Unsupported("the form of codes"),
        ),
        ("Length=\"8\"", "Length=\"x\"", What::BadOption("Length")),
        (
            "Length=\"8\"",
            "CheckDigits=\"1\"",
            What::Unsupported("a check digit"),
        ),
    ] {
        let changed = FIGURE_7.replace(from, to);
        assert_ne!(changed, FIGURE_7, "{from}");
        assert_eq!(wrong(&changed, QWERTY).what, what, "{to}");
    }
    let no_user = TOTP.replace("alice", " ");
    assert_eq!(wrong(&no_user, Unlock::Nothing).what, What::NoUser);
    // The identifier of a key is no user, and a comment does not cut a name.
    let no_user = TOTP.replace("<UserId>alice</UserId>", "");
    assert_eq!(wrong(&no_user, Unlock::Nothing).what, What::NoUser);
    for mixed in ["alice<!-- -->x", "alice<b/>", "<b/>alice"] {
        let problem = wrong(&TOTP.replace("alice", mixed), Unlock::Nothing);
        assert!(matches!(problem.what, What::Malformed(_)), "{problem}");
        assert_eq!(problem.line, Some(13));
    }
    let interval = TOTP.replace(">60<", ">-1<");
    assert_eq!(
        wrong(&interval, Unlock::Nothing).what,
        What::BadOption("TimeInterval")
    );
}

#[test]
fn entities_document_types_and_what_is_no_xml_are_refused() {
    let entity =
        "<!DOCTYPE x [<!ENTITY k SYSTEM \"file:///etc/shadow\">]><KeyContainer>&k;</KeyContainer>";
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
    let deep = "<a>".repeat(200_000);
    let utf_16: Vec<u8> = TOTP.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for input in [
        entity,
        bomb,
        &deep,
        "",
        "<a/>",
        "text",
        "\u{0}",
        "<KeyContainer/>",
    ] {
        assert!(
            pskc(input.as_bytes(), Unlock::Nothing).is_err(),
            "{input:.30}"
        );
    }
    assert!(pskc(&utf_16, Unlock::Nothing).is_err());
    let problem = wrong(
        "<KeyContainer>\n<KeyPackage>\n</Key>\n</KeyContainer>",
        Unlock::Nothing,
    );
    assert_eq!((problem.line, problem.what), (Some(3), What::NotXml));
    let cut = wrong("<KeyContainer>\n<KeyPackage>\n", Unlock::Nothing);
    assert_eq!((cut.line, cut.what), (Some(2), What::NotXml));
}

#[test]
fn each_package_has_its_line_and_all_problems_are_reported() {
    let package = "<KeyPackage>\n<Key Algorithm=\"x\"/>\n</KeyPackage>\n";
    let text = format!("<KeyContainer>\n{}</KeyContainer>", package.repeat(3));
    let problems = pskc(text.as_bytes(), Unlock::Nothing).err().unwrap();
    let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [Some(2), Some(5), Some(8)]);
}

#[test]
fn a_file_that_is_cut_off_is_refused() {
    for (figure, unlock) in [(FIGURE_3, Unlock::Nothing), (TOTP, Unlock::Nothing)] {
        let whole = figure.trim_end().len();
        for length in 0..whole {
            assert!(
                pskc(&figure.as_bytes()[..length], unlock).is_err(),
                "{length}"
            );
        }
    }
}

/// What `pskctool` reads; `None` where it is not installed.
fn pskctool(text: &str) -> Option<String> {
    let file = std::env::temp_dir().join(format!("tfa-pskc-{}", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let command = Command::new("pskctool")
        .arg("--info")
        .arg(&file)
        .stderr(Stdio::null())
        .output();
    std::fs::remove_file(&file).unwrap();
    Some(String::from_utf8(command.ok()?.stdout).unwrap())
}

#[test]
fn pskctool_reads_the_same() {
    for text in [FIGURE_3, FIGURE_5, TOTP] {
        let Some(seen) = pskctool(text) else {
            println!("skipped: pskctool_reads_the_same: pskctool is not installed");
            return;
        };
        let entry = only(text, Unlock::Nothing);
        let secret = data_encoding::BASE64.encode(&entry.key);
        let mut expected = vec![
            format!("Key Secret (base64): {secret}"),
            format!("Response Format Length: {}", entry.digits),
        ];
        expected.push(match entry.means {
            Means::Totp { period } => format!("Key TimeInterval: {period}"),
            Means::Hotp { counter } => format!("Key Counter: {counter}"),
        });
        expected.extend(entry.label.map(|serial| format!("SerialNo: {serial}")));
        for line in expected {
            assert!(seen.contains(&line), "{line}: {seen}");
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(input in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = pskc(&input, QWERTY);
    }

    #[test]
    fn a_changed_container_does_not_panic(
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        figure in prop::sample::select(vec![FIGURE_3, FIGURE_5, FIGURE_6, TOTP]),
    ) {
        let mut input = figure.as_bytes().to_vec();
        let place = place.index(input.len());
        input[place] = byte;
        for problem in pskc(&input, Unlock::Key(&PRE_SHARED)).err().iter().flatten() {
            prop_assert!(!problem.to_string().contains("MTIz"));
        }
    }
}
