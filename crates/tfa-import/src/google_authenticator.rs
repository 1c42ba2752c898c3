//! `~/.google_authenticator`, the file of libpam-google-authenticator.
//!
//! The first line is the key in base32. Then come options, each in a line that begins with `" `, and then
//! the scratch codes, each of eight digits in a line. Without `HOTP_COUNTER` the codes are time-based;
//! they have six digits and SHA-1.

use zeroize::Zeroizing;

use crate::key;
use crate::lines::lines;
use crate::{Algorithm, Entry, MAX_USER_FILE, Means, Note, Problem, Used, What};

/// What an option line begins with.
const OPTION: &str = "\" ";
/// The most scratch codes that are taken over: as many as a set has here.
const MAX_CODES: usize = 10;
/// The number of codes that the program accepts at a time, without `WINDOW_SIZE`.
const WINDOW: i64 = 3;
/// The digits of a scratch code.
const CODE_LENGTH: usize = 8;

/// Reads the file of one user, whom it does not name.
///
/// # Errors
/// Each problem.
pub fn google_authenticator(input: &[u8]) -> Result<Entry, Vec<Problem>> {
    let mut options = Options::default();
    let (mut key, mut codes, mut problems) = (None, Vec::new(), Vec::new());
    for (number, line) in lines(input, MAX_USER_FILE).map_err(|problem| vec![problem])? {
        let read = line.and_then(|line| {
            if key.is_none() {
                key = Some(read_key(line)?);
            } else if let Some(option) = line.strip_prefix(OPTION) {
                options.read(option)?;
            } else if !line.trim().is_empty() {
                codes.push(read_code(line)?);
            }
            Ok(())
        });
        if let Err(what) = read {
            problems.push(Problem::at(number, what));
        }
        if number == 1 && key.is_none() {
            // The lines after it would be taken for the key.
            return Err(problems);
        }
    }
    let Some(key) = key.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    Ok(options.into_entry(key, codes))
}

fn read_key(line: &str) -> Result<Zeroizing<Vec<u8>>, What> {
    let mut canonical = Zeroizing::new(String::with_capacity(line.len()));
    canonical.extend(line.chars().map(lookalike));
    key::base32_of_any_length(&canonical)
}

/// A letter of base32. The program takes digits for the letters that look like them.
fn lookalike(letter: char) -> char {
    match letter {
        '0' => 'O',
        '1' => 'L',
        '8' => 'B',
        letter => letter,
    }
}

fn read_code(line: &str) -> Result<Zeroizing<String>, What> {
    let code = line.trim();
    let is_code = code.len() == CODE_LENGTH && code.bytes().all(|byte| byte.is_ascii_digit());
    if is_code {
        Ok(Zeroizing::new(code.to_owned()))
    } else {
        Err(What::Malformed("an option or a scratch code of 8 digits"))
    }
}

/// The options of the file.
#[derive(Default)]
struct Options {
    counter: Option<u64>,
    period: Option<u32>,
    /// The number of codes that are accepted at a time.
    window: Option<i64>,
    /// By how many steps the phone is ahead.
    skew: i64,
    used_steps: Option<Vec<u64>>,
    notes: Vec<Note>,
}

impl Options {
    fn read(&mut self, option: &str) -> Result<(), What> {
        let mut words = option.split_whitespace();
        let name = words
            .next()
            .ok_or(What::Malformed("the name of an option"))?;
        match name {
            "HOTP_COUNTER" => {
                let counter = only(words.next(), words.next()).filter(|counter| *counter > 0);
                set(&mut self.counter, counter, "HOTP_COUNTER")
            }
            "STEP_SIZE" => {
                let period = only(words.next(), words.next());
                let period = period.filter(|period| (1..=60).contains(period));
                set(&mut self.period, period, "STEP_SIZE")
            }
            "DISALLOW_REUSE" => {
                let steps: Option<Vec<u64>> = words.map(|word| word.parse().ok()).collect();
                let newest = steps.map(|mut steps| {
                    steps.sort_unstable();
                    steps.split_off(steps.len().saturating_sub(Used::MAX_STEPS))
                });
                set(&mut self.used_steps, newest, "DISALLOW_REUSE")
            }
            "TIME_SKEW" => {
                let skew = words.next().and_then(|word| word.parse().ok());
                self.skew = skew.ok_or(What::BadOption("TIME_SKEW"))?;
                match self.skew {
                    0 => Ok(()),
                    steps => self.note(Note::TimeSkew(steps)),
                }
            }
            "RATE_LIMIT" => self.note(Note::RateLimit),
            "WINDOW_SIZE" => {
                let window = only(words.next(), words.next());
                let window = window.filter(|window| (1..=100).contains(window));
                set(&mut self.window, window, "WINDOW_SIZE")?;
                self.note(Note::WindowSize)
            }
            // What follows from the other lines, and what lasts for minutes.
            "TOTP_AUTH" | "RESETTING_TIME_SKEW" => Ok(()),
            name if is_last_login(name) => self.note(Note::GracePeriod),
            _ => self.note(Note::UnknownOption),
        }
    }

    fn note(&mut self, note: Note) -> Result<(), What> {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        Ok(())
    }

    fn into_entry(self, key: Zeroizing<Vec<u8>>, mut codes: Vec<Zeroizing<String>>) -> Entry {
        let mut notes = self.notes;
        if codes.len() > MAX_CODES {
            codes.truncate(MAX_CODES);
            notes.push(Note::FurtherBackupCodes);
        }
        let means = match self.counter {
            Some(counter) => Means::Hotp { counter },
            None => Means::Totp {
                period: self.period.unwrap_or(30),
            },
        };
        let half = self.window.unwrap_or(WINDOW) / 2;
        let ahead = self.skew.saturating_add(half).max(1);
        let steps_ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        let used = match (self.used_steps, means) {
            (Some(steps), _) => Used::Steps { steps, steps_ahead },
            (None, Means::Totp { .. }) => Used::Until {
                steps_ahead,
                // Each attempt is written down, or refused.
                is_dated: notes.contains(&Note::RateLimit),
            },
            (None, Means::Hotp { .. }) => Used::Unknown,
        };
        Entry {
            line: 1,
            user: String::new(),
            label: None,
            means,
            key,
            algorithm: Algorithm::Sha1,
            digits: 6,
            used,
            backup_codes: codes,
            notes,
        }
    }
}

/// The number, if there is one word.
fn only<T: std::str::FromStr>(word: Option<&str>, further: Option<&str>) -> Option<T> {
    word.filter(|_| further.is_none())?.parse().ok()
}

fn set<T>(place: &mut Option<T>, value: Option<T>, name: &'static str) -> Result<(), What> {
    let value = value.ok_or(What::BadOption(name))?;
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(What::Twice(name)),
    }
}

/// `LAST0` to `LAST9`: hosts of past logins, which the module writes with the option `grace_period`.
fn is_last_login(name: &str) -> bool {
    let number = name.strip_prefix("LAST").map(str::as_bytes);
    matches!(number, Some([b'0'..=b'9']))
}
