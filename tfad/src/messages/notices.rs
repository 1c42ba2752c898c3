//! Notices to users whose login continues.

use tfa_core::{Attempts, Change, ChangedBy, Changes, ImportNotice, Notice, Report, Time};
use tfa_core::{OfflineNotice, OfflineNotices, OfflineOutcome};
use tfa_proto::is_misleading;
use tfa_text::plural;
use tfa_text::time::{date_time, time_left};

/// What a login that met the second factor reports, one text for each subject.
#[must_use]
pub fn report(report: &Report) -> Vec<String> {
    let Report {
        wrong_codes,
        used_codes,
        imported,
        changes,
        offline,
    } = report;
    let wrong_codes = wrong_codes.iter().map(self::wrong_codes);
    let used_codes = used_codes.iter().map(self::used_codes);
    let imported = imported.iter().map(self::imported);
    let changes = changes.iter().map(self::changes);
    let texts = wrong_codes.chain(used_codes);
    let offline = offline.iter().map(self::offline);
    texts
        .chain(imported)
        .chain(changes)
        .chain(offline)
        .collect()
}

/// Wrong codes since the last login.
fn wrong_codes(wrong: &Attempts) -> String {
    let Attempts {
        count, last, from, ..
    } = wrong;
    let last = date_time(last.as_secs());
    let number = u64::from(*count);
    if from.is_empty() {
        plural(
            number,
            format!(
                "1 wrong code since your last login, on {last} in a program that runs as you. If \
                 that was not you, change your password."
            ),
            format!(
                "{count} wrong codes since your last login, the last on {last} in a program that \
                 runs as you. If that was not you, change your password."
            ),
        )
    } else {
        plural(
            number,
            format!(
                "1 wrong code since your last login, on {last} from {from}. If that was not you, \
                 change your password."
            ),
            format!(
                "{count} wrong codes since your last login, the last on {last} from {from}. If \
                 that was not you, change your password."
            ),
        )
    }
}

/// Codes that were entered again after they were accepted.
fn used_codes(used: &Attempts) -> String {
    let Attempts {
        count, last, from, ..
    } = used;
    let last = date_time(last.as_secs());
    let number = u64::from(*count);
    if used.is_more_than_counted() {
        let counted = count.saturating_sub(1);
        format!(
            "Used codes were entered again more than {counted} times, the last on {last} from \
             {from}. If that was not you, another person sees your codes: change your password."
        )
    } else {
        plural(
            number,
            format!(
                "A used code was entered again, on {last} from {from}. If that was not you, \
                 another person sees your codes: change your password."
            ),
            format!(
                "Used codes were entered again {count} times, the last on {last} from {from}. If \
                 that was not you, another person sees your codes: change your password."
            ),
        )
    }
}

/// An enrollment that was taken over from another program.
fn imported(imported: &ImportNotice) -> String {
    let at = date_time(imported.at.as_secs());
    let from = match imported.source.as_str() {
        "" => "another program".to_owned(),
        source => shown(source),
    };
    match (imported.authenticators, imported.has_backup_codes) {
        (0 | 1, true) => format!(
            "Your authenticator and backup codes were taken over from {from} on {at}. Use them as before."
        ),
        (0 | 1, false) => {
            format!("Your authenticator was taken over from {from} on {at}. Use it as before.")
        }
        (_, true) => format!(
            "Your authenticators and backup codes were taken over from {from} on {at}. Use them as before."
        ),
        (_, false) => {
            format!("Your authenticators were taken over from {from} on {at}. Use them as before.")
        }
    }
}

/// Changes of the account.
fn changes(changes: &Changes) -> String {
    let Changes {
        newest, dropped, ..
    } = changes;
    let mut lines: Vec<String> = newest.iter().map(change).collect();
    let number = u64::from(*dropped);
    if number > 0 {
        lines.push(plural(
            number,
            "An earlier change is not listed.",
            format!("{number} earlier changes are not listed."),
        ));
    }
    lines.push(
        "If you do not know of this, change your password and tell your administrator.".to_owned(),
    );
    lines.join("\n")
}

