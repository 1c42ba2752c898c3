//! What one member may use of a verifier.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{KeyPair, PublicKeyData as _};
use rustix::process::geteuid;
use tfa_core::Fingerprint;
use tfa_fleet::PROTOCOL_VERSION;
use tfa_fleet::generated::verifier_client::VerifierClient;
use tfa_fleet::generated::{
    AccountRequest, AnswerRequest, BeginRequest, CancelRequest, Error, HelloRequest, KeyRequest,
    RenewRequest, User, account_reply, begin_reply, certified_reply,
};
use tfa_fleet::messages::MAX_NAME;
use tfa_fleet::transport::Channel;
use tfa_fleet_wire::{
    Connection, HostCall, HostReply, LoginLine, LoginReply, LoginTurn, NOT_ADMITTED, SecretText,
    VerifierCall, frame,
};
use tfa_testkit::{NOBODY, skip_without_uid};
use tokio::net::{UnixSocket, UnixStream};
use tonic::Code;

use super::fleet::{tfad, tfad_at};
use crate::TIMEOUT;
use crate::authority::{Authority, Issued};
use crate::fixture::Program;
use crate::requests::{client, runtime};
use crate::tls_client::{config, connect, is_served};

/// Calls of one host under way, as in `server/tfad.rs`.
const MAX_CALLS_OF_HOST: usize = 64;
/// Calls of users of one host under way, as there.
const MAX_ACCOUNT_CALLS_OF_HOST: usize = 8;
/// The time of a call that is given up: each has reached tfad before.
const SHORT_MS: u32 = 300;

fn begin() -> BeginRequest {
    BeginRequest {
        attempt: vec![1; 16],
        user: Some(User {
            name: "alice".to_owned(),
            uid: Some(1000),
            aliases: Vec::new(),
        }),
        caller_uid: Some(0),
        budget_ms: 3000,
        ..BeginRequest::default()
    }
}

#[test]
fn one_host_does_not_use_up_the_calls_of_the_others() {
    let authority = Authority::new();
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    // tfad of the verifier answers none.
    let calls = tfad(&verifier.folder.path().join("fleet"), |_| None);
    let tls = |name| config(&authority, Some(&authority.issue_member(name)));
    runtime().block_on(async {
        // A host makes as many keys as it likes.
        let mut keys = Vec::new();
        for _ in 0..3 {
            keys.push(client(address, tls("web1.test")).await);
        }
        let short = || BeginRequest {
            budget_ms: SHORT_MS,
            ..begin()
        };
        let give_up = |number: usize| {
            let mut client = keys[number % keys.len()].clone();
            tokio::spawn(async move { client.begin(short()).await.err().unwrap() })
        };
        let given_up: Vec<_> = (0..MAX_CALLS_OF_HOST).map(give_up).collect();
        for status in given_up {
            assert_eq!(status.await.unwrap().code(), Code::DeadlineExceeded);
        }
        // The host has given them up, and tfad has not: they count.
        for client in &mut keys {
            let more = client.begin(begin()).await.err().unwrap();
            assert_eq!(more.code(), Code::ResourceExhausted);
        }
        let mut web2 = client(address, tls("web2.test")).await;
        let other = web2.begin(short()).await.err().unwrap();
        assert_eq!(other.code(), Code::DeadlineExceeded);
    });
    for _ in 0..=MAX_CALLS_OF_HOST {
        calls.recv_timeout(TIMEOUT).unwrap();
    }
    assert!(calls.try_recv().is_err());
    verifier.wait_for_line("refused a call of web1.test: too many are under way");
}

