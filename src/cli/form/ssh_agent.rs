//! The one thing that is asked of the user's own ssh-agent: to take a key with its certificate, for so long and no longer
//! (draft-ietf-sshm-ssh-agent §3.2, and OpenSSH's PROTOCOL.certkeys for the certificate's encoding).

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jit_types::{Secret, SshForm};
use ssh_key::PrivateKey;
use zeroize::Zeroizing;

use super::FormError;

const ADD_ID_CONSTRAINED: u8 = 25;
const CONSTRAIN_LIFETIME: u8 = 1;
const SUCCESS: u8 = 6;
const CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com";
/// How long the agent may take: it may ask a person.
const PATIENCE: Duration = Duration::from_secs(30);

/// Adds a key and its certificate, which the agent forgets after `seconds`. One that does not keep such a promise refuses
/// the whole, and then nothing is added: a credential that outlives its end uses up a server's tries.
///
/// # Errors
/// When no agent is there, it refuses, or the credential is not what it should be.
pub fn add(socket: &Path, form: &SshForm, key: &Secret, seconds: u32, comment: &str) -> Result<(), FormError> {
    let message = message(form, key, seconds, comment)?;
    let away = |_| FormError::new("no ssh-agent answers", "start one (`eval $(ssh-agent)`), or use `jit ssh HOST`");
    let mut stream = UnixStream::connect(socket).map_err(away)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(away)?;
    stream.write_all(&message).map_err(away)?;
    let mut answer = [0u8; 5];
    stream.read_exact(&mut answer).map_err(away)?;
    if answer == [0, 0, 0, 1, SUCCESS] {
        return Ok(());
    }
    Err(FormError::new(
        "the ssh-agent does not take a certificate with a lifetime, so nothing was added",
        "use OpenSSH's ssh-agent, or `jit ssh HOST`, which needs none",
    ))
}

/// The whole message with its length, in a buffer that is wiped.
fn message(form: &SshForm, key: &Secret, seconds: u32, comment: &str) -> Result<Zeroizing<Vec<u8>>, FormError> {
    let bad = || FormError::new("the certificate is not one of an ed25519 key", "tell the administrator");
    let mut words = form.certificate.split_ascii_whitespace();
    let (Some(CERTIFICATE), Some(blob)) = (words.next(), words.next()) else { return Err(bad()) };
    let blob = BASE64.decode(blob).map_err(|_| bad())?;
    let key = PrivateKey::from_openssh(key.expose_secret()).map_err(|_| bad())?;
    let pair = key.key_data().ed25519().ok_or_else(bad)?;
    let both = Zeroizing::new(pair.to_bytes());
    let mut body = Zeroizing::new(Vec::with_capacity(blob.len() + comment.len() + 512));
    body.push(ADD_ID_CONSTRAINED);
    put(&mut body, CERTIFICATE.as_bytes())?;
    put(&mut body, &blob)?;
    put(&mut body, &pair.public.0)?;
    put(&mut body, both.as_slice())?;
    put(&mut body, comment.as_bytes())?;
    body.push(CONSTRAIN_LIFETIME);
    body.extend(seconds.to_be_bytes());
    let mut whole = Zeroizing::new(Vec::with_capacity(body.len() + 4));
    put(&mut whole, &body)?;
    Ok(whole)
}