/// What happened with codes that are bound to members.
fn offline(notices: &OfflineNotices) -> String {
    let OfflineNotices {
        newest, dropped, ..
    } = notices;
    let mut lines: Vec<String> = newest.iter().map(offline_login).collect();
    let number = u64::from(*dropped);
    if number > 0 {
        lines.push(plural(
            number,
            "An earlier use of bound codes is not listed.",
            format!("{number} earlier uses of bound codes are not listed."),
        ));
    }
    lines.push("If that was not you, tell your administrator.".to_owned());
    lines.join("\n")
}

fn offline_login(notice: &OfflineNotice) -> String {
    // Text of a member.
    let (host, at) = (shown(&notice.host), date_time(notice.at.as_secs()));
    let from = match notice.from.as_str() {
        "" => String::new(),
        from => format!(" from {}", shown(from)),
    };
    match notice.outcome {
        None => format!("Codes bound to {host} were made on {at}."),
        Some(OfflineOutcome::Accepted) => {
            format!("A bound code was used on {host} on {at}{from}.")
        }
        Some(OfflineOutcome::WrongCode) => {
            format!("A wrong bound code was entered on {host} on {at}{from}.")
        }
        Some(OfflineOutcome::UsedCode) => {
            format!("A used bound code was entered on {host} on {at}{from}.")
        }
    }
}

fn change(notice: &Notice) -> String {
    let Notice { change, by, at } = notice;
    let at = date_time(at.as_secs());
    match (change, by) {
        (Change::AuthenticatorAdded(name), ChangedBy::Owner) => {
            let name = shown(name);
            format!("Authenticator \"{name}\" was added on {at}.")
        }
        (Change::AuthenticatorAdded(name), ChangedBy::Administrator) => {
            let name = shown(name);
            format!("An administrator added authenticator \"{name}\" on {at}.")
        }
        (Change::AuthenticatorRemoved(name), ChangedBy::Owner) => {
            let name = shown(name);
            format!("Authenticator \"{name}\" was removed on {at}.")
        }
        (Change::AuthenticatorRemoved(name), ChangedBy::Administrator) => {
            let name = shown(name);
            format!("An administrator removed authenticator \"{name}\" on {at}.")
        }
        (Change::AuthenticatorReplaced { old, new }, ChangedBy::Owner) => {
            let (old, new) = (shown(old), shown(new));
            format!("Authenticator \"{old}\" was replaced by \"{new}\" on {at}.")
        }
        (Change::AuthenticatorReplaced { old, new }, ChangedBy::Administrator) => {
            let (old, new) = (shown(old), shown(new));
            format!("An administrator replaced authenticator \"{old}\" by \"{new}\" on {at}.")
        }
        (Change::BackupCodesReplaced, ChangedBy::Owner) => {
            format!("New backup codes were created on {at}. The earlier ones are void.")
        }
        (Change::BackupCodesReplaced, ChangedBy::Administrator) => {
            format!("An administrator created new backup codes on {at}. The earlier ones are void.")
        }
        (Change::Paused, ChangedBy::Owner) => {
            format!("Two-factor login was paused on {at}.")
        }
        (Change::Paused, ChangedBy::Administrator) => {
            format!("An administrator paused two-factor login on {at}.")
        }
        (Change::Resumed, ChangedBy::Owner) => {
            format!("Two-factor login was resumed on {at}.")
        }
        (Change::Resumed, ChangedBy::Administrator) => {
            format!("An administrator resumed two-factor login on {at}.")
        }
        (Change::Reset, ChangedBy::Owner) => {
            format!("Two-factor login was reset on {at}.")
        }
        (Change::Reset, ChangedBy::Administrator) => {
            format!("An administrator reset two-factor login on {at}.")
        }
        (Change::Exported, ChangedBy::Owner | ChangedBy::Administrator) => {
            format!("An administrator exported the keys of your authenticators on {at}.")
        }
        (Change::DeviceRemembered(name), ChangedBy::Owner) => {
            let name = shown(name);
            format!("Device \"{name}\" is remembered since {at}: it needs no code.")
        }
        (Change::DeviceRemembered(name), ChangedBy::Administrator) => {
            let name = shown(name);
            format!("An administrator had device \"{name}\" remembered on {at}: it needs no code.")
        }
        (Change::RecoveryCodeEntered(at_terminal), ChangedBy::Owner | ChangedBy::Administrator) => {
            format!(
                "The recovery code of this host was entered for you on {at} at {at_terminal}, in \
                 place of a code."
            )
        }
    }
}

