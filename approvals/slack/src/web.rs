//! Slack's Web API: one client, its rate limits, its way to say no.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jit_approval::{Error, ErrorKind};
use jit_types::Secret;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode, Url, redirect};
use serde_json::Value;
use tokio::sync::Mutex as Queue;
use tokio::time::Instant;

use crate::fault::Fault;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long Slack may ask to wait for before the house is told to come again later. Retry-After is mostly 1 to 30 s
/// (docs.slack.dev/apis/web-api/rate-limits); the house itself waits 150 s for a message.
const LONGEST_WAIT: Duration = Duration::from_secs(35);
/// The longest wait that is believed: ten times what Slack's pages speak of.
const BELIEVED_WAIT: Duration = Duration::from_secs(300);
/// How often one call is begun again.
const TRIES: usize = 4;
/// The longest answer that is read.
const LONGEST_ANSWER: usize = 4 << 20;

/// With which token a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum As {
    /// The bot's, `xoxb-…`.
    Bot,
    /// The app's, `xapp-…`.
    App,
}

/// What a call says.
pub(crate) enum Said<'a> {
    /// A form: what methods take that read (docs.slack.dev/apis/web-api, "Slack Web API basics").
    Form(&'a [(&'a str, &'a str)]),
    /// JSON: what methods take that write.
    Json(&'a Value),
}

/// An answer that was not no.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Value,
    /// The scopes of the token, where Slack said them.
    pub(crate) scopes: Option<Vec<String>>,
}

impl Answer {
    /// A text in it.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str()
    }
}

/// Slack's Web API.
pub(crate) struct Web {
    client: Client,
    /// For connections that stay open.
    lasting: Client,
    api: Url,
    bot: HeaderValue,
    app: HeaderValue,
    /// The methods that Slack asked patience for: limits are by method and workspace.
    limits: Mutex<BTreeMap<&'static str, Limit>>,
}

/// A method that was called too often.
#[derive(Clone)]
struct Limit {
    /// When it may be called again.
    begins: Instant,
    /// Whoever waits does so in a queue: all at once they would be refused again, but for the first.
    queue: Arc<Queue<()>>,
}

impl Web {
    /// A client for the API at an address, with both tokens.
    ///
    /// # Errors
    /// When a token is none of the sort it should be, or there is no TLS.
    pub(crate) fn new(api: &Url, bot: Secret, app: Secret) -> Result<Self, Error> {
        let secure = api.scheme() == "https";
        let base = || {
            // Nothing is opened that the config does not name: no proxy of the environment, no other host's redirect.
            let client = Client::builder().https_only(secure).no_proxy().redirect(redirect::Policy::none());
            client
                .connect_timeout(PATIENCE)
                .pool_idle_timeout(Duration::from_secs(20))
                .user_agent(concat!("jit/", env!("CARGO_PKG_VERSION")))
        };
        let broken = |_| Error::new(ErrorKind::Bug, "there is no HTTPS in this program");
        Ok(Self {
            client: base().timeout(PATIENCE).build().map_err(broken)?,
            lasting: base().build().map_err(broken)?,
            api: api.clone(),
            bot: bearer(&bot, "xoxb-", "bot_token")?,
            app: bearer(&app, "xapp-", "app_token")?,
            limits: Mutex::default(),
        })
    }

    /// Whether addresses that Slack hands out must be encrypted: they are wherever the API itself is.
    fn secure(&self) -> bool {
        self.api.scheme() == "https"
    }

    /// An address that Slack handed out, where it is one to send to.
    pub(crate) fn trusted(&self, address: &str, socket: bool) -> Option<Url> {
        let url = Url::parse(address).ok()?;
        let wanted = match (self.secure(), socket) {
            (true, false) => "https",
            (true, true) => "wss",
            (false, false) => "http",
            (false, true) => "ws",
        };
        // Only to where the API is, or to another host of the same domain: what says that it comes from Slack sends the
        // broker to no host of the inner net.
        let (host, api) = (url.host_str()?, self.api.host_str()?);
        let near = host == api || host.ends_with(".slack.com") && (api == "slack.com" || api.ends_with(".slack.com"));
        (url.scheme() == wanted && near && url.username().is_empty() && url.password().is_none()).then_some(url)
    }

