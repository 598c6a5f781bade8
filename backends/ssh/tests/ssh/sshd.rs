//! What a real sshd does with our certificates and revocation lists.

use std::path::Path;
use std::time::Duration;

use crate::common::{House, from_now, make_key, plain, printed, real_clock, real_now, write};
use crate::host::{Host, text};
use jit_backend::{Backend as _, ErrorKind, Seen, Tail};
use jit_backend_ssh::certificate::{Body, Certificate};
use jit_backend_ssh::key::PublicKey;
use jit_types::{Grade, Scope, SshForm, Timestamp};
use serde_json::json;

/// A house that publishes an empty list, and a host that trusts it.
async fn pair(dir: &Path) -> Option<(House, Host)> {
    let house = House::open(dir, 1, real_clock()).await;
    write(&house.ca_file.with_extension("pub"), &house.ca_line, 0o644);
    house.publish(&[]);
    // The list must be readable where a host reads it as another user than root.
    let host = Host::start(&house.ca_file, Some(&house.krl)).await?;
    Some((house, host))
}

async fn wait_until(at: Timestamp) {
    while real_now() < at {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_certificate_opens_until_its_end_and_not_longer() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some((house, host)) = pair(dir.path()).await else { return };
    let (private, key) = make_key();
    let (lease, form) = house.issue(&key, plain("web"), from_now(4_000)).await;
    let identity = host.identity("alice", &private, &form);
    assert_eq!(host.opens(&identity, "echo $USER"), host.user);
    assert!(matches!(house.ssh.probe(&lease).await, Ok(Seen::Usable { .. })));
    // The host's log names the grant and the person.
    assert!(host.log().contains(&format!("ID jit house={}", house.id)), "{}", host.log());
    assert!(form.validity.end <= lease.order.window.end);
    wait_until(form.validity.end).await;
    host.refuses(&identity, "Certificate invalid: expired").await;
    let Ok(Seen::Gone(proof)) = house.ssh.probe(&lease).await else { panic!("it is not gone") };
    assert_eq!(proof.grade, Grade::ByConstruction);
}

#[tokio::test]
async fn a_listed_certificate_is_refused_and_another_is_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some((house, host)) = pair(dir.path()).await else { return };
    let (private, key) = make_key();
    let (gone, gone_form) = house.issue(&key, plain("web"), from_now(120_000)).await;
    let (_, live_form) = house.issue(&key, plain("web"), from_now(120_000)).await;
    let (gone_id, live_id) = (host.identity("gone", &private, &gone_form), host.identity("live", &private, &live_form));
    host.opens(&gone_id, "true");
    let error = house.ssh.revoke(&gone).await.expect_err("nothing is published yet");
    assert_eq!((error.kind, error.retryable()), (ErrorKind::Unfinished, true));

    house.publish(std::slice::from_ref(&gone));
    house.ssh.revoke(&gone).await.expect("it is published");
    host.refuses(&gone_id, "revoked by file").await;
    host.opens(&live_id, "true");
    let Ok(Seen::Gone(proof)) = house.ssh.probe(&gone).await else { panic!("it is not gone") };
    assert!(proof.evidence.iter().any(|e| e.as_str().contains("revocation list")) && !proof.tail.is_empty());

    host.opens(&live_id, "true");

    // Why an empty list must be published: a missing one refuses everybody.
    std::fs::remove_file(&house.krl).expect("the list can be removed");
    host.refuses(&live_id, "in revoked keys file").await;
    assert!(matches!(house.ssh.probe(&gone).await, Ok(Seen::Unknown { .. })));
    assert!(house.ssh.revoke(&gone).await.expect_err("nothing is proven").retryable());
}

#[tokio::test]
async fn what_the_scope_does_not_give_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some((house, host)) = pair(dir.path()).await else { return };
    let (private, key) = make_key();
    let window = from_now(120_000);
    let (_, form) = house.issue(&key, plain("db"), window).await;
    host.refuses(&host.identity("principal", &private, &form), "principal").await;

    let scope = json!({"principals": ["web"], "source_address": ["192.0.2.0/24"]});
    let (_, form) = house.issue(&key, scope, window).await;
    host.refuses(&host.identity("address", &private, &form), "not from a permitted source address").await;
    let scope = json!({"principals": ["web"], "source_address": ["192.0.2.0/24", "127.0.0.0/8"]});
    let (_, form) = house.issue(&key, scope, window).await;
    host.opens(&host.identity("address", &private, &form), "true");

    // A certificate is of use to the holder of its key alone.
    let (_, form) = house.issue(&key, plain("web"), window).await;
    let (stranger, _) = make_key();
    let output = host.login(&host.identity("stranger", &stranger, &form), &[], "true");
    assert_eq!(output.status.code(), Some(255), "{}", printed(&output));
}

