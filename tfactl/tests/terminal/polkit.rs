//! Whoever is not root is asked for a password by a text agent, where there is somebody to ask.

use tfa_testkit::{NOBODY, Run, finished, skip_without_uid};

use crate::{account, host_with};

#[test]
fn the_agent_is_there_for_the_call_on_a_terminal_alone() {
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
    assert_eq!(terminal.exit_code(), 0, "the agent holds nothing up");
    assert!(host.file("called").exists());
}