    /// The client for connections that stay open.
    pub(crate) fn lasting(&self) -> &Client {
        &self.lasting
    }

    /// Calls a method, and waits where Slack asks for patience. What may have been done is not done again by itself.
    pub(crate) async fn call(&self, method: &'static str, with: As, said: Said<'_>) -> Result<Answer, Fault> {
        let url = self.api.join(method).map_err(|_| Fault::Unwritten)?;
        let token = if with == As::Bot { &self.bot } else { &self.app };
        self.patiently(method, || {
            let request = self.client.post(url.clone()).header(AUTHORIZATION, token.clone());
            match &said {
                Said::Form(fields) => request.form(fields),
                // Without its character set Slack warns of it in each answer.
                Said::Json(body) => request.header(CONTENT_TYPE, "application/json; charset=utf-8").json(body),
            }
        })
        .await
    }

    /// Answers through an address that came with a press or a command. It knows no token: the address is the right.
    pub(crate) async fn answer(&self, address: &str, body: &Value) -> Result<(), Fault> {
        let url = self.trusted(address, false).ok_or(Fault::Unwritten)?;
        let send = || self.client.post(url.clone()).json(body);
        for _ in 0..TRIES {
            let response = send().send().await.map_err(|_| Fault::Away)?;
            match response.status() {
                StatusCode::OK => return Ok(()),
                StatusCode::TOO_MANY_REQUESTS => {
                    let wait = wait(response.headers());
                    if wait > LONGEST_WAIT {
                        return Err(Fault::Busy);
                    }
                    tokio::time::sleep(wait).await;
                }
                status if status.is_server_error() => return Err(Fault::Away),
                _ => return Err(Fault::said("expired_url")),
            }
        }
        Err(Fault::Busy)
    }

    async fn patiently(&self, method: &'static str, make: impl Fn() -> RequestBuilder) -> Result<Answer, Fault> {
        let mut turn = None;
        for _ in 0..TRIES {
            // Read anew after the queue: others have waited meanwhile.
            if let Some(limit) = self.limit(method) {
                if turn.is_none() {
                    turn = Some(limit.queue.lock_owned().await);
                }
                let begins = self.limit(method).map_or(limit.begins, |limit| limit.begins);
                if begins.saturating_duration_since(Instant::now()) > LONGEST_WAIT {
                    return Err(Fault::Busy);
                }
                tokio::time::sleep_until(begins).await;
            }
            let response = make().send().await.map_err(|_| Fault::Away)?;
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                let begins = Instant::now() + wait(response.headers());
                let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
                limits.entry(method).or_insert_with(|| Limit { begins, queue: Arc::default() }).begins = begins;
                continue;
            }
            return read(response).await;
        }
        Err(Fault::Busy)
    }

    fn limit(&self, method: &str) -> Option<Limit> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).get(method).cloned()
    }
}

/// How long Slack asks to wait. What is longer than believed is said and cut: a method that nobody calls for a day is an
/// approval that nobody sees, and one call too soon costs another refusal.
fn wait(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let asked = Duration::from_secs(seconds.unwrap_or(1).max(1));
    if asked > BELIEVED_WAIT {
        let (asked, tried) = (asked.as_secs(), BELIEVED_WAIT.as_secs());
        tracing::warn!("Slack asks for {asked} s of patience, which is not believed; it is tried again in {tried} s");
    }
    asked.min(BELIEVED_WAIT)
}

