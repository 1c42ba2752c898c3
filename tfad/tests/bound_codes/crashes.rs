//! Kills: a code is good once, and a set that was in use stays in use.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use tfa_proto::Verdict;
use tfad::login::LoginService as _;

use crate::fleet::{BOUND, Fleet, member, root, ssh, state, verdict};

/// The folder and the codes for [`child_gives_codes_until_it_is_killed`].
const FOR_CHILD: &str = "TFA_TEST_BOUND_CHILD";

#[test]
fn child_gives_codes_until_it_is_killed() {
    let Ok(words) = std::env::var(FOR_CHILD) else {
        return;
    };
    let mut words = words.split(' ');
    let member = member(Path::new(words.next().unwrap()), &state(BOUND).0);
    for code in words {
        let (dialog, _) = member.begin(&root(), "alice", Ok(ssh())).unwrap();
        println!("begins {code}");
        let turn = member.answer("connection 1", dialog, code).unwrap();
        assert_eq!(verdict(&turn), Some(Verdict::VerifiedByBackupCode));
        println!("done {code}");
    }
}

#[test]
fn code_that_let_in_is_used_also_after_kill_9() {
    for round in 0..4 {
        let mut fleet = Fleet::start(&format!("kill-{round}"), BOUND, BOUND);
        let codes = fleet.make_codes().unwrap();
        fleet.restart_member(BOUND);
        fleet.cut(true);
        // The last one is not given by the child.
        let given = codes[..9].join(" ");
        let word = format!("{} {given}", fleet.folder.display());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("crashes::child_gives_codes_until_it_is_killed")
            .env(FOR_CHILD, word)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = lines.map_while(Result::ok);
        let is_told = |line: &String| line.starts_with("begins") || line.starts_with("done");
        // Killed after so many lines, while it runs: at an unknown point.
        let mut seen: Vec<String> = told.by_ref().filter(is_told).take(4 + round).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        seen.extend(told);
        let was =
            |what: &str, code: &String| seen.iter().any(|line| *line == format!("{what} {code}"));
        fleet.restart_member(BOUND);
        let done: Vec<&String> = codes.iter().filter(|code| was("done", code)).collect();
        assert!(done.len() >= 2, "{seen:?}");
        for code in done {
            assert_eq!(fleet.log_in(code), None, "{code} let in twice");
        }
        let verdict = fleet.log_in(&codes[9]);
        assert_eq!(verdict, Some(Verdict::VerifiedByBackupCode));
    }
}
