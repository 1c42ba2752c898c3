//! The store in etcd on the real etcd, where that is installed: the contract tests, and a kill.

#[cfg(test)]
mod gateway;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod server;

#[cfg(test)]
mod contract {
    use tfa_store::etcd::EtcdStore;
    use tfa_testkit::store_contract::Backend;

    use crate::gateway::Gateway;
    use crate::server::Etcd;

    impl Backend for Etcd {
        type Store = EtcdStore<Gateway>;

        fn open(&self) -> EtcdStore<Gateway> {
            EtcdStore::new(self.client(), "/tfa/")
        }
    }

    tfa_testkit::store_contract!(match Etcd::start() {
        Some(etcd) => etcd,
        None => return,
    });

    tfa_testkit::document_contract!(match Etcd::start() {
        Some(etcd) => etcd,
        None => return,
    });
}
