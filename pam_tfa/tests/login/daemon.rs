//! The double of `tfad`: it performs one action a call, and records the calls. It listens at the
//! daemon's socket, or on a bus, and encodes its replies with zbus.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::future::poll_fn;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tfa_proto::{Context, NAME};
use zbus::connection::Builder;
use zbus::export::futures_core::Stream;
use zbus::message::{Message, Type};
use zbus::wire::OwnedVariant;
use zbus::{Connection, Guid, MessageStream};

/// What the daemon does on a call.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Replies with a turn.
    Turn(RawTurn),
    /// Replies with a turn after that many milliseconds.
    Delayed(u64, RawTurn),
    /// Replies with a turn, then gives up its name on the bus, or dies at its own socket.
    TurnThenLeave(RawTurn),
    /// Replies with an error of that name.
    Error(&'static str),
    /// Replies with other arguments than a turn.
    InvalidTurn,
    /// Never replies.
    NoReply,
    /// Closes all connections without a reply.
    Die,
}

/// The parts of a turn on the wire, which need not be valid.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawTurn {
    lines: Vec<(String, String)>,
    tag: String,
    text: String,
    digits: u32,
}

/// A call that the daemon received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// `Begin`.
    Begin(String, Context),
    /// `Answer`.
    Answer(String),
    /// `Cancel`.
    Cancel,
}

/// The number of every dialog.
const DIALOG: u32 = 7;

/// A question for a hidden code of six digits.
pub(crate) fn ask_code() -> Action {
    ask("ask-hidden", "Code: ", 6)
}

/// A question.
pub(crate) fn ask(tag: &str, text: &str, digits: u32) -> Action {
    Action::Turn(raw_turn(tag, text, digits))
}

/// An optional question.
pub(crate) fn offer() -> Action {
    ask("ask-optional", "Set it up now? ", 0)
}

/// The verdict of that name.
pub(crate) fn verdict(name: &str) -> Action {
    Action::Turn(raw_turn("verdict", name, 0))
}

/// A turn.
pub(crate) fn raw_turn(tag: &str, text: &str, digits: u32) -> RawTurn {
    RawTurn {
        lines: vec![],
        tag: tag.to_owned(),
        text: text.to_owned(),
        digits,
    }
}

impl RawTurn {
    /// Adds a line.
    pub(crate) fn after_line(mut self, kind: &str, text: &str) -> Self {
        self.lines.push((kind.to_owned(), text.to_owned()));
        self
    }
}

/// The daemon. It runs until the bus or the test process ends.
pub(crate) struct Daemon {
    calls: Arc<Mutex<Vec<Call>>>,
}

/// The remaining actions, and the calls so far.
#[derive(Clone)]
struct Behavior {
    actions: Arc<Mutex<VecDeque<Action>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Daemon {
    /// Starts a daemon that listens at that path.
    pub(crate) fn at(path: &Path, actions: VecDeque<Action>) -> Self {
        // The socket of a daemon that died.
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self::start(actions, |behavior| async move {
            let listener = tokio::net::UnixListener::from_std(listener).unwrap();
            serve(listener, behavior).await;
        })
    }

    /// Starts a daemon that owns its name on that bus.
    pub(crate) fn on_bus(socket: &Path, actions: VecDeque<Action>) -> Self {
        let address = format!("unix:path={}", socket.display());
        let (ready, is_ready) = mpsc::channel();
        let this = Self::start(actions, move |behavior| async move {
            let connection = Builder::address(address.as_str()).build().await.unwrap();
            let stream = MessageStream::from(&connection);
            connection.request_name(NAME).await.unwrap();
            ready.send(()).unwrap();
            let _ = behavior.on(stream).await;
        });
        is_ready.recv().unwrap();
        this
    }

    fn start<F: Future<Output = ()>>(
        actions: VecDeque<Action>,
        life: impl FnOnce(Behavior) -> F + Send + 'static,
    ) -> Self {
        let calls = Arc::default();
        let behavior = Behavior {
            actions: Arc::new(Mutex::new(actions)),
            calls: Arc::clone(&calls),
        };
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(life(behavior));
        });
        Self { calls }
    }

    /// Returns the calls so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Returns the answers that the daemon received.
    pub(crate) fn replies(&self) -> Vec<String> {
        let replies = self.calls().into_iter().filter_map(|call| match call {
            Call::Answer(reply) => Some(reply),
            Call::Begin(..) | Call::Cancel => None,
        });
        replies.collect()
    }

    /// Returns the contexts of all dialogs.
    pub(crate) fn contexts(&self) -> Vec<Context> {
        let contexts = self.calls().into_iter().filter_map(|call| match call {
            Call::Begin(_, context) => Some(context),
            Call::Answer(_) | Call::Cancel => None,
        });
        contexts.collect()
    }
}

