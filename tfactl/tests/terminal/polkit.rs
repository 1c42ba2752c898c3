//! A text agent asks for a password if the caller is not root and has a terminal.

use tfa_testkit::{NOBODY, Run, finished, skip_without_uid};

use crate::{account, host_with};

#[test]
fn the_agent_runs_during_a_call_on_a_terminal_only() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let host = host_with(vec![account("alice", "enabled")]);
    let folder = host.folder().display();
    let text = format!("#!/bin/sh\necho called >> {folder}/called\nexec sleep 1000 >&-\n");
    host.script("pkttyagent", &text);
    let path = format!("{folder}:/usr/sbin:/usr/bin:/sbin:/bin");
    let run = Run {
        arguments: &["list"],
        environment: &[("PATH", &path)],
        as_nobody: true,
        ..Run::default()
    };
    let (code, _, error) = finished(&host.output(&run));
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(!host.file("called").exists());

    let mut terminal = host.terminal(&run);
    terminal.expect("alice");
    assert_eq!(
        terminal.exit_code(),
        0,
        "the agent does not delay the command"
    );
    assert!(host.file("called").exists());
}
