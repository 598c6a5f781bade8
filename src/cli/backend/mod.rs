//! `jit backend`: what the config says of its targets, and what an administrator of one sets up there.

mod scopes;
mod setup;

use std::collections::BTreeSet;

use comfy_table::{ContentArrangement, Table, presets};
use jit_types::BackendName;

use super::output::harmless;
use super::{Ctx, Error, Exit};
use crate::config::{self, Loaded};
use crate::wiring;

/// Options of `jit backend`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Lists the targets of the config, and the roles that give them
    List(List),
    /// Sets a target up for what the roles give, or prints how
    Setup(setup::Args),
}

/// Options of `jit backend list`.
#[derive(clap::Args)]
#[command(after_long_help = LIST)]
struct List {}

const LIST: &str = "\
It reads the config file, and asks neither a broker nor a target. `jit doctor` looks at the targets.

Examples:
  jit backend list
  jit backend list --output json | jq -r '.backends[] | select(.setup) | .name'

Exit codes:
  0 done   3 config";

/// Runs the command.
pub(super) async fn run(ctx: &Ctx, args: Args) -> Result<Exit, Error> {
    match args.command {
        Command::List(_) => list(ctx),
        Command::Setup(args) => setup::run(ctx, args).await,
    }
}

fn loaded(ctx: &Ctx) -> Result<Loaded, Error> {
    Ok(config::load(&super::config::meant(ctx)?, &wiring::offline_kinds())?)
}

fn list(ctx: &Ctx) -> Result<Exit, Error> {
    let loaded = loaded(ctx)?;
    let roles = |name: &BackendName| -> BTreeSet<&str> {
        let gives = |role: &&jit_life::role::Role| role.gives.iter().any(|gives| gives.backend == *name);
        loaded.rules.roles.values().filter(gives).map(|role| role.name.as_str()).collect()
    };
    if ctx.out.json() {
        let mut all = Vec::new();
        for (name, config) in &loaded.backends {
            all.push(serde_json::json!({ "name": name, "target": config.target(), "roles": roles(name),
                "setup": config.setup().is_some() }));
        }
        ctx.out.object(&serde_json::json!({ "backends": all }))?;
        return Ok(Exit::Done);
    }
    if loaded.backends.is_empty() {
        ctx.out.note("the config names no backend");
        return Ok(Exit::Done);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["NAME", "ROLES", "TARGET"]);
    for (name, config) in &loaded.backends {
        let roles: Vec<&str> = roles(name).into_iter().collect();
        let roles = if roles.is_empty() { "none".to_owned() } else { roles.join(", ") };
        table.add_row([name.to_string(), roles, harmless(&config.target())]);
    }
    let lines: Vec<String> = table.to_string().lines().map(|line| line.trim().to_owned()).collect();
    ctx.out.line(lines.join("\n"))?;
    Ok(Exit::Done)
}
