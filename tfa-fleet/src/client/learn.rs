//! A member learns of the verifiers that have joined its fleet after it, and forgets those that were removed.
//!
//! A verifier tells the list. It can make this host connect to more verifiers, and each must show a certificate of the
//! same authority with its name. It takes none away that the configuration names. A list counts only if it names
//! the verifier that has told it: one that answers always stays.

use std::panic::resume_unwind;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tfa_fleet_core::{MAX_VERIFIERS, VerifierAddress, spread};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

use super::Verifiers;
use super::link::Link;
use crate::config::Verifier;
use crate::credentials::Folder;
use crate::generated::ListVerifiersRequest;
use crate::log::{Level, log, printable};
use crate::messages;
use crate::random::random;
use crate::stop::Stop;

/// How often the list is asked for. Half of it is the shortest time.
const INTERVAL: Duration = Duration::from_secs(1800);
/// The first time, after the connections are open, and the pause where none is.
const FIRST: Duration = Duration::from_secs(3);
const NOT_CONNECTED: Duration = Duration::from_secs(30);
/// How long a verifier may take to tell it.
const LIST_TIME: Duration = Duration::from_secs(10);

/// Uses the verifiers that were told before. Then asks for those of the fleet until the program ends, and connects to
/// them.
pub(crate) fn keep(
    verifiers: Arc<Verifiers>,
    folder: Folder,
    authority: CertificateDer<'static>,
    stop: Stop,
) -> impl Future<Output = ()> {
    let known = folder.learned_verifiers(&authority);
    let new = verifiers.learn(&known);
    async move { ask(&verifiers, &folder, &authority, (known, new), stop).await }
}

async fn ask(
    verifiers: &Verifiers,
    folder: &Folder,
    authority: &CertificateDer<'static>,
    (mut known, new): (Vec<VerifierAddress>, Vec<Arc<Link>>),
    mut stop: Stop,
) {
    let mut links = JoinSet::new();
    start(&mut links, new, &stop);
    let mut next = Instant::now() + FIRST;
    loop {
        tokio::select! {
            biased;
            () = stop.asked() => break,
            // A link that is given up ends. A fault ends the program: systemd starts it again.
            Some(ended) = links.join_next() => {
                if let Err(Ok(fault)) = ended.map_err(JoinError::try_into_panic) {
                    resume_unwind(fault);
                }
                continue;
            }
            () = sleep_until(next) => {}
        }
        let Some(told) = stop.unless_asked(verifiers.ask_for_list()).await else {
            break;
        };
        let pause = match told {
            Told::NotConnected => NOT_CONNECTED,
            // Of an older version, for example.
            Told::Nothing => spread(INTERVAL, random()),
            Told::List(list) => {
                if list != known {
                    verifiers.log_changes(&list);
                    start(&mut links, verifiers.learn(&list), &stop);
                    if let Err(why) = folder.keep_learned(authority, &list) {
                        let why = format_args!("cannot keep the verifiers of the fleet: {why}");
                        log(Level::Error, &printable(&why));
                    }
                    known = list;
                }
                spread(INTERVAL, random())
            }
        };
        next = Instant::now() + pause;
    }
    drop(stop);
    links.join_all().await;
}

fn start(links: &mut JoinSet<()>, new: Vec<Arc<Link>>, stop: &Stop) {
    for link in new {
        links.spawn(link.keep(stop.clone()));
    }
}

/// What the verifiers have told.
enum Told {
    /// None is connected.
    NotConnected,
    /// No list that counts.
    Nothing,
    List(Vec<VerifierAddress>),
}

/// A list that this verifier has told, in the order of names, if it counts.
fn counted(mut list: Vec<VerifierAddress>, teller: &str) -> Option<Vec<VerifierAddress>> {
    list.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
    list.dedup_by(|one, other| one.name == other.name);
    let names_teller = list.iter().any(|one| one.name.as_str() == teller);
    names_teller.then_some(list)
}

impl Verifiers {
    /// Asks the verifiers that are connected, until one tells a list that counts.
    async fn ask_for_list(&self) -> Told {
        let mut told = Told::NotConnected;
        for link in self.in_order(random() as usize) {
            let Some(mut open) = link.open() else {
                continue;
            };
            told = Told::Nothing;
            let asked = open.client.list_verifiers(ListVerifiersRequest {});
            // A verifier of an older version tells none.
            let Ok(Ok(reply)) = timeout(LIST_TIME, asked).await else {
                continue;
            };
            let list = messages::verifiers_of(reply.into_inner().verifiers);
            if let Some(list) = list.ok().and_then(|list| counted(list, link.name())) {
                return Told::List(list);
            }
        }
        told
    }

