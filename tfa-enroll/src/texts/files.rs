//! Files: pictures of the key, pages of backup codes.

use std::fmt::Display;
use std::io;

pub(crate) fn delete_picture(path: &str) -> String {
    format!("{path} holds the key and is no longer needed. Delete it now? [Y/n] ")
}

pub(crate) fn picture_stays(path: &str) -> String {
    format!("{path} stays. Whoever gets to see it can make your codes: delete it soon.")
}

pub(crate) fn picture_not_deleted(path: &str, error: &io::Error) -> String {
    format!("{path} could not be deleted: {error}\nIt holds the key: delete it yourself.")
}

pub(crate) fn no_file(path: &dyn Display, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists => format!(
            "{path} exists already and is left as it is. Choose another name, or remove it first."
        ),
        io::ErrorKind::NotFound => {
            format!("{path} cannot be made: there is no such folder. Choose another name.")
        }
        io::ErrorKind::PermissionDenied => format!(
            "{path} cannot be made: you may not write there. Choose another name, for\n\
             example in your home folder."
        ),
        _ => format!("{path} cannot be made: {error}. Choose another name."),
    }
}

pub(crate) fn not_written(path: &dyn Display, error: &io::Error) -> String {
    format!("{path} could not be written: {error}. It was removed again.")
}
