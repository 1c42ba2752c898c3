//! What a commit costs, next to what the disk asks for. Run with
//! `cargo test --release -p tfad --test store -- --ignored --nocapture`.

use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tfad::store::{Revision, Store};

use crate::scratch::{Scratch, put};

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!(
        "{what}: median {:?}, p99 {:?}, worst {:?}",
        at(50),
        at(99),
        at(100)
    );
}

#[tokio::test]
#[ignore = "a measurement, for a quiet machine"]
async fn measure_commits_and_loads() {
    let scratch = Scratch::new();
    let store = Arc::new(scratch.store());
    let record = [7; 700];
    let mut revisions = Vec::new();
    for number in 0..1000 {
        revisions.push(put(&*store, &format!("user{number}"), &record, Revision::NONE).await);
    }
    let floor = std::fs::File::create(scratch.file("floor")).unwrap();
    let (mut writes, mut commits, mut loads, mut absent) = (vec![], vec![], vec![], vec![]);
    for turn in 0..5000 {
        let user = turn % 1000;
        let name = format!("user{user}");
        let start = Instant::now();
        floor
            .write_all_at(&[7; 4096], (user * 4096) as u64)
            .unwrap();
        floor.sync_data().unwrap();
        writes.push(start.elapsed());
        let start = Instant::now();
        revisions[user] = put(&*store, &name, &record, revisions[user]).await;
        commits.push(start.elapsed());
        let start = Instant::now();
        assert!(store.load(&name).unwrap().is_some());
        loads.push(start.elapsed());
        let start = Instant::now();
        assert!(store.load("nobody").unwrap().is_none());
        absent.push(start.elapsed());
    }
    show("write + fdatasync", writes);
    show("commit", commits);
    show("load", loads);
    show("load of nobody", absent);

    let start = Instant::now();
    let requesters: Vec<_> = (0..64)
        .map(|user: usize| {
            let (store, mut revision) = (Arc::clone(&store), revisions[user]);
            tokio::spawn(async move {
                let mut times = Vec::new();
                for _ in 0..300 {
                    let start = Instant::now();
                    revision = put(&*store, &format!("user{user}"), &record, revision).await;
                    times.push(start.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for requester in requesters {
        times.extend(requester.await.unwrap());
    }
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    println!("64 requesters: {rate:.0} commits/s");
    show("each of their commits", times);
    store.close().await;
}
