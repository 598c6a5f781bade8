//! Issuing, revoking and probing certificates.

use std::path::Path;
use std::sync::Arc;

use jit_backend::{
    Backend, BoxFuture, Capability, Document, Error, ErrorKind, Extends, Issued, Lane, Lease, Order, Report, Revoked,
    Scope, Seen, Tail, Usable,
};
use jit_types::digest::Hasher;
use jit_types::{
    Form, FormKind, Grade, HouseId, Material, MaterialKind, Proof, Span, SshForm, Timestamp, Window, Words,
};

use crate::ca::Ca;
use crate::certificate::Body;
use crate::check;
use crate::config::{Now, Settings, open_ca, unlike_probe};
use crate::handle::{Pin, end, key_id, serial, valid_after, valid_before};
use crate::key::PublicKey;
use crate::krl::Krl;
use crate::names::Permit;
use crate::probe::Prober;
use crate::probe::login::Login;
use crate::probe::verdict::{self, Asked};
use crate::scope::{SshScope, listed};

/// What goes on after an end, measured on a real sshd: a new session opened over a live ControlMaster connection after
/// the certificate had expired and the revocation list had it.
const TAIL: &str = "a connection that is open at the end goes on, and new sessions can be opened over it";
/// The largest revocation list that is read: some million entries.
const LONGEST_KRL: u64 = 256 * 1024 * 1024;

/// One certificate authority, and the hosts that trust it.
pub struct Ssh {
    house: HouseId,
    settings: Settings,
    ca: Arc<Ca>,
    now: Now,
    prober: Option<Prober>,
}

impl Ssh {
    /// Opens the backend: reads the CA's key file, or notes where its agent is.
    ///
    /// # Errors
    /// When the key file is missing, open to others, another user's, encrypted or of another type.
    pub async fn open(house: HouseId, settings: Settings, now: Now) -> Result<Self, Error> {
        let ca = Arc::new(open_ca(&settings.ca).await?);
        let prober = settings.probe.as_ref().map(|probe| {
            Prober::new(Login {
                house,
                ca: Arc::clone(&ca),
                clock: Arc::clone(&now),
                skew: u64::try_from(settings.clock_skew.millis() / 1000).unwrap_or(0),
                known_hosts: settings.known_hosts.clone(),
                user: settings.user.clone(),
                probe: probe.clone(),
            })
        });
        Ok(Self { house, settings, ca, now, prober })
    }

    /// The CA's public key, which hosts trust.
    pub fn ca(&self) -> PublicKey {
        self.ca.public()
    }

    /// Reads a resolved scope, which never is the probe's own.
    fn resolve(&self, scope: &Scope) -> Result<SshScope, Error> {
        let resolved = SshScope::resolve(scope)?;
        self.settings.probe.as_ref().map_or(Ok(()), |probe| unlike_probe(probe, scope))?;
        Ok(resolved)
    }

    /// Whether all hosts that a scope means are looked at.
    fn covered(&self, scope: &SshScope) -> bool {
        self.prober.as_ref().is_some_and(|prober| prober.covers(self.hosts(scope)))
    }

    /// What goes on after an end, and where it is looked whether new logins are refused.
    fn tail(&self, scope: &SshScope) -> Words {
        let hosts = self.prober.as_ref().map(|prober| prober.names(self.hosts(scope))).unwrap_or_default();
        let (named, more) = hosts.split_at(hosts.len().min(3));
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        Words::new(match named {
            [] => TAIL.to_owned(),
            named => format!(
                "{TAIL}; whose it is can't be told where people share an account. That a new login is refused is looked at on \
                 {}{more}, and holds by construction on every other host",
                named.join(", ")
            ),
        })
    }

