//! Hosts that join the fleet of a verifier, and renew their certificates: the program, the code of tfad, and the
//! code of the program that signs.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use rustix::process::geteuid;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tfa_core::{
    Fingerprint, FleetHost, HostName, HostRefusal, InvitationSecret, JoinToken, Time,
    VerifierAddress,
};
use tfa_fleet::generated::{
    AnswerRequest, BeginRequest, CancelRequest, HelloRequest, JoinRequest, ListVerifiersRequest,
    RenewRequest,
};
use tfa_fleet::messages;
use tfa_fleet_wire::{
    CaReply, CaRequest, Connection, HostCall, HostReply, KeyRequest, VerifierCall, frame,
};
use tfa_store::{DocumentId, DocumentKind, Documents as _};
use tfa_testkit::MemoryStore;
use tfad::fleet::{CertificateAuthority, Hosts, MemberLogins};
use tfad::host::users::Nss;
use tonic::Code;

use crate::TIMEOUT;
use crate::authority::{Authority, Issued};
use crate::fixture::{Folder, Program};
use crate::life::failure;
use crate::logins::fleet::state;
use crate::reports::report_in;
use crate::requests::{client_of, runtime};
use crate::tls_client::{assert_closed, config, config_of, connect, connect_to, is_served};

const DAY: u64 = 24 * 3600;

/// Signs as the program does. Certificates end after this number of seconds, if it is not 0.
#[derive(Default)]
struct Ca(AtomicU64);

impl CertificateAuthority for Ca {
    fn call(&self, request: &CaRequest) -> Result<CaReply, String> {
        let mut request = request.clone();
        if let (CaRequest::Sign { validity, .. }, lasts @ 1..) =
            (&mut request, self.0.load(Ordering::Relaxed))
        {
            validity.until = validity.from + 3600 + lasts;
        }
        Ok(tfa_fleet_ca::answer(request))
    }
}

