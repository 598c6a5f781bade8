//! What looks at hosts mean for one certificate.

use jit_backend::Seen;
use jit_types::{Grade, Proof, Timestamp, Words};

use super::Look;
use super::answer::{List, Sshd};
use crate::key::PublicKey;
use crate::lists;
use crate::names::Account;

/// By how many seconds a host's clock may be late at an end before it counts as letting in, and not as a moment to wait.
const MOMENT: u64 = 5;

/// The certificate that is asked about.
pub(crate) struct Asked<'a> {
    pub(crate) ca: PublicKey,
    pub(crate) serial: u64,
    /// The first second outside of its validity.
    pub(crate) end: Timestamp,
    /// The account that it is for, where the scope says one.
    pub(crate) account: Option<&'a Account>,
    /// For how long the house's own list has been as it is, in seconds, where that is known.
    pub(crate) published: Option<u64>,
    /// Whether a certificate is known to exist: without a handle nothing is ever called usable.
    pub(crate) known: bool,
}

/// What one host does with it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// It refuses it.
    Refuses(Words),
    /// It does so in so many seconds.
    Soon(Words),
    /// It lets it in.
    LetsIn(Words),
    /// It can't be told.
    Untold(Words),
}

/// Joins what holds anyway with what was seen at hosts.
///
/// `proof` is what the house's list and the certificate's validity prove by themselves. It becomes *observed* where
/// `whole` says that all hosts of the scope were looked at and each refuses; and nothing is gone while a host lets it in.
pub(crate) fn join(asked: &Asked<'_>, looks: &[Look], whole: bool, mut proof: Proof) -> Seen {
    let verdicts: Vec<Verdict> = looks.iter().map(|look| asked.at(look, proof.at)).collect();
    let lets_in: Vec<Words> =
        verdicts.iter().filter_map(|v| if let Verdict::LetsIn(w) = v { Some(w.clone()) } else { None }).collect();
    if let Some(why) = lets_in.first().cloned() {
        return if asked.known { Seen::Usable { evidence: lets_in } } else { Seen::Unknown { why } };
    }
    let mut all = true;
    for verdict in verdicts {
        match verdict {
            Verdict::Refuses(words) => proof.evidence.push(words),
            Verdict::Soon(why) => return Seen::Unknown { why },
            Verdict::Untold(words) | Verdict::LetsIn(words) => {
                all = false;
                proof.evidence.push(words);
            }
        }
    }
    if whole && all && !looks.is_empty() {
        proof.grade = Grade::Observed;
    }
    proof.evidence.extend(looks.iter().filter_map(|look| running(look, asked.account)));
    proof
        .evidence
        .push(Words::new("on every other host that lets that name in it holds by construction: none was looked at"));
    Seen::Gone(proof)
}

/// What runs there under the account that the certificate was for.
fn running(look: &Look, account: Option<&Account>) -> Option<Words> {
    let account = account?;
    let answer = look.answer.as_ref().ok()?;
    let host = &look.host;
    Some(Words::new(match answer.sshd.as_ref()?.of(account)?.running? {
        0 => format!("nothing runs as {account} on {host}"),
        1 => format!("1 process runs as {account} on {host}; whose it is can't be told"),
        many => format!("{many} processes run as {account} on {host}; whose they are can't be told"),
    }))
}

