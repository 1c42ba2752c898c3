//! A user's phone: the authenticator app, which is `oathtool`, and its camera, `zbarimg`.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::failure::OrFail;

/// The remaining seconds of a time step below which `next_unused` skips the code of the previous
/// step. That code could expire before the daemon verifies it.
const MIN_REMAINING: u64 = 5;

/// The number of seconds around now in which the code of another phone must be wrong. To estimate
/// drift, the daemon searches two hours in both directions (`CLOCK_SEARCH` in `tfa-core`). One more
/// hour allows for clocks that a scenario moves.
const NEAR: u64 = 3 * 3600;

/// The same for a code that is always wrong. Some scenarios use one for a hundred hours of the
/// daemon's clock.
const FAR: u64 = 5 * 24 * 3600;

/// An authenticator app with one key.
pub struct Phone {
    secret: String,
    label: String,
    issuer: Option<String>,
    algorithm: String,
    digits: u32,
    period: u64,
    counter: u64,
    clock: Mutex<Clock>,
}

#[derive(Default)]
struct Clock {
    /// How far the phone's clock is ahead of the host's, in seconds.
    ahead: i64,
    /// The last step whose code `next_unused` has returned.
    used: Option<u64>,
}

impl Phone {
    /// A phone with the key of an `otpauth://` address.
    #[must_use]
    pub fn from_uri(uri: &str) -> Self {
        let uri = uri.trim();
        let rest = uri
            .strip_prefix("otpauth://")
            .or_fail(&format!("read {uri:?} as otpauth"));
        let (path, query) = rest
            .split_once('?')
            .or_fail(&format!("find the key in {uri:?}"));
        let (_, label) = path
            .split_once('/')
            .or_fail(&format!("find the label in {uri:?}"));
        let field = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| percent_decoded(value))
        };
        let number = |name: &str, default: u64| {
            field(name).map_or(default, |value| {
                value
                    .parse()
                    .or_fail(&format!("read {name}={value} in {uri:?}"))
            })
        };
        Self {
            secret: field("secret").or_fail(&format!("find the key in {uri:?}")),
            label: percent_decoded(label),
            issuer: field("issuer"),
            algorithm: field("algorithm")
                .unwrap_or_else(|| "SHA1".to_owned())
                .to_lowercase(),
            digits: u32::try_from(number("digits", 6)).or_fail("read the number of digits"),
            period: number("period", 30),
            counter: number("counter", 0),
            clock: Mutex::default(),
        }
    }

    /// A phone with a key that was typed in base32. Blanks are ignored.
    #[must_use]
    pub fn from_secret(base32: &str) -> Self {
        let key: String = base32
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        Self::from_uri(&format!("otpauth://totp/typed?secret={key}"))
    }

    /// A phone that scanned the QR code in a picture.
    #[must_use]
    pub fn from_picture(png: impl AsRef<Path>) -> Self {
        Self::from_uri(&read_qr(png))
    }

    /// The label of the account in the app, such as `host:alice`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The issuer that the app shows.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The key in base32.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Sets the phone's clock ahead of the host's.
    /// [`Machine::shift_clock`](crate::Machine::shift_clock) does this for the daemon.
    pub fn shift_clock(&self, seconds: i64) {
        self.clock().ahead = seconds;
    }

    /// The current code.
    #[must_use]
    pub fn code(&self) -> String {
        self.code_at(0)
    }

    /// The code of the time step that is `steps` after the current one; negative for earlier ones.
    #[must_use]
    pub fn code_at(&self, steps: i64) -> String {
        let present = self.now() / self.period;
        self.code_of_step(
            present
                .checked_add_signed(steps)
                .or_fail("go back so far in time"),
        )
    }

    /// Returns a valid code that no login has used: of the previous step, the current one or the
    /// next, in this order. Waits for the clock if all three were returned before.
    #[must_use]
    pub fn next_unused(&self) -> String {
        loop {
            let now = self.now();
            let (present, left) = (now / self.period, self.period - now % self.period);
            let oldest = if left > MIN_REMAINING {
                present - 1
            } else {
                present
            };
            let used = self.clock().used;
            let step = used.map_or(oldest, |used| oldest.max(used + 1));
            if step <= present + 1 {
                self.clock().used = Some(step);
                return self.code_of_step(step);
            }
            thread::sleep(Duration::from_secs(left));
        }
    }

    /// The code of a counter, for keys of the type `hotp`. `presses` is added to the counter of the
    /// key.
    #[must_use]
    pub fn code_of_counter(&self, presses: u64) -> String {
        let counter = (self.counter + presses).to_string();
        self.oathtool(&["--hotp", "--counter", &counter])
    }

    /// Returns a code that this key has at no time at which the daemon looks: neither now, nor
    /// within the search for drift.
    #[must_use]
    pub fn wrong_code(&self) -> String {
        let right = self.codes_around(FAR);
        let digits = usize::try_from(self.digits).or_fail("count the digits");
        (0..10)
            .map(|digit| digit.to_string().repeat(digits))
            .find(|code| !right.contains(code))
            .or_fail("find a wrong code")
    }

    /// Returns a valid code of this phone that is as wrong for the other one as
    /// [`wrong_code`](Self::wrong_code). It is of the current step or a neighbour.
    #[must_use]
    pub fn code_not_of(&self, other: &Self) -> String {
        let right = other.codes_around(NEAR);
        [0, 1, -1]
            .map(|steps| self.code_at(steps))
            .into_iter()
            .find(|code| !right.contains(code))
            .or_fail("find a code that the other phone has not")
    }

    /// The codes of all steps within `reach` seconds of now.
    fn codes_around(&self, reach: u64) -> HashSet<String> {
        let now = self.now();
        let first = now.saturating_sub(reach) / self.period;
        let last = (now + reach) / self.period;
        let codes = self.codes_from(first, last - first);
        codes.lines().map(str::to_owned).collect()
    }

    /// The code of a time step, counted from 1970.
    #[must_use]
    pub fn code_of_step(&self, step: u64) -> String {
        self.codes_from(step, 0)
    }

    /// The code of a step and of `more` steps after it, one on each line.
    fn codes_from(&self, step: u64, more: u64) -> String {
        let moment = format!("@{}", step * self.period);
        let period = format!("{}s", self.period);
        let kind = format!("--totp={}", self.algorithm);
        let window = more.to_string();
        self.oathtool(&[
            &kind,
            "--time-step-size",
            &period,
            "--now",
            &moment,
            "--window",
            &window,
        ])
    }

    fn oathtool(&self, arguments: &[&str]) -> String {
        let output = Command::new("oathtool")
            .args(arguments)
            .args([
                "--digits",
                &self.digits.to_string(),
                "--base32",
                &self.secret,
            ])
            .env("TZ", "UTC")
            .output()
            .or_fail("run oathtool (tests/prerequisites installs it)");
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() {
            panic!("oathtool: {}", String::from_utf8_lossy(&output.stderr));
        }
        said
    }

    fn now(&self) -> u64 {
        let host = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .or_fail("read the clock")
            .as_secs();
        host.checked_add_signed(self.clock().ahead)
            .or_fail("go back so far in time")
    }

    fn clock(&self) -> std::sync::MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decodes the QR code in a picture, as the camera of a phone does.
#[must_use]
#[track_caller]
pub fn read_qr(png: impl AsRef<Path>) -> String {
    let png = png.as_ref();
    let output = Command::new("zbarimg")
        .args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"])
        .arg(png)
        .output()
        .or_fail("run zbarimg (tests/prerequisites installs it)");
    if !output.status.success() {
        panic!(
            "no QR code can be read in {}: {}",
            png.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let value = digit()
            .zip(digit())
            .and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(value.or_fail(&format!("decode {text:?}")));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