/// Runs the program for one thing, as tfactl does.
fn run(task: &str, folder: &Path, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tfa-fleet"))
        .arg(task)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
fn succeed(task: &str, folder: &Path, input: &str) -> Vec<String> {
    let output = run(task, folder, input);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[track_caller]
fn fail(task: &str, folder: &Path, input: &str) -> String {
    let output = run(task, folder, input);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

/// A verifier called localhost, whose fleet has an authority of its own.
struct Verifier {
    store: Arc<MemoryStore>,
    hosts: Hosts,
    ca: Arc<Ca>,
    /// Its first key.
    key: Fingerprint,
    address: SocketAddr,
    program: Program,
}

impl Verifier {
    fn start() -> Self {
        Self::start_lasting(0)
    }

    /// One whose own first certificate lasts this number of seconds. One of a few seconds has ended at the start.
    fn start_lasting(lasts: u64) -> Self {
        let verifier = Self::listening(&Arc::default(), Arc::default(), "localhost", lasts);
        verifier.serve();
        verifier
    }

    /// A verifier whose tfad answers nothing yet. All in one store are of one fleet.
    fn listening(store: &Arc<MemoryStore>, ca: Arc<Ca>, name: &str, lasts: u64) -> Self {
        let journal = Arc::clone(&state().journal);
        let hosts = Hosts::new(Arc::clone(store) as _, journal);
        let hosts = hosts.certified_by(Arc::clone(&ca) as _);
        let folder = Folder::new();
        let lines = succeed("--request-certificate", folder.path(), "");
        let [point, proof] = &lines[..] else {
            panic!("{lines:?}");
        };
        let bytes = |text: &String| HEXLOWER.decode(text.as_bytes()).unwrap();
        let (point, proof) = (bytes(point).try_into().unwrap(), bytes(proof));
        let key = Fingerprint::of_point(&point);
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        ca.0.store(lasts, Ordering::Relaxed);
        let request = KeyRequest { point, proof };
        let founded = hosts.found(&HostName::new(name).unwrap(), address.port(), &request);
        ca.0.store(0, Ordering::Relaxed);
        let founded = founded.unwrap();
        let [certificate, authority] =
            [&founded.certificate, &founded.authority].map(|der| HEXLOWER.encode(der));
        let input = format!("{certificate}\n{authority}\n");
        let named = succeed("--accept-certificate", folder.path(), &input);
        assert_eq!(named, [name]);
        if (1..DAY).contains(&lasts) {
            thread::sleep(Duration::from_secs(lasts + 1));
        }
        let program = Program::managed(folder, &format!("listen = ['{address}']"));
        Self {
            store: Arc::clone(store),
            hosts,
            ca,
            key,
            address,
            program,
        }
    }

    /// A further verifier of the fleet.
    fn further(&self, name: &str) -> Self {
        Self::listening(&self.store, Arc::clone(&self.ca), name, 0)
    }

    /// Answers as tfad of the verifier.
    fn serve(&self) {
        self.serve_lied_to(|call| call);
    }

    /// The same, where `lie` stands for a tfa-fleet of the verifier that changes what a host has asked for.
    fn serve_lied_to(&self, lie: impl Fn(VerifierCall) -> VerifierCall + Send + Sync + 'static) {
        let store = Arc::clone(&self.store);
        let logins = MemberLogins::new(state(), store as _, Arc::new(Nss));
        let logins = Arc::new(logins.certified_by(Arc::clone(&self.ca) as _));
        self.serve_with(move |call| match lie(call) {
            VerifierCall::Member(call) => frame::encode(&logins.answer(call)).unwrap().to_vec(),
            VerifierCall::Host(call) => frame::encode(&logins.hosts().answer(&call))
                .unwrap()
                .to_vec(),
        });
    }

    fn serve_with(&self, answer: impl Fn(VerifierCall) -> Vec<u8> + Send + Sync + 'static) {
        let answer = Arc::new(answer);
        let listener = UnixListener::bind(self.program.folder.path().join("fleet")).unwrap();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let answer = Arc::clone(&answer);
                thread::spawn(move || {
                    let uid = geteuid().as_raw();
                    let mut connection = Connection::accept(stream, uid, TIMEOUT).unwrap();
                    while let Ok(call) = connection.receive() {
                        connection.send(&answer(call)).unwrap();
                    }
                });
            }
        });
    }

    fn invite(&self, host: &str) -> JoinToken {
        let host = HostName::new(host).unwrap();
        let hour = Duration::from_secs(3600);
        let (text, _) = self.hosts.invite(0, &host, None, hour).unwrap();
        let mut token = JoinToken::parse(&text).unwrap();
        // The other ones have no address.
        token.verifiers.retain(|one| one.name == localhost());
        token
    }

    /// Joins web1.test, with a new token. Returns what the program prints.
    fn join_web1(&self, folder: &Folder) -> Vec<String> {
        succeed("--join", folder.path(), &text(&self.invite("web1.test")))
    }

    fn document(&self, host: &str) -> Option<FleetHost> {
        let id = DocumentId::new(DocumentKind::Host, host).unwrap();
        let found = self.store.document(&id).unwrap();
        found.map(|(record, _)| FleetHost::decode(record.as_bytes()).unwrap())
    }

    fn member(&self, folder: Folder) -> Program {
        let port = self.address.port();
        Program::managed(folder, &format!("verifiers = ['localhost:{port}']"))
    }
}

fn localhost() -> HostName {
    HostName::new("localhost").unwrap()
}

fn text(token: &JoinToken) -> String {
    token.to_text().to_string()
}

fn host_file(folder: &Folder) -> PathBuf {
    folder.path().join("host.pem")
}

#[test]
fn host_joins_with_its_token_and_connects() {
    let verifier = Verifier::start();
    let folder = Folder::new();
    let lines = verifier.join_web1(&folder);
    let port = verifier.address.port();
    let line = format!("verifiers = [\"localhost:{port}\"]");
    assert_eq!(lines, ["web1.test".to_owned(), line]);
    let mode = fs::metadata(host_file(&folder))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!folder.path().join("new.pem").exists());
    let member = verifier.member(folder);
    member.wait_for_line("connected to localhost");
    assert_eq!(member.status().host, "web1.test");
}