/// A name that its owner chose, for a terminal.
fn shown(name: &str) -> String {
    let harmless = |letter: char| match letter {
        '"' => '?',
        letter if is_misleading(letter) => '?',
        letter => letter,
    };
    name.chars().map(harmless).collect()
}

/// The administrator has exempted the user.
#[must_use]
pub fn exempt(host: &str, until: Time, reason: &str, now: Time) -> String {
    let left = time_left(now.until(until).as_secs());
    let until = date_time(until.as_secs());
    format!(
        "Your administrator has exempted you from two-factor login on {host}: no code is asked for \
         until {until} (for {left}).\n\
         Reason: {reason}"
    )
}

/// The end of the grace period.
#[must_use]
pub fn grace(host: &str, until: Time, now: Time) -> Vec<String> {
    let enroll = "To set it up in time: tfa-enroll".to_owned();
    vec![end_of_grace(host, until, now), enroll]
}

/// As [`grace`], in one text. `enrolls_in_login` tells whether an authenticator with codes is accepted;
/// else a security key is.
#[must_use]
pub fn grace_of_login(host: &str, until: Time, now: Time, enrolls_in_login: bool) -> String {
    if enrolls_in_login {
        return grace(host, until, now).join("\n");
    }
    let end = end_of_grace(host, until, now);
    format!(
        "{end}\nTo set it up in time, with a security key: tfa-enroll setup --security-key FILE"
    )
}

