//! Random services of `pam_debug`, which returns what its arguments say.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use tfa_pam_stack::Code;

/// The seed in `TFA_SEED`, or one of the time.
pub(crate) fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let given = std::env::var("TFA_SEED")
        .ok()
        .map(|seed| seed.parse().unwrap());
    given.unwrap_or(now.subsec_nanos().into())
}

/// SplitMix64: the same numbers for the same seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// One of the usual texts; once in so many times, of all.
    fn pick_usual<'a>(&mut self, from: &[&'a str], usual: usize, once_in: usize) -> &'a str {
        let count = if self.one_in(once_in) {
            from.len()
        } else {
            usual
        };
        self.pick(&from[..count])
    }
}

/// The files of one service, each a list of texts that end with a line.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) files: Vec<(String, Vec<String>)>,
}

impl Case {
    /// Files that include each other by their paths in the folder.
    pub(crate) fn generate(random: &mut Random, folder: &Path) -> Self {
        let included = random.below(5);
        let names = |index| {
            if index == 0 {
                "service".to_owned()
            } else {
                format!("file{index}")
            }
        };
        let mut files: Vec<(String, Vec<String>)> = (0..=included)
            .map(|index| {
                let count = random.below(7);
                let line = |_| {
                    let target = match random.below(30) {
                        0 => "/nonexistent".to_owned(),
                        1 => "tfa-nonexistent".to_owned(),
                        // A circle, which ends with the limit of levels.
                        2 if random.one_in(6) => folder.join(names(index)).display().to_string(),
                        _ if index == included => "/nonexistent/file".to_owned(),
                        _ => {
                            let later = index + 1 + random.below(included - index);
                            folder.join(names(later)).display().to_string()
                        }
                    };
                    line(
                        random,
                        &target,
                        target.ends_with(&format!("/{}", names(index))),
                    )
                };
                (names(index), (0..count).map(line).collect())
            })
            .collect();
        if random.one_in(3) {
            let count = random.below(4);
            let lines = (0..count)
                .map(|_| line(random, "/nonexistent", false))
                .collect();
            files.push(("other".to_owned(), lines));
        }
        if random.one_in(40) {
            files.remove(0);
        }
        Self { files }
    }

    /// Writes the files.
    pub(crate) fn write(&self, folder: &Path) {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        for (name, lines) in &self.files {
            fs::write(folder.join(name), lines.concat()).unwrap();
        }
    }
}

/// A line that may include the target. libpam 1.5 crashes at an `include` in a circle.
fn line(random: &mut Random, target: &str, is_circle: bool) -> String {
    if random.one_in(25) {
        return random
            .pick(&["# a comment\n", "\n", " \t\n", "# a comment \\\n", "\\\n"])
            .to_owned();
    }
    let mut words = Vec::new();
    let dash = if random.one_in(10) { "-" } else { "" };
    let kinds = [
        "auth", "auth", "auth", "account", "session", "AUTH", "password", "[auth]", "x",
    ];
    let kind = random.pick_usual(&kinds, 5, 6);
    let includes = target != "/nonexistent/file";
    if includes && !is_circle && random.one_in(12) {
        return format!(
            "{dash}{} {target}\n",
            random.pick(&["@include", "@Include"])
        );
    }
    words.push(format!("{dash}{kind}"));
    if includes && random.one_in(4) || random.one_in(60) {
        let keywords = ["substack", "substack", "Substack", "include", "INCLUDE"];
        let keyword = random.pick(&keywords[..if is_circle { 3 } else { 5 }]);
        words.extend([keyword.to_owned(), target.to_owned()]);
    } else {
        words.push(control(random));
        let modules = [
            "pam_debug.so",
            "pam_nonexistent.so",
            "[pam_debug.so]",
            "nonexistent",
        ];
        words.push(random.pick_usual(&modules, 1, 15).to_owned());
        for call in ["auth", "cred", "acct", "open_session", "close_session"] {
            let argument = format!("{call}={}", code(random));
            words.push(if random.one_in(30) {
                format!("[{argument}]")
            } else {
                argument
            });
        }
        if random.one_in(50) {
            words.insert(3, "x".repeat(1 + random.below(1100)));
        }
        if random.one_in(50) {
            words.insert(3, "[x\\] auth=auth_err]".to_owned());
        }
    }
    if random.one_in(40) {
        words.truncate(2);
        // libpam crashes at an include without a file.
        words.retain(|word| !word.to_ascii_lowercase().contains("in") || word.contains('/'));
        words.retain(|word| !word.eq_ignore_ascii_case("substack"));
    }
    let mut text = String::new();
    for word in words {
        let gaps = [" ", "\t", "  ", " \\\n", " \\\n\n ", "\\\n # comment\n "];
        let gap = random.pick_usual(&gaps, 3, 25);
        write!(text, "{word}{gap}").unwrap();
    }
    text + random.pick(&["\n", "\n", "# comment\n", "#\\\n"])
}

/// A code that a module returns. After the last, `incomplete`, libpam waits for the program.
fn code(random: &mut Random) -> &'static str {
    let usual = [
        "success",
        "success",
        "success",
        "auth_err",
        "ignore",
        "new_authtok_reqd",
    ];
    match random.below(8) {
        choice @ 0..6 => usual[choice],
        _ => Code::all().nth(random.below(31)).unwrap().name(),
    }
}

fn control(random: &mut Random) -> String {
    let keywords = [
        "required",
        "requisite",
        "sufficient",
        "optional",
        "REQUIRED",
    ];
    match random.below(20) {
        0..8 => random.pick(&keywords).to_owned(),
        8 => random
            .pick(&[
                "[]",
                "word",
                "success=ok",
                "[success=2",
                "[success=0]",
                "[ok=ok]",
            ])
            .to_owned(),
        _ => {
            let pairs = (0..1 + random.below(4)).map(|_| {
                let code = if random.one_in(3) {
                    "default"
                } else {
                    code(random)
                };
                let actions = [
                    "ok", "done", "bad", "die", "ignore", "reset", "1", "1", "2", "3", "9",
                ];
                let equals = random.pick(&["=", "=", "=", " = "]);
                format!("{code}{equals}{}", random.pick(&actions))
            });
            let pairs: Vec<String> = pairs.collect();
            let gap = if random.one_in(30) { "" } else { " " };
            format!("[{}]", pairs.join(gap))
        }
    }
}
