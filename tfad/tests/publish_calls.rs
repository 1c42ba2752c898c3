//! The calls with which a policy is published, on a real daemon with a database, and logins meanwhile.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

mod host;

use std::path::Path;
use std::time::Duration;

use tfa_proto::{ADMIN, Context, Error, NAME, Next, PATH, PublishedPolicy, Verdict};
use tfa_wire::{Endpoints, LoginClient};
use zbus::Connection;
use zbus::connection;
use zbus::wire::{DynamicType, Type};

use host::Host;

/// A user who exists on every system, and has not enrolled.
const USER: &str = "daemon";
const DENY: &str = "[policy]\nmode = \"required\"\ngrace = \"0d\"\nafter_grace = \"deny\"\n";
const PATIENCE: Duration = Duration::from_secs(60);

async fn call<A, R>(bus: &Connection, method: &str, arguments: &A) -> Result<R, Error>
where
    A: serde::Serialize + DynamicType,
    R: for<'d> serde::Deserialize<'d> + Type,
{
    let called = bus.call_method(Some(NAME), PATH, Some(ADMIN), method, arguments);
    match called.await {
        Ok(reply) => Ok(reply.body().deserialize().unwrap()),
        Err(zbus::Error::MethodError(name, text, _)) => {
            let text = text.unwrap_or_default();
            Err(Error::from_name(&name, text).unwrap_or_else(|| panic!("{name}")))
        }
        Err(error) => panic!("{error}"),
    }
}

async fn publish(bus: &Connection, text: &str, expected: u64) -> Result<u64, Error> {
    let arguments = (text, expected, false);
    let published: (u64, Vec<String>) = call(bus, "PublishPolicy", &arguments).await?;
    Ok(published.0)
}

async fn published(bus: &Connection) -> PublishedPolicy {
    call(bus, "PublishedPolicy", &()).await.unwrap()
}

fn verdict(host: &Host) -> Verdict {
    let socket = host.folder.join("login");
    let endpoints = Endpoints {
        daemon: &socket,
        bus: Path::new("/nobody/listens/there"),
    };
    let context = Context {
        service: "sshd".to_owned(),
        rhost: "192.0.2.7".to_owned(),
        ..Context::default()
    };
    let begun = LoginClient::begin(endpoints, PATIENCE, USER, &context);
    let Ok((_, turn)) = begun else {
        panic!("the daemon does not answer");
    };
    match turn.next {
        Next::Verdict(verdict) => verdict,
        Next::Ask(_) => panic!("the user is asked"),
    }
}

#[tokio::test]
async fn policy_is_published_replaced_and_removed_by_its_revision() {
    let host = Host::start("publish", |_| {});
    let mark = host.folder.join("policy-published");
    let address = format!("unix:path={}", host.bus.socket().display());
    let builder = connection::Builder::address(&*address);
    let bus = builder.build().await.unwrap();
    assert_eq!(published(&bus).await, PublishedPolicy::default());
    assert_eq!(verdict(&host), Verdict::NotRequired);

    // A check publishes nothing.
    let checked = call::<_, (u64, Vec<String>)>(&bus, "PublishPolicy", &(DENY, 0_u64, true));
    assert_eq!(checked.await.unwrap().0, 0);
    assert_eq!(published(&bus).await, PublishedPolicy::default());

    let first = publish(&bus, DENY, 0).await.unwrap();
    assert_eq!(verdict(&host), Verdict::Denied);
    assert!(mark.exists());
    let shown = published(&bus).await;
    assert_eq!(
        (shown.revision, shown.text.as_deref()),
        (Some(first), Some(DENY))
    );
    assert_eq!(
        (shown.uid, shown.problem),
        (Some(nix::unistd::geteuid().as_raw()), None)
    );

    let strict = format!("{DENY}audit = true\n");
    for stale in [0, first + 1] {
        let refused = publish(&bus, &strict, stale).await;
        assert!(matches!(refused, Err(Error::WrongState(_))), "{refused:?}");
    }
    let refused = publish(&bus, "[policy]\nmode = \"of\"\n", first).await;
    let Err(Error::InvalidArgument(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(text.contains("the published policy:2:8: mode"), "{text}");
    assert_eq!(verdict(&host), Verdict::Denied);

    let second = publish(&bus, &strict, first).await.unwrap();
    assert!(second > first);
    let unpublish = |expected: u64| {
        let bus = bus.clone();
        async move { call::<_, ()>(&bus, "UnpublishPolicy", &expected).await }
    };
    let refused = unpublish(first).await;
    assert!(matches!(refused, Err(Error::WrongState(_))), "{refused:?}");
    unpublish(second).await.unwrap();
    assert_eq!(verdict(&host), Verdict::NotRequired);
    assert!(!mark.exists());
    let refused = unpublish(0).await;
    assert!(matches!(refused, Err(Error::WrongState(_))), "{refused:?}");
}
