//! Logins where nothing fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::geteuid;
use tfa_fleet_wire::{LoginCall, LoginReply, LoginTurn};
use tfa_proto::{Next, Verdict};
use tfad::fleet::MemberSocket;
use tfad::login::{Error, LoginService as _};

use super::fleet::{Fleet, begin, code, forwarder, is_cancel, logins, store};
use crate::TIMEOUT;
use crate::fixture::{Program, verifier_line};

#[test]
fn a_code_lets_in_once_through_the_whole_way() {
    let fleet = Fleet::start(1);
    let path = fleet.verifiers[0].folder.path().join("fleet");
    let uid = geteuid().as_raw();
    let socket = MemberSocket::open(&path, uid, Arc::new(logins(&store()))).unwrap();
    let code = code();
    let (dialog, turn) = fleet.begin().unwrap();
    assert!(matches!(turn.next, Next::Ask(_)));
    let verified = fleet.answer(dialog, &code).unwrap();
    assert_eq!(verified, Next::Verdict(Verdict::VerifiedByTotp));
    let (dialog, _) = fleet.begin().unwrap();
    assert!(matches!(fleet.answer(dialog, &code), Ok(Next::Ask(_))));
    socket.close();
}

#[test]
fn the_name_of_the_member_is_that_of_its_certificate() {
    let fleet = Fleet::start(1);
    let calls = fleet.logins(0, &store());
    fleet.begin().unwrap();
    let address = fleet.verifiers[0].address();
    let host = fleet.authority.issue_member("web2.test");
    let other = Program::start(
        &host,
        fleet.authority.certificate(),
        &verifier_line(address),
    );
    other.wait_for_line("connected to v1.test");
    begin(&forwarder(&other)).unwrap();
    let members: Vec<_> = calls.try_iter().map(|call| call.member).collect();
    assert_eq!(members, ["web1.test", "web2.test"]);
}

#[test]
fn a_dialog_is_cancelled_at_its_verifier() {
    let fleet = Fleet::start(2);
    let store = store();
    let calls = [fleet.logins(0, &store), fleet.logins(1, &store)];
    let (dialog, _) = fleet.begin().unwrap();
    fleet.forwarder.cancel("connection 1", dialog).unwrap();
    let kinds = |calls: &std::sync::mpsc::Receiver<_>| calls.try_iter().count();
    // One has both calls, the other one has none.
    let mut counts = calls.each_ref().map(kinds);
    counts.sort_unstable();
    assert_eq!(counts, [0, 2]);
    assert!(matches!(
        fleet.answer(dialog, "123456"),
        Err(Error::NoSuchDialog)
    ));
}

#[test]
fn logins_are_spread_over_the_verifiers() {
    let fleet = Fleet::start(2);
    let store = store();
    let calls = [fleet.logins(0, &store), fleet.logins(1, &store)];
    for _ in 0..40 {
        fleet.begin().unwrap();
    }
    let counts = calls.map(|calls| calls.try_iter().count());
    // As likely as 2^-39.
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    assert_eq!(counts.iter().sum::<usize>(), 40);
}

#[test]
fn sixty_four_logins_are_under_way_at_once() {
    const LOGINS: usize = 64;
    let fleet = Fleet::start(1);
    let waiting = Arc::new(AtomicUsize::new(0));
    let all = Arc::clone(&waiting);
    let calls = fleet.tfad(0, move |call| {
        assert!(matches!(call.call, LoginCall::Begin(_)));
        all.fetch_add(1, Ordering::SeqCst);
        // None is answered before all are here.
        let start = Instant::now();
        while all.load(Ordering::SeqCst) < LOGINS && start.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_millis(1));
        }
        Some(LoginReply::Begun {
            dialog: 0,
            turn: LoginTurn {
                lines: Vec::new(),
                next: "verdict".to_owned(),
                text: "not-required".to_owned(),
                number: 0,
            },
        })
    });
    let forwarder = &fleet.forwarder;
    thread::scope(|scope| {
        let login = |_| scope.spawn(move || begin(forwarder));
        let logins: Vec<_> = (0..LOGINS).map(login).collect();
        for login in logins {
            let (_, turn) = login.join().unwrap().unwrap();
            assert_eq!(turn.next, Next::Verdict(Verdict::NotRequired));
        }
    });
    assert_eq!(calls.try_iter().count(), LOGINS);
}

#[test]
fn the_slower_one_of_two_dialogs_is_cancelled() {
    let fleet = Fleet::start(2);
    let store = store();
    let mut calls = Vec::new();
    // The first to get the login is slow, whichever it is.
    let is_first = Arc::new(AtomicUsize::new(0));
    for verifier in 0..2 {
        let (logins, is_first) = (logins(&store), Arc::clone(&is_first));
        calls.push(fleet.tfad(verifier, move |call| {
            if matches!(call.call, LoginCall::Begin(_))
                && is_first.fetch_add(1, Ordering::SeqCst) == 0
            {
                thread::sleep(Duration::from_millis(1500));
            }
            Some(logins.answer(call))
        }));
    }
    let (dialog, _) = fleet.begin().unwrap();
    let begins = calls
        .iter()
        .map(|calls| calls.recv_timeout(TIMEOUT).unwrap());
    let attempts: Vec<_> = begins
        .map(|begun| match begun.call {
            LoginCall::Begin(begin) => begin.attempt,
            _ => unreachable!(),
        })
        .collect();
    assert!(attempts[0] == attempts[1]);
    let answered = fleet.answer(dialog, &code()).unwrap();
    assert_eq!(answered, Next::Verdict(Verdict::VerifiedByTotp));
    // One of them gets the answer, and the other one the cancel.
    let first = calls[0].recv_timeout(TIMEOUT).unwrap();
    let second = calls[1].recv_timeout(TIMEOUT).unwrap();
    assert!(is_cancel(&first.call) != is_cancel(&second.call));
}
