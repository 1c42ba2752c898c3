//! Lists: all records page by page, while others change.

use std::collections::BTreeSet;
use std::thread;

use tfa_store::{Listed, MAX_PAGE_BYTES, MAX_RECORD_BYTES, Page, Records, Revision, Store};

use super::{Backend, put};

/// The names in a page.
fn names(page: &Page) -> Vec<&str> {
    let records = page.records.iter();
    records.map(|(name, _)| name.as_str()).collect()
}

/// All records name every user once, in the order of the names, with the record.
pub fn list_is_complete_and_ordered(backend: &impl Backend) {
    let store = backend.open();
    let names: BTreeSet<String> = (0..3000).map(|number| format!("user{number}")).collect();
    let all: Vec<&String> = names.iter().collect();
    thread::scope(|scope| {
        for part in all.chunks(10) {
            let store = &store;
            scope.spawn(move || {
                for name in part {
                    put(store, name, name.as_bytes(), Revision::NONE);
                }
            });
        }
    });
    let _ = store.remove("user7", None).unwrap();
    let listed: Vec<Listed> = Records::of(&store).map(Result::unwrap).collect();
    assert!(
        listed
            .iter()
            .map(|(name, _)| name)
            .eq(names.iter().filter(|name| *name != "user7"))
    );
    for (name, record) in listed {
        let record = record.map(|(record, _)| record.as_bytes().to_vec());
        assert_eq!(record, Ok(name.into_bytes()));
    }
}

/// A page has the first records after a name, up to the limit, and says whether others follow.
pub fn page_ends_at_the_limit(backend: &impl Backend) {
    let store = backend.open();
    assert!(store.list("", 5).unwrap().records.is_empty());
    // In the order of bytes.
    let users = ["Zoe", "ada", "ada2", "bob", "zoe", "é"];
    for user in users {
        put(&store, user, user.as_bytes(), Revision::NONE);
    }
    for (after, limit, listed, next) in [
        ("", 2, &users[..2], Some("ada")),
        ("ada", 2, &users[2..4], Some("bob")),
        ("ad", 1, &users[1..2], Some("ada")),
        ("aeb", 3, &users[3..], None),
        ("zoe", 9, &users[5..], None),
        ("é", 9, &[], None),
    ] {
        let (own, more_follow) = store.names(after, limit).unwrap();
        assert!(own == listed && more_follow == next.is_some(), "{own:?}");
        let page = store.list(after, limit).unwrap();
        assert_eq!(names(&page), listed, "{after} {limit}");
        assert_eq!(page.next.as_deref(), next, "{after} {limit}");
    }
}

/// A page of long records ends at [`MAX_PAGE_BYTES`], so that its memory is bounded.
pub fn page_ends_at_a_length_and_has_at_least_one_record(backend: &impl Backend) {
    let store = backend.open();
    let record = vec![7; MAX_RECORD_BYTES];
    let users: Vec<String> = (10..30).map(|number| format!("user{number}")).collect();
    for user in &users {
        put(&store, user, &record, Revision::NONE);
    }
    let (mut listed, mut after) = (Vec::new(), String::new());
    loop {
        let page = store.list(&after, usize::MAX).unwrap();
        assert!(!page.records.is_empty());
        assert!(page.records.len() <= MAX_PAGE_BYTES / MAX_RECORD_BYTES);
        listed.extend(names(&page).into_iter().map(str::to_owned));
        let Some(next) = page.next else { break };
        after = next;
    }
    assert_eq!(listed, users);
}

/// Between two pages records are added and removed, also those that a page ended with. Each other
/// record is listed once.
pub fn changes_between_pages_hide_and_repeat_no_other_record(backend: &impl Backend) {
    let store = backend.open();
    let stays: Vec<String> = (100..200).map(|number| format!("user{number}")).collect();
    let come_and_go = |name: &str| format!("{name}-guest");
    for (number, user) in stays.iter().enumerate() {
        put(&store, user, b"one", Revision::NONE);
        if number % 2 == 0 {
            put(&store, &come_and_go(user), b"one", Revision::NONE);
        }
    }
    let (mut listed, mut after) = (Vec::new(), String::new());
    loop {
        let page = store.list(&after, 7).unwrap();
        listed.extend(names(&page).into_iter().map(str::to_owned));
        for (number, user) in stays.iter().enumerate() {
            let guest = come_and_go(user);
            if store.load(&guest).unwrap().is_some() {
                let _ = store.remove(&guest, None).unwrap();
            } else if (number + listed.len()) % 3 == 0 {
                put(&store, &guest, b"one", Revision::NONE);
            }
        }
        let Some(next) = page.next else { break };
        after = next;
    }
    assert!(listed.iter().is_sorted());
    listed.retain(|name| !name.ends_with("-guest"));
    assert_eq!(listed, stays);
}
