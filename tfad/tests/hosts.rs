//! Hosts that join the fleet, renew their certificates, and are removed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use rustix::fs::inotify;
use tfa_core::{Fingerprint, FleetHost, HostInvitation, HostName, InvitationSecret, JoinToken};
use tfa_fleet_wire::{
    AttemptBytes, CaReply, CaRequest, HostCall, HostReply, KeyRequest, LoginCall, LoginReply,
    MemberCall, NOT_ADMITTED, PresentKey, SecretText,
};
use tfa_store::{
    Commit, DocumentChange, DocumentId, DocumentKind, Documents as _, Revision, Sealed, SealingKey,
    StateDir,
};
use tfa_testkit::MemoryStore;
use tfad::config::Config;
use tfad::fleet::{CertificateAuthority, HostState, Hosts, HostsError, MemberLogins, Removals};
use tfad::host::clock;
use tfad::host::users::Nss;
use tfad::log::{Journal, MemoryLog};
use tfad::state::DaemonState;

const HOUR: Duration = Duration::from_secs(3600);
const FROM: &str = "192.0.2.7";

/// The code of the real program, in this process.
#[derive(Default)]
struct Authority {
    fails: AtomicBool,
    signed: Mutex<Vec<String>>,
    before: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Authority {
    /// Has this happen before the next certificate is signed.
    fn before_it_signs(&self, happens: impl FnOnce() + Send + 'static) {
        *self.before.lock().unwrap() = Some(Box::new(happens));
    }
}

impl CertificateAuthority for Authority {
    fn call(&self, request: &CaRequest) -> Result<CaReply, String> {
        if self.fails.load(Ordering::Relaxed) {
            return Err("it does not run".to_owned());
        }
        if let Some(happens) = self.before.lock().unwrap().take() {
            happens();
        }
        if let CaRequest::Sign { host, .. } = request {
            self.signed.lock().unwrap().push(host.clone());
        }
        Ok(tfa_fleet_ca::answer(request.clone()))
    }
}

/// A verifier, with its log.
struct Verifier {
    store: Arc<MemoryStore>,
    authority: Arc<Authority>,
    log: MemoryLog,
    journal: Arc<Journal>,
    hosts: Hosts,
}

impl Verifier {
    fn new() -> Self {
        Self::over(Arc::new(MemoryStore::new()))
    }

    fn over(store: Arc<MemoryStore>) -> Self {
        let log = MemoryLog::default();
        let journal = Arc::new(Journal::in_memory(log.clone()));
        let authority = Arc::new(Authority::default());
        let hosts = Hosts::new(Arc::clone(&store) as _, Arc::clone(&journal));
        let hosts = hosts.certified_by(Arc::clone(&authority) as _);
        Self {
            store,
            authority,
            log,
            journal,
            hosts,
        }
    }

    /// One that has made its fleet.
    fn founded() -> Self {
        let verifier = Self::new();
        let founded = verifier
            .hosts
            .found(&name("v1.example"), 7443, &request(&key()));
        assert!(founded.unwrap().is_new);
        verifier
    }

    fn invite(&self, host: &str) -> JoinToken {
        let (text, _) = self.hosts.invite(0, &name(host), None, HOUR).unwrap();
        JoinToken::parse(&text).unwrap()
    }

    fn join(&self, token: &JoinToken, key: &KeyPair) -> HostReply {
        self.hosts.answer(&join_call(token, key))
    }

    /// A host that has joined.
    fn joined(&self, host: &str) -> KeyPair {
        let key = key();
        certificate(self.join(&self.invite(host), &key));
        key
    }

    fn renew(&self, host: &str, present: &KeyPair, new: &KeyPair) -> HostReply {
        self.hosts.answer(&HostCall::Renew {
            host: host.to_owned(),
            present: PresentKey {
                point: present.der_bytes().try_into().unwrap(),
                proof: present
                    .sign(&PresentKey::signed(host, &request(new).point))
                    .unwrap(),
            },
            request: request(new),
        })
    }

    fn admits(&self, host: &str, key: &KeyPair) -> bool {
        match self.hosts.admit(&name(host), fingerprint(key), &[]) {
            Ok(_) => true,
            Err(HostsError::Refused(_)) => false,
            Err(other) => panic!("{other}"),
        }
    }

    fn lines(&self) -> String {
        let entries = self.log.take(&self.journal);
        let lines: Vec<&str> = entries.iter().map(tfad::log::Entry::line).collect();
        lines.join("\n")
    }

    fn document(&self, kind: DocumentKind, name: &str) -> Option<Vec<u8>> {
        let id = DocumentId::new(kind, name).unwrap();
        let found = self.store.document(&id).unwrap();
        found.map(|(record, _)| record.as_bytes().to_vec())
    }

    /// Removes a document, as who can write to the store does.
    fn take(&self, kind: DocumentKind, name: &str) {
        let id = &DocumentId::new(kind, name).unwrap();
        let change = DocumentChange {
            id,
            expected: None,
            document: None,
        };
        assert!(matches!(
            self.store.change_documents(&[change]),
            Ok(Commit::Committed(_))
        ));
    }