impl Asked<'_> {
    fn at(&self, look: &Look, now: Timestamp) -> Verdict {
        let host = &look.host;
        let answer = match &look.answer {
            Ok(answer) => answer,
            Err(trouble) => {
                return Verdict::Untold(Words::new(format!("{host} could not be looked at: {}", trouble.words())));
            }
        };
        let end = u64::try_from(self.end.seconds()).unwrap_or(0);
        if now >= self.end {
            // The house's clock says that it is over: then a host can only be late.
            if answer.now >= end {
                return Verdict::Refuses(Words::new(format!(
                    "{host} was looked at: by its clock the certificate is past"
                )));
            }
            if self.listed(host, answer.sshd.as_ref()) == Listed::Yes {
                return Verdict::Refuses(Words::new(format!(
                    "{host} was looked at: its revocation list holds the serial"
                )));
            }
            let late = end.saturating_sub(answer.now);
            let words = Words::new(format!(
                "the clock of {host} is {late}s behind the end, and it lets the certificate in so long"
            ));
            return if late <= MOMENT { Verdict::Soon(words) } else { Verdict::LetsIn(words) };
        }
        match self.listed(host, answer.sshd.as_ref()) {
            Listed::Yes => Verdict::Refuses(Words::new(match self.published {
                Some(s) => format!(
                    "{host} was looked at: its revocation list holds the serial, {s}s after the house last wrote its own"
                ),
                None => format!("{host} was looked at: its revocation list holds the serial"),
            })),
            Listed::No(why) => Verdict::LetsIn(why),
            Listed::Untold(why) => Verdict::Untold(why),
        }
    }

    fn listed(&self, host: &super::settings::ProbeHost, sshd: Option<&Sshd>) -> Listed {
        let untold = |why: &str| Listed::Untold(Words::new(format!("{host} was looked at, and could not tell: {why}")));
        let Some(sshd) = sshd else { return untold("its sshd_config can't be read") };
        if self.account.and_then(|account| sshd.of(account)).is_some_and(|state| !state.same_list) {
            return untold("another revocation list counts for that account");
        }
        match &sshd.list {
            List::None => Listed::No(Words::new(format!("sshd on {host} is told of no revocation list"))),
            List::Unreadable => untold("its revocation list can't be read"),
            List::Long => untold("its revocation list is too long"),
            List::Read { bytes, .. } => match lists::holds(bytes, self.ca, self.serial) {
                Ok(true) => Listed::Yes,
                Ok(false) => Listed::No(Words::new(match self.published {
                    Some(s) => format!(
                        "the revocation list on {host} does not hold the serial, {s}s after the house last wrote its own"
                    ),
                    None => format!("the revocation list on {host} does not hold the serial"),
                })),
                Err(_) => untold("its revocation list is not one in OpenSSH's binary form"),
            },
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Listed {
    Yes,
    No(Words),
    Untold(Words),
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::krl::Krl;
    use crate::probe::answer::Answer;
    use crate::probe::login::Trouble;

    const CA: PublicKey = PublicKey([7; 32]);
    const END: u64 = 1_000;

    fn asked() -> Asked<'static> {
        Asked { ca: CA, serial: 5, end: at(END), account: None, published: Some(3), known: true }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(i64::try_from(seconds * 1000).expect("a time"))
    }

    fn look(now: u64, list: List) -> Look {
        let sshd =
            Sshd { list, trusted: Some(1), terminal: false, forwards: false, all_accounts: true, accounts: Vec::new() };
        let answer = Answer { now, sshd: Some(sshd) };
        Look { host: "web-1".parse().expect("a host"), at: at(now), answer: Ok(Arc::new(answer)) }
    }

    fn list(serials: &[u64]) -> List {
        let mut krl = Krl::default();
        serials.iter().for_each(|serial| krl.revoke(CA, *serial));
        List::Read { written: 1, bytes: krl.encode() }
    }

    fn joined(now: u64, looks: &[Look], whole: bool) -> Seen {
        let proof = Proof { grade: Grade::ByConstruction, at: at(now), evidence: Vec::new(), tail: Vec::new() };
        join(&asked(), looks, whole, proof)
    }

    fn grade(seen: &Seen) -> Option<&Grade> {
        if let Seen::Gone(proof) = seen { Some(&proof.grade) } else { None }
    }

    #[test]
    fn it_is_observed_where_every_host_was_looked_at_and_refuses() {
        let (has, lacks) = (look(500, list(&[5])), look(500, list(&[6])));
        let silent = Look { answer: Err(Trouble::Late), ..has.clone() };
        assert_eq!(grade(&joined(500, &[has.clone(), has.clone()], true)), Some(&Grade::Observed));
        // Hosts of the scope were not looked at.
        assert_eq!(grade(&joined(500, std::slice::from_ref(&has), false)), Some(&Grade::ByConstruction));
        assert_eq!(grade(&joined(500, &[has.clone(), silent.clone()], true)), Some(&Grade::ByConstruction));
        assert_eq!(grade(&joined(500, &[], true)), Some(&Grade::ByConstruction));
        for looks in [vec![has.clone(), lacks.clone()], vec![silent, lacks], vec![look(500, List::None)]] {
            assert!(matches!(joined(500, &looks, true), Seen::Usable { .. }));
        }
        for untold in [List::Unreadable, List::Long, List::Read { written: 1, bytes: b"ssh-ed25519 A".to_vec() }] {
            assert_eq!(grade(&joined(500, &[has.clone(), look(500, untold)], true)), Some(&Grade::ByConstruction));
        }
    }

    #[test]
    fn a_host_in_the_future_ends_nothing_early() {
        assert!(matches!(joined(500, &[look(END + 9_999, list(&[]))], true), Seen::Usable { .. }));
    }

    #[test]
    fn after_the_end_a_late_clock_lets_in_unless_the_list_still_refuses() {
        assert_eq!(grade(&joined(END, &[look(END, List::None)], true)), Some(&Grade::Observed));
        assert_eq!(grade(&joined(END, &[look(END - 60, list(&[5]))], true)), Some(&Grade::Observed));
        assert!(matches!(joined(END, &[look(END - 60, list(&[]))], true), Seen::Usable { .. }));
        assert!(matches!(joined(END, &[look(END - 1, list(&[]))], true), Seen::Unknown { .. }));
        let proof = Proof { grade: Grade::ByConstruction, at: at(END), evidence: Vec::new(), tail: Vec::new() };
        let nobody = Asked { known: false, ..asked() };
        assert!(matches!(join(&nobody, &[look(END - 60, list(&[]))], true, proof), Seen::Unknown { .. }));
    }

    #[test]
    fn another_list_for_the_account_is_not_the_one_that_was_read() {
        let account: Account = "deploy".parse().expect("a name");
        let state = "account deploy none other same absent no no 3\nend\n";
        let text = format!("jit-look 1\nnow 500\nconfig read\nlist none\ntrust 1\nself no yes\n{state}");
        let mut answer = Answer::parse(text.as_bytes()).expect("an answer");
        if let (Some(sshd), List::Read { bytes, .. }) = (&mut answer.sshd, list(&[5])) {
            sshd.list = List::Read { written: 1, bytes };
        }
        let looks = [Look { answer: Ok(Arc::new(answer)), ..look(500, List::None) }];
        let proof = Proof { grade: Grade::ByConstruction, at: at(500), evidence: Vec::new(), tail: Vec::new() };
        let seen = join(&Asked { account: Some(&account), ..asked() }, &looks, true, proof);
        assert_eq!(grade(&seen), Some(&Grade::ByConstruction));
        let Seen::Gone(proof) = seen else { panic!("not gone") };
        assert!(proof.evidence.iter().any(|words| words.as_str().contains("3 processes run as deploy")));
    }
}
