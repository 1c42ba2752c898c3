//! The search finds a login without `pam_tfa`, or against it, exactly where the libpam of this host lets one in:
//! in stacks with jumps, with a module that cannot be loaded, and with `pam_rootok` under each real uid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tfa_pam_stack::{Action, Code, Line, Phase, Release, Run, Service, User, run};

use crate::driver::{Driver, own_uid};
use crate::evaluator::{argument, read_named};
use crate::generate::{Random, seed};

/// How many random stacks are compared.
const STACKS: usize = 400;
/// A user who is not root.
const NOBODY: u32 = 65534;
/// The code of a line that is filled in.
const CODE: &str = "CODE";

/// A stack of lines that return one of some codes each.
struct Stack {
    phase: Phase,
    service: &'static str,
    lines: Vec<(String, &'static [&'static str])>,
}

impl Stack {
    fn generate(random: &mut Random, modules: &Path) -> Self {
        let phase = [Phase::Auth, Phase::Session][random.below(2)];
        // The program of the first keeps the real uid of its user.
        let service = ["su", "service"][random.below(2)];
        let count = 2 + random.below(3);
        let mut lines: Vec<_> = (0..count)
            .map(|_| Self::line(random, phase, modules))
            .collect();
        // The search does not know that two of these lines have the same answer.
        let mut has_rootok = false;
        lines.retain(|(line, _)| {
            let is_second = has_rootok && line.contains("pam_rootok");
            has_rootok |= line.contains("pam_rootok");
            !is_second
        });
        Self {
            phase,
            service,
            lines,
        }
    }

    fn line(
        random: &mut Random,
        phase: Phase,
        modules: &Path,
    ) -> (String, &'static [&'static str]) {
        let tfa: &[&str] = &["success", "ignore", "session_err"];
        let (module, codes) = match random.below(10) {
            0..4 => (modules.join("pam_tfa.so"), tfa),
            4 => (modules.join("absent/pam_tfa.so"), &["success"][..]),
            5 => (modules.join("damaged/pam_tfa.so"), &["success"][..]),
            6 => (
                modules.join("pam_succeed_if.so"),
                &["success", "user_unknown"][..],
            ),
            7 => (PathBuf::from("pam_deny.so"), &["success"][..]),
            8 => (PathBuf::from("pam_rootok.so"), &["success"][..]),
            _ => (PathBuf::from("pam_permit.so"), &["success"][..]),
        };
        let control = control(random);
        let module = module.display();
        let phase = phase.name();
        let line = format!("{phase} {control} {module} auth={CODE} open_session={CODE}\n");
        (line, codes)
    }

    /// The files of each combination of codes.
    fn files(&self) -> Vec<String> {
        let mut files = vec![String::new()];
        for (line, codes) in &self.lines {
            let longer = files.iter().flat_map(|file| {
                let of_code = move |code: &&str| format!("{file}{}", line.replace(CODE, code));
                codes.iter().map(of_code)
            });
            files = longer.collect();
        }
        files
    }

    /// The real uids of the programs of the service, as far as this process can have them.
    fn uids(&self) -> Vec<u32> {
        match (own_uid(), self.service) {
            (0, "su") => vec![NOBODY],
            (0, _) => vec![0, NOBODY],
            (own, _) => vec![own],
        }
    }

    /// Whether only root can run the program under each real uid.
    fn needs_root(&self) -> bool {
        self.service != "su"
            && self
                .lines
                .iter()
                .any(|(line, _)| line.contains("pam_rootok"))
    }
}

fn control(random: &mut Random) -> String {
    if random.below(3) == 0 {
        let words = ["required", "requisite", "sufficient", "optional"];
        return random.pick(&words).to_owned();
    }
    let actions = [
        "ok", "done", "bad", "die", "ignore", "ignore", "reset", "1", "1", "2",
    ];
    let mut pairs = String::new();
    for code in ["success", "ignore", "module_unknown", "default"] {
        write!(pairs, "{code}={} ", random.pick(&actions)).unwrap();
    }
    format!("[{}]", pairs.trim_end())
}

