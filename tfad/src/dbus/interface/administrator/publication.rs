//! The policy that is published for all verifiers.

use tfa_core::PublishedPolicy as Document;
use tfa_proto::{Error, PublishedPolicy};
use tfa_store::{Commit, Revision, StoreError};

use super::Administrator;
use crate::account;
use crate::config::{FleetRole, check, zone_name};
use crate::host::{clock, host_name};
use crate::log::DaemonEvent;
use crate::messages;
use crate::publication::{PolicyError, Publication, Published};

impl Administrator {
    pub(in crate::dbus::interface) fn published_policy(&self) -> Result<PublishedPolicy, Error> {
        let publication = self.state.publication();
        if let Err(PolicyError::Store(error)) = publication.newest() {
            return Err(self.of_store(error));
        }
        let problem = publication.problem();
        let Some(published) = publication.published() else {
            return Ok(PublishedPolicy {
                revision: self.revision(publication)?.map(Revision::get),
                problem,
                ..PublishedPolicy::default()
            });
        };
        let Published { policy, revision } = &*published;
        Ok(PublishedPolicy {
            revision: Some(revision.get()),
            text: Some(policy.text.clone()),
            zone: Some(policy.zone.clone()),
            published: Some(policy.published.as_secs()),
            host: Some(policy.host.clone()),
            uid: Some(policy.uid),
            problem,
        })
    }

    pub(in crate::dbus::interface) fn publish_policy(
        &self,
        text: String,
        expected: u64,
        check: bool,
    ) -> Result<(u64, Vec<String>), Error> {
        self.may_publish()?;
        let publication = self.state.publication();
        let zone = zone_name();
        let config = publication.local().with_published(&text, &zone);
        let config = config.map_err(|bad| messages::policy_not_published(&bad.to_string()))?;
        if check {
            return Ok((0, check::findings(&config).warnings));
        }
        let uid = self.caller.uid;
        let policy = Document::new(text, zone, clock::now(), host_name(), uid);
        let expected = Some(Revision::new(expected));
        let revision = match publication.replace(Some(&policy), expected) {
            Ok(Commit::Committed(revision)) => revision,
            Ok(Commit::Conflict) => return Err(messages::other_policy_published()),
            Err(error) => return Err(self.of_policy(error)),
        };
        let event = DaemonEvent::PolicyPublished { uid, revision };
        self.state.journal.log_daemon(event);
        // Here, too, it is in force from the next login on: that one reads it, if this cannot.
        let _ = publication.newest();
        Ok((revision.get(), Vec::new()))
    }

    pub(in crate::dbus::interface) fn unpublish_policy(&self, expected: u64) -> Result<(), Error> {
        self.may_publish()?;
        let publication = self.state.publication();
        if expected == 0 && self.revision(publication)?.is_none() {
            return Err(messages::no_policy_published());
        }
        let expected = (expected != 0).then(|| Revision::new(expected));
        match publication.replace(None, expected) {
            Ok(Commit::Committed(_)) => {}
            Ok(Commit::Conflict) => return Err(messages::other_policy_published()),
            Err(error) => return Err(self.of_policy(error)),
        }
        let uid = self.caller.uid;
        let event = DaemonEvent::PolicyUnpublished { uid };
        self.state.journal.log_daemon(event);
        let _ = publication.newest();
        Ok(())
    }

    /// A policy can be published also where the one before cannot be used.
    fn may_publish(&self) -> Result<(), Error> {
        if self.state.role() == Some(FleetRole::Member) {
            return Err(messages::member_publishes_no_policy());
        }
        match self.state.refusal() {
            None => Ok(()),
            Some(why) => Err(crate::state::NotServing(why).into()),
        }
    }

    /// The revision of the document, also of one that cannot be read.
    fn revision(&self, publication: &Publication) -> Result<Option<Revision>, Error> {
        publication.revision().map_err(|error| self.of_store(error))
    }

    fn of_policy(&self, error: PolicyError) -> Error {
        match error {
            PolicyError::Store(error) => self.of_store(error),
            PolicyError::Unusable(why) | PolicyError::Older(why) => Error::Storage(why),
        }
    }

    fn of_store(&self, error: StoreError) -> Error {
        let error = account::Error::Store(error);
        self.state
            .journal
            .report(&self.caller, "policy", error)
            .into()
    }
}