    fn own(&self, order: &Order) -> Result<(), Error> {
        if order.house == self.house {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Mismatch, "the order is another house's"))
    }

    /// Reads a lease's handle. Another CA than the one that signed is another target.
    fn pinned(&self, lease: &Lease) -> Result<Option<Pin>, Error> {
        self.own(&lease.order)?;
        let pin = Pin::of(lease)?;
        match &pin {
            Some(pin) if pin.ca != self.ca() => Err(Error::new(
                ErrorKind::Mismatch,
                format!(
                    "the certificate was signed by the CA {}, and this one is {}",
                    pin.fingerprint,
                    self.ca().fingerprint()
                ),
            )),
            _ => Ok(pin),
        }
    }

    fn in_time(&self, order: &Order) -> Result<(), Error> {
        let now = (self.now)();
        if now >= order.deadline {
            return Err(Error::new(ErrorKind::TooLate, "the order's deadline has passed; nothing was signed"));
        }
        if now.seconds() >= order.window.end.seconds() {
            return Err(Error::new(ErrorKind::TooLate, "the window is over; nothing was signed"));
        }
        Ok(())
    }

    async fn sign(&self, order: &Order, material: Option<&Material>) -> Result<Issued, Error> {
        self.own(order)?;
        let scope = self.resolve(&order.scope)?;
        let Some(Material::SshPublicKey(key)) = material else {
            return Err(match material {
                None => Error::new(
                    ErrorKind::Conflict,
                    "a certificate can't be moved to another end; claim again, with a key, for a new one",
                ),
                Some(_) => Error::new(ErrorKind::Conflict, "an ssh claim must send an ssh public key"),
            });
        };
        if material.map(Material::digest) != Some(order.material) {
            return Err(Error::new(ErrorKind::Conflict, "the key is not the one that the order was made for"));
        }
        self.in_time(order)?;
        let key = PublicKey::of(key).map_err(|why| Error::new(ErrorKind::Bug, why.0))?;
        if key == self.ca() {
            return Err(Error::new(ErrorKind::Refused, "the CA's own key gets no certificate"));
        }
        let certificate = self.ca.sign(self.body(order, &scope, key)).await?;
        // An agent may have taken its time: what is too late by now is thrown away unseen.
        self.in_time(order)?;
        let body = &certificate.body;
        let at = |seconds: u64| Timestamp::from_millis(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX));
        let user = scope.user.as_ref().or(self.settings.user.as_ref());
        Ok(Issued {
            handle: Pin::new(self.ca(), body.serial, body.valid_before).handle()?,
            form: Form::Ssh(SshForm {
                certificate: certificate.line(),
                validity: Window { start: at(body.valid_after), end: at(body.valid_before) },
                principals: body.principals.clone(),
                hosts: self.hosts(&scope).iter().map(ToString::to_string).collect(),
                user: user.map(ToString::to_string),
                known_hosts: self.settings.known_hosts.iter().map(ToString::to_string).collect(),
            }),
            usable: Usable::Assumed {
                why: Words::new("the certificate is signed and its signature verified; no host was asked"),
            },
        })
    }

    fn body(&self, order: &Order, scope: &SshScope, key: PublicKey) -> Body {
        let mut critical = Vec::new();
        if let Some(command) = &scope.force_command {
            critical.push(("force-command".to_owned(), command.to_string()));
        }
        if !scope.source_address.is_empty() {
            let list: Vec<_> = scope.source_address.iter().map(ToString::to_string).collect();
            critical.push(("source-address".to_owned(), list.join(",")));
        }
        Body {
            nonce: self.nonce(order, key),
            key,
            serial: serial(order),
            key_id: key_id(order),
            principals: scope.principals.iter().map(ToString::to_string).collect(),
            valid_after: valid_after(order, self.settings.clock_skew),
            valid_before: valid_before(order),
            critical,
            extensions: scope.permit.iter().map(|permit| permit.extension().to_owned()).collect(),
            ca: self.ca(),
        }
    }

    /// The nonce is derived, so that the same order gives the same certificate to the last bit. It stands in the format
    /// against chosen-prefix collisions in the signature's hash; Ed25519 stands without it (RFC 8032 §8.5), and a claim's
    /// id holds 62 random bits that the house draws, not the requester.
    fn nonce(&self, order: &Order, key: PublicKey) -> [u8; 32] {
        Hasher::new("jit ssh nonce v1")
            .with("ca", self.ca().0)
            .with("house", order.house.bytes())
            .with("claim", order.claim.bytes())
            .with("key", key.0)
            .finish()
            .0
    }

    fn hosts<'a>(&'a self, scope: &'a SshScope) -> &'a [crate::names::HostPattern] {
        if scope.hosts.is_empty() { &self.settings.hosts } else { &scope.hosts }
    }

    /// Whether the published list holds the lease's serial. The certificate is looked up under the CA that the handle
    /// pins, which is this one, or under this one where there is no handle.
    async fn listed(&self, path: &Path, lease: &Lease) -> Result<bool, Error> {
        Ok(read_krl(path).await?.holds(self.ca(), serial(&lease.order)))
    }

    async fn unmake(&self, lease: &Lease) -> Result<Revoked, Error> {
        self.own(&lease.order)?;
        let end = end(lease, Pin::of(lease)?.as_ref());
        // Whichever CA signed it, the validity inside of it ends it: this comes before the pin.
        if (self.now)() >= end {
            return Ok(Revoked { already_gone: true, evidence: vec![past(end)] });
        }
        self.pinned(lease)?;
        let Some(path) = &self.settings.krl else {
            return Ok(Revoked {
                already_gone: false,
                evidence: vec![Words::new(format!(
                    "hosts read no revocation list of this house: the certificate can be used until it ends by its own \
                     validity at {end}"
                ))],
            });
        };
        match self.listed(path, lease).await {
            Ok(true) => Ok(Revoked { already_gone: false, evidence: vec![on_list(path)] }),
            Ok(false) => Err(Error::new(
                ErrorKind::Unfinished,
                format!(
                    "the revocation list at {} does not hold the certificate yet; the house must publish it",
                    path.display()
                ),
            )),
            // A list that is missing or broken now may be published in a moment: never given up.
            Err(error) => {
                Err(Error { kind: if error.retryable() { error.kind } else { ErrorKind::Unfinished }, ..error })
            }
        }
    }

    async fn look(&self, lease: &Lease) -> Result<Seen, Error> {
        self.own(&lease.order)?;
        let now = (self.now)();
        let pin = Pin::of(lease)?;
        let end = end(lease, pin.as_ref());
        let gone = |evidence| Proof {
            grade: Grade::ByConstruction,
            at: now,
            evidence: vec![evidence],
            tail: vec![Words::new(TAIL)],
        };
        if now >= end {
            return Ok(self.seen(lease, pin.as_ref(), end, gone(past(end))).await);
        }
        self.pinned(lease)?;
        let validity = Words::new(format!("the certificate's own validity ends at {end}"));
        let mut evidence = vec![validity];
        if let Some(path) = &self.settings.krl {
            match self.listed(path, lease).await {
                Ok(true) => return Ok(self.seen(lease, pin.as_ref(), end, gone(on_list(path))).await),
                Ok(false) => {
                    evidence.push(Words::new(format!("the revocation list at {} does not hold it", path.display())));
                }
                Err(error) => return Ok(Seen::Unknown { why: error.public }),
            }
        }
        if pin.is_some() {
            return Ok(Seen::Usable { evidence });
        }
        Ok(Seen::Unknown {
            why: Words::new(format!(
                "no answer came back, so a certificate may have been signed; it would end at {end}"
            )),
        })
    }

    /// Looks at the probe hosts that the scope means, where there are any: what holds by itself is proven already.
    async fn seen(&self, lease: &Lease, pin: Option<&Pin>, end: Timestamp, proof: Proof) -> Seen {
        // A scope that reads differently by now still ends.
        let (Some(prober), Ok(scope)) = (&self.prober, SshScope::resolve(&lease.order.scope)) else {
            return Seen::Gone(proof);
        };
        let looks = prober.look(self.hosts(&scope), false).await;
        if looks.is_empty() {
            return Seen::Gone(proof);
        }
        let published = match &self.settings.krl {
            Some(path) => check::published(path, proof.at).await,
            None => None,
        };
        let asked = Asked {
            ca: pin.map_or(self.ca(), |pin| pin.ca),
            serial: serial(&lease.order),
            end,
            account: scope.user.as_ref().or(self.settings.user.as_ref()),
            published,
            known: pin.is_some(),
        };
        verdict::join(&asked, &looks, self.covered(&scope), proof)
    }

    fn gives(&self, scope: &SshScope) -> Words {
        let mut text = format!("log in by ssh as {}", listed(&scope.principals));
        if let Some(user) = scope.user.as_ref().or(self.settings.user.as_ref()) {
            text.push_str(&format!(" to the account {user}"));
        }
        match self.hosts(scope) {
            [] => text.push_str(" on every host that trusts this CA and lets that name in"),
            hosts => text.push_str(&format!(" on {}", listed(hosts))),
        }
        match &scope.force_command {
            Some(command) => text.push_str(&format!(", only to run `{command}`")),
            None => text.push_str(", to run any command"),
        }
        if !scope.source_address.is_empty() {
            text.push_str(&format!(", only from {}", listed(&scope.source_address)));
        }
        let words: Vec<_> = scope.permit.iter().map(|permit| permit.word()).collect();
        if !words.is_empty() {
            text.push_str(&format!(", with {}", words.join(", ")));
        }
        Words::new(text)
    }

    fn warnings(&self, scope: &SshScope) -> Vec<Words> {
        let mut warnings = Vec::new();
        if self.settings.krl.is_none() {
            warnings.push("it can't be ended early: hosts read no revocation list of this house");
        }
        if !self.hosts(scope).is_empty() {
            warnings.push("hosts decide by the name alone: another host that trusts this CA and lets it in opens too");
        }
        if scope.permit.contains(&Permit::AgentForwarding) {
            warnings.push("with agent-forwarding, root on the host can use the holder's other keys meanwhile");
        }
        if scope.permit.contains(&Permit::PortForwarding) {
            warnings.push("with port-forwarding, whatever the host can reach can be reached");
        }
        if scope.permit.contains(&Permit::X11Forwarding) {
            warnings.push("with X11-forwarding, root on the host can watch the holder's display");
        }
        warnings.into_iter().map(Words::new).collect()
    }
}

