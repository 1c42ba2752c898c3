//! The one thread that writes.
//!
//! It takes all queued requests, applies them in one transaction, and answers after the commit. While a
//! commit waits for the disk the next batch gathers, so that many logins share one synchronisation.

use std::sync::mpsc::Receiver;

use rusqlite::{Connection, Statement};

use super::apply::Applier;
use super::change::{Outcome, Request};
use super::checkpoint::CheckpointHandle;
use super::db_file::DbFile;
use super::error::cause;
use super::schema::Layout;
use crate::{Commit, KeyId, StoreError};

/// How many requests share a transaction at most.
const MAX_BATCH: usize = 256;

/// Why a batch was not committed.
enum BatchError {
    /// A statement failed before the commit.
    Statement(StoreError),
    /// The transaction did not start, or its commit failed.
    Transaction(StoreError),
}

/// Serves requests until there is no sender any more, then lets go of the database.
pub(super) fn serve(
    db: &Connection,
    file: DbFile,
    layout: Layout,
    key: Option<KeyId>,
    requests: &Receiver<Request>,
    mut checkpoints: CheckpointHandle,
) -> Result<(), StoreError> {
    let mut writer = Writer::new(db, file, Applier::new(db, layout, key)?)?;
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while let Ok(first) = requests.recv() {
        batch.push(first);
        batch.extend(requests.try_iter().take(MAX_BATCH - 1));
        let outcomes = writer.commit_batch(&batch);
        let (mut pages, mut needs_space) = (0, false);
        for (request, outcome) in batch.drain(..).zip(outcomes) {
            match &outcome {
                Ok(Commit::Committed(_)) => pages += request.change.pages(),
                Ok(Commit::Conflict) => {}
                Err(StoreError::DiskFull { .. } | StoreError::Io { .. }) => needs_space = true,
                Err(_) => {}
            }
            // The channel has room for its one answer. The caller may no longer wait for it.
            let _ = request.answer.try_send(outcome);
        }
        checkpoints.committed(pages);
        if needs_space {
            checkpoints.free_space();
        }
    }
    Ok(())
}

struct Writer<'c> {
    db: &'c Connection,
    file: DbFile,
    applier: Applier<'c>,
    begin: Statement<'c>,
    commit: Statement<'c>,
    rollback: Statement<'c>,
}

impl<'c> Writer<'c> {
    fn new(db: &'c Connection, file: DbFile, applier: Applier<'c>) -> Result<Self, StoreError> {
        let prepare = |sql| db.prepare(sql).map_err(cause);
        Ok(Self {
            db,
            file,
            applier,
            begin: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            rollback: prepare("ROLLBACK")?,
        })
    }

    /// One outcome for each request, in their order.
    fn commit_batch(&mut self, batch: &[Request]) -> Vec<Outcome> {
        match self.transact(batch) {
            Ok(outcomes) => outcomes,
            // One user's damaged page must not refuse the others in the batch.
            Err(BatchError::Statement(_)) if batch.len() > 1 => batch
                .iter()
                .flat_map(|one| self.commit_batch(std::slice::from_ref(one)))
                .collect(),
            Err(BatchError::Statement(error) | BatchError::Transaction(error)) => {
                batch.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// The batch in one transaction: everything reported as committed is on disk, or nothing is.
    fn transact(&mut self, batch: &[Request]) -> Result<Vec<Outcome>, BatchError> {
        let failed = |error| BatchError::Transaction(cause(error));
        self.file.check().map_err(BatchError::Transaction)?;
        if !self.db.is_autocommit() {
            self.rollback.execute([]).map_err(failed)?;
        }
        self.begin.execute([]).map_err(failed)?;
        let before = *self.applier.revisions();
        let applied = self
            .applier
            .apply(batch)
            .map_err(BatchError::Statement)
            .and_then(|outcomes| {
                self.commit.execute([]).map_err(failed)?;
                Ok(outcomes)
            });
        if applied.is_err() {
            self.applier.revisions().roll_back_to(before);
            if !self.db.is_autocommit() {
                // If this fails too, the next transaction tries again before it starts.
                let _ = self.rollback.execute([]);
            }
        }
        applied
    }
}