#[test]
fn key_that_tfad_does_not_admit_takes_no_place_and_no_further_call() {
    let authority = Authority::new();
    let (verifier, address) = Program::verifier(
        &authority.issue("v1.test"),
        authority.certificate(),
        "limits = { connections = 1 }",
    );
    let calls = tfad(&verifier.folder.path().join("fleet"), |_| {
        Some(LoginReply::Refused {
            error: NOT_ADMITTED.to_owned(),
            text: "joined again".to_owned(),
        })
    });
    let [stolen, present] =
        [(); 2].map(|()| config(&authority, Some(&authority.issue_member("web1.test"))));
    runtime().block_on(async {
        let mut thief = client(address, stolen).await;
        for _ in 0..20 {
            let reply = thief.begin(begin()).await.unwrap().into_inner();
            let Some(begin_reply::Is::Refused(refused)) = reply.is else {
                panic!("no refusal");
            };
            assert!(refused.error() == Error::NotAuthorized);
            assert_eq!(refused.text, "joined again");
        }
        // The one place of the verifier is free, and this key is asked about.
        let start = Instant::now();
        while verifier.status().hosts > 0 {
            assert!(start.elapsed() < TIMEOUT);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut host = client(address, present).await;
        host.begin(begin()).await.unwrap();
        // The thief is still told why.
        thief.begin(begin()).await.unwrap();
        // So are its users. A report about bound codes alone reaches tfad, which may have another reply.
        for method in ["Status", "Disable", "ReportBoundCodes"] {
            let request = AccountRequest {
                user: begin().user,
                method: method.to_owned(),
                budget_ms: 3000,
                ..AccountRequest::default()
            };
            let reply = thief.account(request).await.unwrap().into_inner();
            let Some(account_reply::Is::Refused(refused)) = reply.is else {
                panic!("no refusal of {method}");
            };
            assert!(refused.error.ends_with("NotAuthorized"));
        }
    });
    assert_eq!(calls.try_iter().count(), 3);
}

#[test]
fn silent_keys_of_a_name_do_not_shut_out_the_one_that_tfad_admits() {
    let authority = Authority::new();
    let (verifier, address) = Program::verifier(
        &authority.issue("v1.test"),
        authority.certificate(),
        "limits = { connections_per_host = 1 }",
    );
    let _calls = tfad(&verifier.folder.path().join("fleet"), |_| {
        Some(LoginReply::Cancelled)
    });
    let key = || config(&authority, Some(&authority.issue_member("web1.test")));
    let (stolen, present) = ([key(), key()], key());
    let hello = || HelloRequest {
        version: PROTOCOL_VERSION,
        ..HelloRequest::default()
    };
    runtime().block_on(async {
        let mut held = Vec::new();
        // They hold all connections of the name, and make no call that reaches tfad.
        for key in &stolen {
            let mut silent = client(address, key.clone()).await;
            silent.hello(hello()).await.unwrap();
            held.push(silent);
        }
        let mut host = client(address, present).await;
        // tfad has answered: such a reply belongs to another call.
        let served = async |host: &mut VerifierClient<Channel>| {
            let status = host.begin(begin()).await.err().unwrap();
            assert_eq!(status.code(), Code::Internal);
        };
        served(&mut host).await;
        // The keys take the places of each other, and not that of the host.
        for key in stolen.iter().cycle().take(6) {
            let mut silent = client(address, key.clone()).await;
            silent.hello(hello()).await.unwrap();
            held.push(silent);
        }
        served(&mut host).await;
    });
    verifier.wait_for_line("too many connections of web1.test");
}

/// The key of a certificate.
fn fingerprint_of(host: &Issued) -> Fingerprint {
    let key = KeyPair::try_from(&*host.key).unwrap();
    Fingerprint::of(&key.subject_public_key_info())
}

/// tfad, which admits this key alone. Tells of each key that it was asked about.
fn tfad_that_admits(socket: &Path, present: Fingerprint) -> Receiver<Fingerprint> {
    let listener = UnixListener::bind(socket).unwrap();
    let (asked, keys) = channel();
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let asked = asked.clone();
            thread::spawn(move || {
                let uid = geteuid().as_raw();
                let mut connection = Connection::accept(stream, uid, TIMEOUT).unwrap();
                while let Ok(VerifierCall::Host(call)) = connection.receive() {
                    let HostCall::ListVerifiers { key, .. } = call else {
                        panic!("{call:?}");
                    };
                    let reply = match key == present {
                        true => HostReply::Verifiers {
                            verifiers: Vec::new(),
                        },
                        false => HostReply::Refused {
                            error: NOT_ADMITTED.to_owned(),
                            text: "joined again".to_owned(),
                        },
                    };
                    connection.send(&frame::encode(&reply).unwrap()).unwrap();
                    let _ = asked.send(key);
                }
            });
        }
    });
    keys
}

