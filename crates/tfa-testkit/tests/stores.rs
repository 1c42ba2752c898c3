//! The store in memory passes the contract tests, also under sealing.

use tfa_store::{Sealed, SealingKey};
use tfa_testkit::MemoryStore;
use tfa_testkit::store_contract::Backend;
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
        let key = SealingKey::new(Zeroizing::new([7; 32]));
        Sealed::new(self.0.another(), key)
    }
}

#[cfg(test)]
mod memory {
    tfa_testkit::store_contract!(super::Memory::default());
}

#[cfg(test)]
mod sealed_memory {
    tfa_testkit::store_contract!(super::SealedMemory::default());
}
