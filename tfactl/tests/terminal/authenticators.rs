//! Adding, listing and removing the authenticators of a user.

use std::io::Write;
use std::path::PathBuf;

use tfa_proto::{Algorithm, AuthenticatorKind, Status};
use tfa_testkit::daemon::authenticator;
use tfa_testkit::{Run, TestHost, finished};

use crate::{account, fits, host_with};

/// The key of RFC 4226 appendix D.
const KEY: &[u8] = b"12345678901234567890";
const BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// A file with this text, in a folder of its own that is removed with it.
struct KeyFile(PathBuf);

impl KeyFile {
    fn new(test: &str, text: &[u8]) -> Self {
        let folder = std::env::temp_dir().join(format!("tfa-key-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("key");
        std::fs::File::create(&path)
            .unwrap()
            .write_all(text)
            .unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn alice_with(names: &[&str]) -> TestHost {
    let status = Status {
        authenticators: (1..)
            .zip(names)
            .map(|(id, name)| authenticator(id, name))
            .collect(),
        ..account("alice", "enabled")
    };
    host_with(vec![status])
}

#[test]
fn a_token_is_added_with_the_key_of_a_file() {
    let host = alice_with(&[]);
    let file = KeyFile::new("file", format!("{BASE32}\n").as_bytes());
    let mut arguments = vec!["authenticator", "add", "alice", "--kind", "hotp"];
    arguments.extend(["--key-file", file.path(), "--name", "token"]);
    arguments.extend(["--algorithm", "sha256", "--digits", "8", "--counter", "42"]);
    let (code, out, error) = finished(&host.output_with(&arguments));
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(
        out,
        "The authenticator token was added. Logins of alice accept its codes.\n"
    );
    let token = host.daemon().account(|account| account.token.clone());
    let (parameters, key) = token.unwrap();
    assert_eq!(key, KEY);
    assert_eq!(parameters.kind, AuthenticatorKind::Hotp);
    assert_eq!(parameters.algorithm, Some(Algorithm::Sha256.into()));
    assert_eq!((parameters.digits, parameters.counter), (Some(8), Some(42)));
    assert_eq!(
        (parameters.name.as_str(), parameters.period),
        ("token", None)
    );
}

#[test]
fn a_hyphen_reads_the_key_from_the_standard_input() {
    let host = alice_with(&[]);
    let hex = KEY
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let file = KeyFile::new("stdin", hex.as_bytes());
    let (code, _, error) = finished(&host.output(&Run {
        arguments: &[
            "authenticator",
            "add",
            "alice",
            "--kind",
            "totp",
            "--key-file",
            "-",
            "--hex",
            "--name",
            "token",
            "--period",
            "60",
        ],
        before: &format!("exec < {}", file.path()),
        ..Run::default()
    }));
    assert_eq!((code, error.as_str()), (0, ""));
    let token = host.daemon().account(|account| account.token.clone());
    let (parameters, key) = token.unwrap();
    assert_eq!((key.as_slice(), parameters.period), (KEY, Some(60)));
}

#[test]
fn a_bad_key_file_is_reported_without_its_text_and_calls_nothing() {
    let host = alice_with(&[]);
    let long = "A".repeat(2000);
    for (test, text, why) in [
        ("empty", "\n", "is empty"),
        ("words", "SECRET WORDS 1!", "not in base32: the letters A-Z"),
        ("hex", "3132333435363738", "If it is in hex, use --hex."),
        ("long", &long, "too long for a key"),
    ] {
        let file = KeyFile::new(test, text.as_bytes());
        let mut arguments = vec!["authenticator", "add", "alice", "--kind", "hotp"];
        arguments.extend(["--key-file", file.path(), "--name", "token"]);
        let (code, out, error) = finished(&host.output_with(&arguments));
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(
            error.contains(why) && error.contains("Nothing was changed."),
            "{error}"
        );
        assert!(
            !error.contains(text.trim()) || text.trim().is_empty(),
            "{error}"
        );
    }
    let arguments = [
        "authenticator",
        "add",
        "alice",
        "--kind",
        "hotp",
        "--key-file",
        "/no/such/file",
        "--name",
        "token",
    ];
    let (code, _, error) = finished(&host.output_with(&arguments));
    assert_eq!(code, 1);
    assert!(
        error.contains("The key cannot be read from /no/such/file"),
        "{error}"
    );
    assert!(host.daemon().calls().is_empty());
}

const PUBLIC_KEY: &str = "sk-ssh-ed25519@openssh.com AAAAGnNr alice@laptop";

#[test]
fn a_security_key_is_added_from_a_file_or_the_standard_input() {
    let words = [
        "authenticator",
        "add",
        "alice",
        "--kind",
        "security-key",
        "--key-file",
    ];
    let file = KeyFile::new("public", format!("# mine\n{PUBLIC_KEY}\n").as_bytes());
    let host = alice_with(&[]);
    let arguments = [&words[..], &[file.path(), "--name", "blue"]].concat();
    let (code, out, error) = finished(&host.output_with(&arguments));
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(out.starts_with("The security key blue was added."), "{out}");
    fits(&out);
    let arguments = [&words[..], &["-", "--json"]].concat();
    let (code, out, error) = finished(&host.output(&Run {
        arguments: &arguments,
        before: &format!("exec < {}", file.path()),
        ..Run::default()
    }));
    assert_eq!((code, error.as_str()), (0, ""));
    let expected = serde_json::json!({
        "user": "alice", "id": 7, "kind": "security-key", "name": "security key",
        "uid": 1000, "known": null
    });
    assert_eq!(crate::json(&out), expected);
    let (parameters, key) = host
        .daemon()
        .account(|account| account.token.clone())
        .unwrap();
    assert_eq!(key, PUBLIC_KEY.as_bytes());
    assert_eq!(parameters.kind, AuthenticatorKind::SecurityKey);
}

#[test]
fn what_is_no_security_key_is_refused_before_any_call() {
    let host = alice_with(&[]);
    let add = |text: &str, options: &[&str]| {
        let file = KeyFile::new("none", text.as_bytes());
        let words = ["authenticator", "add", "alice", "--kind", "security-key"];
        let arguments = [&words[..], &["--key-file", file.path()], options].concat();
        let (code, out, error) = finished(&host.output_with(&arguments));
        assert_eq!((code, out.as_str()), (1, ""), "{error}");
        assert!(error.contains("Nothing was changed."), "{error}");
        fits(&error);
        error
    };
    for (text, why) in [
        ("ssh-ed25519 AAAA alice\n", "is not in a security key"),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\n",
            "is a private key, which was not sent",
        ),
        ("", "has no public key"),
    ] {
        let error = add(text, &[]);
        assert!(error.contains(why), "{error}");
    }
    for option in [&["--digits", "8"][..], &["--counter", "1"], &["--hex"]] {
        assert!(add(PUBLIC_KEY, option).contains("computes no codes"));
    }
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn a_key_is_not_taken_from_the_command_line() {
    let host = alice_with(&[]);
    let arguments = [
        "authenticator",
        "add",
        "alice",
        "--kind",
        "hotp",
        "--key",
        BASE32,
        "--name",
        "token",
    ];
    assert_eq!(host.output_with(&arguments).status.code(), Some(2));
    // A token has no default name.
    let words = ["authenticator", "add", "alice", "--kind", "hotp"];
    let arguments = [&words[..], &["--key-file", "/no/such/file"]].concat();
    assert_eq!(host.output_with(&arguments).status.code(), Some(2));
}

#[test]
fn authenticators_are_listed_as_columns_and_as_json() {
    let host = alice_with(&["phone", "my token"]);
    let (code, out, _) = finished(&host.output_with(&["authenticator", "list", "alice"]));
    assert_eq!(code, 0);
    fits(&out);
    assert!(
        out.starts_with("ID    KIND  ADDED       LAST-USED         NAME\n1     totp"),
        "{out}"
    );
    assert!(out.ends_with("  my token\n"), "{out}");
    let (_, out, _) = finished(&host.output_with(&["authenticator", "list", "alice", "--json"]));
    let json = crate::json(&out);
    assert_eq!(
        (&json[1]["id"], &json[1]["name"]),
        (&2.into(), &"my token".into())
    );
    let (code, out, _) = finished(&host.output_with(&["authenticator", "list", "bob"]));
    assert_eq!((code, out.as_str()), (0, "bob has no authenticators.\n"));
}

#[test]
fn an_authenticator_is_removed_by_name_or_id() {
    for name in ["My Token", "2"] {
        let host = alice_with(&["phone", "my token"]);
        let arguments = ["authenticator", "remove", "alice", name];
        let (code, out, _) = finished(&host.output_with(&arguments));
        let expected = "The authenticator my token of alice was removed. The others still work.\n";
        assert_eq!((code, out.as_str()), (0, expected));
        assert_eq!(
            host.daemon().calls(),
            ["Show alice", "RemoveAuthenticator alice 2"]
        );
    }
}

#[test]
fn an_unknown_authenticator_is_refused_with_the_names() {
    let host = alice_with(&["phone", "tablet"]);
    let arguments = ["authenticator", "remove", "alice", "watch"];
    let (code, _, error) = finished(&host.output_with(&arguments));
    assert_eq!(code, 1);
    assert!(
        error.contains("alice has no authenticator with the name watch."),
        "{error}"
    );
    assert!(
        error.contains("The authenticators of alice: phone, tablet"),
        "{error}"
    );
    assert_eq!(host.daemon().calls(), ["Show alice"]);
}
