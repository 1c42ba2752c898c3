//! How the SQLite in use was compiled.
//!
//! SQLite calls fsync(2) at each commit unless it was compiled with `HAVE_FDATASYNC`. Then the file
//! system writes its own journal too, and a login waits twice as long. `.cargo/config.toml` sets the
//! flag for the bundled SQLite. A distribution that builds tfad in another way may lose it.
//!
//! `PRAGMA compile_options` does not list the flag. It lists an option that tells the bundled SQLite
//! from the one of a distribution, and whether the bundled one has the flag is known from this build.

use rusqlite::Connection;

use super::error::cause;
use crate::StoreError;

/// libsqlite3-sys compiles the bundled SQLite with this option.
const BUNDLED: &str = "ENABLE_API_ARMOR";

/// The flags that this build gave to the bundled SQLite.
const FLAGS: Option<&str> = option_env!("LIBSQLITE3_FLAGS");

/// What to say if commits may call fsync(2), and what to do.
pub(super) fn slow_commits(db: &Connection) -> Result<Option<String>, StoreError> {
    let mut select = db.prepare("PRAGMA compile_options").map_err(cause)?;
    let options: Vec<String> = select
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .map_err(cause)?;
    Ok(judge(&options, FLAGS.unwrap_or_default()))
}

fn judge(options: &[String], flags: &str) -> Option<String> {
    let what = if !options.iter().any(|option| option == BUNDLED) {
        "tfad uses an SQLite other than the bundled one, and it is not known whether that calls \
         fdatasync(2)"
    } else if !flags.contains("HAVE_FDATASYNC") {
        "tfad was built without the flags of .cargo/config.toml, and its SQLite calls fsync(2)"
    } else {
        return None;
    };
    Some(format!(
        "{what}: each accepted code may wait twice as long for the disk. No change is lost. Build tfad \
         with the bundled SQLite and LIBSQLITE3_FLAGS=-DHAVE_FDATASYNC=1"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_build_has_fast_commits() {
        let db = Connection::open_in_memory().unwrap();
        assert_eq!(slow_commits(&db), Ok(None));
    }

    #[test]
    fn another_sqlite_or_missing_flag_is_named() {
        let bundled = [BUNDLED.to_owned(), "THREADSAFE=1".to_owned()];
        let other = ["THREADSAFE=1".to_owned()];
        let said = judge(&other, "-DHAVE_FDATASYNC=1").unwrap();
        assert!(said.contains("other than the bundled"), "{said}");
        let said = judge(&bundled, "").unwrap();
        assert!(said.contains(".cargo/config.toml"), "{said}");
        assert_eq!(judge(&bundled, "-DHAVE_FDATASYNC=1"), None);
    }
}
