//! What `doctor` says of a probe host.

use jit_backend::Finding;

use super::Look;
use super::answer::{List, May, Sshd, State};
use super::login::Trouble;
use super::settings::{Probe, ProbeHost};
use crate::check::{bad, good, notice};
use crate::deploy::match_lines;
use crate::key::PublicKey;
use crate::krl::Krl;
use crate::lists;

/// How many seconds a host's clock may differ without a word: a login takes some itself.
const APART: u64 = 5;

/// What the house has published, to compare with.
pub(crate) struct House<'a> {
    pub(crate) ca: PublicKey,
    /// The house's own list, where it could be read.
    pub(crate) list: Option<&'a Krl>,
    /// For how long it has been as it is, in seconds.
    pub(crate) published: Option<u64>,
    /// Where it is.
    pub(crate) path: String,
}

/// Finds what is right and wrong at one host.
pub(crate) fn of(look: &Look, probe: &Probe, house: &House<'_>) -> Vec<Finding> {
    let host = &look.host;
    let answer = match &look.answer {
        Ok(answer) => answer,
        Err(trouble) => {
            let what = format!("{host} could not be looked at: {}; ends there hold by construction", trouble.words());
            return vec![bad(what, remedy(*trouble, probe, host))];
        }
    };
    let mut found = vec![clock(host, answer.now, u64::try_from(look.at.seconds()).unwrap_or(0))];
    match &answer.sshd {
        None => found.push(bad(
            format!("{} may not read {} on {host}, or its sshd does not accept it", probe.account, probe.sshd_config),
            format!("sshd -t; chmod 644 {}", probe.sshd_config),
        )),
        Some(sshd) => {
            list(host, sshd, answer.now, house, &mut found);
            trust(host, sshd, &mut found);
            own(host, sshd, probe, &mut found);
            accounts(host, sshd, &mut found);
        }
    }
    found
}

fn remedy(trouble: Trouble, probe: &Probe, host: &ProbeHost) -> String {
    match trouble {
        Trouble::NoClient => "install OpenSSH's client where the broker runs".to_owned(),
        Trouble::NotSigned => "see what is said of the CA".to_owned(),
        Trouble::HostKey => format!(
            "compare the host's key and add its line to `known_hosts`: ssh-keyscan -p {} {}",
            host.port(),
            host.name()
        ),
        Trouble::Refused => format!(
            "make the account {0} there, with a shell, and the line `{0}` in its file of AuthorizedPrincipalsFile",
            probe.account
        ),
        Trouble::Unreachable | Trouble::Late => {
            format!("see that port {} of the host is open to the broker", host.port())
        }
        Trouble::Garbled => format!("see that no ForceCommand and no login script counts for {}", probe.account),
    }
}

fn clock(host: &ProbeHost, theirs: u64, ours: u64) -> Finding {
    let apart = theirs.abs_diff(ours);
    let (side, harm) = if theirs < ours {
        ("behind", "certificates live so much longer there")
    } else {
        ("ahead", "certificates end so much earlier there")
    };
    match apart {
        0..=APART => good(format!("the clock of {host} is right within {APART}s")),
        _ => bad(format!("the clock of {host} is {apart}s {side}: {harm}"), "timedatectl set-ntp true"),
    }
}

fn list(host: &ProbeHost, sshd: &Sshd, now: u64, house: &House<'_>, found: &mut Vec<Finding>) {
    let copy = format!("copy {} to {host} whenever it changes", house.path);
    match &sshd.list {
        List::None => found.push(bad(
            format!("sshd on {host} is told of no revocation list: nothing ends early there"),
            "RevokedKeys /etc/ssh/jit.krl",
        )),
        List::Unreadable => found.push(bad(
            format!("the revocation list on {host} can't be read by the probe"),
            "chmod 644 the file of RevokedKeys; it names numbers alone",
        )),
        List::Long => found.push(notice(
            format!("the revocation list on {host} is longer than what is fetched"),
            "leave out what is past: the house's own list does",
        )),
        List::Read { bytes, written } => {
            let Some(ours) = house.list else { return };
            let all = ours.revoked.get(&house.ca).into_iter().flat_map(|revoked| &revoked.serials);
            let held: Result<Vec<bool>, _> = all.map(|serial| lists::holds(bytes, house.ca, *serial)).collect();
            // An empty list of ours asks nothing; theirs must still be one that sshd reads.
            let held = lists::holds(bytes, house.ca, 0).and(held);
            let age = house.published.map_or(String::new(), |s| format!(", {s}s after the house wrote it"));
            found.push(match held {
                Err(_) => bad(format!("the revocation list on {host} is not one in OpenSSH's binary form"), copy),
                Ok(held) if held.iter().all(|held| *held) => good(format!(
                    "the revocation list on {host}, written there {}s ago, holds all that the house's holds",
                    now.saturating_sub(*written)
                )),
                Ok(held) => bad(
                    format!(
                        "the revocation list on {host} lacks {} of {} certificates{age}: they are let in there",
                        held.iter().filter(|held| !**held).count(),
                        held.len()
                    ),
                    copy,
                ),
            });
        }
    }
}

