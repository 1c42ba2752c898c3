//! Lists of many accounts over a real bus. Each page costs the daemon no more than a constant.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends by panicking"
)]

mod host;

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use serde::de::DeserializeOwned;
use tfa_core::{Account, AuditOutcome, Time, UserExemption};
use tfa_proto::{ADMIN, AuditRecord, Exemption, ListFilter, NAME, PATH, Status};
use tfa_store::{Revision, StateDir, Store};
use zbus::Connection;
use zbus::connection::Builder;
use zbus::wire::Type;

use host::Host;

/// Several pages of accounts. Their statuses alone would take more memory than the daemon may.
const ACCOUNTS: u32 = 5000;
/// The permitted growth of the daemon in kilobytes.
const MAX_GROWTH: u64 = 9 << 10;

/// The number of accounts; another one for a measurement.
fn accounts() -> u32 {
    let set = std::env::var("TFA_TEST_ACCOUNTS").ok();
    set.map_or(ACCOUNTS, |count| count.parse().unwrap())
}

fn name(number: u32) -> String {
    format!("account{number:07}")
}

/// Makes a store of accounts that are exempt and have a login in audit mode, of users who do not exist
/// here.
fn fill(state: &Path) {
    let state_dir = StateDir {
        path: state.to_owned(),
        credentials: None,
    };
    let store = tfa_store::open(&state_dir, |_| None).unwrap().store;
    let next = AtomicU32::new(0);
    let now = Time::from_secs(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs());
    let reason = "a phone in repair ".repeat(10);
    let exemption = UserExemption::new(reason.trim(), std::time::Duration::from_secs(86_400), now);
    let exemption = exemption.unwrap();
    thread::scope(|scope| {
        for _ in 0..256 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= accounts() {
                        return;
                    }
                    let uid = 2_000_000_000 + number;
                    let mut account = Account::new(uid);
                    account.exempt(exemption.clone());
                    account.record_audit(AuditOutcome::Asked, "sshd", "192.0.2.7", now);
                    let record = account.encode();
                    let _ = store
                        .commit(&name(number), uid, &record, Revision::NONE)
                        .unwrap();
                }
            });
        }
    });
    store.close();
}

/// A page, and the `after` of the next one.
type Page<T> = (Vec<T>, String);

/// Calls a method until its last page. `List` has a filter. Returns the lengths of the pages, and what `user` tells of each
/// entry.
async fn all<T: DeserializeOwned + Type>(
    bus: &Connection,
    method: &str,
    user: impl Fn(T) -> String,
) -> (Vec<usize>, Vec<String>) {
    let (mut lengths, mut users, mut after) = (Vec::new(), Vec::new(), String::new());
    loop {
        let (page, next): Page<T> = if method == "List" {
            let arguments = (ListFilter::All.name(), &after);
            let called = bus.call_method(Some(NAME), PATH, Some(ADMIN), method, &arguments);
            let reply = called.await.unwrap();
            let (page, next, read): (Vec<T>, String, u32) = reply.body().deserialize().unwrap();
            assert_eq!(page.len(), read as usize);
            (page, next)
        } else {
            let called = bus.call_method(Some(NAME), PATH, Some(ADMIN), method, &after);
            called.await.unwrap().body().deserialize().unwrap()
        };
        lengths.push(page.len());
        users.extend(page.into_iter().map(&user));
        if next.is_empty() {
            return (lengths, users);
        }
        after = next;
    }
}

#[tokio::test]
async fn pages_of_many_accounts_are_bounded_and_complete() {
    let begun = Instant::now();
    let host = Host::start("lists", fill);
    println!("{} accounts: filled in {:?}", accounts(), begun.elapsed());
    let address = format!("unix:path={}", host.bus.socket().display());
    let bus = Builder::address(&*address).build().await.unwrap();
    let before = host.peak();
    let listed: Vec<String> = (0..accounts()).map(name).collect();

    let begun = Instant::now();
    let (lengths, users) = all(&bus, "List", |status: Status| status.user).await;
    println!("List: {:?}, {} pages", begun.elapsed(), lengths.len());
    assert!(users == listed);
    assert!(lengths.iter().all(|length| *length <= 1000), "{lengths:?}");

    let begun = Instant::now();
    let (lengths, users) = all(&bus, "RecordNames", |name: String| name).await;
    println!(
        "RecordNames: {:?}, {} pages",
        begun.elapsed(),
        lengths.len()
    );
    assert!(users == listed);

    let begun = Instant::now();
    let user = |exemption: Exemption| exemption.user.expect("it is a user's");
    let (lengths, users) = all(&bus, "UserExemptions", user).await;
    println!(
        "UserExemptions: {:?}, {} pages",
        begun.elapsed(),
        lengths.len()
    );
    assert!(users == listed);
    assert!(lengths.iter().all(|length| *length <= 2000), "{lengths:?}");

    let begun = Instant::now();
    let (lengths, users) = all(&bus, "AuditRecords", |record: AuditRecord| record.user).await;
    println!(
        "AuditRecords: {:?}, {} pages",
        begun.elapsed(),
        lengths.len()
    );
    assert!(users == listed);
    assert!(lengths.iter().all(|length| *length <= 1000), "{lengths:?}");

    let growth = host.peak().saturating_sub(before);
    println!(
        "the daemon's peak: {} kB, {growth} kB more than at the start",
        host.peak()
    );
    assert!(growth < MAX_GROWTH, "{growth} kB");
}
