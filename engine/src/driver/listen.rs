//! Listening where we go to a medium: one task a channel, begun again whenever it comes back with an error.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jit_approval::{Adapter, Desk, Listeners};
use jit_types::ChannelName;

use crate::house::House;
use crate::service::{HouseDesk, Identify};

/// The first pause after a channel could not be listened to; it doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Listens to all channels that want it, until the future is dropped. One that another config leaves as it was is listened to
/// without a break: some give a new connection only so often.
pub async fn listen(house: Arc<House>, identify: Arc<dyn Identify>) {
    let mut rewired = house.rewired();
    let mut heard: BTreeMap<ChannelName, (Arc<dyn Adapter>, Task)> = BTreeMap::new();
    loop {
        rewired.mark_unchanged();
        let channels = house.channels();
        let gone =
            heard.extract_if(.., |name, (channel, _)| !channels.get(name).is_some_and(|now| Arc::ptr_eq(now, channel)));
        let gone: Vec<Task> = gone.map(|(_, (_, task))| task).collect();
        // Never two who listen to one medium: what the old one hears last is decided before the new one begins.
        for task in gone {
            task.end().await;
        }
        for (name, channel) in channels.iter() {
            if heard.contains_key(name) || channel.capability().listeners == Listeners::None {
                continue;
            }
            let desk: Arc<dyn Desk> = Arc::new(HouseDesk::new(Arc::clone(&house), Arc::clone(&identify)));
            let task = Task(tokio::spawn(listen_to(name.clone(), Arc::clone(channel), desk)));
            heard.insert(name.clone(), (Arc::clone(channel), task));
        }
        drop(channels);
        if rewired.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// One who listens, until this is dropped.
struct Task(tokio::task::JoinHandle<()>);

impl Task {
    async fn end(mut self) {
        self.0.abort();
        let _ = (&mut self.0).await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen_to(name: ChannelName, channel: Arc<dyn Adapter>, desk: Arc<dyn Desk>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = std::time::Instant::now();
        match AssertUnwindSafe(channel.listen(Arc::clone(&desk))).catch_unwind().await {
            Ok(Ok(())) => return,
            failed => {
                let error =
                    failed.map_or("a panic".to_owned(), |end| end.err().map(|e| e.to_string()).unwrap_or_default());
                tracing::error!(channel = %name, %error, "the channel is not listened to; it is tried again");
                // One that held for a while is begun again as the first time.
                pause = if begun.elapsed() > LONGEST_PAUSE { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
                tokio::time::sleep(pause).await;
            }
        }
    }
}
