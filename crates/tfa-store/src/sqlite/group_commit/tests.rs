use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Scope, ScopedJoinHandle, ThreadId};

use super::*;
use crate::{Commit, Revision};

/// A batch that was committed: its changes, and the threads of the committer and of the first request.
struct Batch {
    numbers: Vec<u64>,
    on: ThreadId,
    first: ThreadId,
}

/// A committer that tells of each batch before it commits it, and waits for a word.
struct Gated {
    batches: Sender<Batch>,
    words: Receiver<Word>,
}

/// What a committer is to do with a batch.
enum Word {
    Commit,
    Panic,
}

impl Committer for Gated {
    fn commit_batch(&mut self, batch: &[Arc<Request>]) -> Vec<Outcome> {
        let numbers: Vec<u64> = batch.iter().map(|request| number(request)).collect();
        let told = Batch {
            numbers: numbers.clone(),
            on: thread::current().id(),
            first: batch[0].caller.id(),
        };
        self.batches.send(told).unwrap();
        match self.words.recv().unwrap_or(Word::Commit) {
            Word::Commit => numbers.into_iter().map(committed).collect(),
            Word::Panic => panic!("the disk is on fire"),
        }
    }
}

fn change(number: u64) -> Change {
    Change::Remove {
        user: String::new(),
        expected: Some(Revision::new(number)),
    }
}

fn number(request: &Request) -> u64 {
    match request.change {
        Change::Remove {
            expected: Some(number),
            ..
        } => number.get(),
        _ => panic!("another change"),
    }
}

fn committed(number: u64) -> Outcome {
    Ok(Commit::Committed(Revision::new(number)))
}

fn gated() -> (GroupCommit<Gated>, Receiver<Batch>, Sender<Word>) {
    let (batches, told) = channel();
    let (word, words) = channel();
    (GroupCommit::new(Gated { batches, words }), told, word)
}

/// Starts callers of these numbers.
fn call<'s, C: Committer + Send>(
    scope: &'s Scope<'s, '_>,
    group: &'s GroupCommit<C>,
    numbers: std::ops::Range<u64>,
) -> Vec<ScopedJoinHandle<'s, Outcome>> {
    numbers
        .map(|number| scope.spawn(move || group.commit(change(number))))
        .collect()
}

/// Waits until the queue is like that.
fn wait_until<C: Committer>(group: &GroupCommit<C>, is_so: impl Fn(&Queue) -> bool) {
    while !is_so(&group.queue()) {
        thread::yield_now();
    }
}

#[test]
fn caller_without_others_commits_on_its_own_thread() {
    let (group, batches, words) = gated();
    drop(words);
    for number in 1..4 {
        assert_eq!(group.commit(change(number)), committed(number));
        let batch = batches.recv().unwrap();
        assert_eq!(batch.numbers, [number]);
        assert_eq!(batch.on, thread::current().id());
    }
}

#[test]
fn waiting_changes_share_batches_and_each_caller_leads_one() {
    let (group, batches, words) = gated();
    let callers = MAX_BATCH as u64 + 44;
    thread::scope(|scope| {
        let mut calls = call(scope, &group, 0..1);
        let first = batches.recv().unwrap();
        calls.extend(call(scope, &group, 1..callers));
        wait_until(&group, |queue| queue.waiting.len() as u64 == callers - 1);
        drop(words);
        for (number, call) in calls.into_iter().enumerate() {
            assert_eq!(call.join().unwrap(), committed(number as u64));
        }
        let batches: Vec<Batch> = [first].into_iter().chain(batches.try_iter()).collect();
        let sizes: Vec<usize> = batches.iter().map(|batch| batch.numbers.len()).collect();
        assert_eq!(sizes, [1, MAX_BATCH, 43]);
        assert!(batches.iter().all(|batch| batch.on == batch.first));
        let leaders: BTreeSet<u64> = batches.iter().map(|batch| batch.numbers[0]).collect();
        assert_eq!(leaders.len(), 3);
    });
    assert!(!group.queue().is_led);
}

#[test]
fn callers_beyond_the_queue_wait_for_room() {
    let (group, batches, words) = gated();
    let callers = MAX_QUEUED as u64 + 4;
    thread::scope(|scope| {
        let mut calls = call(scope, &group, 0..1);
        batches.recv().unwrap();
        calls.extend(call(scope, &group, 1..callers));
        wait_until(&group, |queue| queue.outside == 3);
        assert_eq!(group.queue().waiting.len(), MAX_QUEUED);
        // They were there before the end.
        let end = scope.spawn(|| group.close());
        wait_until(&group, |queue| queue.is_closed);
        drop(words);
        for (number, call) in calls.into_iter().enumerate() {
            assert_eq!(call.join().unwrap(), committed(number as u64));
        }
        end.join().unwrap();
    });
}