async fn read(mut response: reqwest::Response) -> Result<Answer, Fault> {
    if response.status() != StatusCode::OK {
        return Err(Fault::Away);
    }
    let scopes =
        response.headers().get("x-oauth-scopes").and_then(|value| value.to_str().ok()).map(|list| {
            list.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect()
        });
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Fault::Away)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST_ANSWER {
            return Err(Fault::Away);
        }
    }
    let body: Value = serde_json::from_slice(&bytes).map_err(|_| Fault::Away)?;
    match body.get("ok").and_then(Value::as_bool) {
        Some(true) => Ok(Answer { body, scopes }),
        Some(false) => Err(Fault::said(body.get("error").and_then(Value::as_str).unwrap_or_default())),
        None => Err(Fault::Away),
    }
}

/// A token as a header. Its beginning says its sort (docs.slack.dev/authentication/tokens), so that two that were exchanged
/// are noticed before one of them is sent.
fn bearer(token: &Secret, begins: &str, name: &str) -> Result<HeaderValue, Error> {
    let text = token.expose_secret().trim();
    if !text.starts_with(begins) {
        let words = format!("`{name}` is not a token that begins with {begins}");
        return Err(Error::new(ErrorKind::Misconfigured, words));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {text}"))
        .map_err(|_| Error::new(ErrorKind::Misconfigured, format!("`{name}` holds characters that no token has")))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(api: &str, bot: &str, app: &str) -> Result<Web, Error> {
        Web::new(&Url::parse(api).unwrap(), Secret::new(bot.to_owned()), Secret::new(app.to_owned()))
    }

    #[test]
    fn tokens_that_were_exchanged_are_noticed_and_not_shown() {
        let error = web("https://slack.com/api/", "xapp-1-SECRET", "xoxb-SECRET").err().unwrap();
        assert_eq!(error.kind, ErrorKind::Misconfigured);
        assert!(!error.to_string().contains("SECRET"), "{error}");
        assert!(web("https://slack.com/api/", "xoxb-a\nb", "xapp-1").is_err());
    }

    /// A day's patience with one method would be a day without approvals.
    #[test]
    fn no_wait_is_believed_that_is_longer_than_minutes() {
        let asked = |text: &str| wait(&[(RETRY_AFTER, text.parse().unwrap())].into_iter().collect());
        assert_eq!(asked("30"), Duration::from_secs(30));
        assert_eq!(asked("0"), Duration::from_secs(1));
        for long in ["301", "86400", "18446744073709551615"] {
            assert_eq!(asked(long), BELIEVED_WAIT, "{long}");
        }
        assert_eq!(asked("tomorrow"), Duration::from_secs(1));
    }

    #[test]
    fn only_encrypted_addresses_are_trusted_beside_an_encrypted_api() {
        let real = web("https://slack.com/api/", "xoxb-1", "xapp-1").unwrap();
        assert!(real.trusted("https://hooks.slack.com/actions/1", false).is_some());
        assert!(real.trusted("wss://wss-primary.slack.com/link/?ticket=1", true).is_some());
        for bad in ["http://hooks.slack.com/a", "ws://wss-primary.slack.com/", "file:///etc/passwd", "https://a:b@c/"] {
            assert!(real.trusted(bad, false).is_none() && real.trusted(bad, true).is_none(), "{bad}");
        }
        let double = web("http://127.0.0.1:1/api/", "xoxb-1", "xapp-1").unwrap();
        assert!(double.trusted("http://127.0.0.1:2/r", false).is_some());
        assert!(double.trusted("http://evil.example/r", false).is_none());
    }

    /// no connection is opened that the config does not name.
    #[test]
    fn an_address_is_one_of_slacks() {
        let real = web("https://slack.com/api/", "xoxb-1", "xapp-1").unwrap();
        for bad in [
            "https://169.254.169.254/latest/meta-data/",
            "https://127.0.0.1:8443/admin",
            "https://[::1]/",
            "https://vault.internal:8200/v1/sys/seal",
            "https://hooks.slack.com.evil.example/actions/1",
            "https://evilslack.com/actions/1",
        ] {
            assert!(real.trusted(bad, false).is_none(), "{bad}");
        }
        assert!(real.trusted("wss://evil.example/link/?ticket=1", true).is_none());
    }
}
