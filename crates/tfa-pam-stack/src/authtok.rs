//! Who asks for the password. A module that asks leaves the password in `PAM_AUTHTOK`, where later modules find it.
//! A module that only takes it from there refuses each login for which no earlier module has asked.

use crate::MODULE;
use crate::code::{Code, Codes};
use crate::dispatch::{Run, run};
use crate::modules::{may_verify_password, verifies_password};
use crate::options::has;
use crate::stack::{Call, Line, Phase, Stack};

const GOOGLE_AUTHENTICATOR: &str = "pam_google_authenticator.so";
const OATH: &str = "pam_oath.so";
/// Modules, and the option with which each takes the password of an earlier module, and never asks. `pam_krb5` asks
/// in spite of `use_first_pass` where there is none.
const TAKERS: [(&str, &str); 9] = [
    ("pam_unix.so", USE),
    ("pam_sss.so", USE),
    ("pam_ldap.so", USE),
    ("pam_winbind.so", USE),
    ("pam_krb5.so", "force_first_pass"),
    ("pam_userdb.so", USE),
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

/// What is known of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ternary {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// It is not known.
    Unknown,
}

impl Ternary {
    fn of(holds: bool) -> Self {
        match holds {
            true => Self::Yes,
            false => Self::No,
        }
    }
}

/// Whether the line has left a password for later ones, after it has returned the code.
#[must_use]
pub fn leaves_password(line: &Line, code: Code) -> Ternary {
    let verified = code == Code::SUCCESS || code == Code::NEW_AUTHTOK_REQD;
    if line.call != Call::Module || takes_password(line).is_some() {
        Ternary::No
    } else if asks_for_both(line) {
        // Where they need no code, they do not ask.
        Ternary::of(splits_answer(line) && code == Code::SUCCESS)
    } else if keeps_answer(line) || (skips_users(line) && !verified) {
        Ternary::No
    } else if may_verify_password(line) || (line.calls("pam_krb5.so") && has(line, "try_pkinit")) {
        // With the option, the library of MIT asks and keeps the answer. With that of Heimdal, the module asks.
        Ternary::Unknown
    } else {
        Ternary::of(verifies_password(line) || line.calls("pam_ftp.so"))
    }
}

/// Whether the module asks for password and code in one answer, if it asks for the password at all.
fn asks_for_both(line: &Line) -> bool {
    line.is_tfa() || line.calls(GOOGLE_AUTHENTICATOR) || line.calls(OATH)
}

/// Whether such a module leaves the password of the answer.
fn splits_answer(line: &Line) -> bool {
    let mut words = line.arguments.iter();
    match line.calls(OATH) {
        true => words.any(|word| word.starts_with("digits=")),
        false => has(line, FORWARD),
    }
}

/// Whether the module leaves nothing of the answer.
fn keeps_answer(line: &Line) -> bool {
    line.calls("pam_sss.so") && !has(line, FORWARD)
        || line.calls("pam_krb5.so") && has(line, "no_prompt")
}

/// Whether the module returns for some users before it asks: for root, for users with a low uid, or for those of
/// another source. `pam_ldap` asks first of whom it ignores.
fn skips_users(line: &Line) -> bool {
    const ALWAYS: [&str; 2] = ["pam_sss.so", "pam_systemd_home.so"];
    let mut words = line.arguments.iter();
    let has_option = words.any(|word| word.starts_with("minimum_uid="));
    let skips_root = || line.calls("pam_krb5.so") && has(line, "ignore_root");
    ALWAYS.iter().any(|module| line.calls(module)) || has_option || skips_root()
}

/// Whether the line takes the password as a code, and never asks.
pub(crate) fn takes_code(line: &Line) -> bool {
    asks_for_both(line) && takes_password(line).is_some()
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
/// the password of an earlier module refuses instead of its success if none has asked. The flag says whether modules
/// ask of which that is not known.
pub fn run_asking(
    stack: &Stack,
    phase: Phase,
    unknown_asks: bool,
    mut code_of: impl FnMut(&Line) -> Code,
) -> Run {
    let mut has_password = false;
    run(stack, |line| {
        let code = code_of(line);
        let is_possible = phase != Phase::Auth
            || has_password
            || without_password(line, Codes::of(&[code])).contains(code);
        let code = if is_possible { code } else { Code::AUTH_ERR };
        has_password |= match leaves_password(line, code) {
            Ternary::Yes => true,
            Ternary::No => false,
            Ternary::Unknown => unknown_asks,
        };
        code
    })
}