fn trust(host: &ProbeHost, sshd: &Sshd, found: &mut Vec<Finding>) {
    match sshd.trusted {
        Some(1) => {}
        Some(0) => found.push(bad(
            format!("sshd on {host} names no TrustedUserCAKeys, and let the probe in by another way"),
            "TrustedUserCAKeys /etc/ssh/jit_ca.pub",
        )),
        Some(many) => found.push(notice(
            format!("{host} trusts {many} CAs: whoever has another one's key lets in whom they like"),
            "leave in the file of TrustedUserCAKeys only the CAs that are meant",
        )),
        None => found.push(notice(
            format!("the file of TrustedUserCAKeys on {host} can't be read by the probe"),
            "chmod 644 the file; public keys are no secret",
        )),
    }
}

fn own(host: &ProbeHost, sshd: &Sshd, probe: &Probe, found: &mut Vec<Finding>) {
    if sshd.terminal || sshd.forwards {
        found.push(notice(
            format!("{host} would give {} a terminal or forwarding, if a certificate permitted it", probe.account),
            match_lines(probe.account.as_str()).replace('\n', "; "),
        ));
    }
}

fn accounts(host: &ProbeHost, sshd: &Sshd, found: &mut Vec<Finding>) {
    let who = |wanted: &dyn Fn(&State) -> bool| {
        let names: Vec<_> = sshd.accounts.iter().filter(|s| wanted(s)).map(|s| s.account.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let before = found.len();
    if let Some(names) = who(&|s| s.keys) {
        found.push(bad(
            format!("on {host} a key that somebody planted opens for ever: {names}"),
            "AuthorizedKeysFile none, and no AuthorizedKeysCommand",
        ));
    }
    if let Some(names) = who(&|s| !s.same_list) {
        found.push(bad(
            format!("on {host} another revocation list, or none, counts for {names}"),
            "leave RevokedKeys out of Match blocks",
        ));
    }
    if let Some(names) = who(&|s| !s.same_trust) {
        found.push(notice(
            format!("on {host} other CAs count for {names}"),
            "leave TrustedUserCAKeys out of Match blocks",
        ));
    }
    let every = who(&|s| s.cron == May::Yes);
    if let Some(names) = every {
        found.push(bad(
            format!("on {host} what is planted with crontab runs after an end: {names}"),
            "echo root > /etc/cron.allow; chmod 644 /etc/cron.allow",
        ));
    }
    if let Some(names) = who(&|s| s.at == May::Yes) {
        found.push(bad(
            format!("on {host} what is planted with at runs after an end: {names}"),
            "echo root > /etc/at.allow; chmod 644 /etc/at.allow",
        ));
    }
    if let Some(names) = who(&|s| s.cron == May::Unknown || s.at == May::Unknown) {
        found.push(notice(
            format!("on {host} it can't be seen whether cron and at are closed to {names}"),
            "chmod 644 /etc/cron.allow /etc/at.allow",
        ));
    }
    if let Some(names) = who(&|s| s.lingers) {
        found.push(bad(
            format!("on {host} services of {names} run without a login"),
            "loginctl disable-linger ACCOUNT, for each of them",
        ));
    }
    if !sshd.all_accounts {
        found.push(notice(
            format!("on {host} not all accounts that principals let in could be looked at"),
            "AuthorizedPrincipalsFile /etc/ssh/jit_principals/%u, its directory with mode 755",
        ));
    }
    let names = who(&|_| true);
    if let (true, Some(names)) = (found.len() == before, names) {
        found.push(good(format!(
            "on {host} nothing lets {names} in beside certificates, and cron, at and linger are closed to them; crontabs that \
             are there already can't be seen without root"
        )));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jit_backend::FindingKind;

    use super::*;
    use crate::probe::answer::Answer;

    const CA: PublicKey = PublicKey([7; 32]);

    fn found(now: u64, rest: &str) -> Vec<Finding> {
        let probe = Probe {
            hosts: Vec::new(),
            account: "jit-probe".parse().expect("a name"),
            sshd_config: "/etc/ssh/sshd_config".parse().expect("a path"),
            source_address: Vec::new(),
        };
        let text = format!("jit-look 1\nnow {now}\n{rest}end\n");
        let answer = Ok(Arc::new(Answer::parse(text.as_bytes()).expect("an answer")));
        let at = jit_types::Timestamp::from_millis(1_000_000);
        let look = Look { host: "web-1".parse().expect("a host"), at, answer };
        let list = Krl::default();
        of(&look, &probe, &House { ca: CA, list: Some(&list), published: Some(3), path: "/srv/krl".to_owned() })
    }

    fn with(line: &str) -> String {
        use base64::Engine as _;
        let list = base64::engine::general_purpose::STANDARD.encode(Krl::default().encode());
        format!("config read\nlist 1 {list}\ntrust 1\nself no yes\naccount deploy {line}\n")
    }

    fn worst(findings: &[Finding]) -> &Finding {
        findings.iter().max_by_key(|finding| finding.kind).expect("a finding")
    }

    #[test]
    fn a_host_as_it_should_be_has_only_good_findings() {
        for line in ["none same same no no no 0", "none same same absent absent no unknown"] {
            let findings = found(1_000, &with(line));
            assert!(findings.iter().all(|finding| finding.kind == FindingKind::Good), "{findings:?}");
        }
    }

    #[test]
    fn what_outlives_an_end_is_bad_and_has_the_line_that_mends_it() {
        for (line, mends) in [
            ("some same same no no no 0", "AuthorizedKeysFile none"),
            ("none other same no no no 0", "RevokedKeys"),
            ("none same same may no no 0", "/etc/cron.allow"),
            ("none same same no may no 0", "/etc/at.allow"),
            ("none same same no no yes 0", "loginctl disable-linger"),
        ] {
            let findings = found(1_000, &with(line));
            let worst = worst(&findings);
            let remedy = worst.remedy.as_ref().expect("a way out").as_str();
            assert_eq!(worst.kind, FindingKind::Bad, "{line}");
            assert!(worst.what.as_str().contains("deploy") && remedy.contains(mends), "{line}: {worst:?}");
        }
        for (line, kind) in [
            ("none same other no no no 0", FindingKind::Notice),
            ("none same same unknown no no 0", FindingKind::Notice),
        ] {
            assert_eq!(worst(&found(1_000, &with(line))).kind, kind, "{line}");
        }
    }

    #[test]
    fn a_host_that_is_not_told_of_things_or_of_another_time_is_bad() {
        let good = with("none same same no no no 0");
        for (from, to) in [("trust 1", "trust none"), ("list 1 ", "list 1 AAAA")] {
            assert_eq!(worst(&found(1_000, &good.replacen(from, to, 1))).kind, FindingKind::Bad, "{to}");
        }
        assert_eq!(worst(&found(1_000, "config read\nlist none\ntrust 1\nself no yes\n")).kind, FindingKind::Bad);
        assert_eq!(worst(&found(1_000, "config unreadable\n")).kind, FindingKind::Bad);
        for (from, to) in [("trust 1", "trust 2"), ("trust 1", "trust unreadable"), ("self no yes", "self yes yes")] {
            assert_eq!(worst(&found(1_000, &good.replacen(from, to, 1))).kind, FindingKind::Notice, "{to}");
        }
        for (now, side) in [(1_000 - 60, "60s behind"), (1_000 + 60, "60s ahead")] {
            let findings = found(now, &good);
            assert!(worst(&findings).what.as_str().contains(side), "{findings:?}");
        }
    }
}