/// Accepts connections until an action ends the daemon.
async fn serve(listener: tokio::net::UnixListener, behavior: Behavior) {
    let guid = Guid::generate();
    let (dies, mut died) = tokio::sync::mpsc::channel::<()>(1);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted.unwrap().0,
            _ = died.recv() => return,
        };
        let stream = stream.into_std().unwrap();
        let (behavior, dies, guid) = (behavior.clone(), dies.clone(), guid.clone());
        tokio::spawn(async move {
            let builder = Builder::unix_stream(stream).server(guid).p2p();
            // The client left during the handshake.
            let Ok(stream) = builder.build_message_stream().await else {
                return;
            };
            let connection = Connection::from(&stream);
            if behavior.on(stream).await == End::Died {
                // Before the socket, so that a client that finds it gone can rely on this.
                connection.close().await.unwrap();
                dies.send(()).await.unwrap();
            }
        });
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client closed it.
    Left,
    /// The daemon dies.
    Died,
}

impl Behavior {
    /// Handles the calls of a connection until it ends.
    async fn on(&self, mut stream: MessageStream) -> End {
        let connection = Connection::from(&stream);
        while let Some(Ok(message)) = poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await {
            if message.message_type() != Type::MethodCall {
                continue;
            }
            let call = decode_call(&message);
            self.calls.lock().unwrap().push(call.clone());
            if call == Call::Cancel {
                connection.reply(&message.header(), &()).await.unwrap();
                continue;
            }
            let action = self.actions.lock().unwrap().pop_front();
            let action = action.expect("no action is left for this call");
            let leaves = matches!(action, Action::TurnThenLeave(_));
            if let Action::Die = action {
                return End::Died;
            }
            perform(action, &connection, &message, &call).await;
            if leaves && connection.is_bus() {
                connection.release_name(NAME).await.unwrap();
            } else if leaves {
                return End::Died;
            }
        }
        End::Left
    }
}

async fn perform(action: Action, connection: &Connection, message: &Message, call: &Call) {
    let header = message.header();
    let turn = match action {
        Action::Turn(turn) | Action::TurnThenLeave(turn) => turn,
        Action::Delayed(milliseconds, turn) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            turn
        }
        Action::Error(name) => {
            let error = connection.reply_error(&header, name, &"said the test");
            return error.await.unwrap();
        }
        Action::InvalidTurn => {
            let reply = connection.reply(&header, &("verified", true));
            return reply.await.unwrap();
        }
        Action::NoReply | Action::Die => return,
    };
    let turn = (turn.lines, turn.tag, turn.text, turn.digits);
    // The client may be gone.
    let _ = match call {
        Call::Begin(..) => connection.reply(&header, &(DIALOG, turn)).await,
        Call::Answer(_) | Call::Cancel => connection.reply(&header, &(turn,)).await,
    };
}

fn decode_call(message: &Message) -> Call {
    let header = message.header();
    assert_eq!(header.interface().unwrap().as_str(), tfa_proto::LOGIN);
    assert_eq!(header.path().unwrap().as_str(), tfa_proto::PATH);
    let body = message.body();
    match header.member().unwrap().as_str() {
        "Begin" => {
            let (user, dict): (String, HashMap<String, OwnedVariant>) = body.deserialize().unwrap();
            Call::Begin(user, Context::from_dict(&dict).unwrap())
        }
        "Answer" => {
            let (dialog, reply): (u32, String) = body.deserialize().unwrap();
            assert_eq!(dialog, DIALOG);
            Call::Answer(reply)
        }
        "Cancel" => {
            assert_eq!(body.deserialize::<u32>().unwrap(), DIALOG);
            Call::Cancel
        }
        member => panic!("{member} is not in the contract"),
    }
}
