//! An export whose reader takes their time.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::kit::World;

/// Writes nothing before somebody says so.
struct Slow(Receiver<()>, Vec<u8>);

impl std::io::Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let told = self.0.recv_timeout(Duration::from_secs(10));
        told.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))?;
        self.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// On one thread, so that a writer that blocked it would wait for ever for whoever lets it go on.
#[tokio::test(flavor = "current_thread")]
async fn a_slow_reader_of_an_export_holds_up_nobody() {
    let world = World::new().await;
    world.file("alice", "db", "1h").await;
    let (say, told) = channel();
    let others = tokio::spawn(async move {
        while say.send(()).is_ok() {
            tokio::time::sleep(Duration::from_micros(50)).await;
        }
    });
    let ada = world.caller("ada").await;
    let out = world.house.export(&ada, true, Slow(told, Vec::new())).await.expect("an export").1;
    others.await.expect("they went on");
    let report = jit_engine::audit::verify(out.as_slice(), &Default::default()).expect("it can be read");
    assert!(report.holds() && report.entries > 1, "{:?}", report.fault);
}
