//! Where new backup codes go in place of the screen: a file, or the printer.

use std::path::{Path, PathBuf};

use tfa_client::{Failure, host, now};
use zeroize::Zeroizing;

use crate::daemon::BackupCodes;
use crate::new_file::NewFile;
use crate::printer::Printer;
use crate::{messages, pdf, text_page};

/// A destination that is ready: the file is created, or the printer is found.
#[derive(Debug)]
pub(crate) enum Paper {
    /// A new PDF file.
    Pdf(NewFile),
    /// A new text file.
    Text(NewFile),
    /// The default printer.
    Printer(Printer),
}

impl Paper {
    /// A new PDF file.
    pub(crate) fn pdf(path: &Path) -> Result<Self, Failure> {
        NewFile::create(path).map(Self::Pdf)
    }

    /// A new text file.
    pub(crate) fn text(path: &Path) -> Result<Self, Failure> {
        NewFile::create(path).map(Self::Text)
    }

    /// The default printer.
    pub(crate) fn printer() -> Result<Self, Failure> {
        Printer::find().map(Self::Printer)
    }

    /// The destination that the user typed when the codes were on the screen: `print`, or the name
    /// of a file. `None` for any other word, so that a backup code that the user types again does
    /// not become a file.
    pub(crate) fn typed(text: &str) -> Option<Result<Self, Failure>> {
        let lower = text.to_ascii_lowercase();
        if lower == "print" {
            Some(Self::printer())
        } else if lower.ends_with(".txt") {
            Some(Self::text(&under_home(text)))
        } else if text.contains('/') || lower.ends_with(".pdf") {
            Some(Self::pdf(&under_home(text)))
        } else {
            None
        }
    }

    /// Writes or prints the codes. Returns what the user does next.
    pub(crate) fn write(self, user: &str, codes: &BackupCodes) -> Result<String, Failure> {
        match self {
            Self::Pdf(file) => written(file, &pdf::page(user, &host(), codes, now())),
            Self::Text(file) => written(file, &text_page::page(user, &host(), codes, now())),
            Self::Printer(printer) => {
                let (host, now) = (host(), now());
                let title = messages::page_title(user, &host);
                printer.print(&title, &pdf::page(user, &host, codes, now))?;
                Ok(messages::codes_printed(printer.name()))
            }
        }
    }
}

fn written(mut file: NewFile, page: &Zeroizing<Vec<u8>>) -> Result<String, Failure> {
    file.write(page)?;
    Ok(messages::codes_in_file(&file.keep().display()))
}

/// Expands `~/` as a shell does.
fn under_home(name: &str) -> PathBuf {
    match (name.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(name),
    }
}
