//! Whoever is not root is asked for a password by a text agent, where there is somebody to ask.

use tfa_testkit::{NOBODY, skip_without_uid};

use crate::double::{Run, finished};
use crate::{account, place};

#[test]
fn the_agent_is_there_for_the_call_on_a_terminal_alone() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let place = place(vec![account("alice", "enabled")]);
    let folder = place.bus.folder().display();
    let text = format!("#!/bin/sh\necho called >> {folder}/called\nexec sleep 1000 >&-\n");
    place.script("pkttyagent", &text);
    let path = format!("{folder}:/usr/sbin:/usr/bin:/sbin:/bin");
    let run = Run {
        arguments: &["list"],
        environment: &[("PATH", &path)],
        as_nobody: true,
        ..Run::default()
    };
    let (code, _, error) = finished(&place.output_of(&run));
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(!place.file("called").exists());

    let mut terminal = place.terminal(&run);
    terminal.expect("alice");
    assert_eq!(terminal.exit_code(), 0, "the agent holds nothing up");
    assert!(place.file("called").exists());
}
