//! Ways into the host that PAM is not asked about, or of which it is told that nothing need be verified.

use super::{HostFacts, sudo};
use crate::finding::{Finding, Kind};
use crate::messages;
use crate::unit::Unit;

/// The rules of doas(1).
pub const DOAS_FILE: &str = "/etc/doas.conf";

/// What is known of other ways in.
#[derive(Debug, Clone, Default)]
pub struct OtherWays {
    /// What `systemctl show` prints of the units of consoles, of dropbear and of the debug shell.
    pub units: String,
    /// The text of [`DOAS_FILE`].
    pub doas: Option<String>,
}

pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let ways = &host.other_ways;
    let units = Unit::parse_all(&ways.units);
    // logind starts a console when someone switches to it.
    let is_console = |unit: &Unit| {
        let name = unit.value("Id");
        name.starts_with("getty@tty") || name.starts_with("autovt@tty")
    };
    let used = units
        .iter()
        .filter(|unit| unit.is_in_use() || is_console(unit));
    let mut findings: Vec<Finding> = used.filter_map(of_unit).collect();
    // A unit may be printed twice.
    findings.dedup_by(|one, other| one.subject == other.subject);
    findings.extend(ways.doas.iter().flat_map(|text| doas(text)));
    findings
}

fn found(kind: &'static Kind, place: impl Into<String>, names: &[&str]) -> Finding {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Finding::beside_pam(kind, place, names, String::new())
}

fn of_unit(unit: &Unit) -> Option<Finding> {
    let name = unit.value("Id");
    if name == "debug-shell.service" {
        return Some(found(&messages::DEBUG_SHELL, "", &[name]));
    }
    if name.starts_with("dropbear") {
        return Some(found(&messages::DROPBEAR, "", &[name]));
    }
    let (_, command) = unit.value("ExecStart").split_once("argv[]=")?;
    let words: Vec<&str> = command.split(" ;").next()?.split(' ').collect();
    let drop_ins = unit.value("DropInPaths");
    // The last one decides about the command.
    let place = drop_ins.rsplit(' ').next().unwrap_or_default();
    let names = vec![name.to_owned()];
    let program = words.first().copied().unwrap_or_default();
    match Console::of(&words) {
        Console::Asks => None,
        Console::LetsIn => {
            let files = if is_usual(&words) { drop_ins } else { "" };
            let kind = &messages::CONSOLE_AUTOLOGIN;
            Some(Finding::beside_pam(kind, place, names, files.to_owned()))
        }
        Console::Other => {
            let kind = &messages::CONSOLE_OTHER;
            Some(Finding::beside_pam(kind, place, names, program.to_owned()))
        }
    }
}

/// What the command of a console's unit does.
#[derive(Debug, PartialEq, Eq)]
enum Console {
    /// login(1) asks, with its PAM lines.
    Asks,
    /// A user is let in without a question.
    LetsIn,
    /// Another program decides.
    Other,
}

impl Console {
    fn of(words: &[&str]) -> Self {
        let program = words.first().copied().unwrap_or_default();
        let lets_in = match program.rsplit('/').next() {
            Some("agetty" | "getty") => lets_in(words),
            Some("login") => words.iter().skip(1).any(|word| has_f(word)),
            _ if sudo::runs_all(program) => true,
            _ => return Self::Other,
        };
        if lets_in { Self::LetsIn } else { Self::Asks }
    }
}

/// Whether a word is options of login(1) with `-f`, with which it verifies nothing.
fn has_f(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    !letters.starts_with('-') && letters.contains('f') && !letters.contains('/')
}

