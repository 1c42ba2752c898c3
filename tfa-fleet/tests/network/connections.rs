//! Connections in numbers and at speeds that no host has.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection};

use crate::TIMEOUT;
use crate::authority::Authority;
use crate::fixture::Program;
use crate::tls_client::{assert_closed, config, connect, is_served, tcp, tcp_from};

#[test]
fn slow_handshake_is_cut() {
    let authority = Authority::new();
    let limits = "limits = { handshake_seconds = 1 }";
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), limits);
    let mut silent = tcp(address);
    let mut partial = tcp(address);
    // The header of a record of 512 bytes, and nothing of them.
    partial.write_all(&[22, 3, 1, 2, 0]).unwrap();
    let host = Arc::new(config(
        &authority,
        Some(&authority.issue_member("web1.test")),
    ));
    let mut begun = unfinished(address, [127, 0, 0, 1], Some(&host));
    for slow in [&mut silent, &mut partial, &mut begun] {
        assert_closed(slow);
    }
    verifier.wait_for_line("refused a connection from 127.0.0.1: the TLS handshake took too long");
}

/// A client that does not go on after its first message, if it sends one.
fn unfinished(
    verifier: SocketAddr,
    source: [u8; 4],
    first: Option<&Arc<ClientConfig>>,
) -> TcpStream {
    let mut stream = tcp_from(verifier, source);
    if let Some(config) = first {
        let name = "v1.test".try_into().unwrap();
        let mut tls = ClientConnection::new(Arc::clone(config), name).unwrap();
        tls.write_tls(&mut stream).unwrap();
        // The verifier has read it when it answers, or ends the connection.
        let _ = stream.peek(&mut [0]);
    }
    stream
}

/// Waits until so many of these connections are open.
fn assert_left(flood: &mut Vec<TcpStream>, expected: usize) {
    let start = Instant::now();
    while flood.len() != expected {
        assert!(
            start.elapsed() < TIMEOUT && flood.len() > expected,
            "{}",
            flood.len()
        );
        flood.retain_mut(is_open);
        thread::sleep(Duration::from_millis(1));
    }
    assert!(flood.iter_mut().all(is_open));
}

fn is_open(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    matches!(stream.read_to_end(&mut Vec::new()), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn flood_of_one_address_shuts_no_host_behind_it_out() {
    let authority = Authority::new();
    // None ends by its time.
    let limits = "limits = { handshakes_per_address = 4, handshake_seconds = 3600 }";
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), limits);
    let host = Arc::new(config(
        &authority,
        Some(&authority.issue_member("web1.test")),
    ));
    let begin = || unfinished(address, [127, 0, 0, 1], Some(&host));
    let mut flood: Vec<_> = (0..40).map(|_| begin()).collect();
    assert_left(&mut flood, 4);
    verifier.wait_for_line("too many TLS handshakes are under way");
    // A host of the same address takes the place of one of them.
    assert!(is_served(&mut connect(address, &host)));
    assert_left(&mut flood, 3);
}

#[test]
fn flood_of_many_addresses_shuts_no_host_out() {
    let authority = Authority::new();
    let limits =
        "limits = { handshakes = 16, handshakes_per_address = 4, handshake_seconds = 3600 }";
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), limits);
    let host = Arc::new(config(
        &authority,
        Some(&authority.issue_member("web1.test")),
    ));
    let sources = (0..16).map(|number| [127, 0, 1, number / 4]);
    let mut flood: Vec<_> = sources
        .map(|source| unfinished(address, source, Some(&host)))
        .collect();
    assert_left(&mut flood, 16);
    assert!(is_served(&mut connect(address, &host)));
    assert_left(&mut flood, 15);
}

