//! Verifiers that are lost at the worst moments.

use std::fs;
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tfa_fleet_wire::{Connection, LoginCall, LoginReply, LoginTurn, VerifierCall, frame};
use tfa_proto::{Next, Verdict};
use tfad::login::Error;

use super::fleet::{Fleet, MOST, begin, code, is_answer, logins, next, store, tfad};
use crate::TIMEOUT;
use crate::fixture::Program;

const VERIFIED: Next = Next::Verdict(Verdict::VerifiedByTotp);

/// The verifier that has begun the only dialog, and the other one.
fn holder(begun: [bool; 2]) -> (usize, usize) {
    match begun {
        [true, false] => (0, 1),
        [false, true] => (1, 0),
        _ => unreachable!("{begun:?}"),
    }
}

/// A fleet of two with one store, and a dialog of which no answer was given.
fn begun() -> (Fleet, u32, usize, usize) {
    let fleet = Fleet::start(2);
    let store = store();
    let calls = [fleet.logins(0, &store), fleet.logins(1, &store)];
    let (dialog, _) = fleet.begin().unwrap();
    let (holder, other) = holder(calls.map(|calls| calls.try_recv().is_ok()));
    (fleet, dialog, holder, other)
}

/// Gives the code, which is right, within the time that is promised.
fn assert_let_in(fleet: &Fleet, dialog: u32) {
    let start = Instant::now();
    assert_eq!(fleet.answer(dialog, &code()).unwrap(), VERIFIED);
    assert!(start.elapsed() < MOST, "{:?}", start.elapsed());
}

#[test]
fn killed_between_the_question_and_the_answer() {
    let (mut fleet, dialog, holder, _) = begun();
    fleet.verifiers[holder].send(Signal::KILL);
    fleet.verifiers[holder].wait();
    assert_let_in(&fleet, dialog);
}

#[test]
fn silent_between_the_question_and_the_answer() {
    let (fleet, dialog, holder, _) = begun();
    fleet.verifiers[holder].send(Signal::STOP);
    assert_let_in(&fleet, dialog);
    // The next logins do not wait for it.
    let start = Instant::now();
    for _ in 0..20 {
        fleet.begin().unwrap();
    }
    assert!(start.elapsed() < MOST, "{:?}", start.elapsed());
}

#[test]
fn silent_before_the_login() {
    let fleet = Fleet::start(2);
    let store = store();
    let _calls = [fleet.logins(0, &store), fleet.logins(1, &store)];
    fleet.verifiers[0].send(Signal::STOP);
    // One of them is the first one's.
    for _ in 0..20 {
        let start = Instant::now();
        let (_, turn) = fleet.begin().unwrap();
        assert!(matches!(turn.next, Next::Ask(_)));
        assert!(start.elapsed() < MOST, "{:?}", start.elapsed());
    }
    fleet.verifiers[0].send(Signal::CONT);
}

#[test]
fn killed_after_the_code_was_used_and_before_the_reply() {
    let fleet = Fleet::start(2);
    let store = store();
    let judged = Arc::new(AtomicUsize::new(0));
    let calls = [0, 1].map(|verifier| {
        let (logins, judged) = (logins(&store), Arc::clone(&judged));
        let pid = fleet.verifiers[verifier].pid();
        fleet.tfad(verifier, move |call| {
            let is_answer = is_answer(&call.call);
            let reply = logins.answer(call);
            if is_answer && judged.fetch_add(1, Ordering::SeqCst) == 0 {
                kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
                return None;
            }
            Some(reply)
        })
    });
    let (dialog, _) = fleet.begin().unwrap();
    let code = code();
    let start = Instant::now();
    assert_eq!(fleet.answer(dialog, &code).unwrap(), VERIFIED);
    assert!(start.elapsed() < MOST, "{:?}", start.elapsed());
    assert_eq!(judged.load(Ordering::SeqCst), 2);
    let named = |call| match call {
        LoginCall::Answer {
            attempt, number, ..
        } => (attempt, number),
        _ => unreachable!(),
    };
    let [first, second] = calls.map(|calls| named(next(&calls, is_answer)));
    assert!(first == second);
    // Another login has no use of the code.
    let (dialog, _) = fleet.begin().unwrap();
    assert!(matches!(fleet.answer(dialog, &code), Ok(Next::Ask(_))));
}

#[test]
fn slow_with_an_answer_while_another_one_is_well() {
    let fleet = Fleet::start(2);
    let store = store();
    let judged = Arc::new(AtomicUsize::new(0));
    let _calls = [0, 1].map(|verifier| {
        let (logins, judged) = (logins(&store), Arc::clone(&judged));
        fleet.tfad(verifier, move |call| {
            if is_answer(&call.call) && judged.fetch_add(1, Ordering::SeqCst) == 0 {
                thread::sleep(Duration::from_secs(3));
            }
            Some(logins.answer(call))
        })
    });
    let (dialog, _) = fleet.begin().unwrap();
    assert_let_in(&fleet, dialog);
}

