//! Keeps a connection open: connects again after it has ended, later after each failure.

use std::time::Duration;

use tfa_fleet_core::BackOff;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::random::random;
use crate::stop::Stop;

/// A connection that lasted this long was a good one: the next attempt comes soon after it.
const GOOD_CONNECTION: Duration = Duration::from_secs(30);
/// The time between two attempts, where calls wait for a connection.
const SHORTEST_DELAY: Duration = Duration::from_millis(100);

/// Opens one connection after the other until the program ends. `connection` connects, waits for the end, and returns
/// how long the connection lasted. A call that waits for one says so with `wanted`.
pub(crate) async fn keep<F: Future<Output = Duration>>(
    mut stop: Stop,
    wanted: &Notify,
    connection: impl Fn() -> F,
) {
    let mut back_off = BackOff::new();
    while let Some(lasted) = stop.unless_asked(connection()).await {
        if lasted >= GOOD_CONNECTION {
            back_off = BackOff::new();
        }
        let delay = async {
            let delay = back_off.delay(random());
            let shortest = delay.min(SHORTEST_DELAY);
            sleep(shortest).await;
            tokio::select! {
                () = sleep(delay.saturating_sub(shortest)) => {}
                () = wanted.notified() => {}
            }
        };
        if stop.unless_asked(delay).await.is_none() {
            return;
        }
    }
}
