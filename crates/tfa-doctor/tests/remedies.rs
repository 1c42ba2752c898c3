//! The remedies of random PAM files, one after the other: after none of them a login passes that was refused before
//! and has a wrong code or no password, and after none a login is refused that passed with the right ones. No line is
//! changed by two remedies.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use tfa_doctor::{Edit, Facts, Finding, PamFacts, PolicyFacts, Severity, examine};
use tfa_pam_host::{PamHost, Reading, Snapshot};
use tfa_pam_stack::{Code, Line, Phase, Service, run};

/// How many random hosts are examined; `TFA_CASES` gives another number, and `TFA_SEED` the first seed.
const CASES: u64 = 150;
/// How many remedies a host may need.
const MAX_REMEDIES: usize = 12;
const SERVICES: [&str; 2] = ["desk", "kiosk"];

/// SplitMix64: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn control(&mut self) -> &'static str {
        self.pick(&[
            "required",
            "requisite",
            "requisite",
            "sufficient",
            "optional",
            "[success=1 default=ignore]",
            "[success=2 default=ignore]",
            "[success=1 default=bad]",
            "[success=ok default=1]",
            "[success=ok ignore=ignore default=die]",
            "[success=done ignore=ignore default=die]",
            "[success=ignore ignore=ignore default=die]",
            "[success=ok default=ignore]",
        ])
    }

    fn lines(&mut self, phase: &str, modules: &[&str], most: usize) -> String {
        let count = 1 + self.below(most);
        let line = |_| format!("{phase} {} {}\n", self.control(), self.pick(modules));
        (0..count).map(line).collect()
    }
}

const AUTH: [&str; 14] = [
    "pam_unix.so",
    "pam_unix.so use_first_pass",
    "pam_unix.so use_first_pass",
    "pam_google_authenticator.so forward_pass",
    "pam_google_authenticator.so nullok",
    "pam_unix.so nullok",
    "pam_tfa.so enroll=account",
    "pam_tfa.so",
    "pam_tfa.so nullok",
    "pam_succeed_if.so user ingroup a",
    "pam_succeed_if.so quiet user notingroup a",
    "pam_site.so",
    "pam_deny.so",
    "pam_permit.so",
];
/// The module that is moved from.
const OLD: &str = "pam_google_authenticator.so";
const ACCOUNT: [&str; 6] = [
    "pam_unix.so",
    "pam_tfa.so enroll=account",
    "pam_tfa.so enroll=account session=gate",
    "pam_succeed_if.so user ingroup a",
    "pam_deny.so",
    "pam_permit.so",
];

/// The PAM files in a temporary folder, removed at the end.
struct Host {
    root: PathBuf,
    files: Vec<(String, String)>,
    requires: bool,
}

impl Host {
    fn generate(seed: u64) -> Self {
        let mut random = Random(seed);
        let name = format!("tfa-doctor-remedies-{seed}-{}", std::process::id());
        let shared = random.lines("auth", &AUTH, 4) + "auth requisite pam_tfa.so enroll=account\n";
        let own = match random.below(3) {
            0 => random.lines("auth", &AUTH, 2) + "@include common-auth\n",
            1 => "@include common-auth\n".to_owned() + &random.lines("auth", &AUTH, 2),
            _ => random.lines("auth", &AUTH, 4),
        };
        let account = "@include common-account\n";
        let files = [
            ("common-auth", shared),
            ("common-account", random.lines("account", &ACCOUNT, 3)),
            ("desk", format!("@include common-auth\n{account}")),
            ("kiosk", format!("{own}{account}")),
        ];
        let files = files.map(|(name, text)| (format!("/etc/pam.d/{name}"), text));
        Self {
            root: std::env::temp_dir().join(name),
            files: files.into(),
            requires: random.below(2) == 0,
        }
    }

    fn write(&self) {
        fs::create_dir_all(self.root.join("etc/pam.d")).unwrap();
        for (path, text) in &self.files {
            fs::write(self.root.join(&path[1..]), text).unwrap();
        }
    }

    fn findings(&self) -> Vec<Finding> {
        self.write();
        let host = PamHost::below(&self.root);
        let files = Snapshot::of(&host, &BTreeSet::new(), &[], &[tfa_doctor::MODULE]);
        examine(&Facts {
            pam: Some(PamFacts::of(files)),
            policy: Some(PolicyFacts {
                requires: self.requires,
                enrolled: Some(1),
                ..PolicyFacts::default()
            }),
            ..Facts::default()
        })
    }

