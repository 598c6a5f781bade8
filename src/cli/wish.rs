//! What is asked for: the options that say it, and the questions where one is missing.

use jit_types::{ParamName, ParamValue, Params, RoleName, Span};

use super::ask;
use super::exit::{Error, Exit};
use super::{Ctx, complete, output};
use crate::api::requests::{ParamView, RoleView, Wish};
use crate::client::Client;

/// The options that say for how long, why and with what.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct WishArgs {
    /// For how long, as in 2h or 90m; the role's default where it is missing
    #[arg(long = "for", value_name = "TIME")]
    pub span: Option<Span>,
    /// Why: whoever decides reads it, and it stays in the record
    #[arg(long, short, value_name = "TEXT")]
    pub reason: Option<String>,
    /// A parameter of the role, as in schema=sales; once for each
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = param, add = complete::params())]
    pub param: Vec<(ParamName, ParamValue)>,
}

/// Reads `name=value`. Which type a value has is the role's to say, and the broker's to check: here it is text.
fn param(text: &str) -> Result<(ParamName, ParamValue), String> {
    let (name, value) = text.split_once('=').ok_or("write it as in schema=sales")?;
    let name = name.parse::<ParamName>().map_err(|error| error.to_string())?;
    Ok((name, ParamValue::Text(value.to_owned())))
}

/// A wish, and whether the person was asked for a part of it.
pub struct Wished {
    /// The wish.
    pub wish: Wish,
    /// Whether anything was asked for.
    pub asked: bool,
}

/// Completes a wish: from the options, then by asking where there is somebody to ask.
///
/// # Errors
/// With exit code 2 and the option's name, where something is missing and there is nobody to ask.
pub async fn complete(ctx: &Ctx, client: &Client, role: Option<&RoleName>, args: &WishArgs) -> Result<Wished, Error> {
    let mut given = Params::new();
    for (name, value) in &args.param {
        if given.insert(name.clone(), value.clone()).is_some() {
            return Err(Error::usage("--param", format!("the parameter `{name}` is given twice")));
        }
    }
    if !ctx.out.asks {
        let role = role.cloned().ok_or_else(|| {
            Error::usage("ROLE", "no role is named").hint("`jit roles` lists those that you may ask for")
        })?;
        let reason = args.reason.clone().ok_or_else(no_reason)?;
        return Ok(Wished { wish: Wish { role, params: given, span: args.span, reason }, asked: false });
    }
    let roles = client.roles().await?;
    let mut asked = false;
    let role = match role {
        Some(role) => role.clone(),
        None => {
            asked = true;
            choose_role(&roles)?
        }
    };
    // One that is not listed is the broker's to refuse, in the words that it has for it.
    let view = roles.iter().find(|view| view.role == role);
    for param in view.iter().flat_map(|view| &view.params) {
        if !given.contains_key(&param.name) {
            asked = true;
            given.insert(param.name.clone(), ParamValue::Text(ask_param(param)?));
        }
    }
    let reason = match &args.reason {
        Some(reason) => reason.clone(),
        None => {
            asked = true;
            ask_reason(view)?
        }
    };
    Ok(Wished { wish: Wish { role, params: given, span: args.span, reason }, asked })
}

fn choose_role(roles: &[RoleView]) -> Result<RoleName, Error> {
    let lines: Vec<String> = roles.iter().map(|role| format!("{}  {}", role.role, role.about)).collect();
    if lines.is_empty() {
        return Err(Error::new(Exit::Denied, "there is no role that you may ask for")
            .hint("an administrator writes roles, and who may ask for them, into the config"));
    }
    let chosen = ask::choose("Role", &lines)?;
    roles.get(chosen).map(|role| role.role.clone()).ok_or_else(|| Error::usage("ROLE", "no role is named"))
}

fn ask_param(param: &ParamView) -> Result<String, Error> {
    let question = format!("{}: {} ({})", param.name, param.about, param.allowed);
    if param.choices.is_empty() {
        return ask::text(&question, |text| text.is_empty().then(|| "it needs a value".to_owned()));
    }
    let chosen = ask::choose(&question, &param.choices)?;
    param.choices.get(chosen).cloned().ok_or_else(|| Error::usage("--param", "no value was chosen"))
}

/// Asks for the reason of something about a role.
///
/// # Errors
/// With exit code 2 where there is nobody to ask.
pub async fn ask_reason_of(ctx: &Ctx, client: &Client, role: &RoleName) -> Result<String, Error> {
    if !ctx.out.asks {
        return Err(no_reason());
    }
    let roles = client.roles().await?;
    ask_reason(roles.iter().find(|view| view.role == *role))
}

fn no_reason() -> Error {
    Error::usage("--reason", "no reason is given").hint("say in a few words what for: --reason \"…\"")
}

fn ask_reason(role: Option<&RoleView>) -> Result<String, Error> {
    let help = role.and_then(|role| role.reason_help.as_ref()).map(|help| output::harmless(help.as_str()));
    // The broker judges the reason; here it is only told early that it will say no.
    let pattern = role.and_then(|role| role.reason_pattern.as_ref());
    let pattern = pattern.and_then(|pattern| regex::Regex::new(&format!("^(?:{pattern})$")).ok());
    let question = help.as_ref().map_or_else(|| "Reason".to_owned(), |help| format!("Reason ({help})"));
    ask::text(&question, |text| match &pattern {
        _ if text.trim().is_empty() => Some("say in a few words what for".to_owned()),
        Some(pattern) if !pattern.is_match(text) => {
            Some(help.clone().unwrap_or_else(|| format!("it must match {}", pattern.as_str())))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_a_name_and_whatever_stands_behind_the_first_equals_sign() {
        let (name, value) = param("schema=a=b c").expect("a parameter");
        assert_eq!((name.as_str(), value), ("schema", ParamValue::Text("a=b c".to_owned())));
        assert_eq!(param("n=").expect("an empty value").1, ParamValue::Text(String::new()));
        for bad in ["schema", "=x", "Schema=x", "a b=x", ""] {
            assert!(param(bad).is_err(), "{bad}");
        }
    }
}