/// What a module of these stacks returns.
fn code_of(line: &Line, phase: Phase, uid: u32) -> Code {
    let call = if phase == Phase::Auth {
        "auth"
    } else {
        "open_session"
    };
    if line.calls("pam_rootok.so") {
        return match (phase, uid) {
            (Phase::Auth, 0) => Code::SUCCESS,
            (Phase::Auth, _) => Code::AUTH_ERR,
            // It has no function for the phase.
            _ => Code::MODULE_UNKNOWN,
        };
    }
    if line.calls("pam_deny.so") {
        return match phase {
            Phase::Auth => Code::AUTH_ERR,
            _ => Code::SESSION_ERR,
        };
    }
    argument(line, call).unwrap_or(Code::SUCCESS)
}

/// What all lines of `pam_tfa` returned in a run, if that is one code, and what the other modules returned.
fn tfa_and_others(text: &str) -> Option<(Code, String)> {
    let code = |line: &str| Code::from_name(line.rsplit("auth=").next()?.split(' ').next()?);
    let is_tfa = |line: &&str| line.contains("/modules/pam_tfa.so");
    let mut codes = text.lines().filter(is_tfa).map(code);
    let first = codes.next()??;
    let others = text
        .lines()
        .map(|line| if is_tfa(&line) { "" } else { line });
    codes
        .all(|code| code == Some(first))
        .then(|| (first, others.collect()))
}

/// Whether two lines of one condition have different answers, which no user has.
fn contradicts_itself(text: &str) -> bool {
    let is_condition = |line: &&str| line.contains("pam_succeed_if.so");
    let arguments = text
        .lines()
        .filter(is_condition)
        .map(|line| line.rsplit(".so").next());
    arguments.collect::<BTreeSet<_>>().len() > 1
}

/// Whether a condition refuses the run by itself: with its other answer, the line does not.
fn is_meant(service: &Service, phase: Phase, run: &Run) -> bool {
    let lines = &service.stack(phase).lines;
    let fails = |line: &Line, code| match line.control.action(code) {
        Action::Bad | Action::Die => true,
        Action::Ok | Action::Done => code != Code::SUCCESS,
        _ => false,
    };
    run.lines.iter().any(|(index, code)| {
        let line = &lines[*index];
        let is_condition = line.calls("pam_succeed_if.so")
            || (line.calls("pam_rootok.so") && phase == Phase::Auth && service.name != "su");
        let other = match *code {
            Code::SUCCESS => Code::AUTH_ERR,
            _ => Code::SUCCESS,
        };
        is_condition && fails(line, *code) && !fails(line, other)
    })
}

/// How a run ends.
struct End {
    passes: bool,
    /// No condition refuses by itself.
    is_refused: bool,
}

/// What happened in the runs that libpam let in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct LetIn {
    without_tfa: bool,
    against_tfa: bool,
}

impl LetIn {
    fn add(&mut self, service: &Service, phase: Phase, run: &Run) {
        let lines = &service.stack(phase).lines;
        let of_tfa = run.lines.iter().filter(|(index, _)| lines[*index].is_tfa());
        let mut passed = of_tfa.map(|(_, code)| [Code::SUCCESS, Code::IGNORE].contains(code));
        self.without_tfa |= !passed.clone().any(|passed| passed);
        self.against_tfa |= passed.any(|passed| !passed);
    }

    /// What the search finds.
    fn found(service: &Service, phase: Phase) -> Self {
        Self {
            without_tfa: service.bypass_of_user(phase).is_some(),
            against_tfa: service.refusal_swallowed(phase).is_some(),
        }
    }
}

/// A host with the modules: `pam_debug` under other names, and one of no bytes.
fn modules(driver: &Driver) -> PathBuf {
    let folder = driver.folder.join("modules");
    fs::create_dir_all(folder.join("damaged")).unwrap();
    fs::write(folder.join("damaged/pam_tfa.so"), "").unwrap();
    let folders = ["x86_64", "aarch64"].map(|arch| format!("/usr/lib/{arch}-linux-gnu/security"));
    let mut files = folders
        .iter()
        .map(|folder| Path::new(folder).join("pam_debug.so"));
    let debug = files.find(|file| file.exists()).unwrap();
    for name in ["pam_tfa.so", "pam_succeed_if.so"] {
        symlink(&debug, folder.join(name)).unwrap();
    }
    folder
}

/// The codes of the phase that the driver reports.
fn result(report: &str, phase: Phase) -> u8 {
    let call = report
        .split(" |")
        .nth(if phase == Phase::Auth { 1 } else { 4 });
    let code = call.unwrap().rsplit(' ').next().unwrap();
    code.parse().unwrap()
}