    fn put(&self, kind: DocumentKind, name: &str, bytes: &[u8]) {
        let id = &DocumentId::new(kind, name).unwrap();
        let found = self.store.document(id).unwrap();
        let expected = Some(found.map_or(Revision::NONE, |(_, revision)| revision));
        let change = DocumentChange {
            id,
            expected,
            document: Some(bytes),
        };
        assert!(matches!(
            self.store.change_documents(&[change]),
            Ok(Commit::Committed(_))
        ));
    }
}

fn name(host: &str) -> HostName {
    HostName::new(host).unwrap()
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn fingerprint(key: &KeyPair) -> Fingerprint {
    Fingerprint::of(&key.subject_public_key_info())
}

fn request(key: &KeyPair) -> KeyRequest {
    let point = key.der_bytes().try_into().unwrap();
    let proof = key.sign(&KeyRequest::signed(&point)).unwrap();
    KeyRequest { point, proof }
}

fn join_call(token: &JoinToken, key: &KeyPair) -> HostCall {
    let request = request(key);
    HostCall::Join {
        id: token.id.0,
        proof: token.secret.key().proof(token.id, &request.point),
        request,
        from: FROM.to_owned(),
    }
}

#[track_caller]
fn certificate(reply: HostReply) -> Vec<u8> {
    match reply {
        HostReply::Certified { certificate, .. } => certificate,
        HostReply::Refused { error, text } => panic!("{error}: {text}"),
        HostReply::Verifiers { .. } => panic!("a list"),
    }
}

#[track_caller]
fn refusal(reply: HostReply) -> String {
    match reply {
        HostReply::Refused { text, .. } => text,
        HostReply::Certified { .. } | HostReply::Verifiers { .. } => panic!("no refusal"),
    }
}

#[test]
fn host_joins_with_its_token_and_speaks_with_its_key() {
    let verifier = Verifier::founded();
    let token = verifier.invite("web1.example");
    let verifiers: Vec<String> = token.verifiers.iter().map(ToString::to_string).collect();
    assert_eq!(verifiers, ["v1.example:7443"]);
    assert_eq!(token.host, name("web1.example"));
    let host = key();
    assert!(!verifier.admits("web1.example", &host));
    let reply = verifier.join(&token, &host);
    let HostReply::Certified {
        verifiers, port, ..
    } = reply
    else {
        panic!("{reply:?}");
    };
    assert_eq!(
        (verifiers, port),
        (vec!["v1.example:7443".to_owned()], None)
    );
    assert!(verifier.admits("web1.example", &host));
    assert!(!verifier.admits("web1.example", &key()) && !verifier.admits("web2.example", &host));
    assert!(
        verifier
            .lines()
            .contains("host web1.example: joined the fleet (from 192.0.2.7)")
    );
}

#[test]
fn fleet_is_made_once_and_its_first_verifier_can_be_certified_again() {
    let verifier = Verifier::new();
    let [first, second] = [key(), key()];
    let v1 = name("v1.example");
    let made = verifier.hosts.found(&v1, 7443, &request(&first)).unwrap();
    let again = verifier.hosts.found(&v1, 7443, &request(&second)).unwrap();
    assert!(made.is_new && !again.is_new);
    assert_eq!(made.authority, again.authority);
    assert!(!verifier.admits("v1.example", &first) && verifier.admits("v1.example", &second));
    assert!(verifier.lines().contains("root has had it certified again"));
}

#[test]
fn lost_reply_is_made_up_for_by_the_same_key_alone() {
    let verifier = Verifier::founded();
    let token = verifier.invite("web1.example");
    let (host, thief) = (key(), key());
    certificate(verifier.join(&token, &host));
    certificate(verifier.join(&token, &host));
    let refused = refusal(verifier.join(&token, &thief));
    assert!(
        refused.contains("another host has joined with it"),
        "{refused}"
    );
    assert!(verifier.admits("web1.example", &host) && !verifier.admits("web1.example", &thief));
    let lines = verifier.lines();
    assert!(
        lines.contains("a second host tried to join with its token"),
        "{lines}"
    );
    // What was certified for the thief: nothing.
    assert_eq!(
        *verifier.authority.signed.lock().unwrap(),
        ["v1.example", "web1.example", "web1.example"]
    );
}

#[test]
fn token_that_was_used_does_not_undo_a_removal_or_a_renewal() {
    let verifier = Verifier::founded();
    let token = verifier.invite("web1.example");
    let (host, new) = (key(), key());
    certificate(verifier.join(&token, &host));
    certificate(verifier.renew("web1.example", &host, &new));
    refusal(verifier.join(&token, &host));
    assert!(verifier.admits("web1.example", &new));
    verifier.hosts.remove(0, &name("web1.example")).unwrap();
    refusal(verifier.join(&token, &host));
    assert!(!verifier.admits("web1.example", &host) && !verifier.admits("web1.example", &new));
}

#[test]
fn wrong_secret_is_refused_as_an_unknown_invitation_and_uses_nothing_up() {
    let verifier = Verifier::founded();
    let token = verifier.invite("web1.example");
    let host = key();
    let mut wrong = token.clone();
    wrong.secret = InvitationSecret([9; InvitationSecret::LENGTH].into());
    refusal(verifier.join(&wrong, &host));
    let mut unknown = token.clone();
    unknown.id.0 = [9; 8];
    refusal(verifier.join(&unknown, &host));
    let signed = verifier.authority.signed.lock().unwrap().len();
    assert_eq!(signed, 1, "unauthenticated clients cause no work");
    certificate(verifier.join(&token, &host));
}

#[test]
fn tfa_fleet_that_lies_has_no_other_key_certified_and_the_invitation_stays_open() {
    let verifier = Verifier::founded();
    let token = verifier.invite(WEB1);
    let (host, thief) = (key(), key());
    // tfa-fleet of the verifier sees the request of the host, and puts its own key into it.
    let swapped = |seen: HostCall| match seen {
        HostCall::Join {
            id, proof, from, ..
        } => HostCall::Join {
            id,
            proof,
            request: request(&thief),
            from,
        },
        other => other,
    };
    let refused = refusal(verifier.hosts.answer(&swapped(join_call(&token, &host))));
    assert!(refused.contains("does not prove the key"), "{refused}");
    certificate(verifier.join(&token, &host));
    // Nor after it: the answer is the same, and it is no alert about a token that was copied.
    refusal(verifier.hosts.answer(&swapped(join_call(&token, &host))));
    let lines = verifier.lines();
    assert!(!lines.contains("a second host tried"), "{lines}");
    assert!(verifier.admits(WEB1, &host) && !verifier.admits(WEB1, &thief));
    assert_eq!(
        *verifier.authority.signed.lock().unwrap(),
        ["v1.example", WEB1]
    );
}

#[test]
fn request_that_was_seen_and_is_sent_again_gets_the_certificate_of_the_host_alone() {
    let verifier = Verifier::founded();
    let token = verifier.invite(WEB1);
    let host = key();
    let seen = join_call(&token, &host);
    certificate(verifier.hosts.answer(&seen));
    let again = certificate(verifier.hosts.answer(&seen));
    let point = request(&host).point;
    assert!(again.windows(point.len()).any(|part| part == point));
    verifier.hosts.remove(0, &name(WEB1)).unwrap();
    refusal(verifier.hosts.answer(&seen));
}

#[test]
fn failure_to_sign_uses_no_invitation_up() {
    let verifier = Verifier::founded();
    let token = verifier.invite("web1.example");
    let host = key();
    verifier.authority.fails.store(true, Ordering::Relaxed);
    refusal(verifier.join(&token, &host));
    verifier.authority.fails.store(false, Ordering::Relaxed);
    let mut without_proof = join_call(&token, &host);
    if let HostCall::Join { request, .. } = &mut without_proof {
        request.proof.clear();
    }
    let refused = refusal(verifier.hosts.answer(&without_proof));
    assert!(refused.contains("not proved"), "{refused}");
    certificate(verifier.join(&token, &key()));
}

#[test]
fn invitation_that_is_over_admits_nobody() {
    let verifier = Verifier::founded();
    let token = verifier.invite("web1.example");
    let now = clock::now().as_secs();
    let at = |seconds| tfa_core::Time::from_secs(seconds);
    let host = "web1.example".to_owned();
    let over = HostInvitation::new(host, &token.secret, None, at(now - 7200), at(now - 1));
    verifier.put(
        DocumentKind::Invitation,
        &token.id.to_string(),
        &over.encode(),
    );
    let refused = refusal(verifier.join(&token, &key()));
    assert!(refused.contains("it is over"), "{refused}");
}

#[test]
fn host_that_was_removed_is_refused_at_once_and_joins_again_with_another_key() {
    let verifier = Verifier::founded();
    let host = verifier.joined("web1.example");
    verifier.hosts.remove(1000, &name("web1.example")).unwrap();
    assert!(!verifier.admits("web1.example", &host));
    refusal(verifier.renew("web1.example", &host, &key()));
    assert!(
        verifier
            .lines()
            .contains("host web1.example: removed from the fleet (by uid 1000)")
    );
    let again = verifier.joined("web1.example");
    assert!(verifier.admits("web1.example", &again));
    // The certificate from before is still valid, and of the same name.
    assert!(!verifier.admits("web1.example", &host));
}

#[test]
fn removal_withdraws_invitations() {
    let verifier = Verifier::founded();
    let token = verifier.invite("web1.example");
    let other = verifier.invite("web2.example");
    verifier.hosts.remove(0, &name("web1.example")).unwrap();
    refusal(verifier.join(&token, &key()));
    certificate(verifier.join(&other, &key()));
}

#[test]
fn second_removal_withdraws_the_invitation_of_a_host_that_was_removed() {
    let verifier = Verifier::founded();
    let web1 = name("web1.example");
    verifier.joined("web1.example");
    verifier.hosts.remove(0, &web1).unwrap();
    let token = verifier.invite("web1.example");
    verifier.hosts.remove(0, &web1).unwrap();
    refusal(verifier.join(&token, &key()));
}

#[test]
fn damaged_document_of_a_removed_host_is_replaced_in_one_change() {
    let inner = Arc::new(MemoryStore::new());
    let sealed = |key| {
        Arc::new(Sealed::new(
            inner.another(),
            SealingKey::new([key; 32].into()),
        ))
    };
    let hosts = |key| {
        let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
        Hosts::new(sealed(key), journal)
    };
    // Without an authority, an absent document would admit the host.
    let web1 = name("web1.example");
    hosts(7).remove(0, &web1).unwrap();
    // Sealed with another key: as good as any damage.
    let verifier = hosts(8);
    let admitted = verifier.admit(&web1, fingerprint(&key()), &[]);
    assert!(
        matches!(admitted, Err(HostsError::Store(_))),
        "{admitted:?}"
    );
    let before = inner.another();
    verifier.remove(0, &web1).unwrap();
    let id = DocumentId::new(DocumentKind::Host, "web1.example").unwrap();
    let (_, revision) = before.document(&id).unwrap().unwrap();
    assert_eq!(revision, Revision::new(2), "one change after the first one");
    let admitted = verifier.admit(&web1, fingerprint(&key()), &[]);
    assert!(
        matches!(admitted, Err(HostsError::Refused(_))),
        "{admitted:?}"
    );
}

/// The directory of a verifier's own state, where the accounts are in etcd.
struct OwnDisk(PathBuf);

impl OwnDisk {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tfad-{test}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&path, mode).unwrap();
        std::fs::write(path.join("etcd.id"), "0123").unwrap();
        Self(path)
    }

