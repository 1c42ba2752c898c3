//! The connection that writes.
//!
//! It applies a batch of requests in one transaction: many logins share one synchronisation. Its pages
//! stay in memory, because no other connection of this process writes. So it also reads where it is
//! idle; see [`Reader`].

use std::sync::Arc;

use super::apply::{self, Applier};
use super::change::{Change, Outcome};
use super::checkpoint::CheckpointHandle;
use super::error::cause;
use super::group_commit::{Committer, Request};
use super::one_statement::Head;
use super::reader::Reader;
use super::revisions::Revisions;
use crate::{Commit, KeyId, StoreError};

/// How many prepared statements the connection keeps: all there are.
const STATEMENTS: usize = 32;

/// Why a batch was not committed.
enum BatchError {
    /// A statement failed before the commit.
    Statement(StoreError),
    /// The transaction did not start, or its commit failed.
    Transaction(StoreError),
}

/// A connection that writes.
pub(super) struct Writer {
    reader: Reader,
    /// The key that the records which come here are sealed with.
    key: Option<KeyId>,
    revisions: Revisions,
    /// What the last transaction has left in the row of `head`.
    head: Option<Head>,
    checkpoints: CheckpointHandle,
}

impl Committer for Writer {
    fn commit_batch(&mut self, batch: &[Arc<Request>]) -> Vec<Outcome> {
        let outcomes = self.outcomes(batch);
        let (mut pages, mut needs_space) = (0, false);
        for (request, outcome) in batch.iter().zip(&outcomes) {
            match outcome {
                Ok(Commit::Committed(_)) => {
                    pages += request.change.pages();
                    if let Change::AdoptKey(key) = &request.change {
                        self.key = Some(*key);
                    }
                }
                Ok(Commit::Conflict) => {}
                Err(StoreError::DiskFull { .. } | StoreError::Io { .. }) => needs_space = true,
                Err(_) => {}
            }
        }
        self.checkpoints.committed(pages);
        if needs_space {
            self.checkpoints.free_space();
        }
        outcomes
    }
}

impl Writer {
    pub(super) fn new(reader: Reader, key: Option<KeyId>, checkpoints: CheckpointHandle) -> Self {
        reader
            .db()
            .set_prepared_statement_cache_capacity(STATEMENTS);
        Self {
            reader,
            key,
            revisions: Revisions::default(),
            head: None,
            checkpoints,
        }
    }

    /// The same connection, to read with. `None` while a transaction that could not be rolled back is
    /// open: a read would see what was not committed.
    pub(super) fn reader(&self) -> Option<&Reader> {
        self.reader.db().is_autocommit().then_some(&self.reader)
    }

    fn outcomes(&mut self, batch: &[Arc<Request>]) -> Vec<Outcome> {
        match self.transact(batch) {
            Ok(outcomes) => outcomes,
            // One user's damaged page must not refuse the others in the batch.
            Err(BatchError::Statement(_)) if batch.len() > 1 => batch
                .iter()
                .flat_map(|one| self.outcomes(std::slice::from_ref(one)))
                .collect(),
            Err(BatchError::Statement(error) | BatchError::Transaction(error)) => {
                batch.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// The batch in one transaction: everything reported as committed is on disk, or nothing is.
    fn transact(&mut self, batch: &[Arc<Request>]) -> Result<Vec<Outcome>, BatchError> {
        self.reader.check().map_err(BatchError::Transaction)?;
        if !self.reader.db().is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        if let Some(revision) = self.replace_alone(batch)? {
            return Ok(vec![Ok(apply::committed(revision))]);
        }
        self.execute("BEGIN IMMEDIATE")?;
        let before = self.revisions;
        let applied = Applier::new(&self.reader, self.key, &mut self.revisions)
            .apply(batch)
            .map_err(BatchError::Statement)
            .and_then(|(outcomes, meta)| {
                self.execute("COMMIT")?;
                if !self.head.is_some_and(|head| head.holds(meta)) {
                    self.head = Some(Head::new(meta));
                }
                Ok(outcomes)
            });
        if applied.is_err() {
            self.revisions.roll_back_to(before);
            if !self.reader.db().is_autocommit() {
                // If this fails too, the next transaction tries again before it starts.
                let _ = self.execute("ROLLBACK");
            }
        }
        applied
    }

    /// Replaces the one record of a batch in one statement, if that is possible.
    fn replace_alone(&mut self, batch: &[Arc<Request>]) -> Result<Option<i64>, BatchError> {
        let ([request], Some(head)) = (batch, &self.head) else {
            return Ok(None);
        };
        let Change::Store(record) = &request.change else {
            return Ok(None);
        };
        head.replace(self.reader.db(), self.key, &mut self.revisions, record)
            .map_err(BatchError::Transaction)
    }

    /// Executes a statement that begins or ends a transaction.
    fn execute(&self, sql: &str) -> Result<(), BatchError> {
        let executed = self
            .reader
            .db()
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]));
        executed
            .map(drop)
            .map_err(|error| BatchError::Transaction(cause(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::checkpoint;
    use crate::sqlite::connection::Access;
    use crate::sqlite::db_file::DbFile;
    use crate::sqlite::schema;

    #[test]
    fn nothing_is_read_while_a_transaction_is_left_open() {
        let path = std::env::temp_dir().join(format!("tfad-left-open-{}", std::process::id()));
        std::fs::write(&path, b"").unwrap();
        schema::create(&path, KeyId::from_bytes(&[0; 16]).unwrap()).unwrap();
        let file = DbFile::new(path.clone(), Access::ReadWrite).unwrap();
        let reader = Reader::connect(file).unwrap();
        let mut writer = Writer::new(reader, None, checkpoint::channel().0);
        assert!(writer.reader().is_some());
        assert!(writer.execute("BEGIN IMMEDIATE").is_ok());
        assert!(writer.reader().is_none());
        // The next batch rolls it back.
        assert!(writer.transact(&[]).is_ok());
        assert!(writer.reader().is_some());
        drop(writer);
        std::fs::remove_file(path).unwrap();
    }
}