/// Writes a `string` of RFC 4251 §5.
fn put(to: &mut Vec<u8>, bytes: &[u8]) -> Result<(), FormError> {
    let length = u32::try_from(bytes.len())
        .map_err(|_| FormError::new("the certificate is too long", "tell the administrator"))?;
    to.extend(length.to_be_bytes());
    to.extend(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::material::{Kept, make};
    use jit_types::{MaterialKind, Timestamp, Window};
    use std::process::{Command, Stdio};

    /// A certificate that a real ssh-keygen made for a key of ours; `None` where there is none.
    fn certificate(dir: &Path) -> Option<(SshForm, Secret)> {
        let born = make(MaterialKind::SshPublicKey).expect("a key");
        let (jit_types::Material::SshPublicKey(public), Kept::SshKey(private)) = (born.material, born.kept) else {
            panic!("a key was wanted")
        };
        std::fs::write(dir.join("id.pub"), public.as_str()).expect("written");
        let quiet = |args: &[&str]| {
            let mut command = Command::new("ssh-keygen");
            command.args(args).current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null()).status()
        };
        quiet(&["-q", "-t", "ed25519", "-N", "", "-f", "ca"]).ok()?;
        quiet(&["-q", "-s", "ca", "-I", "test", "-n", "ops", "-V", "+5m", "id.pub"]).ok()?;
        let window = Window { start: Timestamp::EPOCH, end: Timestamp::from_millis(1) };
        let form = SshForm {
            certificate: std::fs::read_to_string(dir.join("id-cert.pub")).ok()?,
            validity: window,
            principals: vec!["ops".to_owned()],
            hosts: vec![],
            user: None,
            known_hosts: vec![],
        };
        Some((form, private))
    }

    #[test]
    fn a_real_agent_takes_it_and_forgets_it_in_time() {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = dir.path().join("agent");
        let Some((form, key)) = certificate(dir.path()) else {
            eprintln!("skipped: there is no ssh-keygen here");
            return;
        };
        let Ok(mut agent) = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn()
        else {
            eprintln!("skipped: there is no ssh-agent here");
            return;
        };
        let listed = || {
            let out = Command::new("ssh-add").arg("-l").env("SSH_AUTH_SOCK", &socket).output().expect("ssh-add");
            String::from_utf8_lossy(&out.stdout).into_owned()
        };
        let wait = |what: &dyn Fn() -> bool| {
            for _ in 0..100 {
                if what() {
                    return true;
                }
                drop(Command::new("sleep").arg("0.05").status());
            }
            false
        };
        assert!(wait(&|| socket.exists()), "the agent listens");
        let added = add(&socket, &form, &key, 2, "jit gr_x");
        let (seen, gone) = (listed(), wait(&|| listed().contains("no identities")));
        drop(agent.kill());
        drop(agent.wait());
        added.expect("taken");
        assert!(seen.contains("ED25519-CERT") && seen.contains("jit gr_x"), "{seen}");
        assert!(gone, "forgotten after its lifetime");
    }

    #[test]
    fn an_agent_that_refuses_is_told_of_and_asked_no_second_time() {
        let dir = tempfile::tempdir().expect("a directory");
        let Some((form, key)) = certificate(dir.path()) else {
            eprintln!("skipped: there is no ssh-keygen here");
            return;
        };
        let socket = dir.path().join("agent");
        let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        let refusing = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut length = [0u8; 4];
            stream.read_exact(&mut length).expect("a length");
            let mut body = vec![0u8; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut body).expect("a body");
            stream.write_all(&[0, 0, 0, 1, 5]).expect("an answer");
            listener.set_nonblocking(true).expect("a mode");
            (body[0], listener.accept().is_ok())
        });
        let error = add(&socket, &form, &key, 2, "x").expect_err("refused");
        assert!(error.message.contains("nothing was added"), "{error}");
        assert_eq!(refusing.join().expect("served"), (ADD_ID_CONSTRAINED, false));
    }

    #[test]
    fn what_is_no_certificate_of_ours_is_refused_before_anybody_is_asked() {
        let key = match make(MaterialKind::SshPublicKey).expect("a key").kept {
            Kept::SshKey(key) => key,
            _ => panic!("a key was wanted"),
        };
        let held = crate::agent::held::tests::ssh(0, 1, 1, "KEY", "ssh-rsa-cert-v01@openssh.com AAAA");
        let jit_types::Form::Ssh(form) = held.form else { panic!("ssh") };
        assert!(message(&form, &key, 1, "x").is_err());
    }
}