#[test]
fn other_authority_than_that_of_the_token_is_not_trusted_and_uses_nothing_up() {
    let verifier = Verifier::start();
    let token = verifier.invite("web1.test");
    let mut forged = token.clone();
    forged.authority = Fingerprint::new([1; Fingerprint::LENGTH]);
    let folder = Folder::new();
    let why = fail("--join", folder.path(), &text(&forged));
    assert!(why.contains("UnknownIssuer"), "{why}");
    assert!(!host_file(&folder).exists() && verifier.document("web1.test").is_none());
    succeed("--join", folder.path(), &text(&token));
}

#[test]
fn copied_token_is_refused_and_the_same_host_gets_its_certificate_again() {
    let verifier = Verifier::start();
    let token = text(&verifier.invite("web1.test"));
    let (folder, thief) = (Folder::new(), Folder::new());
    succeed("--join", folder.path(), &token);
    let why = fail("--join", thief.path(), &token);
    assert!(why.contains("another host has joined with it"), "{why}");
    assert!(!host_file(&thief).exists());
    // The command that makes the host a member was interrupted after it, and is run again.
    succeed("--join", folder.path(), &token);
    // A further token has a key of its own: the host was removed, because its key was stolen.
    let key = || PrivateKeyDer::from_pem_file(host_file(&folder)).unwrap();
    let stolen = key();
    let name = HostName::new("web1.test").unwrap();
    verifier.hosts.remove(0, &name).unwrap();
    let token = text(&verifier.invite("web1.test"));
    succeed("--join", folder.path(), &token);
    assert_ne!(key().secret_der(), stolen.secret_der());
    verifier
        .member(folder)
        .wait_for_line("connected to localhost");
}

/// The request for a certificate for this key.
fn key_request(key: &KeyPair) -> KeyRequest {
    let point = key.der_bytes().try_into().unwrap();
    let proof = key.sign(&KeyRequest::signed(&point)).unwrap();
    KeyRequest { point, proof }
}

#[test]
fn verifier_that_swaps_the_key_has_it_not_certified_and_sees_no_secret() {
    let verifier = Verifier::listening(&Arc::default(), Arc::default(), "localhost", 0);
    let (lies, seen) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(Mutex::new(Vec::new())),
    );
    let (is_lying, frames) = (Arc::clone(&lies), Arc::clone(&seen));
    let thief = key_request(&KeyPair::generate().unwrap());
    verifier.serve_lied_to(move |mut call| {
        frames.lock().unwrap().push(frame::encode(&call).unwrap());
        if let VerifierCall::Host(HostCall::Join { request, .. }) = &mut call
            && is_lying.load(Ordering::Relaxed)
        {
            *request = thief.clone();
        }
        call
    });
    let token = verifier.invite("web1.test");
    let folder = Folder::new();
    let why = fail("--join", folder.path(), &text(&token));
    assert!(why.contains("does not prove the key"), "{why}");
    assert!(verifier.document("web1.test").is_none());
    let secret = *token.secret.0;
    for frame in seen.lock().unwrap().iter() {
        assert!(!frame.windows(secret.len()).any(|part| part == secret));
    }
    assert!(!seen.lock().unwrap().is_empty());
    // The invitation is open, and what was seen is of no use.
    lies.store(false, Ordering::Relaxed);
    succeed("--join", folder.path(), &text(&token));
}

#[test]
fn host_of_a_former_version_is_told_to_upgrade() {
    let verifier = Verifier::start();
    let token = verifier.invite("web1.test");
    let ca = verifier.program.folder.path().join("ca.pem");
    let ca = CertificateDer::from_pem_file(ca).unwrap();
    runtime().block_on(async {
        let mut client = client_of("localhost", verifier.address, config_of(ca, None)).await;
        // It sends the secret in a field that is not read any more, and no proof.
        let request = JoinRequest {
            invitation: token.id.0.to_vec(),
            key: Some(messages::key_request(&key_request(
                &KeyPair::generate().unwrap(),
            ))),
            ..JoinRequest::default()
        };
        let status = client.join(request).await.err().unwrap();
        assert_eq!(status.code(), Code::InvalidArgument);
        let text = status.message();
        assert!(
            text.contains("upgrade tfa and tfa-fleet of this host"),
            "{text}"
        );
    });
    assert!(verifier.document("web1.test").is_none());
    succeed("--join", Folder::new().path(), &text(&token));
}

