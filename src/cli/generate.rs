//! `jit generate`: what is generated from the program itself, so that it can't drift from it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::exit::{Error, Exit};
use super::{Cli, Ctx, complete};

/// Options of `jit generate`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The directory to write into; it is made where it is missing
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

/// Runs the command.
pub(super) async fn run(_: &Ctx, args: Args) -> Result<Exit, Error> {
    let completions = directory(&args.into, "completions")?;
    for (shell, file) in [("bash", "jit.bash"), ("zsh", "_jit"), ("fish", "jit.fish")] {
        let mut script = Vec::new();
        complete::registration(shell, &mut script)?;
        fs::write(completions.join(file), script)?;
    }
    let mut command = Cli::command();
    command.build();
    pages(&command, &directory(&args.into, "man")?)?;
    let kinds = crate::wiring::kinds(crate::wiring::terminal_out());
    let schema = crate::config::schema::schema(&kinds);
    let text =
        serde_json::to_string_pretty(&schema).map_err(|_| Error::new(Exit::Bug, "the schema can't be written"))?;
    fs::write(directory(&args.into, "docs")?.join("jit.schema.json"), format!("{text}\n"))?;
    Ok(Exit::Done)
}

/// Writes a page for each command that is for people.
fn pages(command: &clap::Command, into: &Path) -> Result<(), Error> {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        pages(sub, into)?;
    }
    let man = Man::new(command.clone()).source(concat!("jit ", env!("CARGO_PKG_VERSION"))).manual("jit");
    let mut page = Vec::new();
    man.render(&mut page)?;
    fs::write(into.join(man.get_filename()), verbatim(&String::from_utf8_lossy(&page)))?;
    Ok(())
}

/// Keeps examples and exit codes as they were written: filled and hyphenated, no example could be copied.
fn verbatim(page: &str) -> String {
    page.replacen(".SH EXTRA\n", ".SH EXAMPLES AND EXIT CODES\n.nf\n", 1).replacen(
        ".SH VERSION\n",
        ".fi\n.SH VERSION\n",
        1,
    )
}

fn directory(into: &Path, name: &str) -> Result<PathBuf, Error> {
    let path = into.join(name);
    fs::create_dir_all(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Env;

    #[tokio::test]
    async fn there_is_a_page_for_every_command_and_a_completion_for_every_shell() {
        let dir = tempfile::tempdir().expect("a directory");
        let ctx = Ctx::new(super::super::Global::default(), Env::default());
        run(&ctx, Args { into: dir.path().to_owned() }).await.expect("written");
        for file in ["completions/jit.bash", "completions/_jit", "completions/jit.fish"] {
            let text = fs::read_to_string(dir.path().join(file)).expect(file);
            assert!(text.contains("COMPLETE") && text.contains("jit"), "{file}");
        }
        let page = fs::read_to_string(dir.path().join("man/jit-request.1")).expect("a page");
        assert!(page.contains(".nf\n") && page.contains(".fi\n.SH VERSION"), "{page}");
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let page = dir.path().join(format!("man/jit-{}.1", command.get_name()));
            assert!(page.is_file(), "{}", page.display());
        }
        let schema = fs::read_to_string(dir.path().join("docs/jit.schema.json")).expect("a schema");
        let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
        assert!(schema["properties"]["roles"].is_object());
    }

    /// What is committed is what this program writes: `cargo xtask gen` brings it up to date.
    #[tokio::test]
    async fn what_is_committed_is_not_stale() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let fresh = tempfile::tempdir().expect("a directory");
        let ctx = Ctx::new(super::super::Global::default(), Env::default());
        run(&ctx, Args { into: fresh.path().to_owned() }).await.expect("it is generated");
        for name in ["completions", "man", "docs"] {
            for made in std::fs::read_dir(fresh.path().join(name)).expect("a directory") {
                let made = made.expect("a file").path();
                let committed = root.join(name).join(made.file_name().expect("a name"));
                let same = std::fs::read(&made).ok() == std::fs::read(&committed).ok();
                assert!(same, "{} is stale: run `cargo xtask gen`", committed.display());
            }
        }
    }
}
