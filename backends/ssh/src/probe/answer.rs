//! What a host answers, read as strictly as if an enemy had written it: words of a closed vocabulary, numbers, and the bytes
//! of a list. Nothing of it but numbers and accounts' names that keep their rule is ever shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::names::Account;
use crate::wire::Malformed;

/// What a host says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Its clock, in seconds since the epoch.
    pub(crate) now: u64,
    /// How its sshd is configured; `None` where the account may not read the file.
    pub(crate) sshd: Option<Sshd>,
}

/// How a host's sshd is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sshd {
    /// What stands behind `RevokedKeys`.
    pub(crate) list: List,
    /// How many CAs stand in the file of `TrustedUserCAKeys`; `None` where it can't be read.
    pub(crate) trusted: Option<u32>,
    /// Whether the probe's own account may have a terminal.
    pub(crate) terminal: bool,
    /// Whether the probe's own account may forward.
    pub(crate) forwards: bool,
    /// Whether all accounts that principals let in were looked at.
    pub(crate) all_accounts: bool,
    /// The accounts that were.
    pub(crate) accounts: Vec<State>,
}

/// A host's revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// sshd is told of none.
    None,
    /// The account may not read it.
    Unreadable,
    /// It is longer than what is fetched.
    Long,
    /// It was fetched.
    Read {
        /// When the file was written, by the host's clock.
        written: u64,
        /// What is in it.
        bytes: Vec<u8>,
    },
}

/// What a host says of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) account: Account,
    /// Whether a planted key would let somebody in.
    pub(crate) keys: bool,
    /// Whether the list above is the one that counts for it.
    pub(crate) same_list: bool,
    /// Whether the CAs above are the ones that count for it.
    pub(crate) same_trust: bool,
    pub(crate) cron: May,
    pub(crate) at: May,
    /// Whether its processes are started without a login.
    pub(crate) lingers: bool,
    /// How many processes it has; `None` where that can't be seen.
    pub(crate) running: Option<u32>,
}

/// Whether an account may plant something that runs later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum May {
    Yes,
    No,
    /// The host has no such thing.
    Absent,
    /// The account may not see it.
    Unknown,
}

/// The most accounts that an answer may name.
const MOST_ACCOUNTS: usize = 64;
const FORM: Malformed = Malformed("it answered something else than was asked");

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    /// When it is not exactly in the form that was asked for.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes).map_err(|_| FORM)?;
        let mut lines = text.strip_suffix("end\n").ok_or(FORM)?.lines();
        if lines.next() != Some("jit-look 1") {
            return Err(FORM);
        }
        let now = number(lines.next().and_then(|line| line.strip_prefix("now ")))?;
        let sshd = match lines.next() {
            Some("config unreadable") if lines.next().is_none() => None,
            Some("config read") => Some(Sshd::parse(&mut lines)?),
            _ => return Err(FORM),
        };
        Ok(Self { now, sshd })
    }
}

impl Sshd {
    fn parse<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Result<Self, Malformed> {
        let list = List::parse(lines.next().and_then(|line| line.strip_prefix("list ")).ok_or(FORM)?)?;
        let trusted = match lines.next().and_then(|line| line.strip_prefix("trust ")) {
            Some("none") => Some(0),
            Some("unreadable") => None,
            count => Some(u32::try_from(number(count)?).map_err(|_| FORM)?),
        };
        let own = lines.next().and_then(|line| line.strip_prefix("self ")).ok_or(FORM)?;
        let (terminal, closed) = own.split_once(' ').ok_or(FORM)?;
        let (terminal, forwards) = (yes(terminal)?, !yes(closed)?);
        let mut all_accounts = true;
        let mut accounts = Vec::new();
        for line in lines {
            match line {
                "accounts unlisted" | "accounts cut" => all_accounts = false,
                line => accounts.push(State::parse(line.strip_prefix("account ").ok_or(FORM)?)?),
            }
            if accounts.len() > MOST_ACCOUNTS {
                return Err(FORM);
            }
        }
        Ok(Self { list, trusted, terminal, forwards, all_accounts, accounts })
    }

    /// What was said of one account.
    pub(crate) fn of(&self, account: &Account) -> Option<&State> {
        self.accounts.iter().find(|state| state.account == *account)
    }
}

