//! The search finds what a walk through each run of a small stack finds, and no longer runs.

mod users;

use crate::answers::Questions;
use crate::code::{Code, Codes};
use crate::control::Action;
use crate::dispatch::{Next, Run, State, run};
use crate::files::{Files, ReadError};
use crate::modules::codes_without_failure;
use crate::pairs;
use crate::read::Reader;
use crate::search::{Facts, Search};
use crate::stack::{Line, Phase, Service, Stack};
use crate::{FOLDERS, Release};

/// Files that include each other by absolute paths.
struct Texts(Vec<(String, String)>);

impl Texts {
    /// What libpam 1.5 reads in them.
    fn service(&self) -> Service {
        let reader = Reader {
            files: self,
            release: Release::V1_5,
            folders: &FOLDERS,
        };
        reader.read("service").unwrap()
    }
}

impl Files for Texts {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let found = self.0.iter().find(|(name, _)| name == path);
        let (_, text) = found.ok_or(ReadError::Absent)?;
        Ok(text.clone().into_bytes())
    }

    fn is_folder(&self, _: &str) -> bool {
        true
    }

    fn has_module(&self, module: &str, _: Phase) -> bool {
        module != "pam_absent.so"
    }
}

/// A linear congruential generator; the high bits are used.
struct Random(u64);

impl Random {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        from[usize::try_from(self.0 >> 33).unwrap() % from.len()]
    }

    fn line(&mut self, modules: &[&str]) -> String {
        let codes = [
            "success",
            "auth_err",
            "ignore",
            "new_authtok_reqd",
            "default",
        ];
        let actions = [
            "ok", "done", "bad", "die", "ignore", "reset", "reset", "1", "2",
        ];
        let control = match self.pick(&["word", "pairs", "pairs"]) {
            "word" => self
                .pick(&["required", "requisite", "sufficient", "optional"])
                .to_owned(),
            _ => {
                let mut pair = || format!("{}={}", self.pick(&codes), self.pick(&actions));
                format!("[{} {} {}]", pair(), pair(), pair())
            }
        };
        format!("auth {control} {}\n", self.pick(modules))
    }

    /// Up to 3 lines, a substack of 2 in which another of 1 may stand, and a line behind it.
    fn service(&mut self, modules: &[&str]) -> Texts {
        let mut outer: String = (0..3).map(|_| self.line(modules)).collect();
        let mut inner: String = (0..2).map(|_| self.line(modules)).collect();
        let kind = self.pick(&["substack", "substack", "include"]);
        inner += &format!("auth {kind} /inmost\n");
        outer += "auth substack /inner\n";
        outer += &self.line(modules);
        Texts(vec![
            ("/etc/pam.d/service".into(), outer),
            ("/inner".into(), inner),
            ("/inmost".into(), self.line(modules)),
        ])
    }
}

fn codes(line: &Line) -> Codes {
    match crate::dispatch::forced(line) {
        Some(code) => Codes::of(&[code]),
        None => Codes::of(&[
            Code::SUCCESS,
            Code::IGNORE,
            Code::AUTH_ERR,
            Code::NEW_AUTHTOK_REQD,
        ]),
    }
}

/// A question: whether the facts and the code of the stack, once it has one, are looked for.
type Question = fn(Facts, Option<Code>) -> bool;

const QUESTIONS: [(&str, Question); 8] = [
    ("success", |_, end| end == Some(Code::SUCCESS)),
    ("change", |_, end| end == Some(Code::NEW_AUTHTOK_REQD)),
    ("bypass", |facts, end| {
        end == Some(Code::SUCCESS) && !facts.tfa_passed
    }),
    ("swallowed", |facts, end| {
        end == Some(Code::SUCCESS) && facts.tfa_refused
    }),
    ("password", |facts, end| {
        end == Some(Code::SUCCESS) && !facts.is_identified()
    }),
    ("twice", |facts, end| {
        end == Some(Code::SUCCESS) && facts.tfa_successes == 2
    }),
    ("before", |facts, _| facts.tfa_before_password),
    ("after", |facts, _| facts.tfa_after_wrong_password),
];

/// Goes through each run, and keeps the fewest lines that answer each question.
fn walk(
    search: Search<'_>,
    mut state: State,
    facts: Facts,
    length: usize,
    best: &mut [Option<usize>; 8],
) {
    let next = state.next_line(search.stack);
    for ((_, question), best) in QUESTIONS.iter().zip(best.iter_mut()) {
        if question(facts, next.err()) && best.is_none_or(|best| length < best) {
            *best = Some(length);
        }
    }
    let Ok(line) = next else { return };
    for code in (search.codes)(line).iter() {
        let mut after = state.clone();
        assert_eq!(after.step(search.stack, line, code, code), Next::Line);
        walk(search, after, facts.after(line, code), length + 1, best);
    }
}