    fn mend(&mut self, edits: &[Edit]) {
        for (path, text) in &mut self.files {
            *text = Edit::apply(edits, path, text);
        }
    }

    /// The logins that pass, by service.
    fn passing(&self) -> Vec<Vec<Login>> {
        self.write();
        let host = PamHost::below(&self.root);
        let passing = |service: &&str| {
            let reading = host.read(service);
            let passing = Login::all().filter(|login| login.passes(&reading));
            passing.collect()
        };
        SERVICES.iter().map(passing).collect()
    }

    fn readings(&self) -> Vec<Reading> {
        let pam = PamHost::below(&self.root);
        SERVICES.iter().map(|service| pam.read(service)).collect()
    }

    fn text(&self) -> String {
        let files = self.files.iter();
        let files = files.map(|(path, text)| format!("== {path}\n{text}"));
        files.collect()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// What the modules answer to one login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Login {
    password: bool,
    tfa: Code,
    is_member: bool,
    /// A module that the doctor does not know.
    site: bool,
    /// The module that is moved from.
    old: Code,
}

impl Login {
    fn all() -> impl Iterator<Item = Self> {
        (0..72).map(|number| Self {
            password: number % 2 == 0,
            is_member: number / 2 % 2 == 0,
            site: number / 4 % 2 == 0,
            tfa: [Code::SUCCESS, Code::IGNORE, Code::AUTH_ERR][number / 8 % 3],
            old: [Code::SUCCESS, Code::IGNORE, Code::AUTH_ERR][number / 24],
        })
    }

    fn code(self, phase: Phase, line: &Line) -> Code {
        let answer = |holds: bool| if holds { Code::SUCCESS } else { Code::AUTH_ERR };
        let has = |option: &str| line.arguments.iter().any(|word| word == option);
        match line.module.as_str() {
            // An account that has expired is another matter.
            "pam_unix.so" => answer(self.password || phase == Phase::Account),
            "pam_tfa.so" if has("nullok") => Code::SERVICE_ERR,
            "pam_tfa.so" if has("not_required=success") && self.tfa == Code::IGNORE => {
                Code::SUCCESS
            }
            "pam_tfa.so" => self.tfa,
            "pam_succeed_if.so" => answer(self.is_member != has("notingroup")),
            "pam_site.so" => answer(self.site),
            // Without nullok, it ignores no user.
            OLD if self.old == Code::IGNORE && !has("nullok") => Code::AUTH_ERR,
            OLD => self.old,
            "pam_permit.so" => Code::SUCCESS,
            _ => Code::AUTH_ERR,
        }
    }

    /// The same, where modules have asked for the password or not.
    fn code_after(self, phase: Phase, line: &Line, is_typed: &mut bool) -> Code {
        let has = |option: &str| line.arguments.iter().any(|word| word == option);
        let takes = phase == Phase::Auth && has("use_first_pass");
        if takes && !*is_typed {
            return Code::AUTH_ERR;
        }
        let code = self.code(phase, line);
        *is_typed |= match line.module.as_str() {
            "pam_unix.so" | "pam_site.so" => true,
            _ => has("forward_pass") && code == Code::SUCCESS,
        };
        code
    }

    fn passes(self, reading: &Reading) -> bool {
        let phases = [Phase::Auth, Phase::Account];
        reading.all(|service| {
            let passes = |phase| {
                let mut is_typed = false;
                run(service.stack(phase), |line| {
                    self.code_after(phase, line, &mut is_typed)
                })
                .result
            };
            phases
                .into_iter()
                .all(|phase| passes(phase) == Code::SUCCESS)
        })
    }

    /// What stands for the user, of the modules that the stack has, and whether it is right.
    fn proof(self, reading: &Reading) -> Option<bool> {
        let calls = |name: &str| {
            let calls = |line: &Line| line.module == name;
            reading.any(|service| service.stack(Phase::Auth).lines.iter().any(calls))
        };
        let (site, old) = (calls("pam_site.so"), calls(OLD));
        let is_identified = site && self.site || old && self.old == Code::SUCCESS;
        match calls("pam_unix.so") {
            true => Some(self.password),
            false => (site || old).then_some(is_identified),
        }
    }

    /// It has the right password, and the second factor that its user needs.
    fn is_right(self, reading: &Reading) -> bool {
        self.tfa != Code::AUTH_ERR && self.proof(reading) != Some(false)
    }

