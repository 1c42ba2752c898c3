//! Exports: what is written, and that nothing is left behind.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use tfa_proto::{AuthenticatorKind, ExportedAuthenticator};
use tfa_testkit::{TestHost, finished};

use crate::{account, fits, host_with, json};

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// A host on which alice has a token.
fn host_with_token() -> TestHost {
    let host = host_with(vec![account("alice", "enabled")]);
    let mut token = ExportedAuthenticator::default();
    token.kind = AuthenticatorKind::Hotp.into();
    "token".clone_into(&mut token.name);
    KEY.clone_into(&mut token.key);
    token.digits = 6;
    token.counter = Some(4);
    host.daemon()
        .account(|account| account.exports = vec![token]);
    host
}

#[test]
fn uris_are_written_to_a_new_file_for_root_alone() {
    let host = host_with_token();
    let file = host.file("uris");
    let path = file.to_str().unwrap();
    let arguments = ["export", "otpauth", "alice", "--output", path];
    let (code, out, _) = finished(&host.output_with(&arguments));
    assert_eq!(code, 0);
    assert!(
        out.starts_with(&format!("1 key was exported to {path}.\n")),
        "{out}"
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with("otpauth://hotp/") && text.contains(":alice?secret="),
        "{text}"
    );
    assert!(
        text.contains(KEY) && text.contains("&counter=4\n"),
        "{text}"
    );
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert!(!out.contains(KEY));

    // Not over the file, nor through a link, and without a call to the daemon.
    let link = host.file("link");
    std::os::unix::fs::symlink(host.file("target"), &link).unwrap();
    for file in [&file, &link] {
        let arguments = [
            "export",
            "otpauth",
            "alice",
            "--output",
            file.to_str().unwrap(),
        ];
        let (code, _, error) = finished(&host.output_with(&arguments));
        assert!(
            code == 1 && error.contains("exists, and an export never replaces a file"),
            "{error}"
        );
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    assert!(!host.file("target").exists());
    assert_eq!(host.daemon().calls(), ["Export alice"]);
}

#[test]
fn an_export_that_fails_leaves_no_file() {
    let host = host_with_token();
    let file = host.file("keys");
    let arguments = [
        "export",
        "pskc",
        "alice",
        "nobody",
        "--output",
        file.to_str().unwrap(),
    ];
    let (code, _, error) = finished(&host.output_with(&arguments));
    assert!(code == 1 && error.contains("nobody"), "{error}");
    assert!(!file.exists());
}

#[test]
fn an_encrypted_container_is_imported_again() {
    let host = host_with_token();
    let (file, passphrase) = (host.file("keys.xml"), host.file("passphrase"));
    let words = ["export", "pskc", "alice", "--json", "--passphrase-file"];
    let rest = [
        passphrase.to_str().unwrap(),
        "--output",
        file.to_str().unwrap(),
    ];
    let export = || finished(&host.output_with(&[&words[..], &rest].concat()));
    // The keys are worth what the passphrase is worth.
    for (content, mode, said) in [
        ("correct", 0o600, "at least 12 characters"),
        ("correct horse\n", 0o644, "only root can read"),
    ] {
        std::fs::write(&passphrase, content).unwrap();
        std::fs::set_permissions(&passphrase, Permissions::from_mode(mode)).unwrap();
        let (code, _, error) = export();
        assert!(
            code == 1 && error.replace('\n', " ").contains(said),
            "{error}"
        );
        assert!(!file.exists());
    }
    std::fs::set_permissions(&passphrase, Permissions::from_mode(0o600)).unwrap();
    let (code, out, error) = export();
    assert_eq!(code, 0, "{error}");
    let out = json(&out);
    assert_eq!(out["encrypted"], true);
    assert_eq!(out["authenticators"][0]["name"], "token");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("<IterationCount>1300000<") && !text.contains("MTIzNDU2"),
        "{text}"
    );
    let arguments = [
        "import",
        "pskc",
        file.to_str().unwrap(),
        "--passphrase-file",
    ];
    let arguments = [&arguments[..], &[passphrase.to_str().unwrap()]].concat();
    let (code, out, _) = finished(&host.output_with(&arguments));
    assert!(
        code == 0 && out.starts_with("alice: would be imported: 1 counter"),
        "{out}"
    );
    let imports = host.daemon().account(|account| account.imports.clone());
    assert_eq!(imports[0].authenticators[0].key, b"12345678901234567890");
    assert_eq!(imports[0].authenticators[0].counter, Some(4));
}

#[test]
fn the_help_of_export_fits_and_a_file_is_needed() {
    let host = host_with_token();
    for arguments in [&["export", "--help"][..], &["export", "pskc", "--help"]] {
        let (code, out, _) = finished(&host.output_with(arguments));
        assert_eq!(code, 0);
        fits(&out);
    }
    for arguments in [&["export", "pskc", "alice"][..], &["export", "otpauth"]] {
        assert_eq!(finished(&host.output_with(arguments)).0, 2);
    }
    assert!(host.daemon().calls().is_empty());
}