    /// A verifier that starts now, with what it has seen before.
    fn verifier(&self, store: &Arc<MemoryStore>) -> Verifier {
        let mut verifier = Verifier::over(Arc::clone(store));
        let state_dir = StateDir {
            path: self.0.clone(),
            credentials: None,
        };
        let removals = Arc::new(Removals::kept_in(&state_dir));
        verifier.hosts = verifier.hosts.remembering(removals);
        verifier
    }
}

impl Drop for OwnDisk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const WEB1: &str = "web1.example";

#[test]
fn store_brings_no_removed_host_back_where_the_removal_was_seen() {
    let founded = Verifier::founded();
    let disks = ["remover", "seer", "lister"].map(OwnDisk::new);
    let verifier = disks[0].verifier(&founded.store);
    let token = verifier.invite(WEB1);
    let unused = verifier.document(DocumentKind::Invitation, &token.id.to_string());
    let host = key();
    certificate(verifier.join(&token, &host));
    let authority = verifier.document(DocumentKind::Authority, "").unwrap();
    let joined = verifier.document(DocumentKind::Host, WEB1).unwrap();
    verifier.hosts.remove(0, &name(WEB1)).unwrap();
    // Others see it with a call of the host, or with the list of the hosts.
    assert!(!disks[1].verifier(&founded.store).admits(WEB1, &host));
    disks[2].verifier(&founded.store).hosts.list("").unwrap();

    let refused_by_all = |what: &str| {
        for disk in &disks {
            let after_a_start = disk.verifier(&founded.store);
            assert!(!after_a_start.admits(WEB1, &host), "{what}, {:?}", disk.0);
            let lines = after_a_start.lines();
            assert!(lines.contains("look who can write to it"), "{lines}");
            refusal(after_a_start.renew(WEB1, &host, &key()));
            // The token of before, with its invitation as it was.
            after_a_start.put(
                DocumentKind::Invitation,
                &token.id.to_string(),
                unused.as_ref().unwrap(),
            );
            refusal(after_a_start.join(&token, &key()));
        }
    };
    founded.put(DocumentKind::Host, WEB1, &joined);
    refused_by_all("the document of before");
    let (hosts, _) = disks[1].verifier(&founded.store).hosts.list("").unwrap();
    let listed = hosts.iter().rfind(|host| host.name == WEB1);
    assert_eq!(listed.map(|host| host.state), Some(HostState::Removed));
    founded.take(DocumentKind::Host, WEB1);
    refused_without_an_authority(&disks, &founded, &host);
    founded.put(DocumentKind::Authority, "", &authority);

    // An invitation of now lets it in again, at each verifier, and its key of before is not good.
    let verifier = disks[1].verifier(&founded.store);
    let again = verifier.joined(WEB1);
    for disk in &disks {
        let verifier = disk.verifier(&founded.store);
        assert!(verifier.admits(WEB1, &again) && !verifier.admits(WEB1, &host));
        certificate(verifier.renew(WEB1, &again, &again));
    }
}

