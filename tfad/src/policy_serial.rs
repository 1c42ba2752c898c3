//! The highest serial number of a published policy that this host has met. An older policy, which someone who can
//! write to the store has put back, has a lower one: `docs/adr/0099-what-a-member-or-etcd-cannot-do-alone.md`.
//!
//! The file has the number in its first line, and then the id of the store in etcd (the contents of `etcd.id`). In
//! another store the numbers begin anew.

use std::sync::{Mutex, PoisonError};

use tfa_store::{StateDir, StateFile, StoreError};

/// The name of the file in the state directory that keeps it over restarts.
pub const SERIAL_FILE: &str = "policy.serial";
/// The file of the store that has its id, where the accounts are in etcd.
const STORE_ID_FILE: &str = "etcd.id";

/// Why a policy is not put in force.
#[derive(Debug, Clone)]
pub enum SerialError {
    /// A policy with this higher number was met before.
    Older {
        /// The highest number that was met.
        highest: u64,
    },
    /// The number cannot be read or kept.
    File(StoreError),
    /// The file has no number.
    Damaged,
}

impl From<StoreError> for SerialError {
    fn from(error: StoreError) -> Self {
        Self::File(error)
    }
}

/// The highest serial number that was met, 0 before the first one.
pub struct HighestSerial {
    /// `None` keeps it in memory alone.
    files: Option<Files>,
    met: Mutex<u64>,
}

struct Files {
    serial: StateFile,
    store_id: StateFile,
}

impl HighestSerial {
    /// That in the file of this state directory.
    pub fn new(state_dir: Option<&StateDir>) -> Self {
        let files = state_dir.map(|state_dir| Files {
            serial: StateFile::new(state_dir, SERIAL_FILE),
            store_id: StateFile::new(state_dir, STORE_ID_FILE),
        });
        let met = Mutex::default();
        Self { files, met }
    }

    /// The highest number that was met.
    ///
    /// # Errors
    /// [`SerialError::File`], [`SerialError::Damaged`].
    pub fn get(&self) -> Result<u64, SerialError> {
        let met = *self.met.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(met.max(self.kept()?))
    }

    /// Takes the number of a policy that is to come into force. It is on disk when this returns.
    ///
    /// # Errors
    /// [`SerialError`].
    pub fn admit(&self, serial: u64) -> Result<(), SerialError> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.kept()?;
        let highest = kept.max(*met);
        if serial < highest {
            return Err(SerialError::Older { highest });
        }
        *met = serial;
        match &self.files {
            Some(files) if serial > kept => {
                let mut contents = format!("{serial}\n").into_bytes();
                contents.extend(files.store_id.read()?.unwrap_or_default());
                Ok(files.serial.replace(&contents)?)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn kept(&self) -> Result<u64, SerialError> {
        let Some(files) = &self.files else {
            return Ok(0);
        };
        let Some(bytes) = files.serial.read()? else {
            return Ok(0);
        };
        let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
        let number = lines.next().and_then(|number| str::from_utf8(number).ok());
        let number = number.and_then(|number| number.parse().ok());
        match (number, lines.next()) {
            (Some(number), Some(store_id)) => {
                let is_here = files.store_id.read()?.unwrap_or_default() == store_id;
                Ok(if is_here { number } else { 0 })
            }
            _ => Err(SerialError::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_number_is_refused_and_the_same_one_is_not() {
        let serial = HighestSerial::new(None);
        for number in [0, 3, 3, 7] {
            assert!(serial.admit(number).is_ok(), "{number}");
        }
        assert!(matches!(
            serial.admit(6),
            Err(SerialError::Older { highest: 7 })
        ));
        assert_eq!(serial.get().ok(), Some(7));
    }
}