#[test]
fn panic_of_a_leader_leaves_no_caller_waiting() {
    let (group, batches, words) = gated();
    thread::scope(|scope| {
        let leader = call(scope, &group, 0..1);
        batches.recv().unwrap();
        let others = call(scope, &group, 1..9);
        wait_until(&group, |queue| queue.waiting.len() == 8);
        words.send(Word::Commit).unwrap();
        // Of the second batch.
        words.send(Word::Panic).unwrap();
        assert_eq!(
            leader.into_iter().next().unwrap().join().unwrap(),
            committed(0)
        );
        let panicked = others
            .into_iter()
            .filter_map(|other| match other.join() {
                Ok(outcome) => {
                    assert_eq!(outcome, Err(StoreError::Stopped));
                    None
                }
                Err(_) => Some(()),
            })
            .count();
        assert_eq!(panicked, 1);
    });
    assert_eq!(group.commit(change(9)), Err(StoreError::Stopped));
    assert_eq!(group.read_if_idle(|_| ()), None);
    group.close();
}

#[test]
fn close_waits_for_what_was_asked_for_and_refuses_the_rest() {
    let (group, batches, words) = gated();
    thread::scope(|scope| {
        let mut calls = call(scope, &group, 0..1);
        batches.recv().unwrap();
        calls.extend(call(scope, &group, 1..4));
        wait_until(&group, |queue| queue.waiting.len() == 3);
        let end = scope.spawn(|| group.close());
        wait_until(&group, |queue| queue.is_closed);
        assert_eq!(group.commit(change(9)), Err(StoreError::Stopped));
        assert!(!end.is_finished());
        drop(words);
        end.join().unwrap();
        // The committer was dropped.
        assert_eq!(batches.iter().count(), 1);
        for (number, call) in calls.into_iter().enumerate() {
            assert_eq!(call.join().unwrap(), committed(number as u64));
        }
    });
    assert_eq!(group.commit(change(9)), Err(StoreError::Stopped));
}

#[test]
fn no_read_begins_while_a_caller_leads() {
    let (group, _batches, _words) = gated();
    group.queue().is_led = true;
    assert_eq!(group.read_if_idle(|_| ()), None);
    group.queue().is_led = false;
    assert_eq!(group.read_if_idle(|_| ()), Some(()));
}

#[test]
fn committer_is_read_only_while_it_is_idle() {
    let (group, batches, words) = gated();
    thread::scope(|scope| {
        assert_eq!(group.read_if_idle(|_| ()), Some(()));
        let calls = call(scope, &group, 0..1);
        batches.recv().unwrap();
        assert_eq!(group.read_if_idle(|_| ()), None);
        drop(words);
        calls
            .into_iter()
            .for_each(|call| drop(call.join().unwrap()));
        assert_eq!(group.read_if_idle(|_| ()), Some(()));
    });
}

/// A committer that keeps what it has committed, and refuses every seventh change.
#[derive(Default)]
struct Counting {
    committed: Arc<Mutex<Vec<u64>>>,
}

impl Committer for Counting {
    fn commit_batch(&mut self, batch: &[Arc<Request>]) -> Vec<Outcome> {
        let outcome = |number: u64| match number % 7 {
            0 => Ok(Commit::Conflict),
            _ => {
                self.committed.lock().unwrap().push(number);
                committed(number)
            }
        };
        batch.iter().map(|one| outcome(number(one))).collect()
    }
}

#[test]
fn each_outcome_is_that_of_its_change_until_the_end() {
    for round in (0..100).step_by(5) {
        let kept = Arc::default();
        let group = GroupCommit::new(Counting {
            committed: Arc::clone(&kept),
        });
        let told: Vec<u64> = thread::scope(|scope| {
            let group = &group;
            let calls: Vec<_> = (0..8)
                .map(|caller| {
                    scope.spawn(move || {
                        let numbers = (0..).map(|step| 1000 * (caller + 1) + step);
                        let outcomes = numbers.map(|it| (it, group.commit(change(it))));
                        let before_end =
                            outcomes.take_while(|(_, it)| *it != Err(StoreError::Stopped));
                        before_end
                            .filter_map(|(number, outcome)| match outcome {
                                Ok(Commit::Conflict) => {
                                    assert_eq!(number % 7, 0);
                                    None
                                }
                                other => {
                                    assert_eq!(other, committed(number));
                                    Some(number)
                                }
                            })
                            .collect::<Vec<u64>>()
                    })
                })
                .collect();
            while kept.lock().unwrap().len() < round {
                thread::yield_now();
            }
            group.close();
            calls
                .into_iter()
                .flat_map(|call| call.join().unwrap())
                .collect()
        });
        let mut kept = kept.lock().unwrap().clone();
        kept.sort_unstable();
        let mut told = told;
        told.sort_unstable();
        assert_eq!(kept, told);
        assert!(kept.len() >= round);
    }
}
