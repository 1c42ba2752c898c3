//! Messages about the text that should be the public key of an SSH key. `source` is a file or the
//! standard input.

use std::fmt::Display;
use std::io;

pub(crate) const STANDARD_INPUT: &str = "The standard input";

pub(crate) fn file(path: &dyn Display) -> String {
    format!("The file {path}")
}

pub(crate) fn unreadable(source: &str, error: &io::Error) -> String {
    format!("{source} could not be read: {error}.")
}

pub(crate) fn too_large(source: &str) -> String {
    format!("{source} is too large for a public key.\n{USE_THE_PUBLIC_FILE}")
}

pub(crate) fn private(source: &str) -> String {
    format!("{source} is a private key, which was not sent.\n{USE_THE_PUBLIC_FILE}")
}

pub(crate) fn without_key(source: &str) -> String {
    format!("{source} has no public key.\n{USE_THE_PUBLIC_FILE}")
}

pub(crate) fn several(source: &str) -> String {
    format!("{source} has several lines with keys.\n{USE_THE_PUBLIC_FILE}")
}

pub(crate) fn with_options(source: &str) -> String {
    format!(
        "{source} has options before the key, as in authorized_keys.\n\
         They have no effect here. {USE_THE_PUBLIC_FILE}"
    )
}

pub(crate) fn plain_key(source: &str) -> String {
    format!(
        "{source} has a key that is not in a security key.\n\
         Its file can be copied. To make one in a security key: ssh-keygen -t ed25519-sk"
    )
}

const USE_THE_PUBLIC_FILE: &str = "\
Use the file of the key that ends in .pub.";

/// For a command that would have enrolled the key.
pub(crate) fn unchanged(why: &str) -> String {
    format!("{why}\nNothing was changed.")
}
