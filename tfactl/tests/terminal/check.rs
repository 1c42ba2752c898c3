//! The check of a policy. A script replaces the program of the daemon.

use tfa_testkit::{Run, TestHost, finished};

/// A script in place of `tfad`. It reports an error if the file has the word, and records its
/// arguments.
fn with_program(host: &TestHost) -> String {
    let folder = host.folder().display();
    let script = format!(
        "#!/bin/sh\necho \"$@\" > {folder}/called\n\
         if grep -q error \"$3\"; then echo \"tfad: $3: line 2: error\" >&2; exit 1; fi\n\
         echo \"tfad: $3: no errors, no warnings\" >&2\n"
    );
    host.script("tfad", &script);
    format!("mount -t tmpfs tmpfs /usr/sbin; cp {folder}/tfad /usr/sbin/")
}

fn called(host: &TestHost) -> String {
    std::fs::read_to_string(host.file("called")).unwrap()
}

fn check(host: &TestHost, before: &str, file: &[&str]) -> (i32, String, String) {
    finished(&host.output(&Run {
        arguments: &[&["policy", "check"], file].concat(),
        before,
        ..Run::default()
    }))
}

/// The daemon does not run.
fn host() -> TestHost {
    TestHost::without_daemon(env!("CARGO_BIN_EXE_tfactl"))
}

#[test]
fn a_policy_is_checked_while_the_daemon_is_down() {
    let host = host();
    let before = with_program(&host);
    std::fs::write(host.file("new.toml"), "").unwrap();
    let (code, out, error) = check(&host, &before, &["new.toml"]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(error, "tfad: new.toml: no errors, no warnings\n");
    assert_eq!(called(&host), "--check --config new.toml --draft\n");
}

#[test]
fn an_error_is_printed_unchanged_and_fails() {
    let host = host();
    let before = with_program(&host);
    std::fs::write(host.file("new.toml"), "error").unwrap();
    let (code, out, error) = check(&host, &before, &["new.toml", "--strict"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(error, "tfad: new.toml: line 2: error\n");
    assert_eq!(
        called(&host),
        "--check --config new.toml --draft --strict\n"
    );
}

#[test]
fn without_a_file_the_hosts_policy_is_checked_not_as_draft() {
    let host = host();
    let before = with_program(&host);
    let before =
        format!("{before}; mount -t tmpfs tmpfs /etc; mkdir /etc/tfa; touch /etc/tfa/tfad.toml");
    let (code, _, error) = check(&host, &before, &[]);
    assert_eq!(code, 0);
    assert_eq!(error, "tfad: /etc/tfa/tfad.toml: no errors, no warnings\n");
    assert_eq!(called(&host), "--check --config /etc/tfa/tfad.toml\n");
}

#[test]
fn a_missing_daemon_is_named() {
    let host = host();
    let (code, _, error) = check(&host, "mount -t tmpfs tmpfs /usr/sbin", &["x"]);
    assert_eq!(code, 1);
    assert!(error.contains("/usr/sbin/tfad"), "{error}");
}

#[test]
fn an_error_of_the_command_line_cannot_control_the_terminal() {
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfactl"), tfa_proto::Status::default());
    let (code, out, error) = finished(&host.output_with(&["show\u{1b}[2J\u{202e}"]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("show?[2J?"), "{error}");
    assert!(!error.contains(['\u{1b}', '\u{202e}']), "{error}");
}