#[test]
fn slow_with_an_answer_that_no_other_one_can_take() {
    let fleet = Fleet::start(2);
    let calls = [0, 1].map(|verifier| {
        fleet.tfad(verifier, move |call| {
            let (dialog, turn) = match call.call {
                LoginCall::Answer { number: 1, .. } => (1, turn("ask", "Code from your phone: ")),
                // Backup codes are hashed.
                LoginCall::Answer { .. } => {
                    thread::sleep(Duration::from_millis(2500));
                    (0, turn("verdict", "verified-by-totp"))
                }
                _ => (1, turn("ask", "Press Enter to begin: ")),
            };
            Some(LoginReply::Begun { dialog, turn })
        })
    });
    let (dialog, _) = fleet.begin().unwrap();
    let next = fleet.answer(dialog, "").unwrap();
    assert!(matches!(next, Next::Ask(_)));
    assert_eq!(fleet.answer(dialog, &code()).unwrap(), VERIFIED);
    let begun = calls.iter().flat_map(Receiver::try_iter);
    let begun = begun.filter(|call| matches!(call.call, LoginCall::Begin(_)));
    assert_eq!(begun.count(), 1);
}

fn turn(next: &str, text: &str) -> LoginTurn {
    LoginTurn {
        lines: Vec::new(),
        next: next.to_owned(),
        text: text.to_owned(),
        number: 0,
    }
}

#[test]
fn slow_with_an_answer_and_the_only_one() {
    let fleet = Fleet::start(1);
    let logins = logins(&store());
    let calls = fleet.tfad(0, move |call| {
        if is_answer(&call.call) {
            thread::sleep(Duration::from_millis(2500));
        }
        Some(logins.answer(call))
    });
    let (dialog, _) = fleet.begin().unwrap();
    assert_eq!(fleet.answer(dialog, &code()).unwrap(), VERIFIED);
    assert_eq!(calls.try_iter().count(), 2);
}

#[test]
fn tfad_of_the_verifier_is_restarted_between_the_question_and_the_answer() {
    let (fleet, dialog, holder, other) = begun();
    // Another tfad, which knows no dialog, at both.
    for verifier in [holder, other] {
        let path = fleet.verifiers[verifier].folder.path().join("fleet");
        fs::remove_file(path).unwrap();
    }
    let store = store();
    let _calls = [fleet.logins(0, &store), fleet.logins(1, &store)];
    assert_let_in(&fleet, dialog);
}

#[test]
fn tfad_of_a_verifier_is_absent() {
    let fleet = Fleet::start(2);
    let start = Instant::now();
    let Err(Error::CutOff { why, .. }) = fleet.begin() else {
        unreachable!()
    };
    assert!(why.contains("tfad of the verifier does not run"), "{why}");
    let line = fleet.verifiers[0].wait_for_line("cannot pass a call of web1.test on to tfad: ");
    assert!(line.contains("/fleet: "), "{line}");
    let _calls = fleet.logins(1, &store());
    for _ in 0..20 {
        fleet.begin().unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn tfad_of_a_verifier_that_restarts_is_waited_for() {
    let fleet = Fleet::start(1);
    let verifier = &fleet.verifiers[0];
    let path = verifier.folder.path().join("fleet");
    let forwarder = &fleet.forwarder;
    thread::scope(|scope| {
        let login = scope.spawn(move || begin(forwarder));
        verifier.wait_for_line("cannot pass a call of web1.test on to tfad: ");
        let logins = logins(&store());
        let _calls = tfad(&path, move |call| Some(logins.answer(call)));
        let (_, turn) = login.join().unwrap().unwrap();
        assert!(matches!(turn.next, Next::Ask(_)));
    });
}

#[test]
fn connection_to_tfad_serves_further_calls_until_tfad_closes_it() {
    const CALLS: usize = 3;
    // Closed between the calls, or only when the next one is sent: it is not read then.
    for end in [Shutdown::Both, Shutdown::Read] {
        let fleet = Fleet::start(1);
        let path = fleet.verifiers[0].folder.path().join("fleet");
        let (listener, logins) = (UnixListener::bind(path).unwrap(), logins(&store()));
        let (accepted, connections) = channel();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                // The test has all of them.
                let _ = accepted.send(stream.try_clone().unwrap());
                let uid = geteuid().as_raw();
                let closed = stream.try_clone().unwrap();
                let mut connection = Connection::accept(stream, uid, TIMEOUT).unwrap();
                for _ in 0..CALLS {
                    let Ok(VerifierCall::Member(call)) = connection.receive() else {
                        break;
                    };
                    let reply = frame::encode(&logins.answer(call)).unwrap();
                    connection.send(&reply).unwrap();
                }
                closed.shutdown(end).unwrap();
            }
        });
        for _ in 0..2 * CALLS {
            assert!(matches!(fleet.begin().unwrap().1.next, Next::Ask(_)));
        }
        assert_eq!(connections.try_iter().count(), 2, "{end:?}");
    }
}

