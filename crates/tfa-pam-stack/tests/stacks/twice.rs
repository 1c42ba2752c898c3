//! Stacks in which a login meets two lines of `pam_tfa`.

use crate::memory::service;

/// The lines whose `pam_tfa` succeeds.
fn asked(text: &str) -> Vec<usize> {
    let service = service(text);
    let witness = service.asks_twice();
    let steps = witness.iter().flat_map(|witness| &witness.steps);
    let asked = steps.filter(|step| step.module == "pam_tfa.so");
    asked.map(|step| step.position.line).collect()
}

#[test]
fn two_lines_that_one_login_meets_ask_twice() {
    let twice = "auth requisite pam_unix.so\nauth requisite pam_tfa.so\nauth required pam_tfa.so\n";
    assert_eq!(asked(twice), [2, 3]);
    let after_key = "auth requisite pam_tfa.so after_publickey\nauth requisite pam_unix.so\n\
                     auth requisite pam_tfa.so\n";
    assert_eq!(asked(after_key), [1, 3]);
}

#[test]
fn two_lines_of_which_a_login_meets_one_ask_once() {
    for text in [
        "auth requisite pam_unix.so\nauth requisite pam_tfa.so\n",
        "auth [success=done ignore=ignore default=die] pam_tfa.so after_publickey\n\
         auth requisite pam_unix.so\nauth requisite pam_tfa.so\n",
        "auth requisite pam_unix.so\nauth [success=2 default=ignore] pam_succeed_if.so user ingroup a\n\
         auth requisite pam_tfa.so\nauth [default=1] pam_permit.so\nauth requisite pam_tfa.so echo\n",
        // Each user has one answer.
        "auth requisite pam_unix.so\nauth [success=1 default=ignore] pam_succeed_if.so user ingroup a\n\
         auth requisite pam_tfa.so\n\
         auth [success=1 default=ignore] pam_succeed_if.so quiet user notingroup a\n\
         auth requisite pam_tfa.so echo\nauth required pam_permit.so\n",
    ] {
        assert_eq!(asked(text), [0; 0], "{text}");
    }
}