#[test]
fn store_brings_no_invitation_back_that_a_removal_has_withdrawn() {
    let founded = Verifier::founded();
    let disks = ["withdraws", "lists"].map(OwnDisk::new);
    // A host that has only an invitation, then one that was removed and is invited again.
    for _ in 0..2 {
        let verifier = disks[0].verifier(&founded.store);
        let token = verifier.invite(WEB1);
        let invitation = token.id.to_string();
        let open = verifier.document(DocumentKind::Invitation, &invitation);
        verifier.hosts.remove(0, &name(WEB1)).unwrap();
        disks[1].verifier(&founded.store).hosts.list("").unwrap();
        let removed = verifier.document(DocumentKind::Host, WEB1);
        founded.take(DocumentKind::Host, WEB1);
        founded.put(DocumentKind::Invitation, &invitation, &open.unwrap());
        for disk in &disks {
            let after_a_start = disk.verifier(&founded.store);
            let refused = refusal(after_a_start.join(&token, &key()));
            assert!(refused.contains("it is over"), "{refused}");
        }
        founded.take(DocumentKind::Invitation, &invitation);
        if let Some(removed) = removed {
            founded.put(DocumentKind::Host, WEB1, &removed);
        }
    }
    let again = disks[1].verifier(&founded.store).joined(WEB1);
    for disk in &disks {
        assert!(disk.verifier(&founded.store).admits(WEB1, &again));
    }
}

/// As when who can write to the store takes the document of a host away, or puts an older one there, and puts the last
/// one back after the removal.
#[test]
fn removal_holds_for_a_host_that_the_store_does_not_show() {
    let founded = Verifier::founded();
    let disk = OwnDisk::new("hidden");
    let remove = || disk.verifier(&founded.store).hosts.remove(0, &name(WEB1));
    let document = || founded.document(DocumentKind::Host, WEB1).unwrap();
    let refused_when_put_back = |last: &[u8], host: &KeyPair| {
        founded.put(DocumentKind::Host, WEB1, last);
        assert!(!disk.verifier(&founded.store).admits(WEB1, host));
    };
    // Its invitation is open still, and used.
    let host = disk.verifier(&founded.store).joined(WEB1);
    let last = document();
    founded.take(DocumentKind::Host, WEB1);
    remove().unwrap();
    let removed = document();
    refused_when_put_back(&last, &host);

    let again = disk.verifier(&founded.store).joined(WEB1);
    let last = document();
    founded.put(DocumentKind::Host, WEB1, &removed);
    remove().unwrap();
    refused_when_put_back(&last, &again);

    let verifier = disk.verifier(&founded.store);
    let (token, third) = (verifier.invite(WEB1), key());
    certificate(verifier.join(&token, &third));
    let last = document();
    founded.take(DocumentKind::Host, WEB1);
    founded.take(DocumentKind::Invitation, &token.id.to_string());
    remove().unwrap();
    refused_when_put_back(&last, &third);
}

