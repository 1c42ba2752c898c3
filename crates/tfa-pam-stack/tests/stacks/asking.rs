//! Which modules ask for the password, with the real `pam_unix` and `pam_exec` and the libpam of this host: random
//! stacks of them ask where the evaluator says, and return the same.

use std::fs;

use tfa_pam_stack::{Code, Line, Phase, Run, Ternary, leaves_password, run_asking};

use crate::driver::{Driver, own_uid};
use crate::evaluator::{argument, read};
use crate::generate::{Random, seed};

/// How many random stacks are compared.
const STACKS: usize = 500;
/// Without the delay of a wrong password.
const MODULES: [&str; 8] = [
    "pam_unix.so nodelay",
    "pam_unix.so nodelay try_first_pass",
    "pam_unix.so nodelay use_first_pass",
    "pam_unix.so nodelay use_first_pass",
    "pam_unix.so try_first_pass use_first_pass nodelay",
    "pam_exec.so quiet expose_authtok /bin/cat",
    "pam_debug.so auth=success",
    "pam_debug.so auth=auth_err",
];
const CONTROLS: [&str; 7] = [
    "required",
    "requisite",
    "sufficient",
    "optional",
    "[success=1 default=ignore]",
    "[success=ok default=1]",
    "[success=ok default=ignore]",
];
const QUESTION: &str = "Password:";

/// What a module returns once it has a password: the wrong one.
fn code_of(line: &Line) -> Code {
    match line.calls("pam_unix.so") {
        true => Code::AUTH_ERR,
        false => argument(line, "auth").unwrap_or(Code::SUCCESS),
    }
}

/// What the driver prints of pam_authenticate(3).
fn report(lines: &[Line], run: &Run) -> String {
    let (mut words, mut has_password) = (String::new(), false);
    for (index, code) in &run.lines {
        let line = &lines[*index];
        // The evaluator does not know this module, so that it may ask.
        if line.calls("pam_debug.so") {
            words += &format!("auth={}", argument(line, "auth").unwrap());
        } else if !has_password && leaves_password(line, *code) == Ternary::Yes {
            has_password = true;
            words += QUESTION;
        }
    }
    // pam_unix has another code for the third wrong password.
    let end = match run.result {
        Code::SUCCESS => "0",
        _ => "refused",
    };
    format!("{words}{end}")
}

#[test]
fn modules_ask_where_the_evaluator_says() {
    let driver = Driver::new("asking");
    let seed = seed();
    let mut random = Random(seed);
    let names: Vec<String> = (0..STACKS).map(|number| format!("{number}")).collect();
    let (mut expected, mut texts) = (Vec::new(), Vec::new());
    for name in &names {
        let count = 1 + random.below(5);
        let line = |_| {
            format!(
                "auth {} {}\n",
                random.pick(&CONTROLS),
                random.pick(&MODULES)
            )
        };
        let text: String = (0..count).map(line).collect();
        let folder = driver.folder.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("service"), &text).unwrap();
        let service = read(&folder, driver.release).unwrap();
        let stack = service.stack(Phase::Auth);
        let run = run_asking(stack, Phase::Auth, true, code_of);
        expected.push(report(&stack.lines, &run));
        texts.push(text);
    }
    let cases: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "service", own_uid()))
        .collect();
    let found = driver.run_as(&cases);
    let authentication = |report: &String| {
        let (messages, code) = report.split(" |").nth(1)?.rsplit_once(' ')?;
        let end = if code == "0" { "0" } else { "refused" };
        Some(format!("{}{end}", messages.replace(' ', "")))
    };
    let found: Vec<String> = found.iter().filter_map(authentication).collect();
    assert_eq!(found.len(), STACKS);
    for ((text, expected), found) in texts.iter().zip(&expected).zip(&found) {
        assert_eq!(found, expected, "TFA_SEED={seed}\n{text}");
    }
    let asked = found
        .iter()
        .filter(|report| report.contains(QUESTION))
        .count();
    println!("{STACKS} stacks, {asked} asked, seed {seed}");
    assert!(asked > STACKS / 3 && asked < STACKS);
}
