//! Files: QR codes as pictures, and backup codes as a page.

use std::fmt::Display;
use std::io;

pub(crate) fn delete_picture(path: &str) -> String {
    format!("The file {path} contains the key and is no longer needed. Delete it? [Y/n] ")
}

pub(crate) fn picture_kept(path: &str) -> String {
    format!(
        "The file {path} is kept. With the key in it, anybody can generate your codes.\n\
         Delete it soon."
    )
}

pub(crate) fn picture_not_deleted(path: &str, error: &io::Error) -> String {
    format!(
        "The file {path} could not be deleted: {error}.\n\
         It contains the key. Delete it yourself."
    )
}

pub(crate) fn file_not_created(path: &dyn Display, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists => format!(
            "Could not create {path}\n\
             The file already exists. Choose another name, or remove it first."
        ),
        io::ErrorKind::NotFound => format!(
            "Could not create {path}\n\
             The directory does not exist. Choose another name."
        ),
        io::ErrorKind::PermissionDenied => format!(
            "Could not create {path}\n\
             Permission denied. Choose another name, for example in your home directory."
        ),
        _ => format!(
            "Could not create {path}\n\
             {error}. Choose another name."
        ),
    }
}

pub(crate) fn file_not_written(path: &dyn Display, error: &io::Error) -> String {
    format!("The file {path} could not be written: {error}.\nIt was removed.")
}
