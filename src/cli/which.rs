//! Which request is meant: by an id, the beginning of one, or the role of an own open request.

use jit_types::{GrantId, RequestId, RoleName};

use super::exit::{Error, Exit};
use crate::api::requests::RequestView;
use crate::client::{Client, Scope};

/// Whether a text names a request whole. What changes something for others is never found by less without a look.
pub(super) fn is_whole(text: &str) -> bool {
    text.parse::<RequestId>().is_ok() || text.parse::<GrantId>().is_ok()
}

/// Finds a request by the id, or the beginning of the id, of itself or its grant; an own open one also by its role.
///
/// # Errors
/// When there is none that the caller may see.
pub(super) async fn any(client: &Client, text: &str) -> Result<RequestView, Error> {
    mine(client, text, |view| !view.standing.is_over()).await
}

/// Finds an own request, by its id or its grant's, or by its role where one `fits`.
///
/// # Errors
/// When there is none, or several.
pub async fn mine(client: &Client, text: &str, fits: fn(&RequestView) -> bool) -> Result<RequestView, Error> {
    // An id has an underscore, a role never.
    let Ok(role) = text.parse::<RoleName>() else { return Ok(client.request(text).await?) };
    let list = client.requests(Scope::Mine, 1000).await?;
    let mut found = list.requests.into_iter().filter(|view| view.role == role && fits(view));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Error::usage("ID", format!("you have several of the role `{role}`"))
            .hint("`jit list` shows their ids; name one")),
        (None, _) => {
            Err(Error::new(Exit::Failure, format!("you have nothing of the role `{role}` that this could be for"))
                .hint("`jit list` shows what you have"))
        }
    }
}