#[test]
fn search_agrees_with_each_run_of_small_stacks() {
    let mut random = Random(1);
    let mut answers = [0; 8];
    for _ in 0..300 {
        let texts = random.service(&[
            "pam_tfa.so",
            "pam_tfa.so",
            "pam_unix.so",
            "pam_x.so",
            "pam_absent.so",
        ]);
        let service = texts.service();
        let search = Search {
            stack: service.stack(Phase::Auth),
            codes: &codes,
            questions: &Questions::default(),
            asks: None,
        };
        let mut best = [None; 8];
        walk(search, State::new(), Facts::default(), 0, &mut best);
        for (((name, question), best), answers) in
            QUESTIONS.iter().zip(best).zip(answers.iter_mut())
        {
            let found = search.find(State::new(), &|reached| {
                question(reached.facts, reached.next.err())
            });
            let length = found.as_ref().map(|path| path.lines.len());
            assert_eq!(length, best, "{name}: {:?}", texts.0);
            *answers += usize::from(length.is_some());
            if let Some(path) = found.filter(|path| path.has_ended) {
                assert_eq!(
                    search.replay(&path).lines,
                    path.lines,
                    "{name}: {:?}",
                    texts.0
                );
            }
        }
    }
    println!("answers: {answers:?}");
    assert!(
        answers.iter().all(|count| (10..300).contains(count)),
        "{answers:?}"
    );
}

/// Each assignment of these codes to the lines of a stack, with one answer to each question.
fn assignments(service: &Service, codes: &dyn Fn(&Line) -> Codes) -> Vec<Vec<Code>> {
    let stack = service.stack(Phase::Auth);
    let mut assignments = vec![Vec::new()];
    for line in &stack.lines {
        let codes = codes(line);
        let distinct = [
            Code::SUCCESS,
            Code::IGNORE,
            Code::AUTH_ERR,
            Code::PERM_DENIED,
            Code::USER_UNKNOWN,
            Code::MODULE_UNKNOWN,
        ];
        let codes = distinct.into_iter().filter(|code| codes.contains(*code));
        let codes = Vec::from_iter(codes);
        let longer = assignments.iter().flat_map(|before: &Vec<Code>| {
            codes
                .iter()
                .map(move |code| [&before[..], &[*code]].concat())
        });
        assignments = longer.collect();
    }
    let is_consistent = |codes: &Vec<Code>| {
        let (mut is_member, mut cap) = (None, None);
        stack.lines.iter().zip(codes).all(|(line, code)| {
            if line.calls("pam_cap.so") {
                let answer = (*code == Code::SUCCESS, *code == Code::IGNORE);
                return *cap.get_or_insert(answer) == answer;
            }
            if !line.calls("pam_succeed_if.so") {
                return true;
            }
            let is_negative = line.arguments.iter().any(|word| word == "notingroup");
            let holds = (*code == Code::SUCCESS) != is_negative;
            *is_member.get_or_insert(holds) == holds
        })
    };
    assignments.retain(is_consistent);
    assignments
}

fn run_with(stack: &Stack, codes: &[Code]) -> Run {
    run(stack, |line| {
        let index = stack
            .lines
            .iter()
            .position(|other| std::ptr::eq(other, line));
        codes[index.unwrap()]
    })
}

/// Whether a run is refused, and passes once one of its jumps goes on at the next line.
fn is_misled(service: &Service, codes: &[Code]) -> bool {
    let stack = service.stack(Phase::Auth);
    let run = run_with(stack, codes);
    let refuses = |(index, code): &(usize, Code)| {
        let line = &stack.lines[*index];
        let codes = codes_without_failure(line, Phase::Auth, &service.name);
        pairs::refuses(line, codes, *code)
    };
    if run.result == Code::SUCCESS || run.lines.iter().any(refuses) {
        return false;
    }
    run.lines.iter().any(|(index, code)| {
        let mut without = stack.clone();
        let control = &mut without.lines[*index].control;
        let jumps = matches!(control.action(*code), Action::Jump(_));
        *control = control.clone().with(*code, Action::Ignore);
        jumps && run_with(&without, codes).result == Code::SUCCESS
    })
}

#[test]
fn search_finds_each_jump_into_a_refusal() {
    let mut random = Random(2);
    let mut found = 0;
    for _ in 0..1500 {
        let texts = random.service(&[
            "pam_tfa.so",
            "pam_unix.so",
            "pam_permit.so",
            "pam_deny.so",
            "pam_succeed_if.so user ingroup a",
            "pam_succeed_if.so user notingroup a",
            "pam_absent.so",
        ]);
        let service = texts.service();
        let all = assignments(&service, &|line| {
            codes_without_failure(line, Phase::Auth, &service.name)
        });
        let is_misled = all.iter().any(|codes| is_misled(&service, codes));
        let answer = service.refused_by_jump(Phase::Auth);
        assert_eq!(answer.is_some(), is_misled, "{:?}", texts.0);
        found += usize::from(is_misled);
    }
    println!("found: {found}");
    assert!(found > 40, "{found}");
}