#[test]
fn keys_of_before_end_no_idle_connection_of_the_present_one() {
    let authority = Authority::new();
    let (verifier, address) = Program::verifier(
        &authority.issue("v1.test"),
        authority.certificate(),
        "limits = { connections_per_host = 1 }",
    );
    let host = authority.issue_member("web1.test");
    let present = fingerprint_of(&host);
    let asked = tfad_that_admits(&verifier.folder.path().join("fleet"), present);
    let hello = || HelloRequest {
        version: PROTOCOL_VERSION,
        ..HelloRequest::default()
    };
    runtime().block_on(async {
        let mut idle = client(address, config(&authority, Some(&host))).await;
        idle.hello(hello()).await.unwrap();
        assert_eq!(asked.recv_timeout(TIMEOUT).unwrap(), present);
        idle.hello(hello()).await.unwrap();
        // Three keys of before hold connections without a word.
        let before = [(); 3].map(|()| authority.issue_member("web1.test"));
        let mut silent = Vec::new();
        for key in before.iter().cycle().take(9) {
            let tls = Arc::new(config(&authority, Some(key)));
            let mut stream = connect(address, &tls);
            assert!(is_served(&mut stream));
            silent.push(stream);
        }
        // The first connection is there: another one of this key would be one too many.
        idle.hello(hello()).await.unwrap();
        // One that says its name is asked about, and renews no certificate of the host.
        let mut stolen = client(address, config(&authority, Some(&before[0]))).await;
        let renewed = stolen.renew(RenewRequest {
            present_point: vec![4; 65],
            key: Some(KeyRequest {
                point: vec![4; 65],
                proof: Vec::new(),
            }),
            ..RenewRequest::default()
        });
        let renewed = renewed.await.unwrap().into_inner();
        let Some(certified_reply::Is::Refused(refused)) = renewed.is else {
            panic!("not refused");
        };
        assert_eq!(refused.text, "joined again");
        idle.hello(hello()).await.unwrap();
    });
}

#[test]
fn calls_of_users_of_one_host_leave_room_for_its_logins() {
    let authority = Authority::new();
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    // tfad of the verifier answers none.
    let calls = tfad(&verifier.folder.path().join("fleet"), |_| None);
    let tls = |name| config(&authority, Some(&authority.issue_member(name)));
    let account = || AccountRequest {
        user: begin().user,
        method: "Status".to_owned(),
        budget_ms: SHORT_MS,
        ..AccountRequest::default()
    };
    runtime().block_on(async {
        let mut web1 = client(address, tls("web1.test")).await;
        for _ in 0..MAX_ACCOUNT_CALLS_OF_HOST {
            let status = web1.account(account()).await.err().unwrap();
            assert_eq!(status.code(), Code::DeadlineExceeded);
        }
        // The status tells the member that the call was not executed.
        let more = web1.account(account()).await.err().unwrap();
        assert_eq!(more.code(), Code::FailedPrecondition);
        let login = BeginRequest {
            budget_ms: SHORT_MS,
            ..begin()
        };
        let login = web1.begin(login).await.err().unwrap();
        assert_eq!(login.code(), Code::DeadlineExceeded);
        let mut web2 = client(address, tls("web2.test")).await;
        let other = web2.account(account()).await.err().unwrap();
        assert_eq!(other.code(), Code::DeadlineExceeded);
    });
    for _ in 0..MAX_ACCOUNT_CALLS_OF_HOST + 2 {
        calls.recv_timeout(TIMEOUT).unwrap();
    }
    assert!(calls.try_recv().is_err());
}