    /// Uses these verifiers beside those of the configuration, and no others. Returns the connections that are new.
    fn learn(&self, list: &[VerifierAddress]) -> Vec<Arc<Link>> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let (configured, learned) = links.split_at(self.configured.min(links.len()));
        let is_configured = |one: &VerifierAddress| {
            configured
                .iter()
                .any(|link| link.name() == one.name.as_str())
        };
        let is_of = |link: &Arc<Link>, one: &VerifierAddress| {
            link.name() == one.name.as_str() && link.port() == one.port
        };
        let room = MAX_VERIFIERS.saturating_sub(configured.len());
        let wanted = list.iter().filter(|one| !is_configured(one)).take(room);
        let (mut next, mut new) = (configured.to_vec(), Vec::new());
        for one in wanted {
            let link = match learned.iter().find(|link| is_of(link, one)) {
                Some(link) => Arc::clone(link),
                None => {
                    let link = self.new_link(Verifier {
                        name: one.name.clone(),
                        port: one.port,
                        address: None,
                    });
                    new.push(Arc::clone(&link));
                    link
                }
            };
            next.push(link);
        }
        let is_used = |link: &&Arc<Link>| next.iter().any(|used| Arc::ptr_eq(used, link));
        for link in learned.iter().filter(|link| !is_used(link)) {
            link.give_up();
        }
        *links = next.into();
        new
    }

    /// Logs which verifiers this list adds and takes away.
    fn log_changes(&self, list: &[VerifierAddress]) {
        let links = self.links();
        for one in list {
            if links.iter().all(|link| link.name() != one.name.as_str()) {
                log(Level::Info, &format_args!("learned of the verifier {one}"));
            }
        }
        for (number, link) in links.iter().enumerate() {
            let name = link.name();
            if list.iter().any(|one| one.name.as_str() == name) {
                continue;
            }
            match number < self.configured {
                true => log(
                    Level::Warning,
                    &format_args!(
                        "{name} is none of the verifiers that the fleet has now, and \"verifiers\" in the \
                         configuration names it. If it was removed, take it out"
                    ),
                ),
                false => log(
                    Level::Info,
                    &format_args!("{name} is not a verifier of the fleet any more"),
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use rustls::crypto::ring::default_provider;
    use tfa_fleet_core::HostName;
    use tokio_rustls::rustls::ClientConfig;

    use super::*;

    fn address(text: &str) -> VerifierAddress {
        VerifierAddress::parse(text).unwrap()
    }

    fn list(names: &[&str]) -> Vec<VerifierAddress> {
        names.iter().map(|name| address(name)).collect()
    }

    /// A member whose configuration names these.
    fn member(configured: &[&str]) -> Verifiers {
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let of = |one: VerifierAddress| Verifier {
            name: one.name,
            port: one.port,
            address: None,
        };
        let configured: Vec<_> = list(configured).into_iter().map(of).collect();
        let host = HostName::new("web1.test").unwrap();
        Verifiers::new(&configured, &host, &Arc::new(tls))
    }

    fn names(member: &Verifiers) -> Vec<String> {
        let links = member.links();
        let names = links
            .iter()
            .map(|link| format!("{}:{}", link.name(), link.port()));
        names.collect()
    }

    #[test]
    fn list_counts_only_if_it_names_the_verifier_that_tells_it() {
        let told = || list(&["v2.test:2", "v1.test:1", "v2.test:3"]);
        let counts = Some(list(&["v1.test:1", "v2.test:2"]));
        assert_eq!(counted(told(), "v1.test"), counts);
        assert_eq!(counted(told(), "v3.test"), None);
        assert_eq!(counted(Vec::new(), "v1.test"), None);
    }

    #[test]
    fn no_list_takes_a_verifier_of_the_configuration_away() {
        let member = member(&["v1.test:1", "v2.test:2"]);
        for told in [&["v3.test:3"][..], &[], &["v1.test:9", "v3.test:3"]] {
            member.learn(&list(told));
            let kept = names(&member);
            assert_eq!(kept.get(..2).unwrap(), ["v1.test:1", "v2.test:2"]);
            assert_eq!(kept.len(), 2 + usize::from(!told.is_empty()));
        }
    }

    #[test]
    fn learned_verifier_keeps_its_connection_and_one_that_is_not_told_is_given_up() {
        let member = member(&["v1.test:1"]);
        assert_eq!(member.learn(&list(&["v2.test:2", "v3.test:3"])).len(), 2);
        let before = member.links();
        // Another port is another connection.
        assert_eq!(member.learn(&list(&["v2.test:2", "v3.test:4"])).len(), 1);
        assert!(Arc::ptr_eq(&before[1], &member.links()[1]));
        member.learn(&[]);
        assert_eq!(names(&member), ["v1.test:1"]);
    }

    #[test]
    fn number_of_verifiers_has_a_bound() {
        let member = member(&["v1.test:1"]);
        let many: Vec<_> = (0..64)
            .map(|number| address(&format!("w{number}.test:1")))
            .collect();
        member.learn(&many);
        assert_eq!(member.links().len(), MAX_VERIFIERS);
    }
}
