//! What the tests share: orders, keys, clocks, and the tools of OpenSSH.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jit_backend::{Backend, Lease, Order, Scope};
use jit_backend_ssh::{Now, Settings, Source, Ssh, generate_ca};
use jit_types::{ClaimId, Form, GrantId, HouseId, Material, SshForm, SshPublicKey, Timestamp, Window};
use serde_json::{Value, json};

/// The wall clock.
pub(crate) fn real_now() -> Timestamp {
    #[allow(clippy::disallowed_methods, reason = "a real sshd compares with the real clock")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
    Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a clock before the end of time"))
}

/// The wall clock, as a backend asks it.
pub(crate) fn real_clock() -> Now {
    Arc::new(real_now)
}

/// A clock that a test sets.
#[derive(Clone)]
pub(crate) struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub(crate) fn at(time: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(time.millis())))
    }

    pub(crate) fn set(&self, time: Timestamp) {
        self.0.store(time.millis(), Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Now {
        let cell = Arc::clone(&self.0);
        Arc::new(move || Timestamp::from_millis(cell.load(Ordering::SeqCst)))
    }
}

/// Whether a program is there; where it is not, says why the test is skipped, and fails where it must not be.
pub(crate) fn has(program: &str, peer: &str) -> bool {
    let found = which(program).is_some();
    if !found {
        #[allow(clippy::disallowed_methods, reason = "the switch of the test habits")]
        let required = std::env::var("JIT_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.contains(peer), "{program} is missing, and JIT_TEST_REQUIRE demands {peer}");
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// Where a program is.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/opt/homebrew/bin"]
        .iter()
        .map(|dir| Path::new(dir).join(program))
        .find(|path| path.is_file())
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, args: &[&str]) -> Output {
    let path = which(program).unwrap_or_else(|| panic!("{program} is missing"));
    Command::new(path).args(args).output().expect("the program runs")
}

/// What a program printed, on both streams.
pub(crate) fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Writes a file with a mode.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes).expect("a file can be written");
    std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(mode)).expect("a mode can be set");
    std::fs::rename(&beside, path).expect("a file can be renamed");
}

/// Makes a CA key file and gives its public line.
pub(crate) fn make_ca(path: &Path) -> String {
    let (private, public) = generate_ca().expect("a CA");
    write(path, private.expose_secret(), 0o600);
    public
}

/// Makes a client's key pair: the private text and the public line.
pub(crate) fn make_key() -> (String, SshPublicKey) {
    let (private, public) = generate_ca().expect("a key");
    (private.expose_secret().to_owned(), SshPublicKey::parse(&public).expect("a public line"))
}

/// An id with these random bytes.
pub(crate) fn house(n: u8) -> HouseId {
    HouseId::from_parts(Timestamp::from_millis(1_700_000_000_000), [n; 10])
}

/// A new claim's id each time.
pub(crate) fn new_claim() -> ClaimId {
    let mut random = [0u8; 10];
    getrandom(&mut random);
    ClaimId::from_parts(real_now(), random)
}

fn getrandom(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("random bytes");
}

/// An order with a scope for a key.
pub(crate) fn order(house: HouseId, key: &SshPublicKey, scope: Value, window: Window) -> Order {
    Order {
        house,
        grant: GrantId::from_parts(window.start, [7; 10]),
        claim: new_claim(),
        entitlement: 0,
        person: "alice@example.com".parse().expect("a person"),
        window,
        deadline: window.end,
        scope: Scope(scope),
        material: Material::SshPublicKey(key.clone()).digest(),
    }
}

/// A window of so many milliseconds, from now on.
pub(crate) fn from_now(millis: i64) -> Window {
    let start = real_now();
    Window { start, end: start.plus_millis(millis) }
}

/// A house with its CA in a directory.
pub(crate) struct House {
    pub(crate) id: HouseId,
    pub(crate) ca_file: PathBuf,
    pub(crate) ca_line: String,
    pub(crate) krl: PathBuf,
    pub(crate) ssh: Ssh,
}

impl House {
    /// Opens one with the wall clock, a revocation list and hosts.
    pub(crate) async fn open(dir: &Path, n: u8, now: Now) -> Self {
        let ca_file = dir.join(format!("ca-{n}"));
        let ca_line = make_ca(&ca_file);
        let krl = dir.join(format!("krl-{n}"));
        let mut settings = Settings::new(Source::File(ca_file.clone()));
        settings.krl = Some(krl.clone());
        settings.hosts = vec!["*.prod.example.com".parse().expect("a pattern")];
        let ssh = Ssh::open(house(n), settings, now).await.expect("the backend opens");
        Self { id: house(n), ca_file, ca_line, krl, ssh }
    }

    /// Publishes the revocation list as the house would.
    pub(crate) fn publish(&self, ended: &[Lease]) {
        for document in self.ssh.documents(ended).expect("documents") {
            write(&document.path, &document.bytes, document.mode);
        }
    }

    /// Issues a certificate and gives the lease with it.
    pub(crate) async fn issue(&self, key: &SshPublicKey, scope: Value, window: Window) -> (Lease, SshForm) {
        let order = order(self.id, key, scope, window);
        let issued = self.ssh.issue(&order, Some(&Material::SshPublicKey(key.clone()))).await.expect("a certificate");
        let Form::Ssh(form) = issued.form else { panic!("another form") };
        (Lease { order, handle: Some(issued.handle) }, form)
    }
}

/// The scope with one principal and nothing else.
pub(crate) fn plain(principal: &str) -> Value {
    json!({ "principals": [principal] })
}