/// How often this file in a directory is replaced meanwhile.
fn replacements(directory: &Path, name: &str, meanwhile: impl FnOnce()) -> usize {
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    // Two events of the same kind would be one: each replacement creates a draft before.
    let kinds = inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
    inotify::add_watch(&watch, directory, kinds).unwrap();
    meanwhile();
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(watch, &mut buffer);
    let mut count = 0;
    while let Ok(event) = events.next() {
        let is_file = |found: &CStr| found.to_bytes() == name.as_bytes();
        count += usize::from(event.file_name().is_some_and(is_file));
    }
    count
}

#[test]
fn removals_of_a_whole_page_are_written_at_once() {
    let founded = Verifier::founded();
    for number in 0..20 {
        let host = format!("web{number}.example");
        founded.joined(&host);
        founded.hosts.remove(0, &name(&host)).unwrap();
    }
    let host = founded.joined("db1.example");
    let told = ["page", "told"].map(OwnDisk::new);
    let list = || drop(told[0].verifier(&founded.store).hosts.list("").unwrap());
    assert_eq!(replacements(&told[0].0, "hosts.removed", list), 1);
    let verifier = told[1].verifier(&founded.store);
    assert!(verifier.admits("db1.example", &host));
    let invite = || drop(verifier.invite("web99.example"));
    assert_eq!(replacements(&told[1].0, "hosts.removed", invite), 1);
    for disk in &told {
        let kept = std::fs::read_to_string(disk.0.join("hosts.removed")).unwrap();
        assert_eq!(kept.matches("web").count(), 20, "{kept}");
    }
}

/// Without the document of the authority too, as if the certificates were the organisation's.
fn refused_without_an_authority(disks: &[OwnDisk], founded: &Verifier, host: &KeyPair) {
    founded.take(DocumentKind::Authority, "");
    for disk in disks {
        let verifier = disk.verifier(&founded.store);
        assert!(!verifier.admits(WEB1, host), "{:?}", disk.0);
        // Nor one that was never in the fleet.
        assert!(!verifier.admits("web9.example", host), "{:?}", disk.0);
    }
}

#[test]
fn removal_is_forgotten_in_another_store_and_a_damaged_file_admits_no_host() {
    let disk = OwnDisk::new("another-store");
    let store = Arc::new(MemoryStore::new());
    let verifier = disk.verifier(&store);
    let host = key();
    assert!(verifier.admits(WEB1, &host));
    verifier.hosts.remove(0, &name(WEB1)).unwrap();
    verifier.take(DocumentKind::Host, WEB1);
    assert!(!disk.verifier(&store).admits(WEB1, &host));
    assert!(disk.verifier(&store).admits("web2.example", &host));
    std::fs::write(disk.0.join("etcd.id"), "4567").unwrap();
    assert!(disk.verifier(&store).admits(WEB1, &host));
    std::fs::write(disk.0.join("hosts.removed"), "soon web1.example\n\n4567").unwrap();
    let admitted =
        disk.verifier(&store)
            .hosts
            .admit(&name("web2.example"), fingerprint(&host), &[]);
    let why = admitted.unwrap_err().to_string();
    assert!(
        why.contains("hosts.removed in the state directory is damaged"),
        "{why}"
    );
}

#[test]
fn host_of_the_organisation_is_admitted_again_where_its_removal_was_seen() {
    let disk = OwnDisk::new("organisation");
    let store = Arc::new(MemoryStore::new());
    let host = key();
    let other = OwnDisk::new("organisation-other");
    disk.verifier(&store).hosts.remove(0, &name(WEB1)).unwrap();
    assert!(!other.verifier(&store).admits(WEB1, &host));
    disk.verifier(&store).hosts.readmit(0, &name(WEB1)).unwrap();
    for disk in [&disk, &other] {
        assert!(disk.verifier(&store).admits(WEB1, &host));
    }
    let again = disk.verifier(&store).hosts.readmit(0, &name(WEB1));
    assert!(matches!(again, Err(HostsError::NothingToDo(_))));
    let (hosts, _) = disk.verifier(&store).hosts.list("").unwrap();
    assert!(hosts.is_empty(), "{hosts:?}");
    // After it was taken away.
    disk.verifier(&store).take(DocumentKind::Host, WEB1);
    assert!(!disk.verifier(&store).admits(WEB1, &host));
    disk.verifier(&store).hosts.readmit(0, &name(WEB1)).unwrap();
    assert!(disk.verifier(&store).admits(WEB1, &host));
}

#[test]
fn new_invitation_replaces_the_one_before() {
    let verifier = Verifier::founded();
    let [first, second] = [(); 2].map(|()| verifier.invite("web1.example"));
    refusal(verifier.join(&first, &key()));
    certificate(verifier.join(&second, &key()));
}