/// Whether agetty(8) has a user whom it logs in, starts another program than login(1), or gives login(1) the option
/// `-f`, with which it verifies nothing. systemd prints the words without their quotation marks.
fn lets_in(words: &[&str]) -> bool {
    let mut has_options_of_login = false;
    let mut words = words.iter().skip(1).peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied().copied().unwrap_or_default();
        if let Some(long) = word.strip_prefix("--").filter(|long| !long.is_empty()) {
            let (name, value) = long.split_once('=').unwrap_or((long, next));
            // getopt_long(3) takes the beginning of a name, too.
            let is = |option: &str| option.starts_with(name);
            has_options_of_login |= is("login-options");
            let is_open = is("login-options") && has_f(value);
            if is_open || is("autologin") || (is("login-program") && !is_login(value)) {
                return true;
            }
            continue;
        }
        let Some(letters) = word.strip_prefix('-') else {
            continue;
        };
        // agetty's own -f has a file. In the options of login(1) it may stand before a name.
        if has_options_of_login && has_f(word) && !next.starts_with('/') {
            return true;
        }
        let Some(at) = letters.find(|letter| WITH_VALUE.contains(letter)) else {
            continue;
        };
        let (_, rest) = letters.split_at(at);
        let (letter, rest) = rest.split_at(1);
        let value = if rest.is_empty() { next } else { rest };
        has_options_of_login |= letter == "o";
        if (letter == "o" && has_f(value)) || letter == "a" || (letter == "l" && !is_login(value)) {
            return true;
        }
    }
    false
}

/// The options of agetty(8) that have a value.
const WITH_VALUE: &str = "aCdfHIloPrt";

fn is_login(program: &str) -> bool {
    ["login", "/bin/login", "/usr/bin/login"].contains(&program)
}

/// Whether sed(1) can remove the options from a unit: they have their usual forms.
fn is_usual(words: &[&str]) -> bool {
    let logs_in = |word: &&str| *word == "-a" || word.starts_with("--autologin");
    let next = words.iter().skip(1).chain([&""]);
    let mut pairs = words.iter().zip(next);
    words.iter().any(logs_in)
        || pairs.any(|(word, next)| *word == "-f" && (*next == "--" || next.ends_with("\\u")))
}

/// Rules of doas that ask for nothing, and allow every command or a shell as root. The last rule that matches is in
/// force: a later one for the same user, with every command as root, takes one back.
fn doas(text: &str) -> Vec<Finding> {
    let mut open: Vec<(String, usize)> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let words: Vec<&str> = without_comment(line).split_whitespace().collect();
        let (Some(&kind), Some(who)) = (words.first(), identity(&words)) else {
            continue;
        };
        let mut parts = words.splitn(2, |word| *word == "cmd");
        if !parts.next().is_none_or(is_as_root) {
            continue;
        }
        let command = parts.next().and_then(<[&str]>::first);
        let is_shell = command.is_some_and(|path| {
            let program = path.rsplit('/').next().unwrap_or_default();
            program.ends_with("sh") || ["su", "env", "sudo"].contains(&program)
        });
        if command.is_none() {
            open.retain(|(other, _)| other != who);
        }
        let is_open = kind == "permit" && words.contains(&"nopass");
        if is_open && (command.is_none() || is_shell) {
            open.push((who.to_owned(), number));
        }
    }
    let places = open
        .into_iter()
        .map(|(_, number)| format!("{DOAS_FILE}:{number}"));
    places
        .map(|place| found(&messages::DOAS_NOPASS, place, &[]))
        .collect()
}

/// A line without its comment. In quotation marks there is none.
fn without_comment(line: &str) -> &str {
    let mut in_quotes = false;
    let begins = |(_, letter): &(usize, char)| {
        in_quotes ^= *letter == '"';
        *letter == '#' && !in_quotes
    };
    let at = line.char_indices().find(begins);
    at.map_or(line, |(at, _)| &line[..at])
}

/// Whether a rule of doas, without its command, is for commands as root: it names root, or no user.
fn is_as_root(words: &[&str]) -> bool {
    let target = words.iter().skip_while(|word| **word != "as").nth(1);
    let target = target.map(|user| user.trim_matches('"'));
    target.is_none_or(|user| user == "root" || user.parse() == Ok(0))
}