    /// Its second factor is wrong, or nothing stands for its user.
    fn is_wrong(self, reading: &Reading) -> bool {
        let is_tfa = |service: &Service| {
            let phases = [Phase::Auth, Phase::Account].into_iter();
            let mut lines = phases.flat_map(|phase| &service.stack(phase).lines);
            lines.any(Line::is_tfa)
        };
        let is_refused = self.tfa == Code::AUTH_ERR && reading.any(is_tfa);
        let is_identified =
            self.site || self.old == Code::SUCCESS || self.proof(reading) == Some(true);
        is_refused || !is_identified
    }
}

impl Host {
    /// Removes the lines of the old module, as the manual of moving in says. Returns whether there were any.
    fn without_old(&mut self) -> bool {
        let mut removed = false;
        for (_, text) in &mut self.files {
            let lines = text.lines().filter(|line| !line.contains(OLD));
            let left: String = lines.map(|line| format!("{line}\n")).collect();
            removed |= left != *text;
            *text = left;
        }
        removed
    }

    /// The logins that a change has let in or refused wrongly, by service.
    fn wronged(&self, before: &[Vec<Login>], readings: &[Reading]) -> Vec<String> {
        let after = self.passing();
        let logins = before.iter().zip(&after).zip(readings);
        let wronged = SERVICES.iter().zip(logins).filter_map(|(service, logins)| {
            let ((before, after), reading) = logins;
            let mut opened = after.iter();
            let opened = opened.find(|login| login.is_wrong(reading) && !before.contains(login));
            let mut closed = before.iter();
            let closed = closed.find(|login| login.is_right(reading) && !after.contains(login));
            let is_wronged = opened.is_some() || closed.is_some();
            is_wronged.then(|| format!("{service}: opened {opened:?}, closed {closed:?}"))
        });
        wronged.collect()
    }
}

/// A line that two remedies of a report change, or a place where both add lines.
fn changed_twice(findings: &[Finding]) -> Option<String> {
    let mut changed = BTreeSet::new();
    for finding in findings {
        let places = finding.subject.edits.iter().flat_map(|edit| {
            let lines = 1..=edit.removed.len().max(1);
            let is_added = edit.removed.is_empty();
            lines.map(move |line| format!("{}:{} {is_added}", edit.file, edit.after + line))
        });
        for place in places {
            if !changed.insert(place.clone()) {
                return Some(place);
            }
        }
    }
    None
}

#[test]
fn no_remedy_opens_or_closes_a_login() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let first: u64 = number("TFA_SEED").unwrap_or(1);
    let cases: u64 = number("TFA_CASES").unwrap_or(CASES);
    let (mut remedies, mut removals, mut failures) = (0, 0, Vec::new());
    for seed in first..first + cases {
        let mut host = Host::generate(seed);
        let mut left = Vec::new();
        for _ in 0..MAX_REMEDIES {
            left = host.findings();
            if let Some(line) = changed_twice(&left) {
                let text = host.text();
                failures.push(format!("seed {seed}: two remedies of {line}\n{text}"));
            }
            let mut mechanical = left.iter().filter(|one| !one.subject.edits.is_empty());
            let Some(finding) = mechanical.next() else {
                break;
            };
            remedies += 1;
            let (text, before, readings) = (host.text(), host.passing(), host.readings());
            host.mend(&finding.subject.edits);
            for wronged in host.wronged(&before, &readings) {
                let edits = finding.subject.edits.iter().flat_map(Edit::lines);
                let edits: Vec<String> = edits.collect();
                failures.push(format!(
                    "seed {seed}, {}, {wronged}\n{text}-- \n{}\n",
                    finding.kind.id,
                    edits.join("\n")
                ));
            }
        }
        // The lines of the old module are safe to remove where nothing is found that says otherwise.
        let is_open = |one: &Finding| {
            one.kind.severity <= Severity::LockOut || one.kind.id == "moving-breaks"
        };
        if left.iter().any(is_open) {
            continue;
        }
        let (text, before, readings) = (host.text(), host.passing(), host.readings());
        if host.without_old() {
            removals += 1;
            for wronged in host.wronged(&before, &readings) {
                failures.push(format!("seed {seed}, removal, {wronged}\n{text}"));
            }
        }
    }
    println!("{cases} hosts, {remedies} remedies, {removals} removals");
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.concat()
    );
    assert!(remedies > cases, "{remedies}");
    assert!(removals > cases / 50, "{removals}");
}