#[test]
fn wrong_secret_and_other_texts_are_refused() {
    let verifier = Verifier::start();
    let mut token = verifier.invite("web1.test");
    let folder = Folder::new();
    for other in ["", "tfa-join-AAAA", &text(&token)[..60]] {
        let why = fail("--join", folder.path(), other);
        assert!(why.contains("Copy all of it"), "{why}");
    }
    token.secret = InvitationSecret([9; InvitationSecret::LENGTH].into());
    let why = fail("--join", folder.path(), &text(&token));
    assert!(why.contains("does not prove the key"), "{why}");
}

#[test]
fn certificate_of_another_host_than_that_of_the_token_is_not_kept() {
    let verifier = Verifier::start();
    let token = verifier.invite("web1.test");
    let folder = Folder::new();
    let mut other = token.clone();
    other.host = HostName::new("web2.test").unwrap();
    let why = fail("--join", folder.path(), &text(&other));
    assert!(
        why.contains("the certificate is for another host, web1.test"),
        "{why}"
    );
    assert!(!host_file(&folder).exists());
    succeed("--join", folder.path(), &text(&token));
}

#[test]
fn verifier_that_does_not_run_is_named() {
    let verifier = Verifier::start();
    let mut token = verifier.invite("web1.test");
    let down = VerifierAddress {
        name: localhost(),
        port: 1,
    };
    token.verifiers = vec![down.clone()];
    let folder = Folder::new();
    let why = fail("--join", folder.path(), &text(&token));
    assert!(why.starts_with("localhost:1 does not answer"), "{why}");
    // One that is down does not hide the next one.
    token.verifiers = vec![
        down,
        VerifierAddress {
            name: localhost(),
            port: verifier.address.port(),
        },
    ];
    succeed("--join", folder.path(), &text(&token));
}

#[test]
fn client_without_a_certificate_can_join_and_nothing_else() {
    let verifier = Verifier::start();
    let ca = verifier.program.folder.path().join("ca.pem");
    let ca = CertificateDer::from_pem_file(ca).unwrap();
    runtime().block_on(async {
        let tls = config_of(ca, None);
        let mut client = client_of("localhost", verifier.address, tls).await;
        let hello = HelloRequest {
            version: 1,
            features: Vec::new(),
        };
        let codes = [
            client.hello(hello).await.map(drop),
            client.begin(BeginRequest::default()).await.map(drop),
            client.answer(AnswerRequest::default()).await.map(drop),
            client.cancel(CancelRequest::default()).await.map(drop),
            client.renew(RenewRequest::default()).await.map(drop),
            client
                .list_verifiers(ListVerifiersRequest {})
                .await
                .map(drop),
        ];
        for result in codes {
            assert_eq!(result.unwrap_err().code(), Code::Unauthenticated);
        }
        let join = client.join(JoinRequest::default()).await;
        assert_eq!(join.err().unwrap().code(), Code::InvalidArgument);
        let long = JoinRequest {
            invitation: vec![1; 2048],
            ..JoinRequest::default()
        };
        assert_eq!(
            client.join(long).await.err().unwrap().code(),
            Code::OutOfRange
        );
    });
}

#[test]
fn clients_without_a_certificate_are_few_at_once() {
    let verifier = Verifier::start();
    let ca = verifier.program.folder.path().join("ca.pem");
    let tls: Arc<_> = config_of(CertificateDer::from_pem_file(ca).unwrap(), None).into();
    let mut guests: Vec<_> = (0..4)
        .map(|_| connect_to("localhost", verifier.address, &tls))
        .collect();
    assert!(guests.iter_mut().all(is_served));
    let mut fifth = connect_to("localhost", verifier.address, &tls);
    assert!(is_served(&mut fifth));
    assert_closed(&mut guests[0]);
    verifier
        .program
        .wait_for_line("too many clients without a certificate");
    // A host that joins takes the place of the next one.
    let folder = Folder::new();
    let token = text(&verifier.invite("web1.test"));
    let joined = run("--join", folder.path(), &token);
    assert!(joined.status.success());
    assert_closed(&mut guests[1]);
    verifier
        .member(folder)
        .wait_for_line("connected to localhost");
}

