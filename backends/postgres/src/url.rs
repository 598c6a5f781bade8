//! Reads a connection URL as libpq does (`postgres://user@host:port/db?key=value`), strictly: what is not known here is
//! an error, and nothing is taken from the environment.

use std::path::PathBuf;

use crate::ident::Ident;

/// Where a server listens, and as whom to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) user: Ident,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) database: Ident,
    pub(crate) sslmode: SslMode,
    pub(crate) root_certificate: Option<String>,
}

/// A TCP host, or a Unix socket's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Tcp(String),
    Socket(PathBuf),
}

impl Host {
    /// The host as libpq's `host` takes it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Tcp(name) => name.clone(),
            Self::Socket(path) => path.display().to_string(),
        }
    }
}

/// libpq's `sslmode`, without `allow` and `prefer`: whether a connection is encrypted must not be left to who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SslMode {
    Disable,
    Require,
    VerifyCa,
    VerifyFull,
}

impl SslMode {
    /// The word in libpq.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// Reads the word.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "disable" => Ok(Self::Disable),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            "allow" | "prefer" => {
                Err(format!("sslmode `{text}` lets whoever answers switch encryption off; write verify-full"))
            }
            _ => Err("sslmode must be verify-full, verify-ca, require or disable".to_owned()),
        }
    }
}

impl Url {
    /// Reads a URL; the error is the rule that it breaks.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or("a url begins with postgres://, as in postgres://jit@db.internal/postgres")?;
        if rest.contains('#') {
            return Err("a url has no # part; write %23 in a name".to_owned());
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, place) = authority.rsplit_once('@').ok_or("a url names the broker's own login before the @")?;
        if user.contains(':') {
            return Err("a password must not stand in the url; write password = { file = \"…\" }".to_owned());
        }
        let (host, port) = split_port(place)?;
        let mut host = decode(host)?;
        let (mut sslmode, mut root_certificate) = (None, None);
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or("what follows the ? is key=value, joined by &")?;
            let value = decode(value)?;
            match key {
                "sslmode" => sslmode = Some(SslMode::parse(&value)?),
                "sslrootcert" => root_certificate = Some(value),
                "host" if host.is_empty() => host = value,
                "host" => return Err("the url names its host twice".to_owned()),
                "password" => {
                    return Err("a password must not stand in the url; write password = { file = \"…\" }".to_owned());
                }
                _ => return Err("known after the ? are sslmode, sslrootcert and host".to_owned()),
            }
        }
        let name = |text: &str, what: &str| {
            decode(text)?.parse::<Ident>().map_err(|_| format!("the url's {what} is no PostgreSQL name"))
        };
        let host = match host.as_str() {
            "" => return Err("a url names its host; a Unix socket's directory is ?host=/run/postgresql".to_owned()),
            path if path.starts_with('/') => Host::Socket(PathBuf::from(path)),
            tcp if tcp.contains(',') => return Err("a url names one host; write others into `standbys`".to_owned()),
            tcp => Host::Tcp(tcp.to_owned()),
        };
        let sslmode = sslmode.unwrap_or(match host {
            Host::Tcp(_) => SslMode::VerifyFull,
            Host::Socket(_) => SslMode::Disable,
        });
        if matches!(host, Host::Socket(_)) && sslmode != SslMode::Disable {
            return Err("a Unix socket carries no TLS; remove sslmode".to_owned());
        }
        if matches!(sslmode, SslMode::VerifyCa | SslMode::VerifyFull) && root_certificate.is_none() {
            return Err("sslrootcert is missing: a file with the authority's certificate, or `system`".to_owned());
        }
        let database = if path.is_empty() { "postgres" } else { path };
        Ok(Self {
            user: name(user, "user")?,
            host,
            port,
            database: name(database, "database")?,
            sslmode,
            root_certificate,
        })
    }

    /// Where it points, without secrets, in one canonical form.
    pub(crate) fn target(&self) -> String {
        format!(
            "postgres://{}@{}:{}/{}",
            encode(self.user.as_str()),
            encode(&self.host.text()),
            self.port,
            encode(self.database.as_str())
        )
    }
}

fn split_port(place: &str) -> Result<(&str, u16), String> {
    let bad = || "a url's port is a number from 1 to 65535".to_owned();
    if let Some(inner) = place.strip_prefix('[') {
        let (host, rest) = inner.split_once(']').ok_or("an IPv6 address stands in [ and ]")?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, port.parse().ok().filter(|p| *p > 0).ok_or_else(bad)?)),
            None if rest.is_empty() => Ok((host, 5432)),
            None => Err(bad()),
        };
    }
    match place.split_once(':') {
        Some((host, port)) => Ok((host, port.parse().ok().filter(|p| *p > 0).ok_or_else(bad)?)),
        None => Ok((place, 5432)),
    }
}

/// Undoes percent-encoding (RFC 3986 §2.1).
/// Reads what is escaped (RFC 3986 §2.1).
pub(crate) fn decode(text: &str) -> Result<String, String> {
    let bad = || "a % in a url is followed by two hexadecimal digits of UTF-8".to_owned();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        let (high, low) = (digit().ok_or_else(bad)?, digit().ok_or_else(bad)?);
        bytes.push(high << 4 | low);
    }
    String::from_utf8(bytes).map_err(|_| bad()).and_then(|t| if t.contains('\0') { Err(bad()) } else { Ok(t) })
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"._-:/".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_as_people_write_them() {
        let url = Url::parse("postgres://jit@db.internal/postgres?sslmode=verify-full&sslrootcert=/etc/ca.pem")
            .expect("a url");
        assert_eq!((url.host.text().as_str(), url.port, url.sslmode), ("db.internal", 5432, SslMode::VerifyFull));
        assert_eq!(url.target(), "postgres://jit@db.internal:5432/postgres");
        let url = Url::parse("postgresql://my%20jit@:5433/shop?host=/run/postgresql").expect("a socket");
        assert_eq!((url.user.as_str(), url.sslmode), ("my jit", SslMode::Disable));
        assert_eq!(url.host, Host::Socket("/run/postgresql".into()));
        assert_eq!(Url::parse("postgres://a@[::1]:5/x?sslmode=disable").map(|u| u.port), Ok(5));
    }

    #[test]
    fn what_is_unsafe_or_unclear_is_refused() {
        for bad in [
            "mysql://jit@db/x",
            "postgres://db/x?sslmode=disable",
            "postgres://jit:hunter2@db/x?sslmode=disable",
            "postgres://jit@db/x?password=hunter2&sslmode=disable",
            "postgres://jit@db/x?sslmode=prefer",
            "postgres://jit@db/x",
            "postgres://jit@a,b/x?sslmode=disable",
            "postgres://jit@db:0/x?sslmode=disable",
            "postgres://jit@db:70000/x?sslmode=disable",
            "postgres://jit@/x?sslmode=disable",
            "postgres://jit@/x?host=/run&sslmode=require",
            "postgres://jit@db/x%00?sslmode=disable",
            "postgres://jit@db/x%2?sslmode=disable",
            "postgres://jit@db/x?options=-crole%3Dx&sslmode=disable",
        ] {
            let error = Url::parse(bad).expect_err(bad);
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
