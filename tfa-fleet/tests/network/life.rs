//! Two programs from their start to their end.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use rustix::process::Signal;
use tfa_fleet_wire::LinkErrorKind;
use tonic::Status;

use crate::TIMEOUT;
use crate::authority::{Authority, Issued, ServerAuth, expired, not_yet_valid};
use crate::fixture::{Folder, Program, verifier_line};
use crate::test_verifier::{TestVerifier, changed_reply};
use crate::tls_client::{assert_closed, config, connect, is_served};

#[test]
fn member_and_verifier_say_hello() {
    let authority = Authority::new();
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let member = authority.issue_member("web1.test");
    let member = Program::member(&member, authority.certificate(), address);
    member.wait_for_line("connected to v1.test");

    let status = member.status();
    assert_eq!((&*status.host, status.hosts), ("web1.test", 0));
    let link = &status.verifiers[0];
    assert!(link.is_connected && link.error.is_none() && link.round_trip_us.is_some());
    // One clock, and half a round trip on a busy host.
    assert!(link.clock_ahead_ms.unwrap().abs() < 60_000);

    let status = verifier.status();
    assert_eq!((&*status.host, status.hosts), ("v1.test", 1));
    assert_eq!(status.verifiers, []);
}

#[test]
fn verifier_stops_cleanly_and_the_member_comes_back() {
    let authority = Authority::new();
    let host = authority.issue("v1.test");
    let (mut verifier, address) = Program::verifier(&host, authority.certificate(), "");
    let member = authority.issue_member("web1.test");
    let member = Program::member(&member, authority.certificate(), address);
    member.wait_for_line("connected to v1.test");

    verifier.send(Signal::TERM);
    assert!(verifier.wait().success());
    verifier.wait_for_line("stopping");
    assert!(!verifier.folder.path().join("call").exists());
    member.wait_for_line("v1.test closed the connection");
    member.wait_for_line("cannot connect to v1.test: ");

    let again = format!("listen = ['{address}']");
    let _verifier = Program::start(&host, authority.certificate(), &again);
    member.wait_for_line("connected to v1.test");
}

#[test]
fn killed_verifier_is_noticed_at_once() {
    let authority = Authority::new();
    let host = authority.issue("v1.test");
    let (mut verifier, address) = Program::verifier(&host, authority.certificate(), "");
    let member = authority.issue_member("web1.test");
    let mut member = Program::member(&member, authority.certificate(), address);
    member.wait_for_line("connected to v1.test");
    verifier.send(Signal::KILL);
    verifier.wait();
    member.wait_for_line("cannot connect to v1.test: ");
    assert!(!member.status().verifiers[0].is_connected);
    // A member that is not connected stops as well.
    member.send(Signal::TERM);
    assert!(member.wait().success());
}

#[test]
fn connection_ends_after_its_time() {
    let authority = Authority::new();
    let limits = "limits = { connection_seconds = 1 }";
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), limits);
    let host = config(&authority, Some(&authority.issue_member("web1.test"))).into();
    let mut stream = connect(address, &host);
    assert!(is_served(&mut stream));
    assert_closed(&mut stream);
}

#[test]
fn member_opens_the_next_connection_before_the_old_one_ends() {
    let authority = Authority::new();
    // It tells an end that never comes.
    let reply = changed_reply(|reply| reply.connection_ms = 10);
    let verifier = TestVerifier::start(&authority.issue("v1.test"), reply);
    let member = authority.issue_member("web1.test");
    let member = Program::member(&member, authority.certificate(), verifier.address);
    for _ in 0..2 {
        member.wait_for_line("connected to v1.test");
        assert!(member.status().verifiers[0].is_connected);
    }
    // The member closes the old one, and notes no end of the new one.
    verifier.closed.recv_timeout(TIMEOUT).unwrap();
    let link = &member.status().verifiers[0];
    assert!(link.is_connected && link.error.is_none());
}

#[test]
fn broken_connection_leaves_its_reason_and_no_old_figures() {
    let authority = Authority::new();
    let host = authority.issue("v1.test");
    let (mut verifier, address) = Program::verifier(&host, authority.certificate(), "");
    let member = authority.issue_member("web1.test");
    let member = Program::member(&member, authority.certificate(), address);
    member.wait_for_line("connected to v1.test");
    verifier.send(Signal::KILL);
    verifier.wait();
    member.wait_for_line("v1.test ");
    let link = &member.status().verifiers[0];
    assert!(!link.is_connected && link.error.is_some());
    assert_eq!((link.clock_ahead_ms, link.round_trip_us), (None, None));
}

#[test]
fn text_of_a_verifier_is_cleaned_where_it_comes_in() {
    let authority = Authority::new();
    let message = format!("\u{202e}\u{1b}[2J{}", "x".repeat(1500));
    let reply = Err(Status::internal(message));
    let verifier = TestVerifier::start(&authority.issue("v1.test"), reply);
    let member = authority.issue_member("web1.test");
    let member = Program::member(&member, authority.certificate(), verifier.address);
    let line = member.wait_for_line("cannot connect to v1.test: Hello failed: Internal: ??[2Jxxx");
    let error = member.status().verifiers[0].error.clone().unwrap();
    assert_eq!(error.kind, LinkErrorKind::Protocol);
    assert!(error.text.starts_with("Hello failed: Internal: ??[2Jxxx"));
    for text in [line, error.text] {
        assert!(text.chars().count() < 1100, "{}", text.len());
    }
}