#[test]
fn members_connect_at_once_while_strangers_keep_all_places_full() {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let host = Arc::new(config(
        &authority,
        Some(&authority.issue_member("web1.test")),
    ));
    let ended = Arc::new(AtomicBool::new(false));
    // As many as the limits for one address, and for all. One that ends is begun anew.
    let strangers: Vec<_> = (0..16)
        .map(|source| {
            let (ended, host) = (Arc::clone(&ended), Arc::clone(&host));
            thread::spawn(move || {
                let first = (source % 2 == 0).then_some(&host);
                let mut flood = Vec::new();
                while !ended.load(Ordering::Relaxed) {
                    flood.retain_mut(is_open);
                    while flood.len() < 16 {
                        flood.push(unfinished(address, [127, 0, 0, source + 1], first));
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            })
        })
        .collect();
    for _ in 0..20 {
        let start = Instant::now();
        // Again, as a member does: the test may be stopped for longer than the flood needs.
        while !is_served(&mut connect(address, &host)) {
            assert!(start.elapsed() < Duration::from_secs(1));
        }
    }
    ended.store(true, Ordering::Relaxed);
    for stranger in strangers {
        stranger.join().unwrap();
    }
}

#[test]
fn host_has_a_bounded_number_of_connections() {
    let authority = Authority::new();
    let limits = "limits = { connections_per_host = 2, connections = 3 }";
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), limits);
    let host = |name| Arc::new(config(&authority, Some(&authority.issue_member(name))));
    let (web1, web2, web3) = (host("web1.test"), host("web2.test"), host("web3.test"));
    // A stranger's line does not hide that of the host.
    drop(tcp(address));
    verifier.wait_for_line("the TLS handshake failed");
    let mut first = connect(address, &web1);
    let mut second = connect(address, &web1);
    assert!(is_served(&mut first) && is_served(&mut second));
    assert!(!is_served(&mut connect(address, &web1)));
    verifier.wait_for_line("too many connections of web1.test");
    // One host does not use up those of the others.
    let mut third = connect(address, &web2);
    assert!(is_served(&mut third));
    assert_eq!(verifier.status().hosts, 2);
    // All of them have a bound as well.
    assert!(!is_served(&mut connect(address, &web3)));
}

#[test]
fn earlier_certificate_of_a_name_takes_no_connections_of_the_present_one() {
    let authority = Authority::new();
    let limits = "limits = { connections_per_host = 2 }";
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), limits);
    let [stolen, present] = [(); 2].map(|()| {
        Arc::new(config(
            &authority,
            Some(&authority.issue_member("web1.test")),
        ))
    });
    let mut thief = [(); 2].map(|()| connect(address, &stolen));
    assert!(thief.iter_mut().all(is_served));
    assert!(!is_served(&mut connect(address, &stolen)));
    let mut own = [(); 2].map(|()| connect(address, &present));
    assert!(own.iter_mut().all(is_served));
    // All keys of one name have a bound as well: the oldest that has made no call ends.
    let another = Arc::new(config(
        &authority,
        Some(&authority.issue_member("web1.test")),
    ));
    assert!(is_served(&mut connect(address, &another)));
    assert_closed(&mut thief[0]);
}

#[test]
fn garbage_ends_its_own_connection_alone() {
    let authority = Authority::new();
    let (_verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), "");
    let host = config(&authority, Some(&authority.issue_member("web1.test"))).into();
    let mut good = connect(address, &host);
    assert!(is_served(&mut good));
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 400],
        &[0xff; 400],
        &[22, 3, 1, 0xff, 0xff],
    ] {
        let mut stream = tcp(address);
        stream.write_all(bytes).unwrap();
        let _ = stream.shutdown(std::net::Shutdown::Write);
        assert_closed(&mut stream);
    }
    // Inside TLS, in the place of HTTP/2.
    let mut stream = connect(address, &host);
    stream.write_all(&[0x80; 400]).unwrap();
    assert_closed(&mut stream);
    let member = authority.issue_member("web2.test");
    let member = Program::member(&member, authority.certificate(), address);
    member.wait_for_line("connected to v1.test");
}
