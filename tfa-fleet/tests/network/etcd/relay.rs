//! What is between the program and etcd: a port of TCP, the socket of etcd, and faults.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// What happens to the next bytes of etcd.
#[derive(Clone)]
enum Replies {
    Pass,
    /// The connection of the program ends instead. Later ones pass.
    Cut,
    /// They get lost, and so do all later ones. The test is told of the first.
    Hold(SyncSender<()>),
}

struct Shared {
    socket: PathBuf,
    replies: Mutex<Replies>,
    /// The connections of the program; `None` while new ones are refused.
    streams: Mutex<Option<Vec<TcpStream>>>,
}

/// Passes bytes from a port to the socket of an etcd, and back.
pub(crate) struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Relay {
    pub(crate) fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Arc::new(Shared {
            socket,
            replies: Mutex::new(Replies::Pass),
            streams: Mutex::new(Some(Vec::new())),
        });
        let relay = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::clone(&shared),
        };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                shared.accept(stream);
            }
        });
        relay
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends all connections, and refuses new ones.
    pub(crate) fn close(&self) {
        for stream in self
            .shared
            .streams
            .lock()
            .unwrap()
            .take()
            .into_iter()
            .flatten()
        {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Accepts connections again.
    pub(crate) fn open(&self) {
        *self.shared.streams.lock().unwrap() = Some(Vec::new());
        *self.shared.replies.lock().unwrap() = Replies::Pass;
    }

    /// Ends the connection in the place of the next reply.
    pub(crate) fn cut_at_reply(&self) {
        *self.shared.replies.lock().unwrap() = Replies::Cut;
    }

    /// Loses all replies from now on. Returns what waits for the first one.
    pub(crate) fn hold_replies(&self) -> Receiver<()> {
        let (sender, receiver) = sync_channel(1);
        *self.shared.replies.lock().unwrap() = Replies::Hold(sender);
        receiver
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, program: TcpStream) {
        let mut streams = self.streams.lock().unwrap();
        let Some(streams) = streams.as_mut() else {
            return;
        };
        let Ok(etcd) = UnixStream::connect(&self.socket) else {
            return;
        };
        program.set_nodelay(true).unwrap();
        streams.push(program.try_clone().unwrap());
        let mut requests = (program.try_clone().unwrap(), etcd.try_clone().unwrap());
        thread::spawn(move || {
            // etcd keeps its side: what was sent is executed.
            let _ = std::io::copy(&mut requests.0, &mut requests.1);
        });
        let shared = Arc::clone(self);
        thread::spawn(move || shared.pass_replies(etcd, program));
    }

    fn pass_replies(&self, mut etcd: UnixStream, mut program: TcpStream) {
        let mut bytes = [0; 16 * 1024];
        while let Ok(length @ 1..) = etcd.read(&mut bytes) {
            let mut replies = self.replies.lock().unwrap();
            match &*replies {
                Replies::Pass => {
                    if program.write_all(&bytes[..length]).is_err() {
                        break;
                    }
                }
                Replies::Cut => {
                    *replies = Replies::Pass;
                    break;
                }
                Replies::Hold(sender) => {
                    let _ = sender.try_send(());
                }
            }
        }
        let _ = program.shutdown(Shutdown::Both);
    }
}
