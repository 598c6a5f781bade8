//! Whose an account is, where some people are named in the config and others known by their address.

use std::sync::{Arc, Mutex, PoisonError};

use jit_approval::{Adapter, Capability, Check, Desk, Error, Listeners, MessageRef, News, Notice, Raw, Reply};
use jit_engine::BoxFuture;
use jit_life::policy::Caller;

use super::kit::config::as_it_is;
use super::kit::people::person;
use super::kit::{World, until};

/// A medium in which people have accounts, and which keeps the news that it was given.
#[derive(Default)]
struct Accounts(Mutex<Vec<News>>);

impl Accounts {
    fn news(&self) -> Vec<News> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Adapter for Accounts {
    fn capability(&self) -> Capability {
        Capability {
            kind: "accounts",
            decides: true,
            edits: false,
            threads: false,
            direct: true,
            longest: 1000,
            deduplicates: false,
            listeners: Listeners::None,
        }
    }
    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(async { Vec::new() })
    }
    fn announce<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<MessageRef, Error>> {
        if let Notice::News(news) = notice {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(news.clone());
        }
        Box::pin(async { Ok(MessageRef("1".to_owned())) })
    }
    fn update<'a>(&'a self, _: &'a MessageRef, _: &'a Notice) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
    fn listen(&self, _: Arc<dyn Desk>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
    fn receive<'a>(&'a self, _: Raw<'a>, _: &'a dyn Desk) -> BoxFuture<'a, Reply> {
        Box::pin(async { Reply { status: 404, content_type: "text/plain", body: String::new() } })
    }
}

/// Bob is named by his account; Alice is known by her address, which stands in Bob's account now.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_config_names_for_somebody_hears_nothing_of_anybody_else() {
    const BOBS: &str = "T1/U9";
    for pinned in [false, true] {
        let world = World::new().await;
        if pinned {
            // Seen with her address before the config named it for him.
            let principal = format!("accounts:{BOBS}").parse().expect("a principal");
            world.house.pin(&Caller { principal, ..world.caller("alice").await }).await.expect("believed");
        }
        let medium = Arc::new(Accounts::default());
        let mut new = as_it_is(&world, "named").await;
        new.outfit.channels = [("slack".parse().expect("a name"), Arc::clone(&medium) as Arc<dyn Adapter>)].into();
        let bob = new.rules.people.get_mut(&person("bob")).expect("Bob");
        bob.principals.insert(format!("accounts:{BOBS}").parse().expect("a principal"));
        world.house.reconfigure(new).await.expect("in force");
        world.granted("quick", "1h").await;
        until("she has news", || async { !medium.news().is_empty() }).await;
        for news in medium.news() {
            assert!(news.to.names.is_empty() && news.to.person == person("alice"));
            assert!(!news.to.seen.believes(BOBS), "pinned: {pinned}");
            assert!(news.to.seen.believes("T1/U1"), "any other may be hers");
        }
    }
}
