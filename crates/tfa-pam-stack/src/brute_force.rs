//! The search finds what a walk through each run of a small stack finds, and no longer runs.

use crate::code::{Code, Codes};
use crate::dispatch::{Next, State};
use crate::files::{Files, ReadError};
use crate::read::Reader;
use crate::search::{Facts, Search};
use crate::stack::{Line, Phase, Service};
use crate::{FOLDERS, Release};

/// Files that include each other by absolute paths.
struct Texts(Vec<(String, String)>);

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

    fn line(&mut self) -> String {
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
        let modules = [
            "pam_tfa.so",
            "pam_tfa.so",
            "pam_unix.so",
            "pam_x.so",
            "pam_absent.so",
        ];
        format!("auth {control} {}\n", self.pick(&modules))
    }

    /// Up to 3 lines, a substack of 2 in which another of 1 may stand, and a line behind it.
    fn service(&mut self) -> Texts {
        let mut outer: String = (0..3).map(|_| self.line()).collect();
        let mut inner: String = (0..2).map(|_| self.line()).collect();
        let kind = self.pick(&["substack", "substack", "include"]);
        inner += &format!("auth {kind} /inmost\n");
        outer += "auth substack /inner\n";
        outer += &self.line();
        Texts(vec![
            ("/etc/pam.d/service".into(), outer),
            ("/inner".into(), inner),
            ("/inmost".into(), self.line()),
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

const QUESTIONS: [(&str, Question); 7] = [
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
    ("before", |facts, _| facts.tfa_before_password),
    ("after", |facts, _| facts.tfa_after_wrong_password),
];

/// Goes through each run, and keeps the fewest lines that answer each question.
fn walk(
    search: Search<'_>,
    mut state: State,
    facts: Facts,
    length: usize,
    best: &mut [Option<usize>; 7],
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
    let mut answers = [0; 7];
    for _ in 0..300 {
        let texts = random.service();
        let reader = Reader {
            files: &texts,
            release: Release::V1_5,
            folders: &FOLDERS,
        };
        let service: Service = reader.read("service").unwrap();
        let search = Search {
            stack: service.stack(Phase::Auth),
            codes: &codes,
        };
        let mut best = [None; 7];
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