fn read(folder: &Path, service: &str, release: Release) -> Service {
    read_named(folder, service, release).unwrap()
}

#[test]
fn search_finds_what_libpam_lets_in() {
    let driver = Driver::new("answers");
    let modules = modules(&driver);
    let seed = seed();
    let mut random = Random(seed);
    let stacks: Vec<Stack> = (0..STACKS)
        .map(|_| Stack::generate(&mut random, &modules))
        .filter(|stack| own_uid() == 0 || !stack.needs_root())
        .collect();
    let mut cases = Vec::new();
    for (index, stack) in stacks.iter().enumerate() {
        for (number, text) in stack.files().into_iter().enumerate() {
            let name = format!("{index}-{number}");
            fs::create_dir_all(driver.folder.join(&name)).unwrap();
            fs::write(driver.folder.join(&name).join(stack.service), text).unwrap();
            let uids = stack.uids().into_iter();
            cases.extend(uids.map(|uid| (index, name.clone(), uid)));
        }
    }
    let runs: Vec<_> = cases
        .iter()
        .map(|(index, name, uid)| (name.as_str(), stacks[*index].service, *uid))
        .collect();
    let reports = driver.run_as(&runs);
    let mut let_in = vec![LetIn::default(); stacks.len()];
    // By the stack, the uid, and what modules beside pam_tfa returned: whether libpam let in the runs of each user.
    let mut of_users: BTreeMap<(usize, u32, String), [Option<End>; 2]> = BTreeMap::new();
    for ((index, name, uid), report) in cases.iter().zip(&reports) {
        let stack = &stacks[*index];
        let folder = driver.folder.join(name);
        let service = read(&folder, stack.service, driver.release);
        let lines = service.stack(stack.phase);
        let run = run(lines, |line| code_of(line, stack.phase, *uid));
        let text = fs::read_to_string(folder.join(stack.service)).unwrap();
        let libpam = result(report, stack.phase);
        assert_eq!(
            run.result.number(),
            libpam,
            "seed {seed}, uid {uid}:\n{text}"
        );
        if libpam == 0 {
            let_in[*index].add(&service, stack.phase, &run);
        }
        let Some((code, others)) = tfa_and_others(&text).filter(|_| !contradicts_itself(&text))
        else {
            continue;
        };
        let runs = of_users.entry((*index, *uid, others)).or_default();
        let is_refused = libpam != 0 && !is_meant(&service, stack.phase, &run);
        if let Some(place) = [Code::IGNORE, Code::SUCCESS]
            .iter()
            .position(|one| *one == code)
        {
            runs[place] = Some(End {
                passes: libpam == 0,
                is_refused,
            });
        }
    }
    let mut refused = vec![[false; 2]; stacks.len()];
    for ((index, ..), runs) in &of_users {
        let [Some(not_asked), Some(verified)] = runs else {
            continue;
        };
        refused[*index][0] |= not_asked.is_refused && verified.passes;
        refused[*index][1] |= verified.is_refused && not_asked.passes;
    }
    let mut counts = [0; 4];
    for (index, (stack, expected)) in stacks.iter().zip(&let_in).enumerate() {
        let folder = driver.folder.join(format!("{index}-0"));
        let service = read(&folder, stack.service, driver.release);
        let found = LetIn::found(&service, stack.phase);
        let text = fs::read_to_string(folder.join(stack.service)).unwrap();
        assert_eq!(found, *expected, "seed {seed}, {}:\n{text}", stack.service);
        if stack.phase == Phase::Session {
            let is_undecided = service.session_undecided().is_some();
            assert_eq!(is_undecided, expected.without_tfa || expected.against_tfa);
        }
        let users = [User::NotAsked, User::Verified]
            .into_iter()
            .zip(refused[index]);
        for ((user, expected), count) in users.zip(&mut counts[2..]) {
            let found = service.refuses_user(stack.phase, user, false).is_some();
            assert_eq!(
                found, expected,
                "seed {seed}, {user:?}, {}:\n{text}",
                stack.service
            );
            *count += usize::from(expected);
        }
        counts[0] += usize::from(expected.without_tfa);
        counts[1] += usize::from(expected.against_tfa);
    }
    let total = stacks.len();
    println!(
        "{} runs of {total} stacks, {counts:?} let in or refused, seed {seed}",
        reports.len()
    );
    let usual = total / 40..total * 9 / 10;
    assert!(counts[..3].iter().all(|count| usual.contains(count)));
}