/// The user or the group of a rule: the first word that is not an option.
fn identity<'a>(words: &[&'a str]) -> Option<&'a str> {
    const OPTIONS: [&str; 4] = ["nopass", "persist", "keepenv", "nolog"];
    let mut words = words.iter().skip(1);
    let mut in_list = false;
    words
        .find(|word| {
            let is_list = in_list || **word == "setenv" || word.starts_with('{');
            in_list = is_list && !word.ends_with('}');
            !is_list && !OPTIONS.contains(word)
        })
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_in_without_a_password_at_a_console_is_known() {
        let of = |line: &str| Console::of(&line.split(' ').collect::<Vec<_>>());
        for open in [
            "/sbin/agetty --autologin root - $TERM",
            "/sbin/agetty --autologin=root - $TERM",
            "/sbin/agetty -aroot --noclear - $TERM",
            "/sbin/agetty -Jaroot",
            "/sbin/agetty -pa root",
            "/sbin/agetty --auto root",
            "/sbin/agetty -o -p -f -- \\u - $TERM",
            "/sbin/agetty -o -pf -- \\u - $TERM",
            "/sbin/agetty -o-fp root - $TERM",
            "/sbin/agetty -n -o -f root - $TERM",
            "/sbin/agetty -n --login-opt=-froot",
            "/sbin/agetty --skip-login --login-options -f root",
            "/sbin/agetty -n -l /bin/bash",
            "/sbin/agetty -n -l /usr/local/bin/login",
            "/sbin/agetty --login-program=/bin/sh",
            "/bin/login -f root",
            "/usr/bin/login -pf root",
            "/bin/sh -c exec /bin/login -p -f root",
            "/usr/bin/setsid -c /bin/bash",
        ] {
            assert_eq!(of(open), Console::LetsIn, "{open}");
        }
        for closed in [
            "/sbin/agetty -o -p -- \\u --noclear --keep-baud - 115200,38400,9600 $TERM",
            "/sbin/agetty -o -p -- \\u -f /etc/issue.tty - $TERM",
            "/sbin/agetty -f /etc/issue -l /bin/login --noclear - linux",
            "/sbin/agetty --noclear tty1 linux",
            "/bin/login -p",
        ] {
            assert_eq!(of(closed), Console::Asks, "{closed}");
        }
        for other in ["/sbin/sulogin -e", "/usr/bin/kmscon --vt=tty2"] {
            assert_eq!(of(other), Console::Other, "{other}");
        }
    }

    #[test]
    fn the_last_rule_of_doas_is_in_force() {
        let places = |text: &str| -> Vec<String> {
            let found = doas(text).into_iter();
            found.map(|finding| finding.subject.place).collect()
        };
        for (text, expected) in [
            ("permit nopass bob", &["/etc/doas.conf:1"][..]),
            (
                "permit nopass setenv { A B=1 } bob\npermit persist bob",
                &[],
            ),
            ("permit bob\npermit nopass :wheel", &["/etc/doas.conf:2"]),
            (
                "permit nopass bob\npermit bob cmd ls",
                &["/etc/doas.conf:1"],
            ),
            (
                "permit nopass bob as root cmd /bin/sh",
                &["/etc/doas.conf:1"],
            ),
            ("permit nopass bob cmd /usr/bin/apt", &[]),
            ("permit nopass bob\ndeny bob", &[]),
            (
                "permit nopass bob\npermit persist bob as www",
                &["/etc/doas.conf:1"],
            ),
            ("permit nopass bob\npermit bob as root", &[]),
            ("permit nopass bob as www", &[]),
            ("permit nopass bob as 0", &["/etc/doas.conf:1"]),
            ("permit nopass bob as www cmd /bin/sh", &[]),
            (
                "permit nopass bob as \"root\"\npermit bob as www cmd as root",
                &["/etc/doas.conf:1"],
            ),
            ("# permit nopass bob", &[]),
            (
                "permit nopass setenv { \"A=#\" } bob # permit bob",
                &["/etc/doas.conf:1"],
            ),
        ] {
            assert_eq!(places(text), expected, "{text}");
        }
    }
}