#[test]
fn a_request_that_is_not_valid_reaches_no_tfad() {
    let authority = Authority::new();
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let calls = tfad(&verifier.folder.path().join("fleet"), |_| None);
    let tls = config(&authority, Some(&authority.issue_member("web1.test")));
    runtime().block_on(async {
        let mut client = client(address, tls).await;
        let mut long = begin();
        long.user.as_mut().unwrap().name = "x".repeat(MAX_NAME + 1);
        let mut root = begin();
        root.caller_uid = None;
        for request in [BeginRequest::default(), long, root] {
            let status = client.begin(request).await.err().unwrap();
            assert_eq!(status.code(), Code::InvalidArgument);
        }
        let status = client.answer(AnswerRequest::default()).await.err().unwrap();
        assert_eq!(status.code(), Code::InvalidArgument);
        let status = client.cancel(CancelRequest::default()).await.err().unwrap();
        assert_eq!(status.code(), Code::InvalidArgument);
    });
    assert_eq!(calls.try_iter().count(), 0);
}

#[test]
fn a_reply_that_is_too_long_is_none() {
    let authority = Authority::new();
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let length = Arc::new(AtomicUsize::new(0));
    let of_reply = Arc::clone(&length);
    let _calls = tfad(&verifier.folder.path().join("fleet"), move |_| {
        let text = "x".repeat(of_reply.load(Ordering::Relaxed));
        Some(LoginReply::Begun {
            dialog: 1,
            turn: LoginTurn {
                lines: vec![LoginLine {
                    kind: "info".to_owned(),
                    text: SecretText::new(text),
                }],
                next: "verdict".to_owned(),
                text: "verified".to_owned(),
                number: 0,
            },
        })
    });
    let tls = config(&authority, Some(&authority.issue_member("web1.test")));
    runtime().block_on(async {
        let mut client = client(address, tls).await;
        for (of_text, expected) in [
            (30_000, None),
            (70_000, Some(Code::OutOfRange)),
            (200_000, Some(Code::Unavailable)),
        ] {
            length.store(of_text, Ordering::Relaxed);
            let reply = client.begin(begin()).await;
            let code = reply.err().map(|status| status.code());
            assert_eq!(code, expected, "{of_text}");
        }
    });
}

#[test]
fn full_queue_at_the_socket_of_tfad_delays_a_call_alone() {
    let authority = Authority::new();
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let path = verifier.folder.path().join("fleet");
    let tls = config(&authority, Some(&authority.issue_member("web1.test")));
    runtime().block_on(async {
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&path).unwrap();
        let listener = socket.listen(1).unwrap().into_std().unwrap();
        // Those of a user of the host.
        let mut queue = Vec::new();
        let full = loop {
            match UnixStream::connect(&path).await {
                Ok(stream) => queue.push(stream),
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        let mut client = client(address, tls).await;
        let call = tokio::spawn(async move { client.begin(begin()).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!call.is_finished());
        listener.set_nonblocking(false).unwrap();
        let _calls = tfad_at(listener, |_| Some(LoginReply::Cancelled));
        // tfad has answered: such a reply belongs to another call.
        let status = call.await.unwrap().err().unwrap();
        assert_eq!(status.code(), Code::Internal);
    });
}

/// Where a program of another user listens in place of tfad.
const SOCKET: &str = "TFA_FLEET_TEST_TFAD";

#[test]
fn no_login_goes_to_a_program_of_another_user() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let authority = Authority::new();
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let folder = verifier.folder.path();
    fs::set_permissions(folder, Permissions::from_mode(0o777)).unwrap();
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "logins::limits::program_for_another_test",
            "--nocapture",
        ])
        .env(SOCKET, folder.join("fleet"))
        .uid(NOBODY)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "listening"));
    let tls = config(&authority, Some(&authority.issue_member("web1.test")));
    runtime().block_on(async {
        let status = client(address, tls).await.begin(begin()).await;
        assert_eq!(status.err().unwrap().code(), Code::Unavailable);
    });
    assert!(lines.any(|line| line.unwrap() == "received 0 bytes"));
    assert!(other.wait().unwrap().success());
    verifier.wait_for_line(&format!("a program with uid {NOBODY} listens"));
}

/// Not a test of its own: the program of another user.
#[test]
fn program_for_another_test() {
    let Some(path) = std::env::var_os(SOCKET) else {
        return;
    };
    let listener = UnixListener::bind(path).unwrap();
    println!("\nlistening");
    let (mut stream, _) = listener.accept().unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    println!("received {} bytes", bytes.len());
}
