//! What is written is read again as it was.

#![cfg(test)]

use std::process::Command;

use proptest::prelude::*;
use tfa_import::{Algorithm, Entry, Lock, Means, Problem, Unlock, Used, What};
use tfa_import::{otpauth, pskc, write_otpauth, write_pskc};
use zeroize::Zeroizing;

const PASSPHRASE: &[u8] = b"correct horse";

fn entry(user: &str, key: &[u8], means: Means, algorithm: Algorithm, digits: u32) -> Entry {
    Entry {
        line: 1,
        user: user.to_owned(),
        label: Some("the <\"phone\"> & more".to_owned()),
        means,
        key: Zeroizing::new(key.to_vec()),
        algorithm,
        digits,
        used: Used::Unknown,
        backup_codes: Vec::new(),
        notes: Vec::new(),
    }
}

fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            *byte = next;
            next = next.wrapping_add(37);
        }
    }
}

fn same(one: &Entry, other: &Entry) -> bool {
    (&one.user, &one.key, one.means, one.algorithm, one.digits)
        == (
            &other.user,
            &other.key,
            other.means,
            other.algorithm,
            other.digits,
        )
}

/// What an entry is made of, which can be printed and it cannot.
type Parts = (String, Vec<u8>, Means, Algorithm, u32);

fn any_parts() -> impl Strategy<Value = Parts> {
    let means = prop_oneof![
        (15..=120_u32).prop_map(|period| Means::Totp { period }),
        any::<u64>().prop_map(|counter| Means::Hotp { counter }),
    ];
    let algorithms = vec![Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512];
    (
        "[a-z_&<>é.-]{1,10}[a-z]",
        prop::collection::vec(any::<u8>(), 10..129),
        means,
        prop::sample::select(algorithms),
        prop::sample::select(vec![6, 8]),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn uris_and_containers_are_read_as_they_were_written(
        parts in prop::collection::vec(any_parts(), 1..4),
        is_encrypted in any::<bool>(),
    ) {
        let entries: Vec<Entry> = parts
            .iter()
            .map(|(user, key, means, algorithm, digits)| entry(user, key, *means, *algorithm, *digits))
            .collect();
        let lock = is_encrypted.then(|| Lock::new(PASSPHRASE, 3, counting()));
        let xml = write_pskc(&entries, lock.as_ref(), counting()).unwrap();
        let unlock = if is_encrypted { Unlock::Passphrase(PASSPHRASE) } else { Unlock::Nothing };
        let read = pskc(xml.as_bytes(), unlock).unwrap();
        prop_assert_eq!(read.len(), entries.len());
        prop_assert!(read.iter().zip(&entries).all(|(read, entry)| same(read, entry)), "{}", *xml);
        for entry in &entries {
            let uri = write_otpauth(entry, "a host");
            let read = otpauth(format!("{}\n", *uri).as_bytes()).unwrap();
            prop_assert!(same(&read[0], entry), "{}", *uri);
            if is_encrypted {
                prop_assert!(!xml.contains(&data_encoding::BASE64.encode(&entry.key)));
            }
        }
    }
}

#[test]
fn an_encrypted_container_opens_with_its_passphrase_alone() {
    let entries = [entry(
        "alice",
        &[7; 20],
        Means::Hotp { counter: 4 },
        Algorithm::Sha1,
        6,
    )];
    let lock = Lock::new(PASSPHRASE, 1000, counting());
    let xml = write_pskc(&entries, Some(&lock), counting()).unwrap();
    let wrong =
        |text: &str, unlock| -> Vec<Problem> { pskc(text.as_bytes(), unlock).err().unwrap() };
    assert_eq!(wrong(&xml, Unlock::Nothing)[0].what, What::Encrypted);
    let other = Unlock::Passphrase(b"correct horsf");
    assert_eq!(wrong(&xml, other)[0].what, What::WrongPassphrase);
}

#[test]
fn pskctool_reads_a_plain_container() {
    let entries = [
        entry(
            "alice",
            &[7; 20],
            Means::Hotp { counter: 4 },
            Algorithm::Sha1,
            8,
        ),
        entry(
            "bob",
            &[8; 20],
            Means::Totp { period: 60 },
            Algorithm::Sha256,
            6,
        ),
    ];
    let xml = write_pskc(&entries, None, counting()).unwrap();
    let file = std::env::temp_dir().join(format!("tfa-write-{}", std::process::id()));
    std::fs::write(&file, xml.as_bytes()).unwrap();
    let seen = Command::new("pskctool")
        .args(["--info", "--strict"])
        .arg(&file)
        .output();
    std::fs::remove_file(&file).unwrap();
    let Ok(seen) = seen else {
        println!("skipped: pskctool_reads_a_plain_container: pskctool is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&seen.stdout);
    assert!(seen.status.success(), "{text}");
    for line in [
        "Key User Id: UID=alice",
        "Key Counter: 4",
        "Response Format Length: 8",
        &format!(
            "Key Secret (base64): {}",
            data_encoding::BASE64.encode(&[8; 20])
        ),
        "Key TimeInterval: 60",
        "Algorithm Parameters Suite: HMAC-SHA256",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}