#[test]
fn former_key_is_answered_after_a_renewal_and_not_after_the_next_one() {
    let verifier = Verifier::founded();
    let first = verifier.joined("web1.example");
    let [lost, second, third] = [key(), key(), key()];
    // The reply to this one is lost.
    certificate(verifier.renew("web1.example", &first, &lost));
    certificate(verifier.renew("web1.example", &first, &second));
    assert!(verifier.admits("web1.example", &first) && verifier.admits("web1.example", &second));
    assert!(!verifier.admits("web1.example", &lost));
    certificate(verifier.renew("web1.example", &second, &third));
    assert!(!verifier.admits("web1.example", &first));
    refusal(verifier.renew("web1.example", &first, &key()));
    refusal(verifier.renew("web2.example", &third, &key()));
}

#[test]
fn key_before_renews_nothing_once_the_next_one_was_used() {
    let verifier = Verifier::founded();
    let first = verifier.joined("web1.example");
    let [second, stolen, third] = [key(), key(), key()];
    certificate(verifier.renew("web1.example", &first, &second));
    assert!(verifier.admits("web1.example", &second));
    let document = verifier.document(DocumentKind::Host, "web1.example");
    let _: String = verifier.lines();
    refusal(verifier.renew("web1.example", &first, &stolen));
    let lines = verifier.lines();
    assert!(lines.contains("with an earlier key"), "{lines}");
    assert!(verifier.admits("web1.example", &second));
    assert!(!verifier.admits("web1.example", &stolen));
    // Noted once.
    assert_eq!(
        verifier.document(DocumentKind::Host, "web1.example"),
        document
    );
    certificate(verifier.renew("web1.example", &second, &third));
}

#[test]
fn certificates_of_one_host_in_a_minute_are_few() {
    let verifier = Verifier::founded();
    let host = verifier.joined("web1.example");
    let token = verifier.invite("web2.example");
    let other = key();
    certificate(verifier.join(&token, &other));
    let renew = || verifier.renew("web1.example", &host, &key());
    for _ in 0..4 {
        certificate(renew());
        certificate(verifier.join(&token, &other));
    }
    let signed = verifier.authority.signed.lock().unwrap().len();
    for reply in [renew(), verifier.join(&token, &other)] {
        let HostReply::Refused { error, text } = reply else {
            panic!("{reply:?}");
        };
        assert_eq!(error, "org.tfad.Tfa1.Error.Busy");
        assert!(text.contains("try again in a minute"), "{text}");
    }
    assert_eq!(verifier.authority.signed.lock().unwrap().len(), signed);
    // The host itself stays admitted.
    assert!(verifier.admits("web1.example", &host));
}

#[test]
fn renewals_without_the_present_key_use_no_certificate_of_the_host_up() {
    let verifier = Verifier::founded();
    let (host, thief) = (verifier.joined(WEB1), key());
    // Its public key is no secret.
    let forged = HostCall::Renew {
        host: WEB1.to_owned(),
        present: PresentKey {
            point: host.der_bytes().try_into().unwrap(),
            proof: thief
                .sign(&PresentKey::signed(WEB1, &request(&thief).point))
                .unwrap(),
        },
        request: request(&thief),
    };
    for _ in 0..3 {
        refusal(verifier.hosts.answer(&forged));
    }
    for _ in 0..4 {
        certificate(verifier.renew(WEB1, &host, &key()));
    }
    // They cost a process each, and are bounded too.
    let other = Verifier::over(Arc::clone(&verifier.store));
    for _ in 0..20 {
        refusal(other.hosts.answer(&forged));
    }
    assert_eq!(other.authority.signed.lock().unwrap().len(), 4);
}

#[test]
fn renewal_that_is_judged_anew_is_charged_once() {
    let verifier = Verifier::founded();
    let host = verifier.joined(WEB1);
    for _ in 0..4 {
        // Another verifier changes the document meanwhile.
        let other = Verifier::over(Arc::clone(&verifier.store));
        verifier.authority.before_it_signs(move || {
            let same = other.document(DocumentKind::Host, WEB1).unwrap();
            other.put(DocumentKind::Host, WEB1, &same);
        });
        certificate(verifier.renew(WEB1, &host, &key()));
    }
    let refused = refusal(verifier.renew(WEB1, &host, &key()));
    assert!(refused.contains("try again in a minute"), "{refused}");
}

#[test]
fn copied_token_fills_no_log() {
    let verifier = Verifier::founded();
    let token = verifier.invite("web1.example");
    certificate(verifier.join(&token, &key()));
    let mut wrong = token.clone();
    wrong.secret = InvitationSecret([9; InvitationSecret::LENGTH].into());
    for _ in 0..20 {
        refusal(verifier.join(&wrong, &key()));
        refusal(verifier.join(&token, &key()));
    }
    let lines = verifier.lines();
    let alerts = lines.matches("a second host tried to join with its token");
    assert_eq!(alerts.count(), 1, "{lines}");
}

#[test]
fn no_refusal_of_a_host_hides_the_alert_that_it_was_put_back() {
    let disk = OwnDisk::new("alert");
    let founded = Verifier::founded();
    let verifier = disk.verifier(&founded.store);
    let host = verifier.joined(WEB1);
    let joined = verifier.document(DocumentKind::Host, WEB1).unwrap();
    assert!(!verifier.admits(WEB1, &key()));
    verifier.hosts.remove(0, &name(WEB1)).unwrap();
    assert!(!verifier.admits(WEB1, &host));
    // As many others as have lines at once.
    for number in 0..1100 {
        assert!(!verifier.admits(&format!("other{number}.example"), &host));
    }
    let lines = verifier.lines();
    assert!(!lines.contains("look who can write to it"), "{lines}");
    verifier.put(DocumentKind::Host, WEB1, &joined);
    for _ in 0..20 {
        assert!(!verifier.admits(WEB1, &host));
    }
    let lines = verifier.lines();
    let alerts = lines.matches("look who can write to it").count();
    assert_eq!(alerts, 1, "{lines}");
}

