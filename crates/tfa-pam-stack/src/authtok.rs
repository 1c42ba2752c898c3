//! Who asks for the password. A module that asks leaves the password in `PAM_AUTHTOK`, where later modules find it.
//! A module that only takes it from there refuses each login for which no earlier module has asked.

use crate::MODULE;
use crate::code::{Code, Codes};
use crate::dispatch::{Run, run};
use crate::modules::{ignores_users, may_verify_password, verifies_password};
use crate::stack::{Call, Line, Phase, Stack};

const GOOGLE_AUTHENTICATOR: &str = "pam_google_authenticator.so";
const OATH: &str = "pam_oath.so";
/// Modules, and the option with which each takes the password of an earlier module, and never asks. `pam_krb5` asks
/// in spite of `use_first_pass` where there is none.
const TAKERS: [(&str, &str); 8] = [
    ("pam_unix.so", USE),
    ("pam_sss.so", USE),
    ("pam_ldap.so", USE),
    ("pam_winbind.so", USE),
    ("pam_krb5.so", "force_first_pass"),
    (MODULE, USE),
    (GOOGLE_AUTHENTICATOR, USE),
    (OATH, USE),
];
const USE: &str = "use_first_pass";
const TRY: &str = "try_first_pass";
const FORWARD: &str = "forward_pass";

/// The word with which the line takes a password that an earlier module has asked for, and refuses where there is
/// none.
#[must_use]
pub fn takes_password(line: &Line) -> Option<&str> {
    let (module, option) = TAKERS.iter().find(|(module, _)| line.calls(module))?;
    // libpam finds the option of pam_unix and pam_ldap also with a value.
    let is_option = |word: &&str| word.split('=').next() == Some(option);
    let words = line.arguments.iter().map(String::as_str);
    let mut words = words.filter(|word| is_option(word) || *word == TRY);
    match *module == GOOGLE_AUTHENTICATOR {
        // Of the two options, the last one counts there.
        true => words.next_back().filter(is_option),
        false => words.find(is_option),
    }
}

/// Whether the line has left a password for later ones, after it has returned the code. A module that is not known
/// counts as one that asks.
#[must_use]
pub fn leaves_password(line: &Line, code: Code) -> bool {
    let has = |option: &str| line.arguments.iter().any(|word| word == option);
    let splits = || match line.calls(OATH) {
        true => line
            .arguments
            .iter()
            .any(|word| word.starts_with("digits=")),
        false => has(FORWARD),
    };
    if line.call != Call::Module || takes_password(line).is_some() {
        false
    } else if line.is_tfa() || line.calls(GOOGLE_AUTHENTICATOR) || line.calls(OATH) {
        // They ask for password and code in one answer. Where they need no code, they do not ask.
        splits() && code == Code::SUCCESS
    } else if line.calls("pam_sss.so") && !has(FORWARD)
        || line.calls("pam_krb5.so") && has("no_prompt")
    {
        false
    } else if skips_users(line) {
        code == Code::SUCCESS || code == Code::NEW_AUTHTOK_REQD
    } else {
        verifies_password(line) || may_verify_password(line)
    }
}

/// Whether the module returns for some users before it asks: for root, for users with a low uid, or for those of
/// another source.
fn skips_users(line: &Line) -> bool {
    const ALWAYS: [&str; 2] = ["pam_sss.so", "pam_systemd_home.so"];
    let mut words = line.arguments.iter();
    let has_option = words.any(|word| word.starts_with("minimum_uid="));
    ALWAYS.iter().any(|module| line.calls(module)) || has_option || ignores_users(line)
}

/// Whether the line takes the password as a code, and never asks.
pub(crate) fn takes_code(line: &Line) -> bool {
    let is_of_code = line.is_tfa() || line.calls(GOOGLE_AUTHENTICATOR) || line.calls(OATH);
    is_of_code && takes_password(line).is_some()
}

/// The codes that a line can have where no earlier module has asked for a password.
pub(crate) fn without_password(line: &Line, codes: Codes) -> Codes {
    const VERIFIED: Codes = Codes::of(&[Code::SUCCESS, Code::NEW_AUTHTOK_REQD]);
    match takes_password(line) {
        Some(_) => codes.without(VERIFIED),
        None => codes,
    }
}

/// What libpam returns in a phase if the modules return these codes, as [`run`]. In the auth phase, a line that takes
/// the password of an earlier module refuses instead of its success if none has asked.
pub fn run_asking(stack: &Stack, phase: Phase, mut code_of: impl FnMut(&Line) -> Code) -> Run {
    let mut has_password = false;
    run(stack, |line| {
        let code = code_of(line);
        let is_possible = phase != Phase::Auth
            || has_password
            || without_password(line, Codes::of(&[code])).contains(code);
        let code = if is_possible { code } else { Code::AUTH_ERR };
        has_password |= leaves_password(line, code);
        code
    })
}
