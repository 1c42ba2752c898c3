//! Lists of more accounts than one reply of the daemon has.

use tfa_tests::Machine;

/// The users, each with a record. A page has at most 1000.
const USERS: usize = 1100;

/// Adds the users, and exempts each.
const FILL: &str = r#"
    for number in $(seq -w "$1"); do
        echo "user$number:x:$((10000 + 1$number)):100::/nonexistent:/bin/sh" >> /etc/passwd
    done
    for number in $(seq -w "$1"); do
        tfactl exempt "user$number" --for 1d --reason "user number $number" || exit 1
    done
"#;

fn machine_with_many_accounts() -> Machine {
    let machine = Machine::boot();
    let users = USERS.to_string();
    machine.succeed(["sh", "-c", FILL, "sh", &users]);
    machine
}

fn names() -> impl Iterator<Item = String> {
    (1..=USERS).map(|number| format!("user{number:04}"))
}

#[test]
fn accounts_of_all_pages_are_listed_once_and_in_order() {
    let machine = machine_with_many_accounts();
    let list = machine.succeed(["tfactl", "list"]);
    let rows = list.lines().skip(1);
    let users = rows.filter_map(|row| row.split_whitespace().next());
    assert!(users.eq(names()), "{list}");
    assert!(list.lines().all(|line| line.len() <= 80), "{list}");
    const FIRST: [&str; 9] = [
        "busctl",
        "call",
        "org.tfad.Tfa1",
        "/org/tfad/Tfa1",
        "org.tfad.Tfa1.Admin",
        "List",
        "ss",
        "all",
        "",
    ];
    let first = machine.succeed(FIRST);
    let next = first.split_whitespace().rev().nth(1);
    assert_ne!(next, Some("\"\""), "one page has all");

    let array = machine.succeed(["tfactl", "list", "--json"]);
    let keys = array
        .lines()
        .filter_map(|line| line.strip_prefix("    \"user\": \""));
    assert!(
        keys.map(|rest| rest.trim_end_matches("\",")).eq(names()),
        "{array}"
    );
    assert!(
        array.starts_with("[\n") && array.ends_with("\n]\n"),
        "{array}"
    );
    let exemptions = machine.succeed(["tfactl", "exemptions", "--json"]);
    assert_eq!(exemptions.matches("\"user number ").count(), USERS);

    // A reader that leaves ends the list without a message.
    const HEAD: &str = "{ tfactl list; tfactl list --json; } 2>&1 | head -n 2";
    let head = machine.succeed(["sh", "-c", HEAD]);
    let rows: Vec<&str> = head.lines().collect();
    assert!(
        rows[0].starts_with("USER ") && rows[1].starts_with("user0001 "),
        "{head}"
    );
    assert_eq!(rows.len(), 2);
}
