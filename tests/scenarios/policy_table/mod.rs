//! The table of tfa-policy(7), row by row: the outcome of each login under each policy.

mod host;
mod login;
mod table;

use crate::users::{PASSWORD, record_of};
use host::Host;
use table::{Login, Outcome, Row, State, Table};

#[test]
fn the_table_of_the_manual_uses_every_value() {
    let Table { policies, rows } = Table::read();
    assert!(rows.len() >= 60, "only {} rows", rows.len());
    let names: Vec<&str> = policies.iter().map(|policy| policy.name).collect();
    let tested: Vec<String> = outcome_of_each_login_under::ALL
        .iter()
        .map(|test| policy_of(test))
        .collect();
    assert_eq!(names, tested);
    for row in &rows {
        assert!(names.contains(&row.policy), "{row:?}");
        let same = |other: &&Row| {
            (other.policy, other.user, other.login) == (row.policy, row.user, row.login)
        };
        assert_eq!(rows.iter().filter(same).count(), 1, "{row:?}");
    }
    let stands = |is: &dyn Fn(&Row) -> bool| rows.iter().any(is);
    for name in names {
        assert!(stands(&|row| row.policy == name), "{name}");
    }
    for state in State::ALL {
        assert!(stands(&|row| row.user == *state), "{state:?}");
    }
    for login in Login::ALL {
        assert!(stands(&|row| row.login == *login), "{login:?}");
    }
    for outcome in Outcome::ALL {
        assert!(stands(&|row| row.outcome == *outcome), "{outcome:?}");
    }
}

macro_rules! policies {
    ($($name:ident),+ $(,)?) => {
        mod outcome_of_each_login_under {
            pub(super) const ALL: &[&str] = &[$(stringify!($name)),+];
            $(
                #[test]
                fn $name() {
                    super::check_rows_of(&super::policy_of(stringify!($name)));
                }
            )+
        }
    };
}

policies! {
    off, optional, later, grace, required, deny, not_guarded, audit, keys, security_keys, after_key, network, console, machine,
    group, unknown, until, ended,
}

/// The policy of a test, which has its name.
fn policy_of(test: &str) -> String {
    test.replace('_', "-")
}

fn check_rows_of(policy: &str) {
    let table = Table::read();
    let rows: Vec<Row> = table
        .rows
        .iter()
        .filter(|row| row.policy == policy)
        .copied()
        .collect();
    let mut host = Host::set(table.config(policy), &rows);
    let wrong: Vec<String> = rows
        .iter()
        .enumerate()
        .filter_map(|(number, row)| {
            let wrong = host.check(number, *row).join("\n  ");
            (!wrong.is_empty()).then(|| format!("{row}:\n  {wrong}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn declining_required_enrollment_is_refused() {
    let table = Table::read();
    let host = Host::set(table.config("required"), &[]);
    let machine = host.machine();
    machine.add_user("alice", PASSWORD);
    let terminal = machine.ssh_with("alice", &["-o", "LogLevel=INFO"]);
    terminal.expect("Password:");
    terminal.type_secret(PASSWORD);
    terminal.expect("or no to stop:");
    terminal.type_line("no");
    terminal.expect("Nothing was set up.");
    assert!(!terminal.wait_exit().success());
    assert!(!terminal.transcript().contains("otpauth://"));
    assert!(!terminal.transcript().contains("alice@host:~$"));
    let record = record_of(machine, "alice");
    assert!(record.contains("\"state\": \"none\""), "{record}");
}