impl List {
    fn parse(text: &str) -> Result<Self, Malformed> {
        Ok(match text {
            "none" => Self::None,
            "unreadable" => Self::Unreadable,
            "long" => Self::Long,
            read => {
                let (written, bytes) = read.split_once(' ').ok_or(FORM)?;
                let bytes = BASE64.decode(bytes).map_err(|_| FORM)?;
                Self::Read { written: number(Some(written))?, bytes }
            }
        })
    }
}

impl State {
    fn parse(text: &str) -> Result<Self, Malformed> {
        let words: Vec<&str> = text.split(' ').collect();
        let [account, keys, list, trust, cron, at, linger, running] = words.as_slice() else { return Err(FORM) };
        Ok(Self {
            account: account.parse().map_err(|_| FORM)?,
            keys: either(keys, "some", "none")?,
            same_list: either(list, "same", "other")?,
            same_trust: either(trust, "same", "other")?,
            cron: May::parse(cron)?,
            at: May::parse(at)?,
            lingers: yes(linger)?,
            running: match *running {
                "unknown" => None,
                count => Some(u32::try_from(number(Some(count))?).map_err(|_| FORM)?),
            },
        })
    }
}

impl May {
    fn parse(word: &str) -> Result<Self, Malformed> {
        match word {
            "may" => Ok(Self::Yes),
            "no" => Ok(Self::No),
            "absent" => Ok(Self::Absent),
            "unknown" => Ok(Self::Unknown),
            _ => Err(FORM),
        }
    }
}

fn yes(word: &str) -> Result<bool, Malformed> {
    either(word, "yes", "no")
}

fn either(word: &str, yes: &str, no: &str) -> Result<bool, Malformed> {
    match word {
        word if word == yes => Ok(true),
        word if word == no => Ok(false),
        _ => Err(FORM),
    }
}

/// Digits alone, and few enough that no sum with them overflows.
fn number(text: Option<&str>) -> Result<u64, Malformed> {
    let text = text.filter(|text| (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()));
    text.and_then(|text| text.parse().ok()).ok_or(FORM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "jit-look 1\nnow 1700000000\nconfig read\nlist 1699999999 U1NI\ntrust 1\nself no yes\n\
                        account deploy none same same absent no no 3\nend\n";

    #[test]
    fn an_answer_is_read() {
        let answer = Answer::parse(GOOD.as_bytes()).expect("a good answer");
        let sshd = answer.sshd.expect("a config");
        assert_eq!((answer.now, sshd.trusted, sshd.terminal, sshd.forwards), (1_700_000_000, Some(1), false, false));
        assert_eq!(sshd.list, List::Read { written: 1_699_999_999, bytes: b"SSH".to_vec() });
        let deploy = sshd.of(&"deploy".parse().expect("a name")).expect("its state");
        assert_eq!((deploy.keys, deploy.cron, deploy.running), (false, May::Absent, Some(3)));
        let unread = Answer::parse(b"jit-look 1\nnow 5\nconfig unreadable\nend\n").expect("a good answer");
        assert_eq!(unread, Answer { now: 5, sshd: None });
    }

    #[test]
    fn a_lie_in_form_is_no_answer() {
        for (from, to) in [
            ("end\n", ""),
            ("end\n", "end\nend\n"),
            ("jit-look 1", "jit-look 2"),
            ("now 1700000000", "now -1"),
            ("now 1700000000", "now 9999999999999999999"),
            ("now 1700000000", "now 1e9"),
            ("U1NI", "U1N!"),
            ("U1NI", "U1NI\u{1b}[2J"),
            ("list 1699999999 U1NI\n", ""),
            ("trust 1", "trust many"),
            ("self no yes", "self no"),
            ("account deploy", "account ../etc"),
            ("account deploy", "account de\u{202e}ploy"),
            ("none same", "none maybe"),
            ("no no 3", "no no 3 and more"),
            ("no no 3\n", "no no 3\r\n\u{7}\n"),
            ("config read", "config unreadable"),
        ] {
            let bad = GOOD.replacen(from, to, 1);
            assert_ne!(bad, GOOD);
            assert_eq!(Answer::parse(bad.as_bytes()), Err(FORM), "{bad:?}");
        }
        let line = "account deploy none same same absent no no 3\n";
        assert!(Answer::parse(GOOD.replacen(line, &line.repeat(MOST_ACCOUNTS + 1), 1).as_bytes()).is_err());
        assert!(Answer::parse(b"\xff\xfe").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_fall(at in 0usize..150, bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut text = GOOD.as_bytes().to_vec();
            text.splice(at.min(text.len())..(at + bytes.len()).min(text.len()), bytes);
            let _ = Answer::parse(&text);
        }
    }
}
