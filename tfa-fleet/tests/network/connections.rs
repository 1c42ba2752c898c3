//! Connections in numbers and at speeds that no host has.

use std::io::Write as _;
use std::sync::Arc;

use crate::authority::Authority;
use crate::fixture::Program;
use crate::tls_client::{assert_closed, config, connect, is_served, tcp};

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
    assert_closed(&mut silent);
    assert_closed(&mut partial);
    verifier.wait_for_line("refused a connection from 127.0.0.1: the TLS handshake took too long");
}

#[test]
fn flood_of_handshakes_is_bounded() {
    let authority = Authority::new();
    // None ends by its time.
    let limits = "limits = { handshakes_per_address = 4, handshake_seconds = 3600 }";
    let (verifier, address) =
        Program::verifier(&authority.issue("v1.test"), authority.certificate(), limits);
    let mut flood: Vec<_> = (0..40).map(|_| tcp(address)).collect();
    for refused in flood.drain(4..) {
        let mut refused = refused;
        assert_closed(&mut refused);
    }
    verifier.wait_for_line("too many TLS handshakes are under way");
    // The address has no handshake left, also for a host of the fleet. Other addresses do.
    let host = config(&authority, Some(&authority.issue_member("web1.test"))).into();
    assert!(!is_served(&mut connect(address, &host)));
    assert_eq!(verifier.status().hosts, 0);

    drop(flood);
    let member = authority.issue_member("web1.test");
    let member = Program::member(&member, authority.certificate(), address);
    member.wait_for_line("connected to v1.test");
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
    assert!(is_served(&mut connect(address, &present)));
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