#[test]
fn client_without_a_certificate_is_served_by_a_fleet_with_an_authority_alone() {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let stranger = config(&authority, None).into();
    let mut stream = connect(address, &stranger);
    assert!(!is_served(&mut stream));
    assert_closed(&mut stream);
}

#[test]
fn certificate_is_renewed_in_its_last_third() {
    let verifier = Verifier::start();
    let folder = Folder::new();
    verifier.ca.0.store(9 * DAY, Ordering::Relaxed);
    verifier.join_web1(&folder);
    verifier.ca.0.store(0, Ordering::Relaxed);
    let before = fs::read(host_file(&folder)).unwrap();
    let first = verifier.document("web1.test").unwrap();
    let member = verifier.member(folder);
    member.wait_for_line("read the certificates again");
    assert_ne!(fs::read(host_file(&member.folder)).unwrap(), before);
    assert_ne!(verifier.document("web1.test").unwrap(), first);
    assert!(!member.folder.path().join("new.pem").exists());
    // The one of now is good for the next connection.
    let folder = Folder::new();
    for name in ["host.pem", "ca.pem"] {
        fs::copy(member.folder.path().join(name), folder.path().join(name)).unwrap();
    }
    drop(member);
    verifier
        .member(folder)
        .wait_for_line("connected to localhost");
}

#[test]
fn certificate_that_has_ended_is_told_with_what_to_do() {
    let verifier = Verifier::start();
    let folder = Folder::new();
    verifier.ca.0.store(2, Ordering::Relaxed);
    verifier.join_web1(&folder);
    thread::sleep(Duration::from_secs(3));
    let lines = "verifiers = ['localhost:1']";
    fs::write(folder.path().join("tfa-fleet.toml"), lines).unwrap();
    let text = failure(&folder);
    assert!(
        text.contains("Join again: run tfactl host invite"),
        "{text}"
    );
}

