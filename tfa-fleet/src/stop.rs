//! The end of the program, for all its tasks.

use std::future::Future;

use tokio::sync::watch;

/// Asks all tasks to end.
#[derive(Debug)]
pub(crate) struct Stopper(watch::Sender<bool>);

/// Learns that the program ends.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// Makes both sides.
#[must_use]
pub(crate) fn channel() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Asks all tasks to end, and waits until each has dropped its [`Stop`].
    pub(crate) async fn stop(self) {
        self.0.send_replace(true);
        self.0.closed().await;
    }
}

impl Stop {
    /// Waits until the program ends.
    pub(crate) async fn asked(&mut self) {
        // An error: the other side is gone, and the program with it.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// The result of a future, unless the program ends before.
    pub(crate) async fn unless_asked<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.asked() => None,
            result = future => Some(result),
        }
    }
}
