//! The client half of the ssh-agent protocol (draft-ietf-sshm-ssh-agent): list keys, sign. Nothing else is asked.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use jit_backend::{Error, ErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::key::PublicKey;
use crate::wire::{Cursor, Malformed, Writer};

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
const FAILURE: u8 = 5;
/// OpenSSH's `MAX_AGENT_REPLY_LEN`.
const LONGEST_ANSWER: u32 = 256 * 1024;

/// How long an agent may take for one answer, a person who must touch a key included.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// Signs with one key that an agent holds. The answer is only a claim until it was verified.
pub(crate) async fn sign(socket: &Path, key: PublicKey, message: &[u8], patience: Duration) -> Result<[u8; 64], Error> {
    let request = Writer::new().byte(SIGN_REQUEST).string(key.blob()).string(message).u32(0).done();
    let answer = ask(socket, &request, patience).await?;
    let mut c = Cursor::new(&answer);
    match c.byte() {
        Ok(SIGN_RESPONSE) => signature(&mut c).map_err(|why| garbled(why.0)),
        Ok(FAILURE) => Err(Error::new(
            ErrorKind::Refused,
            "the ssh-agent refuses to sign with the CA's key; add the key to it (ssh-add), or unlock it",
        )),
        _ => Err(garbled("it answered something else than was asked")),
    }
}

fn signature(c: &mut Cursor<'_>) -> Result<[u8; 64], Malformed> {
    let mut inner = Cursor::new(c.string()?);
    c.end()?;
    if inner.string()? != b"ssh-ed25519" {
        return Err(Malformed("its signature is of another type"));
    }
    let raw = inner.string()?.try_into().map_err(|_| Malformed("its signature does not have 64 bytes"))?;
    inner.end().map(|()| raw)
}

/// Says whether an agent holds a key.
pub(crate) async fn holds(socket: &Path, key: PublicKey, patience: Duration) -> Result<bool, Error> {
    let answer = ask(socket, &[REQUEST_IDENTITIES], patience).await?;
    let mut c = Cursor::new(&answer);
    let read = |c: &mut Cursor<'_>| -> Result<bool, Malformed> {
        if c.byte()? != IDENTITIES_ANSWER {
            return Err(Malformed("it answered something else than was asked"));
        }
        let mut found = false;
        for _ in 0..c.u32()? {
            found |= c.string()? == key.blob();
            c.string()?;
        }
        c.end().map(|()| found)
    };
    read(&mut c).map_err(|why| garbled(why.0))
}

fn garbled(why: &str) -> Error {
    Error::new(ErrorKind::Refused, "what answers on the ssh-agent's socket is not an ssh-agent").with_internal(why)
}

/// Sends one request over a connection of its own and reads the answer.
async fn ask(socket: &Path, request: &[u8], patience: Duration) -> Result<Vec<u8>, Error> {
    let unreachable = |error: &std::io::Error| {
        Error::new(ErrorKind::Unreachable, format!("the ssh-agent at {} does not answer", socket.display()))
            .with_internal(format!("errno {}", error.raw_os_error().unwrap_or(0)))
    };
    // A socket of another user's is another user's agent: it would see what is signed, and could keep us waiting.
    let owner = tokio::fs::metadata(socket).await.map_err(|e| unreachable(&e))?.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(Error::new(
            ErrorKind::Misconfigured,
            format!(
                "the socket {} belongs to another user; the agent with the CA must run as this one",
                socket.display()
            ),
        ));
    }
    let talk = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(&Writer::new().string(request).done()).await?;
        let length = stream.read_u32().await?;
        if length > LONGEST_ANSWER {
            return Ok(None);
        }
        let mut answer = Vec::new();
        stream.take(u64::from(length)).read_to_end(&mut answer).await?;
        Ok(Some(answer).filter(|answer| answer.len() == length as usize))
    };
    match tokio::time::timeout(patience, talk).await {
        Ok(Ok(Some(answer))) => Ok(answer),
        Ok(Ok(None)) => Err(garbled("the length of its answer is wrong")),
        Ok(Err(error)) => Err(unreachable(&error)),
        Err(_) => Err(Error::new(
            ErrorKind::Unreachable,
            format!("the ssh-agent at {} does not answer in time", socket.display()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    /// An agent that answers each request with these bytes, framed; `None` never answers.
    fn agent(dir: &Path, answer: Option<Vec<u8>>) -> std::path::PathBuf {
        let path = dir.join("agent");
        let listener = UnixListener::bind(&path).expect("a socket");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let length = stream.read_u32().await.expect("a request");
                let mut request = vec![0; length as usize];
                stream.read_exact(&mut request).await.expect("a whole request");
                match &answer {
                    Some(answer) => stream.write_all(answer).await.expect("an answer"),
                    None => std::future::pending::<()>().await,
                }
            }
        });
        path
    }

    async fn asked(answer: Option<Vec<u8>>) -> Error {
        let dir = tempfile::tempdir().expect("a directory");
        let path = agent(dir.path(), answer);
        sign(&path, PublicKey([1; 32]), b"x", Duration::from_millis(300)).await.expect_err("no good answer")
    }

    #[tokio::test]
    async fn an_agent_that_answers_nothing_or_nonsense_is_an_error_in_time() {
        assert_eq!(asked(None).await.kind, ErrorKind::Unreachable);
        assert_eq!(asked(Some(Writer::new().string([FAILURE]).done())).await.kind, ErrorKind::Refused);
        for nonsense in [
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            Writer::new().u32(10).raw("short").done(),
            Writer::new().string("").done(),
            Writer::new().string([SIGN_RESPONSE]).done(),
            Writer::new().string(Writer::new().byte(SIGN_RESPONSE).string("x").done()).done(),
        ] {
            // The one that is cut keeps the connection open: it ends by the clock.
            let kind = asked(Some(nonsense)).await.kind;
            assert!(matches!(kind, ErrorKind::Refused | ErrorKind::Unreachable), "{kind}");
        }
    }

    #[tokio::test]
    async fn an_agent_that_is_not_there_is_unreachable() {
        let error = sign(Path::new("/nonexistent/agent"), PublicKey([1; 32]), b"x", PATIENCE).await;
        assert_eq!(error.expect_err("nobody is there").kind, ErrorKind::Unreachable);
    }
}
