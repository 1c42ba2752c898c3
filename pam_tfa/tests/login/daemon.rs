//! `tfad` as the tests want it: it plays its acts, one for each call, and remembers the calls. It
//! does so at a socket of its own, or on a bus; what it says there is zbus' own.

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

/// What the daemon does on one call.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers with a turn.
    Turn(Words),
    /// Answers with a turn after so many milliseconds.
    Late(u64, Words),
    /// Answers with a turn and is not the daemon any more: on the bus it gives up its name, at its own
    /// socket it dies.
    TurnThenLeave(Words),
    /// Answers with an error of that name.
    Error(&'static str),
    /// Answers with something that is no turn.
    Nonsense,
    /// Never answers.
    Silence,
    /// Goes without an answer, and with it whatever it had open.
    Die,
}

/// A turn as it crosses the bus, right or wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
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
pub(crate) fn ask_code() -> Act {
    ask("ask-hidden", "Code: ", 6)
}

/// A question.
pub(crate) fn ask(tag: &str, text: &str, digits: u32) -> Act {
    Act::Turn(words(tag, text, digits))
}

/// A question that nobody need answer.
pub(crate) fn offer() -> Act {
    ask("ask-optional", "Set it up now? ", 0)
}

/// The verdict of that name.
pub(crate) fn verdict(name: &str) -> Act {
    Act::Turn(words("verdict", name, 0))
}

/// A turn.
pub(crate) fn words(tag: &str, text: &str, digits: u32) -> Words {
    Words {
        lines: vec![],
        tag: tag.to_owned(),
        text: text.to_owned(),
        digits,
    }
}

impl Words {
    /// The turn with a line before it.
    pub(crate) fn after_line(mut self, kind: &str, text: &str) -> Self {
        self.lines.push((kind.to_owned(), text.to_owned()));
        self
    }
}

/// The daemon. On a bus it lives until the bus goes, else until the tests are over.
pub(crate) struct Daemon {
    calls: Arc<Mutex<Vec<Call>>>,
}

/// What it has yet to do, and what it was called for.
#[derive(Clone)]
struct Play {
    acts: Arc<Mutex<VecDeque<Act>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Daemon {
    /// A daemon that listens at that path, from when this returns.
    pub(crate) fn at(path: &Path, acts: VecDeque<Act>) -> Self {
        // What was left there by one that died is no hindrance to the next.
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self::start(acts, |play| async move {
            let listener = tokio::net::UnixListener::from_std(listener).unwrap();
            serve(listener, play).await;
        })
    }

    /// A daemon that has its name on that bus, from when this returns.
    pub(crate) fn on_the_bus(socket: &Path, acts: VecDeque<Act>) -> Self {
        let address = format!("unix:path={}", socket.display());
        let (ready, is_ready) = mpsc::channel();
        let this = Self::start(acts, move |play| async move {
            let connection = Builder::address(address.as_str()).build().await.unwrap();
            let stream = MessageStream::from(&connection);
            connection.request_name(NAME).await.unwrap();
            ready.send(()).unwrap();
            let _ = play.on(stream).await;
        });
        is_ready.recv().unwrap();
        this
    }

    fn start<F: Future<Output = ()>>(
        acts: VecDeque<Act>,
        life: impl FnOnce(Play) -> F + Send + 'static,
    ) -> Self {
        let calls = Arc::default();
        let play = Play {
            acts: Arc::new(Mutex::new(acts)),
            calls: Arc::clone(&calls),
        };
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(life(play));
        });
        Self { calls }
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The replies that people gave, as far as they reached the daemon.
    pub(crate) fn replies(&self) -> Vec<String> {
        let replies = self.calls().into_iter().filter_map(|call| match call {
            Call::Answer(reply) => Some(reply),
            Call::Begin(..) | Call::Cancel => None,
        });
        replies.collect()
    }

    /// The contexts of the dialogs that were begun.
    pub(crate) fn contexts(&self) -> Vec<Context> {
        let contexts = self.calls().into_iter().filter_map(|call| match call {
            Call::Begin(_, context) => Some(context),
            Call::Answer(_) | Call::Cancel => None,
        });
        contexts.collect()
    }
}

/// Lets in whoever comes, until the daemon dies of one of them.
async fn serve(listener: tokio::net::UnixListener, play: Play) {
    let guid = Guid::generate();
    let (dies, mut died) = tokio::sync::mpsc::channel::<()>(1);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted.unwrap().0,
            _ = died.recv() => return,
        };
        let stream = stream.into_std().unwrap();
        let (play, dies, guid) = (play.clone(), dies.clone(), guid.clone());
        tokio::spawn(async move {
            let builder = Builder::unix_stream(stream).server(guid).p2p();
            // Whoever leaves in the middle of the handshake was no login.
            let Ok(stream) = builder.build_message_stream().await else {
                return;
            };
            let connection = Connection::from(&stream);
            if play.on(stream).await == End::Died {
                // Before the socket, so that who sees that gone knows that this is too.
                connection.close().await.unwrap();
                dies.send(()).await.unwrap();
            }
        });
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The other end did it.
    Left,
    /// The daemon is to die.
    Died,
}

impl Play {
    /// Plays on a connection, until it ends.
    async fn on(&self, mut stream: MessageStream) -> End {
        let connection = Connection::from(&stream);
        while let Some(Ok(message)) = poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await {
            if message.message_type() != Type::MethodCall {
                continue;
            }
            let call = understood(&message);
            self.calls.lock().unwrap().push(call.clone());
            if call == Call::Cancel {
                connection.reply(&message.header(), &()).await.unwrap();
                continue;
            }
            let act = self.acts.lock().unwrap().pop_front();
            let act = act.expect("a call for which no act is left");
            let leaves = matches!(act, Act::TurnThenLeave(_));
            if let Act::Die = act {
                return End::Died;
            }
            do_act(act, &connection, &message, &call).await;
            if leaves && connection.is_bus() {
                connection.release_name(NAME).await.unwrap();
            } else if leaves {
                return End::Died;
            }
        }
        End::Left
    }
}

async fn do_act(act: Act, connection: &Connection, message: &Message, call: &Call) {
    let header = message.header();
    let words = match act {
        Act::Turn(words) | Act::TurnThenLeave(words) => words,
        Act::Late(milliseconds, words) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            words
        }
        Act::Error(name) => {
            let error = connection.reply_error(&header, name, &"said the test");
            return error.await.unwrap();
        }
        Act::Nonsense => {
            let nonsense = connection.reply(&header, &("verified", true)).await;
            return nonsense.unwrap();
        }
        Act::Silence | Act::Die => return,
    };
    let turn = (words.lines, words.tag, words.text, words.digits);
    // Whom it is late for may be gone.
    let _ = match call {
        Call::Begin(..) => connection.reply(&header, &(DIALOG, turn)).await,
        Call::Answer(_) | Call::Cancel => connection.reply(&header, &(turn,)).await,
    };
}

fn understood(message: &Message) -> Call {
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
