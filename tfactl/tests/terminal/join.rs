//! A host that joins a fleet, up to the moment at which the token would be used.

use tfa_fleet_core::{Fingerprint, HostName, InvitationId, InvitationSecret, JoinToken};
use tfa_fleet_core::{POINT_BYTES, VerifierAddress};
use tfa_testkit::{TestHost, finished};

use crate::host_with;

/// A token for a host that is not this one, as text. It is longer than a line of the terminal.
fn token() -> String {
    let token = JoinToken {
        id: InvitationId([1; InvitationId::LENGTH]),
        host: HostName::new("elsewhere.test").unwrap(),
        secret: InvitationSecret([2; InvitationSecret::LENGTH].into()),
        authority: Fingerprint::of_point(&[3; POINT_BYTES]),
        verifiers: vec![VerifierAddress::parse("v1.test:7443").unwrap()],
    };
    token.to_text().to_string()
}

/// A host in no fleet and without accounts.
fn host() -> TestHost {
    host_with(Vec::new())
}

#[test]
fn token_for_another_host_is_not_used_without_a_question() {
    let text = token();
    let (first, rest) = text.split_at(80);
    // Also where it was copied as two lines.
    for lines in [&[&*text][..], &[first, rest]] {
        let host = host();
        let mut terminal = host.terminal_with(&["join"]);
        terminal.answers("Token: ", lines[0]);
        for line in &lines[1..] {
            terminal.answers("The rest of the token: ", line);
        }
        terminal.expect("and the invitation is for elsewhere.test.");
        terminal.answers("[y/N]", "");
        terminal.expect("The invitation was not used. Nothing was changed.");
        assert_eq!(terminal.exit_code(), 1);
    }
}

#[test]
fn line_that_is_no_part_of_a_token_ends_the_prompt_for_the_rest() {
    let text = token();
    for next in ["tfactl host list", "", "ls;exit", &text] {
        let host = host();
        let mut terminal = host.terminal_with(&["join"]);
        terminal.answers("Token: ", &text[..80]);
        terminal.answers("The rest of the token: ", next);
        terminal.expect("a part of the token is missing");
        terminal.expect("Copy the whole token, and run again: tfactl join");
        assert_eq!(terminal.exit_code(), 1, "{next:?}");
    }
}

#[test]
fn text_that_is_no_token_is_told_with_what_to_do() {
    let text = token();
    for (other, why) in [
        (
            "secret",
            "it does not begin with \"tfa-join-\". Copy all of it",
        ),
        (
            &text[..60],
            "a part of it is missing or wrong. Copy all of it",
        ),
    ] {
        let (code, _, error) = finished(&host().output_with(&["join", other]));
        assert_eq!(code, 1);
        let text = format!("this is not a valid token of tfactl host invite: {why}");
        assert!(error.contains(&text), "{error}");
    }
}
