//! The search finds each user who is refused because of what `pam_tfa` returns, and no other.

use super::{Random, assignments, run_with};
use crate::User;
use crate::code::{Code, Codes};
use crate::modules::codes_without_failure;
use crate::pairs;
use crate::stack::{Line, Phase, Service};

/// What the lines can return in a login with the right password of one source.
fn codes_of_owner(line: &Line, service: &Service) -> Codes {
    let codes = codes_without_failure(line, Phase::Auth, &service.name);
    match line.calls("pam_unix.so") || line.calls("pam_ldap.so") {
        true => codes.and(Codes::of(&[Code::AUTH_ERR, Code::USER_UNKNOWN])),
        false => codes,
    }
}

/// Whether a run with the first code of `pam_tfa` is refused, and one with the second passes. A module has verified
/// the password, and no condition refuses.
fn is_refused(service: &Service, codes: &[Code], [of_user, of_other]: [Code; 2]) -> bool {
    let stack = service.stack(Phase::Auth);
    let run_of = |of_tfa: Code| {
        let lines = stack.lines.iter().zip(codes);
        let codes: Vec<Code> = lines
            .map(|(line, code)| if line.is_tfa() { of_tfa } else { *code })
            .collect();
        run_with(stack, &codes)
    };
    let run = run_of(of_user);
    let refuses = |(index, code): &(usize, Code)| {
        let line = &stack.lines[*index];
        !line.is_tfa() && pairs::refuses(line, codes_of_owner(line, service), *code)
    };
    let verifies = |(index, code): &(usize, Code)| {
        let line = &stack.lines[*index];
        *code == Code::SUCCESS && (line.calls("pam_unix.so") || line.calls("pam_ldap.so"))
    };
    run.result != Code::SUCCESS
        && !run.lines.iter().any(refuses)
        && run.lines.iter().any(verifies)
        && run_of(of_other).result == Code::SUCCESS
}

#[test]
fn search_finds_each_refusal_because_of_the_module() {
    let mut random = Random(3);
    let mut found = [0; 2];
    for _ in 0..400 {
        let texts = random.service(&[
            "pam_tfa.so",
            "pam_tfa.so",
            "pam_unix.so",
            "pam_ldap.so",
            "pam_deny.so",
            "pam_cap.so",
            "pam_succeed_if.so user ingroup a",
            "pam_absent.so",
        ]);
        let service = texts.service();
        let all = assignments(&service, &|line| match line.is_tfa() {
            true => Codes::of(&[Code::SUCCESS]),
            false => codes_of_owner(line, &service),
        });
        let cases = [
            (User::NotAsked, [Code::IGNORE, Code::SUCCESS]),
            (User::Verified, [Code::SUCCESS, Code::IGNORE]),
        ];
        for ((user, of_tfa), found) in cases.into_iter().zip(found.iter_mut()) {
            let is_refused = all.iter().any(|codes| is_refused(&service, codes, of_tfa));
            let answer = service.refuses_user(Phase::Auth, user, true);
            assert_eq!(answer.is_some(), is_refused, "{user:?}: {:?}", texts.0);
            *found += usize::from(is_refused);
        }
    }
    println!("found: {found:?}");
    assert!(found[0] > 20 && found[1] > 2, "{found:?}");
}
