//! The store in etcd, where calls are lost, doubled or late, and where etcd was changed by hand.

#[cfg(test)]
mod changes;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod further_verifier;
#[cfg(test)]
mod history;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod logins;
#[cfg(test)]
mod member;
#[cfg(test)]
mod migration;
#[cfg(test)]
mod open;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod ranges;
#[cfg(test)]
mod script;

#[cfg(test)]
mod verifier {
    //! Verifiers that share one etcd, and short ways to use them.

    use tfa_store::etcd::EtcdStore;
    use tfa_store::{ByUid, Commit, Revision, Store, StoreError};
    use tfa_testkit::{Fault, MemoryKv};

    /// A verifier's store on this etcd.
    pub(crate) fn verifier(etcd: &MemoryKv) -> EtcdStore<MemoryKv> {
        EtcdStore::new(etcd.another(), "/tfa/")
    }

    /// A verifier's store on this etcd, whose first calls have these faults.
    pub(crate) fn verifier_with(
        etcd: &MemoryKv,
        faults: impl IntoIterator<Item = Option<Fault>>,
    ) -> EtcdStore<MemoryKv> {
        let kv = etcd.another();
        kv.fail(faults);
        EtcdStore::new(kv, "/tfa/")
    }

    /// Commits the first record of lea, uid 1000.
    pub(crate) fn enroll(etcd: &MemoryKv, record: &[u8]) -> Revision {
        committed(verifier(etcd).commit("lea", 1000, record, Revision::NONE))
    }

    pub(crate) fn committed(outcome: Result<Commit, StoreError>) -> Revision {
        match outcome.unwrap() {
            Commit::Committed(revision) => revision,
            Commit::Conflict => panic!("a conflict"),
        }
    }

    /// The record of a user that a verifier without faults reads.
    pub(crate) fn record(etcd: &MemoryKv, user: &str) -> Option<(Vec<u8>, Revision)> {
        let found = verifier(etcd).load(user).unwrap();
        found.map(|(record, revision)| (record.as_bytes().to_vec(), revision))
    }

    /// The name that the record of a uid has.
    pub(crate) fn name_of(etcd: &MemoryKv, uid: u32) -> Option<String> {
        match verifier(etcd).find(uid).unwrap() {
            ByUid::Found(user, ..) => Some(user),
            ByUid::None => None,
            ByUid::Unknown(users) => panic!("the uids of {users:?} are not known"),
        }
    }

    pub(crate) fn is_ambiguous(outcome: &Result<Commit, StoreError>) -> bool {
        matches!(outcome, Err(StoreError::Ambiguous { .. }))
    }
}