#[tokio::test]
async fn a_forced_command_is_the_only_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some((house, host)) = pair(dir.path()).await else { return };
    let (private, key) = make_key();
    let scope = json!({"principals": ["web"], "force_command": "echo forced \"$SSH_ORIGINAL_COMMAND\""});
    let (_, form) = house.issue(&key, scope, from_now(120_000)).await;
    assert_eq!(host.opens(&host.identity("forced", &private, &form), "id -u"), "forced id -u");
}

#[tokio::test]
async fn nothing_is_permitted_that_is_not_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some((house, host)) = pair(dir.path()).await else { return };
    let (private, key) = make_key();
    let window = from_now(120_000);
    let (_, form) = house.issue(&key, plain("web"), window).await;
    let bare = host.identity("bare", &private, &form);
    let tty = |identity: &Path| {
        let output = host.login(identity, &["-tt", "-o", "LogLevel=INFO"], "tty || true");
        printed(&output)
    };
    assert!(tty(&bare).contains("PTY allocation request failed"), "{}", tty(&bare));
    // A forwarded port: the client asks the host to listen, and gives up where it may not.
    let forward = |identity: &Path| {
        let options = ["-o", "ExitOnForwardFailure=yes", "-R", "127.0.0.1:0:127.0.0.1:9"];
        host.login(identity, &options, "true").status.success()
    };
    assert!(!forward(&bare));

    let scope = json!({"principals": ["web"], "permit": ["pty", "port-forwarding"]});
    let (_, form) = house.issue(&key, scope, window).await;
    let permitted = host.identity("permitted", &private, &form);
    assert!(tty(&permitted).contains("/dev/"), "{}", tty(&permitted));
    assert!(forward(&permitted));
}

/// Why [`Tail::NoBound`] is declared, and not a number.
#[tokio::test]
async fn an_open_connection_goes_on_and_opens_new_sessions_after_the_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some((house, host)) = pair(dir.path()).await else { return };
    let capability = house.ssh.capability(&Scope(plain("web"))).expect("a capability");
    assert!(matches!((&capability.swept, &capability.unswept), (Tail::NoBound(_), Tail::NoBound(_))));
    let (private, key) = make_key();
    let (lease, form) = house.issue(&key, plain("web"), from_now(4_000)).await;
    let identity = host.identity("master", &private, &form);
    let control = host.dir.join("control");
    let path = format!("ControlPath={}", text(&control));
    let mut master = host.ssh(&identity, &["-M", "-N", "-o", &path]).spawn().expect("a master connection");
    let over = |command: &str| host.login(&identity, &["-o", &path], command);
    for _ in 0..200 {
        if control.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(over("true").status.success());
    let mut live = host.ssh(&identity, &["-o", &path]);
    live.arg("sleep 6; echo still here").stdout(std::process::Stdio::piped());
    let live = live.spawn().expect("a live session");

    wait_until(form.validity.end).await;
    house.publish(std::slice::from_ref(&lease));
    host.refuses(&identity, "revoked by file").await;
    let output = over("echo a new session");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "a new session", "{}", printed(&output));
    let output = live.wait_with_output().expect("the live session ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "still here");
    let Ok(Seen::Gone(proof)) = house.ssh.probe(&lease).await else { panic!("it is not gone") };
    assert!(!proof.tail.is_empty(), "the proof must name what goes on");
    master.kill().expect("the master connection ends");
    master.wait().expect("the master connection ends");
}

/// What our readers and sshd agree on: a certificate that somebody else made in our form, with the CA's own key, but
/// with an option that sshd does not know, is refused. So an option that we would misspell fails closed.
#[tokio::test]
async fn an_unknown_critical_option_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some((house, host)) = pair(dir.path()).await else { return };
    let (private, key) = make_key();
    let (_, form) = house.issue(&key, plain("web"), from_now(120_000)).await;
    let body: Body = Certificate::parse_line(&form.certificate).expect("our own certificate").body;
    let body = Body { critical: vec![("force-comand".to_owned(), "true".to_owned())], ..body };
    let pem = std::fs::read_to_string(&house.ca_file).expect("the CA");
    let pem = ssh_key::PrivateKey::from_openssh(pem).expect("the CA");
    let seed = pem.key_data().ed25519().expect("an ed25519 key").private.to_bytes();
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&seed).expect("the CA");
    let signature = pair.sign(&body.to_be_signed()).as_ref().try_into().expect("64 bytes");
    assert_eq!(body.ca, PublicKey::parse_line(&house.ca_line).expect("the CA"));
    let line = body.signed(signature).expect("a good signature").line();
    let form = SshForm { certificate: line, ..form };
    host.refuses(&host.identity("unknown", &private, &form), "not supported").await;
}