#[test]
fn a_verifier_that_cannot_reach_its_accounts_is_not_the_last_word() {
    let fleet = Fleet::start(2);
    let refuses = |error: &'static str| {
        move |_| {
            let error = format!("org.tfad.Tfa1.Error.{error}");
            let text = "no etcd".to_owned();
            Some(LoginReply::Refused { error, text })
        }
    };
    let first = fleet.tfad(0, refuses("Storage"));
    let _second = fleet.logins(1, &store());
    for _ in 0..20 {
        assert!(matches!(fleet.begin().unwrap().1.next, Next::Ask(_)));
    }
    // It was asked once at most: one that has failed comes last.
    assert!(first.try_iter().count() <= 1);
    // It is there, whatever it says: who can write to etcd can cause each of the two.
    for error in ["NotServing", "Storage"] {
        let fleet = Fleet::start(1);
        let _calls = fleet.tfad(0, refuses(error));
        match fleet.begin() {
            Err(Error::NoAnswer(why)) => assert!(why.contains("no etcd"), "{why}"),
            other => panic!("{error}: {other:?}"),
        }
    }
    // Where another one is full, there may be one.
    let fleet = Fleet::start(2);
    let path = fleet.verifiers[0].folder.path().join("fleet");
    let full = UnixListener::bind(path).unwrap();
    thread::spawn(move || while full.accept().is_ok() {});
    let _calls = fleet.tfad(1, refuses("NotServing"));
    for _ in 0..3 {
        assert!(matches!(fleet.begin(), Err(Error::NoAnswer(_))));
    }
}

#[test]
fn verifiers_that_are_there_and_do_not_answer_are_not_absent() {
    let fleet = Fleet::start(2);
    // The one closes the connection, as one that is full does. The other one does not answer.
    let path = fleet.verifiers[0].folder.path().join("fleet");
    let full = UnixListener::bind(path).unwrap();
    thread::spawn(move || while full.accept().is_ok() {});
    fleet.verifiers[1].send(Signal::STOP);
    for _ in 0..3 {
        let begun = fleet.begin();
        assert!(matches!(begun, Err(Error::NoAnswer(_))), "{begun:?}");
    }
    fleet.verifiers[1].send(Signal::CONT);
}

#[test]
fn a_verifier_that_restarts_is_waited_for() {
    let mut fleet = Fleet::start(1);
    let store = store();
    let _calls = fleet.logins(0, &store);
    let address = fleet.verifiers[0].address();
    fleet.verifiers[0].send(Signal::KILL);
    fleet.verifiers[0].wait();
    // The end of the connection may be noticed with the first login.
    assert!(matches!(
        fleet.begin(),
        Err(Error::CutOff { .. } | Error::NoAnswer(_))
    ));
    // Each attempt fails, and the next one would come later and later.
    for _ in 0..8 {
        let start = Instant::now();
        assert!(matches!(fleet.begin(), Err(Error::CutOff { .. })));
        assert!(start.elapsed() < MOST, "{:?}", start.elapsed());
    }
    let host = fleet.authority.issue("v1.test");
    let again = format!("listen = ['{address}']");
    let again = Program::start(&host, fleet.authority.certificate(), &again);
    fleet.verifiers = vec![again];
    let _calls = fleet.logins(0, &store);
    let (dialog, _) = fleet.begin().unwrap();
    assert_let_in(&fleet, dialog);
}

#[test]
fn all_verifiers_are_gone() {
    let mut fleet = Fleet::start(2);
    let store = store();
    let _calls = [fleet.logins(0, &store), fleet.logins(1, &store)];
    let (dialog, _) = fleet.begin().unwrap();
    for verifier in &mut fleet.verifiers {
        verifier.send(Signal::KILL);
        verifier.wait();
    }
    let start = Instant::now();
    assert!(matches!(
        fleet.answer(dialog, &code()),
        Err(Error::NoVerifier(_))
    ));
    assert!(matches!(fleet.begin(), Err(Error::CutOff { .. })));
    assert!(start.elapsed() < Duration::from_secs(10));
}