#[track_caller]
fn renews_its_own_certificate(verifier: &Verifier) {
    let first = verifier.document("localhost").unwrap();
    verifier
        .program
        .wait_for_line("read the certificates again");
    assert_ne!(verifier.document("localhost").unwrap(), first);
    // The key of before renews nothing, although a verifier makes no calls.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Time::from_secs(now.as_secs());
    let until = Instant::now() + TIMEOUT;
    let renews = |verifier: &Verifier| {
        let document = verifier.document("localhost").unwrap();
        document.may_renew(verifier.key, now)
    };
    while renews(verifier).is_ok() && Instant::now() < until {
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(renews(verifier), Err(HostRefusal::FormerKey));
    // It accepts hosts with it.
    let folder = Folder::new();
    verifier.join_web1(&folder);
}

#[test]
fn verifier_whose_certificate_has_ended_starts_and_renews_it() {
    let verifier = Verifier::start_lasting(1);
    renews_its_own_certificate(&verifier);
}

#[test]
fn verifier_renews_its_own_certificate() {
    let verifier = Verifier::start_lasting(9 * DAY);
    renews_its_own_certificate(&verifier);
}

#[test]
fn host_that_was_removed_gets_no_further_certificate() {
    let verifier = Verifier::start();
    let folder = Folder::new();
    verifier.ca.0.store(9 * DAY, Ordering::Relaxed);
    verifier.join_web1(&folder);
    verifier
        .hosts
        .remove(0, &HostName::new("web1.test").unwrap())
        .unwrap();
    let member = verifier.member(folder);
    let line = member.wait_for_line("cannot renew the certificate of this host");
    assert!(line.contains("it was removed from the fleet"), "{line}");
}

/// The lines of a member for a verifier that is called v2.test.
fn lines_for(v2: &Verifier, more: &str) -> String {
    let port = v2.address.port();
    format!("verifiers = [{more}'v2.test:{port}']\naddresses = {{ 'v2.test' = '127.0.0.1' }}")
}

#[test]
fn certificate_is_renewed_where_a_verifier_refuses_to_and_another_does() {
    let verifier = Verifier::start();
    let (folder, token) = (Folder::new(), text(&verifier.invite("web1.test")));
    verifier.ca.0.store(9 * DAY, Ordering::Relaxed);
    succeed("--join", folder.path(), &token);
    verifier.ca.0.store(0, Ordering::Relaxed);
    // It has no etcd now, or cannot sign. It is asked first, second and third by three of four members.
    let broken: Vec<_> = ["v2.test", "v3.test", "v4.test"]
        .map(|name| {
            let broken = verifier.further(name);
            broken.serve_with(|_| {
                let refused = HostReply::Refused {
                    error: "org.tfad.Tfa1.Error.Storage".to_owned(),
                    text: "etcd does not answer".to_owned(),
                };
                frame::encode(&refused).unwrap().to_vec()
            });
            (name, broken)
        })
        .into();
    let mut lines = "verifiers = [".to_owned();
    for (name, broken) in &broken {
        lines += &format!("'{name}:{}', ", broken.address.port());
    }
    lines += &format!("'localhost:{}']\naddresses = {{ ", verifier.address.port());
    for (name, _) in &broken {
        lines += &format!("'{name}' = '127.0.0.1', ");
    }
    let lines = lines.trim_end_matches(", ").to_owned() + " }";
    let member = Program::managed(folder, &lines);
    member.wait_for_line("read the certificates again");
}

#[test]
fn member_learns_of_a_further_verifier_and_forgets_one_that_is_none() {
    let verifier = Verifier::start();
    let folder = Folder::new();
    verifier.join_web1(&folder);
    let v2 = verifier.further("v2.test");
    v2.serve();
    // Of a time before. That of another fleet does not count.
    let ca = fs::read(folder.path().join("ca.pem")).unwrap();
    let ca = CertificateDer::from_pem_slice(&ca).unwrap();
    let ca = HEXLOWER.encode(Fingerprint::of(&ca).as_bytes());
    let list = folder.path().join("verifiers");
    fs::write(&list, format!("authority {ca}\ngone.test:1\n")).unwrap();
    let member = Program::managed(folder, &lines_for(&v2, "'kept.test:1', "));
    let names = |member: &Program| {
        let verifiers = member.status().verifiers.into_iter();
        verifiers.map(|one| one.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&member), ["kept.test", "v2.test", "gone.test"]);
    member.wait_for_line("learned of the verifier localhost:");
    member.wait_for_line("kept.test is none of the verifiers that the fleet has now");
    member.wait_for_line("gone.test is not a verifier of the fleet any more");
    member.wait_for_line("connected to localhost");
    assert_eq!(names(&member), ["kept.test", "v2.test", "localhost"]);

    // It is known after a restart, also where the others are lost.
    let again = Folder::new();
    for name in ["host.pem", "ca.pem", "verifiers"] {
        fs::copy(member.folder.path().join(name), again.path().join(name)).unwrap();
    }
    drop((member, v2));
    let member = Program::managed(again, "verifiers = ['kept.test:1']");
    member.wait_for_line("connected to localhost");

    // The doctor finds from this that the fleet does not have kept.test.
    let report = report_in(&member.folder);
    assert_eq!(report.verifier_addresses, ["kept.test:1"]);
    let told = report.told_verifiers.iter();
    let told: Vec<&str> = told.filter_map(|one| one.split(':').next()).collect();
    assert_eq!(told, ["localhost", "v2.test"]);
}

#[test]
fn removed_host_is_told_no_verifiers() {
    let verifier = Verifier::start();
    let folder = Folder::new();
    verifier.join_web1(&folder);
    let member = verifier.member(folder);
    member.wait_for_line("connected to localhost");
    let name = HostName::new("web1.test").unwrap();
    verifier.hosts.remove(0, &name).unwrap();
    let read = |name: &str| fs::read(member.folder.path().join(name)).unwrap();
    let ca = CertificateDer::from_pem_slice(&read("ca.pem")).unwrap();
    let host = Issued {
        chain: vec![
            CertificateDer::from_pem_slice(&read("host.pem"))
                .unwrap()
                .to_vec(),
        ],
        key: PrivateKeyDer::from_pem_slice(&read("host.pem"))
            .unwrap()
            .secret_der()
            .to_vec(),
    };
    runtime().block_on(async {
        let tls = config_of(ca, Some(&host));
        let mut client = client_of("localhost", verifier.address, tls).await;
        let told = client.list_verifiers(ListVerifiersRequest {}).await;
        assert_eq!(told.err().unwrap().code(), Code::PermissionDenied);
    });
}
