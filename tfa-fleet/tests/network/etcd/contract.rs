//! The contract tests of stores.

use tfa_store::etcd::EtcdStore;
use tfa_testkit::store_contract::Backend;
use tfad::fleet::FleetKv;

use super::{PATIENT, Path};

impl Backend for Path {
    type Store = EtcdStore<FleetKv>;

    fn open(&self) -> EtcdStore<FleetKv> {
        self.store(PATIENT)
    }
}

tfa_testkit::store_contract!(match Path::new() {
    Some(path) => path,
    None => return,
});

tfa_testkit::document_contract!(match Path::new() {
    Some(path) => path,
    None => return,
});
