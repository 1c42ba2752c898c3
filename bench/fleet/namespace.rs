//! The network of a machine, as this program reaches it.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use nix::sched::{CloneFlags, setns};
use tfa_tests::{Machine, OrFail};

/// Runs something on a thread in the network of a machine. Sockets that it makes stay in that network.
pub(crate) fn inside<T: Send>(machine: &Machine, run: impl FnOnce() -> T + Send) -> T {
    let path = machine.path_on_host("/proc/1/ns/net");
    let network = File::open(&path).or_fail(&format!("open {}", path.display()));
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            setns(network, CloneFlags::CLONE_NEWNET).or_fail("enter the network of a machine");
            run()
        });
        thread
            .join()
            .ok()
            .or_fail("run in the network of a machine")
    })
}

/// Connects from a machine.
pub(crate) fn connect(machine: &Machine, to: SocketAddr) -> TcpStream {
    let stream = inside(machine, || TcpStream::connect(to));
    let stream = stream.or_fail(&format!("connect to {to}"));
    stream.set_nodelay(true).or_fail("set up a connection");
    stream
}

/// Listens on a machine.
pub(crate) fn listen(machine: &Machine, at: SocketAddr) -> TcpListener {
    inside(machine, || TcpListener::bind(at)).or_fail(&format!("listen at {at}"))
}
