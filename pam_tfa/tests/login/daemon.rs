//! `tfad` as the tests want it: it plays its acts, one for each call, and remembers the calls.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tfa_bus::{Context, NAME};
use zbus::export::futures_core::Stream;
use zbus::message::{Message, Type};
use zbus::wire::OwnedVariant;
use zbus::{Connection, MessageStream};

/// What the daemon does on one call.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers with a turn.
    Turn(Words),
    /// Answers with a turn after so many milliseconds.
    Late(u64, Words),
    /// Answers with a turn and gives up its name.
    TurnThenLeave(Words),
    /// Answers with an error of that name.
    Error(&'static str),
    /// Answers with something that is no turn.
    Nonsense,
    /// Never answers.
    Silence,
    /// Leaves the bus without an answer.
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

/// The daemon. It lives until the bus goes.
pub(crate) struct Daemon {
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Daemon {
    /// A daemon that has its name on that bus.
    pub(crate) fn start(socket: &Path, acts: VecDeque<Act>) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let address = format!("unix:path={}", socket.display());
        let (ready, is_ready) = mpsc::channel();
        let seen = Arc::clone(&calls);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let connection = zbus::connection::Builder::address(address.as_str())
                    .build()
                    .await
                    .unwrap();
                let stream = MessageStream::from(&connection);
                connection.request_name(NAME).await.unwrap();
                ready.send(()).unwrap();
                play(&connection, stream, acts, &seen).await;
            });
        });
        is_ready.recv().unwrap();
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

async fn play(
    connection: &Connection,
    mut stream: MessageStream,
    mut acts: VecDeque<Act>,
    calls: &Mutex<Vec<Call>>,
) {
    while let Some(Ok(message)) = poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await {
        if message.message_type() != Type::MethodCall {
            continue;
        }
        let call = understood(&message);
        let begins = matches!(call, Call::Begin(..));
        calls.lock().unwrap().push(call.clone());
        let header = message.header();
        if call == Call::Cancel {
            connection.reply(&header, &()).await.unwrap();
            continue;
        }
        let leaves;
        let words = match acts.pop_front().expect("a call for which no act is left") {
            Act::Turn(words) => {
                leaves = false;
                words
            }
            Act::Late(milliseconds, words) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                leaves = false;
                words
            }
            Act::TurnThenLeave(words) => {
                leaves = true;
                words
            }
            Act::Error(name) => {
                connection
                    .reply_error(&header, name, &"said the test")
                    .await
                    .unwrap();
                continue;
            }
            Act::Nonsense => {
                connection
                    .reply(&header, &("verified", true))
                    .await
                    .unwrap();
                continue;
            }
            Act::Silence => continue,
            Act::Die => return,
        };
        if leaves {
            connection.release_name(NAME).await.unwrap();
        }
        let turn = (words.lines, words.tag, words.text, words.digits);
        if begins {
            connection.reply(&header, &(DIALOG, turn)).await.unwrap();
        } else {
            connection.reply(&header, &(turn,)).await.unwrap();
        }
    }
}

fn understood(message: &Message) -> Call {
    let header = message.header();
    assert_eq!(header.interface().unwrap().as_str(), tfa_bus::LOGIN);
    assert_eq!(header.path().unwrap().as_str(), tfa_bus::PATH);
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
