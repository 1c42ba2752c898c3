//! `tfactl restore`: replaces all records by those of a backup.

use std::ffi::OsStr;

use serde::Serialize;
use tfa_client::{Failure, Interrupt, Terminal};
use tfa_text::time::rfc3339;

use crate::args::RestoreArgs;
use crate::task::{self, Outcome, Results};
use crate::{json, messages, passphrase};

#[derive(Serialize)]
struct RestoreJson<'a> {
    records: u64,
    created: String,
    host: &'a str,
    backup_codes: Vec<&'a str>,
    counters: Vec<&'a str>,
    paused: Vec<&'a str>,
    changed: Vec<&'a str>,
    lost: Vec<&'a str>,
    returned: Vec<&'a str>,
    put_aside: Option<&'a str>,
    lost_documents: bool,
}

pub(crate) async fn run(args: RestoreArgs) -> Result<(), Failure> {
    task::require_root()?;
    let mut terminal = Terminal::new();
    let mut interrupt = Interrupt::watch()?;
    let mut words = vec![
        OsStr::new("restore"),
        OsStr::new("--file"),
        args.file.as_os_str(),
    ];
    for (is_set, word) in [
        (args.force, "--force"),
        (args.void_backup_codes, "--void-backup-codes"),
    ] {
        if is_set {
            words.push(OsStr::new(word));
        }
    }
    let given = args.passphrase_file.as_deref().map(passphrase::read);
    let given = given.transpose()?;
    let given = given.as_deref().map(String::as_str);
    let mut outcome = task::run(&mut interrupt, &terminal, &words, given).await?;
    for _ in 0..passphrase::TRIES {
        let (Outcome::NeedsPassphrase(why), None) = (&outcome, given) else {
            break;
        };
        terminal.error(why);
        let typed = passphrase::of_backup(&mut interrupt, &mut terminal).await?;
        outcome = task::run(&mut interrupt, &terminal, &words, Some(&typed)).await?;
    }
    match outcome {
        Outcome::NeedsPassphrase(text) => Err(Failure::Refused(text)),
        Outcome::Done(results) => finish(&terminal, &args, &results),
    }
}

fn finish(terminal: &Terminal, args: &RestoreArgs, results: &Results) -> Result<(), Failure> {
    let restored = RestoreJson {
        records: results.number("records"),
        created: rfc3339(results.number("created")),
        host: results.get("host"),
        backup_codes: results.all("backup-codes").collect(),
        counters: results.all("counters").collect(),
        paused: results.all("paused").collect(),
        changed: results.all("changed").collect(),
        lost: results.all("lost").collect(),
        returned: results.all("returned").collect(),
        put_aside: results.all("put-aside").next(),
        lost_documents: results.all("lost-documents").next().is_some(),
    };
    if args.json {
        json::print(terminal, &restored)?;
    } else {
        let created = results.number("created");
        terminal.print(&messages::restored(
            restored.records,
            created,
            restored.host,
        ))?;
        let texts = [
            restored.put_aside.map(messages::put_aside),
            restored
                .lost_documents
                .then(|| messages::LOST_DOCUMENTS.to_owned()),
            messages::lost_records(&restored.lost),
            messages::backup_codes_revived(&restored.backup_codes),
            messages::counters_revived(&restored.counters),
            messages::pauses_revived(&restored.paused),
            messages::replaced_records(&restored.changed),
            messages::returned_records(&restored.returned),
        ];
        for text in texts.into_iter().flatten() {
            terminal.print(&text)?;
        }
        terminal.print(messages::AFTER_RESTORE)?;
    }
    match results.all("not-started").next() {
        Some(why) => Err(Failure::Refused(messages::daemon_not_restarted(why))),
        None => Ok(()),
    }
}
