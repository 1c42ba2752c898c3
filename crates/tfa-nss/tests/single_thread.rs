//! The enumeration, in a process with one thread and in one with two. The tests are plain functions, since
//! the usual harness starts a thread for each.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends by panicking, and a test program prints its tests"
)]

use std::io;
use std::sync::mpsc;
use std::thread;

use tfa_nss::for_each_user;

fn main() {
    let tests: [(&str, fn()); 3] = [
        (
            "users_have_name_uid_gid_and_shell",
            users_have_name_uid_gid_and_shell,
        ),
        (
            "each_enumeration_starts_at_the_first_user",
            each_enumeration_starts_at_the_first_user,
        ),
        (
            "a_process_with_threads_is_refused",
            a_process_with_threads_is_refused,
        ),
    ];
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
}

fn names() -> Vec<String> {
    let mut names = Vec::new();
    for_each_user(|user| {
        names.push(user.name.to_str().unwrap().to_owned());
        Ok(())
    })
    .unwrap();
    names
}

fn users_have_name_uid_gid_and_shell() {
    let mut root = None;
    for_each_user(|user| {
        if user.name == c"root" {
            root = Some((user.uid, user.gid, user.shell.to_bytes().first().copied()));
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(root, Some((0, 0, Some(b'/'))));
}

fn each_enumeration_starts_at_the_first_user() {
    let all = names();
    let stopped = for_each_user(|_| Err(io::Error::other("enough")));
    assert_eq!(stopped.unwrap_err().to_string(), "enough");
    assert_eq!(names(), all);
}

fn a_process_with_threads_is_refused() {
    let (end, ends) = mpsc::channel::<()>();
    let other = thread::spawn(move || ends.recv().is_err());
    let refused = for_each_user(|_| Ok(()));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("one thread, not 2")
    );
    drop(end);
    assert!(other.join().unwrap());
}
