//! A TCP proxy between broker and server that holds bytes back, slows answers, or lets nobody through.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the proxy does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    /// Cuts what is open and lets nobody in.
    Cut,
    /// Every answer comes a second later.
    Slow,
    /// Keeps back what is sent from now on.
    Hold,
    /// Keeps back from the first message that has these bytes in it.
    HoldAt(&'static [u8]),
}

/// A running proxy; it ends with the test's runtime.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    mode: Arc<watch::Sender<Mode>>,
}

impl Proxy {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("its number").port();
        let (mode, _) = watch::channel(Mode::Pass);
        let mode = Arc::new(mode);
        let shared = Arc::clone(&mode);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *shared.borrow() == Mode::Cut {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let (client_in, client_out) = client.into_split();
                let (server_in, server_out) = server.into_split();
                tokio::spawn(up(client_in, server_out, shared.subscribe()));
                tokio::spawn(down(server_in, client_out, shared.subscribe()));
            }
        });
        Self { port: own, mode }
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn cut(mode: &mut watch::Receiver<Mode>) {
    let _ = mode.wait_for(|m| *m == Mode::Cut).await;
}

/// From the broker to the server. What was read reaches the server in the end, also when the broker has given up.
async fn up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut mode: watch::Receiver<Mode>) {
    let mut cutter = mode.clone();
    let work = async {
        let mut buffer = vec![0u8; 65536];
        loop {
            let n = from.read(&mut buffer).await.unwrap_or(0);
            let chunk = &buffer[..n];
            let mut held = false;
            loop {
                let hold = match &*mode.borrow_and_update() {
                    Mode::Hold => true,
                    Mode::HoldAt(mark) => held || chunk.windows(mark.len()).any(|w| w == *mark),
                    _ => false,
                };
                if !hold {
                    break;
                }
                held = true;
                if mode.changed().await.is_err() {
                    return;
                }
            }
            if n == 0 {
                let _ = to.shutdown().await;
                return;
            }
            if to.write_all(chunk).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = work => {}, () = cut(&mut cutter) => {} }
}

async fn down(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mode: watch::Receiver<Mode>) {
    let mut cutter = mode.clone();
    let work = async {
        let mut buffer = vec![0u8; 65536];
        loop {
            let n = from.read(&mut buffer).await.unwrap_or(0);
            if *mode.borrow() == Mode::Slow {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            if n == 0 || to.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = work => {}, () = cut(&mut cutter) => {} }
}