#[test]
fn verifier_without_a_version_is_refused_and_a_newer_one_is_not() {
    let authority = Authority::new();
    let member = authority.issue_member("web1.test");
    let host = authority.issue("v1.test");
    for (version, expected) in [(0, "no version"), (7, "connected to")] {
        let reply = changed_reply(|reply| reply.version = version);
        let verifier = TestVerifier::start(&host, reply);
        let member = Program::member(&member, authority.certificate(), verifier.address);
        let line = member.wait_for_line("connect");
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn reload_reads_the_certificates_again() {
    let authority = Authority::new();
    let old = authority.issue("v1.test");
    let (verifier, address) = Program::verifier(&old, authority.certificate(), "");
    let config = config(&authority, Some(&authority.issue_member("web1.test"))).into();
    let shown = || {
        let mut stream = connect(address, &config);
        assert!(is_served(&mut stream));
        stream.conn.peer_certificates().unwrap()[0].to_vec()
    };
    assert_eq!(shown(), old.chain[0]);

    let new = authority.issue("v1.test");
    new.write(verifier.folder.path(), authority.certificate());
    verifier.send(Signal::HUP);
    verifier.wait_for_line("read the certificates again");
    assert_eq!(shown(), new.chain[0]);

    fs::write(verifier.folder.path().join("host.pem"), "").unwrap();
    verifier.send(Signal::HUP);
    verifier.wait_for_line("keeping the current certificates: ");
    assert_eq!(shown(), new.chain[0]);

    for (what, wrong) in wrong_for_a_verifier(&authority) {
        wrong.write(verifier.folder.path(), authority.certificate());
        verifier.send(Signal::HUP);
        let line = verifier.wait_for_line("certificates");
        assert!(line.contains("keeping the current"), "{what}: {line}");
        assert_eq!(shown(), new.chain[0], "{what}");
    }
    let renamed = authority.issue("v2.test");
    renamed.write(verifier.folder.path(), authority.certificate());
    verifier.send(Signal::HUP);
    let line = verifier.wait_for_line("certificates");
    assert!(
        line.contains("host.pem: it names v2.test, and this host is v1.test"),
        "{line}"
    );
    assert_eq!(shown(), new.chain[0]);
    assert_eq!(verifier.status().host, "v1.test");
}

/// Certificates of v1.test that each member refuses.
fn wrong_for_a_verifier(authority: &Authority) -> [(&'static str, Issued); 4] {
    let changed = |change: fn(&mut _)| authority.issue_changed("v1.test", change);
    [
        ("expired", changed(expired)),
        ("not yet valid", changed(not_yet_valid)),
        ("of a member", authority.issue_member("v1.test")),
        ("of another authority", Authority::new().issue("v1.test")),
    ]
}

/// Starts the program, which must fail, and returns what it prints.
pub(crate) fn failure(folder: &Folder) -> String {
    let mut program = folder.command().stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let mut text = String::new();
    for line in lines.map_while(Result::ok) {
        if line.ends_with(">ready") {
            program.kill().unwrap();
        }
        text += &line;
    }
    assert_eq!(program.wait().unwrap().code(), Some(1), "{text}");
    text
}

#[test]
fn program_does_not_start_with_a_wrong_file() {
    let authority = Authority::new();
    let folder = Folder::new();
    let good = "listen = ['127.0.0.1:0']";
    assert!(failure(&folder).contains("tfa-fleet.toml"));

    authority
        .issue("v1.test")
        .write(folder.path(), authority.certificate());
    folder.configure("listening = 1");
    assert!(failure(&folder).contains("listening"));

    folder.configure(good);
    let key = folder.path().join("key.pem");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&key, open).unwrap();
    assert!(failure(&folder).contains("run chmod 600"));

    let other = authority.issue("v1.test");
    let mut mixed = authority.issue("v1.test");
    mixed.key = other.key;
    mixed.write(folder.path(), authority.certificate());
    assert!(failure(&folder).contains("key.pem"));

    fs::write(&key, "secret-of-the-test").unwrap();
    let text = failure(&folder);
    assert!(text.contains("no private key in PEM") && !text.contains("secret-of"));

    let nameless = authority.issue_changed("v1.test", |params| params.subject_alt_names.clear());
    nameless.write(folder.path(), authority.certificate());
    assert!(failure(&folder).contains("no DNS name"));

    for (what, wrong) in wrong_for_a_verifier(&authority) {
        wrong.write(folder.path(), authority.certificate());
        let text = failure(&folder);
        assert!(text.contains("other hosts would refuse"), "{what}: {text}");
    }
    // On a member, the purpose clientAuth is needed, and no other one.
    folder.configure("verifiers = ['v2.test:7443']");
    let server = authority.issue_changed("v1.test", |params| {
        params.extended_key_usages = vec![ServerAuth];
    });
    server.write(folder.path(), authority.certificate());
    assert!(failure(&folder).contains("other hosts would refuse"));

    let mut long = fs::read(folder.path().join("ca.pem")).unwrap();
    long.resize(1024 * 1024 + 1, b'\n');
    fs::write(folder.path().join("ca.pem"), long).unwrap();
    assert!(failure(&folder).contains("ca.pem: the file is longer than 1 MiB"));
}

#[test]
fn help_is_printed_to_the_standard_output() {
    let output = Folder::new().command().arg("--help").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("usage: tfa-fleet "), "{text}");
    assert_eq!(output.stderr, []);
}

#[test]
fn member_of_a_verifier_that_is_absent_is_ready() {
    let authority = Authority::new();
    // A port that was free a moment ago, on which nothing listens now.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let member = authority.issue_member("web1.test");
    let member = Program::start(&member, authority.certificate(), &verifier_line(address));
    member.wait_for_line("cannot connect to v1.test: ");
    let link = &member.status().verifiers[0];
    assert!(!link.is_connected);
    assert_eq!(
        link.error.as_ref().unwrap().kind,
        LinkErrorKind::Unreachable
    );
}