#[test]
fn without_an_authority_each_host_is_admitted_but_the_removed_ones() {
    let verifier = Verifier::new();
    let host = key();
    assert!(verifier.admits("web1.example", &host));
    let invited = verifier.hosts.invite(0, &name("web1.example"), None, HOUR);
    assert!(
        matches!(invited, Err(HostsError::NoAuthority)),
        "{invited:?}"
    );
    verifier.hosts.remove(0, &name("web1.example")).unwrap();
    assert!(!verifier.admits("web1.example", &host) && verifier.admits("web2.example", &host));
    verifier.hosts.readmit(0, &name("web1.example")).unwrap();
    assert!(verifier.admits("web1.example", &host));
    let again = verifier.hosts.readmit(0, &name("web1.example"));
    assert!(
        matches!(again, Err(HostsError::NothingToDo(_))),
        "{again:?}"
    );
}

#[test]
fn last_verifier_is_not_removed() {
    let verifier = Verifier::founded();
    let removed = verifier.hosts.remove(0, &name("v1.example"));
    assert!(
        matches!(removed, Err(HostsError::LastVerifier(_))),
        "{removed:?}"
    );
    let lowered = verifier.hosts.invite(0, &name("v1.example"), None, HOUR);
    assert!(
        matches!(lowered, Err(HostsError::LastVerifier(_))),
        "{lowered:?}"
    );
    let may_be = |host: &str| verifier.hosts.may_be_verifier(&name(host)).unwrap();
    assert!(may_be("v1.example") && !may_be("v2.example"));
    let v2 = name("v2.example");
    let (text, _) = verifier.hosts.invite(0, &v2, Some(443), HOUR).unwrap();
    let reply = verifier.join(&JoinToken::parse(&text).unwrap(), &key());
    let HostReply::Certified {
        verifiers, port, ..
    } = reply
    else {
        panic!("{reply:?}");
    };
    assert_eq!(verifiers, ["v1.example:7443", "v2.example:443"]);
    assert_eq!(port, Some(443));
    verifier.hosts.remove(0, &name("v1.example")).unwrap();
}

#[test]
fn verifiers_that_are_invited_as_members_leave_one() {
    let verifier = Verifier::founded();
    let v2 = name("v2.example");
    let (text, _) = verifier.hosts.invite(0, &v2, Some(443), HOUR).unwrap();
    certificate(verifier.join(&JoinToken::parse(&text).unwrap(), &key()));
    let tokens = ["v1.example", "v2.example"].map(|host| verifier.invite(host));
    certificate(verifier.join(&tokens[0], &key()));
    let refused = refusal(verifier.join(&tokens[1], &key()));
    assert!(
        refused.contains("v2.example is the only verifier"),
        "{refused}"
    );
}

#[test]
fn host_of_the_fleet_alone_is_told_its_verifiers() {
    let verifier = Verifier::founded();
    let host = verifier.joined("web1.example");
    let list = |key: &KeyPair| {
        verifier.hosts.answer(&HostCall::ListVerifiers {
            host: "web1.example".to_owned(),
            key: fingerprint(key),
        })
    };
    let HostReply::Verifiers { verifiers } = list(&host) else {
        panic!("no list");
    };
    assert_eq!(verifiers, ["v1.example:7443"]);
    refusal(list(&key()));
    verifier.hosts.remove(0, &name("web1.example")).unwrap();
    let refused = refusal(list(&host));
    assert!(
        refused.contains("it was removed from the fleet"),
        "{refused}"
    );
}

#[test]
fn certificate_of_another_host_is_not_renewed_without_its_key() {
    let verifier = Verifier::founded();
    let (host, thief) = (verifier.joined("web1.example"), key());
    // tfa-fleet of a verifier sees the public key of each host, and each request.
    let forged = HostCall::Renew {
        host: "web1.example".to_owned(),
        present: PresentKey {
            point: host.der_bytes().try_into().unwrap(),
            proof: thief
                .sign(&PresentKey::signed("web1.example", &request(&thief).point))
                .unwrap(),
        },
        request: request(&thief),
    };
    refusal(verifier.hosts.answer(&forged));
    assert!(verifier.admits("web1.example", &host) && !verifier.admits("web1.example", &thief));
    refusal(verifier.renew("web1.example", &thief, &thief));
}

#[test]
fn list_has_the_open_invitations_and_each_host_with_its_state() {
    let verifier = Verifier::founded();
    let joined = verifier.joined("web1.example");
    drop(joined);
    verifier.joined("web2.example");
    verifier.hosts.remove(0, &name("web2.example")).unwrap();
    verifier.invite("web3.example");
    verifier.put(DocumentKind::Host, "web4.example", b"of a later version");
    let (hosts, next) = verifier.hosts.list("").unwrap();
    let hosts: Vec<(&str, HostState, bool)> = hosts
        .iter()
        .map(|host| (&*host.name, host.state, host.until.is_some()))
        .collect();
    let expected = [
        ("web3.example", HostState::Invited, true),
        ("v1.example", HostState::Joined, true),
        ("web1.example", HostState::Joined, true),
        ("web2.example", HostState::Removed, false),
        ("web4.example", HostState::Damaged, false),
    ];
    assert_eq!((&hosts[..], next), (&expected[..], None));
}