fn past(end: Timestamp) -> Words {
    Words::new(format!("the certificate's own validity ended at {end}, and hosts refuse it by their own clock"))
}

fn on_list(path: &Path) -> Words {
    Words::new(format!(
        "its serial is in the revocation list at {}, which hosts read at each login where the file reaches them",
        path.display()
    ))
}

/// Reads the published list.
pub(crate) async fn read_krl(path: &Path) -> Result<Krl, Error> {
    use tokio::io::AsyncReadExt as _;
    let unreadable = |error: std::io::Error| {
        let what = match error.kind() {
            std::io::ErrorKind::NotFound => "is missing, and hosts that read it refuse every login",
            _ => "can't be read",
        };
        Error::new(ErrorKind::Unreachable, format!("the revocation list at {} {what}", path.display()))
            .with_internal(format!("errno {}", error.raw_os_error().unwrap_or(0)))
    };
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LONGEST_KRL).read_to_end(&mut bytes).await.map_err(unreadable)?;
    Krl::parse(&bytes).map_err(|why| {
        Error::new(
            ErrorKind::Refused,
            format!("the revocation list at {} is not one that the house wrote: {}", path.display(), why.0),
        )
    })
}

impl Backend for Ssh {
    fn capability(&self, scope: &Scope) -> Result<Capability, Error> {
        let scope = self.resolve(scope)?;
        let tail = || Tail::NoBound(self.tail(&scope));
        Ok(Capability {
            gives: self.gives(&scope),
            warnings: self.warnings(&scope),
            plants_end: true,
            // Certificates know whole seconds, of which the last one may be cut.
            shortest: Span::from_secs(2),
            longest: None,
            swept: tail(),
            unswept: tail(),
            material: MaterialKind::SshPublicKey,
            form: FormKind::Ssh,
            extends: Extends::NewClaim,
            lane: Lane::PerClaim,
            holding: None,
            proof: if self.covered(&scope) { Grade::Observed } else { Grade::ByConstruction },
            publishes: self.settings.krl.is_some(),
        })
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        Box::pin(check::report(&self.settings, self.ca(), self.prober.as_ref(), (self.now)()))
    }