fn end_of_grace(host: &str, until: Time, now: Time) -> String {
    let left = time_left(now.until(until).as_secs());
    let until = date_time(until.as_secs());
    format!("Two-factor login will be required on {host} from {until} (in {left}).")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tfa_core::{
        Account, Answered, AskCode, Authenticator, AuthenticatorId, BackupSet, Client, Code,
        Credential, Dialog, Factors, Import, ImportedAuthenticator, ImportedCodes, Input,
        Parameters, Secret, ThrottleScope, VerifiedBy,
    };
    use tfa_text::wrapped;

    use super::*;

    const NOW: Time = Time::from_secs(1_800_000_000);

    /// A login by the first authenticator.
    const FIRST: VerifiedBy = VerifiedBy::Authenticator(AuthenticatorId::new(1));

    /// The code of the key at that time (oathtool).
    const RIGHT: &str = "458176";

    fn authenticator(name: &str, key: u8) -> Authenticator {
        let key = Secret::new(&[key; 20]).unwrap();
        Authenticator::totp(name, Parameters::default(), key)
    }

    fn account(names: &[&str]) -> Account {
        let mut account = Account::new(1000);
        for name in names {
            account.bind(authenticator(name, 7), NOW).unwrap();
        }
        account
    }

    /// An account that was taken over with one authenticator.
    fn imported(source: &str, has_codes: bool) -> Account {
        let params = BackupSet::imported_params(|salt| salt.fill(9));
        let code = Code::from_digits("12345678").unwrap();
        let hashed = params.hash_digits(&code).unwrap();
        let set = BackupSet::imported(params, &[hashed]);
        let import = Import {
            source,
            authenticators: &[ImportedAuthenticator {
                authenticator: authenticator("phone", 7),
                used_steps: Some(Vec::new()),
                steps_ahead: None,
                last_attempt: None,
                last_code: None,
            }],
            codes: match has_codes {
                true => ImportedCodes::Set(&set),
                false => ImportedCodes::None,
            },
        };
        let mut account = Account::new(1000);
        account.import(import, NOW).unwrap();
        account
    }

    #[test]
    fn an_import_is_told_without_alarm() {
        for (source, has_codes, begins, ends) in [
            (
                "google-authenticator",
                true,
                "Your authenticator and backup codes were taken over from google-authenticator on ",
                ". Use them as before.",
            ),
            (
                "",
                false,
                "Your authenticator was taken over from another program on ",
                ". Use it as before.",
            ),
        ] {
            let mut account = imported(source, has_codes);
            let texts = report_of(&mut account, NOW);
            let [text] = texts.as_slice() else {
                panic!("{texts:?}");
            };
            assert!(text.starts_with(begins) && text.ends_with(ends), "{text}");
            let later = NOW.plus(Duration::from_secs(3600));
            assert!(!account.has_report(FIRST, later), "each once");
        }
    }

    fn report_of(account: &mut Account, now: Time) -> Vec<String> {
        let client = Client {
            from: "192.0.2.7",
            service: "sshd",
            shows: true,
            answer: None,
        };
        report(&account.report(FIRST, client, now).unwrap())
    }

    fn answer(account: &mut Account, from: &str, typed: &str, now: Time) {
        let begun = AskCode::begin(account, ThrottleScope::UNKNOWN, now);
        let Some(Dialog::AskCode(question)) = begun.dialog else {
            panic!("not asked");
        };
        let Input::Code(code) = Input::parse(typed) else {
            panic!("not a code");
        };
        let client = Client {
            from,
            service: "sshd",
            shows: false,
            answer: None,
        };
        let code = Credential::Code(code);
        let _: Answered = question.answer(Some(Factors::ANY), account, &code, client, now);
    }

    #[test]
    fn all_notices_at_once_fit_a_screen_of_40_columns_and_24_rows() {
        let mut account = account(&["phone", "tablet", "token", "watch", "old", "new", "further"]);
        for _ in 0..12 {
            answer(&mut account, "2001:db8::1234:5678", RIGHT, NOW);
        }
        for _ in 0..2 {
            answer(&mut account, "2001:db8::1234:5678", "000000", NOW);
        }
        let texts = report_of(&mut account, NOW);
        assert_eq!(texts.len(), 3, "{texts:#?}");
        fit(&texts);
        let text = texts.join(" ");
        for part in [
            "2 wrong codes since",
            "more than 10 times",
            "from 2001:db8::1234:5678.",
            "An earlier change is not listed.",
            "An administrator added authenticator \"further\" on ",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    /// Whether texts fit a screen of 40 columns and 24 rows.
    #[track_caller]
    fn fit(texts: &[String]) {
        let rows: Vec<String> = texts.iter().map(|text| wrapped(text, 40)).collect();
        let rows: Vec<&str> = rows.iter().flat_map(|text| text.lines()).collect();
        assert!(rows.len() <= 24, "{rows:#?}");
        let long = rows.iter().find(|row| row.chars().count() > 40);
        assert_eq!(long, None);
    }

    #[test]
    fn an_import_beside_many_changes_waits_for_a_later_login() {
        for (count, has_import) in [(4, true), (5, false)] {
            let mut account = imported("google-authenticator", true);
            for number in 0..count {
                let name = format!("token {number}");
                account.bind(authenticator(&name, 8), NOW).unwrap();
            }
            for _ in 0..12 {
                answer(&mut account, "2001:db8::1234:5678", RIGHT, NOW);
            }
            for _ in 0..2 {
                answer(&mut account, "2001:db8::1234:5678", "000000", NOW);
            }
            let texts = report_of(&mut account, NOW);
            fit(&texts);
            let is_told = |texts: &[String]| texts.concat().contains("taken over");
            assert_eq!(is_told(&texts), has_import, "{texts:#?}");
            let later = NOW.plus(Duration::from_secs(3600));
            assert_eq!(account.has_report(FIRST, later), !has_import);
            if !has_import {
                assert!(is_told(&report_of(&mut account, later)));
            }
        }
    }

    #[test]
    fn a_name_does_not_reach_the_terminal_with_misleading_characters() {
        let mut account = account(&["\u{202e}x\u{1b}[2J\" was removed"]);
        let texts = report_of(&mut account, NOW.plus(Duration::from_secs(60)));
        let expected = "authenticator \"?x[2J? was removed\" on ";
        assert!(texts[0].contains(expected), "{texts:?}");
        assert!(!texts.concat().contains(['\u{1b}', '\u{202e}']));
    }
}
