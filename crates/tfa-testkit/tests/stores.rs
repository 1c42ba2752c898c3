//! The store in memory and the store in etcd pass the contract tests, also under sealing.

use tfa_store::etcd::EtcdStore;
use tfa_store::{Sealed, SealingKey};
use tfa_testkit::store_contract::Backend;
use tfa_testkit::{MemoryKv, MemoryStore};
use zeroize::Zeroizing;

#[derive(Default)]
struct Memory(MemoryStore);

impl Backend for Memory {
    type Store = MemoryStore;

    fn open(&self) -> MemoryStore {
        self.0.another()
    }
}

#[derive(Default)]
struct SealedMemory(MemoryStore);

impl Backend for SealedMemory {
    type Store = Sealed<MemoryStore>;

    fn open(&self) -> Sealed<MemoryStore> {
        Sealed::new(self.0.another(), key())
    }
}

#[derive(Default)]
struct Etcd(MemoryKv);

impl Backend for Etcd {
    type Store = EtcdStore<MemoryKv>;

    fn open(&self) -> EtcdStore<MemoryKv> {
        EtcdStore::new(self.0.another(), "/tfa/")
    }
}

#[derive(Default)]
struct SealedEtcd(MemoryKv);

impl Backend for SealedEtcd {
    type Store = Sealed<EtcdStore<MemoryKv>>;

    fn open(&self) -> Sealed<EtcdStore<MemoryKv>> {
        Sealed::new(EtcdStore::new(self.0.another(), "/tfa/"), key())
    }
}

fn key() -> SealingKey {
    SealingKey::new(Zeroizing::new([7; 32]))
}

#[cfg(test)]
mod memory {
    tfa_testkit::store_contract!(super::Memory::default());
    tfa_testkit::document_contract!(super::Memory::default());
}

#[cfg(test)]
mod sealed_memory {
    tfa_testkit::store_contract!(super::SealedMemory::default());
    tfa_testkit::document_contract!(super::SealedMemory::default());
}

#[cfg(test)]
mod etcd {
    tfa_testkit::store_contract!(super::Etcd::default());
    tfa_testkit::document_contract!(super::Etcd::default());
}

#[cfg(test)]
mod sealed_etcd {
    tfa_testkit::store_contract!(super::SealedEtcd::default());
    tfa_testkit::document_contract!(super::SealedEtcd::default());
}