    fn issue<'a>(&'a self, order: &'a Order, material: Option<&'a Material>) -> BoxFuture<'a, Result<Issued, Error>> {
        Box::pin(self.sign(order, material))
    }

    fn revoke<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Revoked, Error>> {
        Box::pin(self.unmake(lease))
    }

    fn probe<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Seen, Error>> {
        Box::pin(self.look(lease))
    }

    /// The list's number is the birth of the newest claim in it, in milliseconds, and 0 for an empty list: it grows
    /// with each newer claim that is ended, and the same leases give the same bytes. No pure function of the leases can
    /// grow for ever, because leases leave the list after their planted end; nobody needs it to, because sshd does not
    /// compare numbers and `revoke` looks for the serial.
    fn documents(&self, ended: &[Lease]) -> Result<Vec<Document>, Error> {
        let Some(path) = &self.settings.krl else { return Ok(Vec::new()) };
        let mut krl = Krl { comment: format!("jit house={}", self.house), ..Krl::default() };
        for lease in ended {
            self.own(&lease.order)?;
            // After a change of the CA, certificates of the earlier one stay listed under it.
            let ca = Pin::of(lease)?.map_or(self.ca(), |pin| pin.ca);
            let order = &lease.order;
            krl.revoke(ca, serial(order));
            let born = u64::try_from(order.claim.born().millis()).unwrap_or(0);
            krl.version = krl.version.max(born);
        }
        krl.generated = krl.version / 1000;
        Ok(vec![Document { path: path.clone(), mode: 0o644, bytes: krl.encode() }])
    }

    fn carry_on(&self, document: Document, earlier: &[u8]) -> Result<Document, Error> {
        let read = |bytes: &[u8]| {
            let ours = Krl::parse(bytes).ok().filter(|krl| krl.comment == format!("jit house={}", self.house));
            ours.ok_or_else(|| Error::new(ErrorKind::Misconfigured, "a revocation list is not one of this house's"))
        };
        let (mut krl, earlier) = (read(&document.bytes)?, read(earlier)?);
        krl.version = krl.version.max(earlier.version);
        krl.generated = krl.version / 1000;
        for (ca, revoked) in earlier.revoked {
            let known = krl.revoked.entry(ca).or_default();
            known.serials.extend(revoked.serials);
            known.key_ids.extend(revoked.key_ids);
        }
        Ok(Document { bytes: krl.encode(), ..document })
    }
}