#[test]
fn damaged_document_refuses_its_host_and_can_be_removed() {
    let verifier = Verifier::founded();
    let host = verifier.joined("web1.example");
    verifier.put(DocumentKind::Host, "web1.example", b"of a later version");
    let admitted = verifier
        .hosts
        .admit(&name("web1.example"), fingerprint(&host), &[]);
    assert!(
        matches!(admitted, Err(HostsError::Damaged(..))),
        "{admitted:?}"
    );
    refusal(verifier.join(&verifier.invite("web1.example"), &key()));
    verifier.hosts.remove(0, &name("web1.example")).unwrap();
    let removed = verifier
        .document(DocumentKind::Host, "web1.example")
        .unwrap();
    assert!(FleetHost::decode(&removed).unwrap().removed_at().is_some());
    assert!(verifier.admits("web1.example", &verifier.joined("web1.example")));
}

#[test]
fn store_that_fails_refuses_each_host() {
    let verifier = Verifier::new();
    tfa_store::Store::close(&*verifier.store);
    let admitted = verifier
        .hosts
        .admit(&name("web1.example"), fingerprint(&key()), &[]);
    assert!(
        matches!(admitted, Err(HostsError::Store(_))),
        "{admitted:?}"
    );
}

#[test]
fn key_of_the_authority_and_secrets_are_sealed() {
    let inner = Arc::new(MemoryStore::new());
    let sealed = Sealed::new(inner.another(), SealingKey::new([7; 32].into()));
    let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
    let hosts = Hosts::new(Arc::new(sealed), journal);
    let hosts = hosts.certified_by(Arc::new(Authority::default()));
    hosts
        .found(&name("v1.example"), 7443, &request(&key()))
        .unwrap();
    let id = DocumentId::new(DocumentKind::Authority, "").unwrap();
    let (stored, _) = inner.document(&id).unwrap().unwrap();
    // The name of the authority stands in its certificate.
    assert!(
        !stored
            .as_bytes()
            .windows(9)
            .any(|part| part == b"tfa fleet")
    );
}

#[test]
fn of_two_hosts_that_join_at_once_one_does() {
    let verifier = Verifier::founded();
    let token = verifier.invite("web1.example");
    let (host, thief) = (Arc::new(key()), key());
    // The other one joins after the first one was judged.
    let (other, copy, of_other) = (
        Verifier::over(Arc::clone(&verifier.store)),
        token.clone(),
        Arc::clone(&host),
    );
    verifier
        .authority
        .before_it_signs(move || drop(certificate(other.join(&copy, &of_other))));
    let refused = refusal(verifier.join(&token, &thief));
    assert!(
        refused.contains("another host has joined with it"),
        "{refused}"
    );
    assert!(verifier.admits("web1.example", &host) && !verifier.admits("web1.example", &thief));
}

#[test]
fn removal_holds_against_a_renewal_and_a_join_that_are_under_way() {
    let verifier = Verifier::founded();
    let remove = |verifier: &Verifier| {
        let other = Verifier::over(Arc::clone(&verifier.store));
        move || other.hosts.remove(0, &name("web1.example")).unwrap()
    };
    let host = verifier.joined("web1.example");
    verifier.authority.before_it_signs(remove(&verifier));
    refusal(verifier.renew("web1.example", &host, &key()));
    let token = verifier.invite("web1.example");
    let hosts = Verifier::over(Arc::clone(&verifier.store));
    verifier.authority.before_it_signs(move || {
        certificate(hosts.join(&hosts.invite("web1.example"), &key()));
        hosts.hosts.remove(0, &name("web1.example")).unwrap();
    });
    refusal(verifier.join(&token, &key()));
    let removed = verifier
        .document(DocumentKind::Host, "web1.example")
        .unwrap();
    assert!(FleetHost::decode(&removed).unwrap().removed_at().is_some());
}

#[test]
fn calls_of_a_host_that_was_removed_are_refused_also_within_a_dialog() {
    let verifier = Verifier::founded();
    let host = verifier.joined("web1.example");
    let policy = (
        "tfad.toml".to_owned(),
        "[policy]\nmode = \"required\"\n".to_owned(),
    );
    let config = Config::parse(&[policy]).unwrap();
    let journal = Arc::clone(&verifier.journal);
    let state = Arc::new(DaemonState::new(journal, PathBuf::new(), config, None));
    let logins = MemberLogins::new(state, Arc::clone(&verifier.store) as _, Arc::new(Nss));
    let call = |key: &KeyPair| {
        let call = MemberCall {
            member: "web1.example".to_owned(),
            key: fingerprint(key),
            call: LoginCall::Answer {
                attempt: AttemptBytes([1; 16]),
                dialog: 1,
                number: 1,
                answer: SecretText::new("123456".to_owned()),
            },
        };
        match logins.answer(call) {
            LoginReply::Refused { error, .. } => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(call(&host), "org.tfad.Tfa1.Error.NoSuchDialog");
    assert_eq!(call(&key()), NOT_ADMITTED);
    verifier.hosts.remove(0, &name("web1.example")).unwrap();
    assert_eq!(call(&host), NOT_ADMITTED);
    let lines = verifier.lines();
    assert!(
        lines.contains("host web1.example: refused a call, because it"),
        "{lines}"
    );
}
