//! `cargo xtask gen`: what is generated from the binary is committed, so that a package needs no build to have it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sh::{self, Failure, Result, TempDir, at, step};

const HELP: &str = "\
Writes completions/, man/ and the schemas in docs/ from the built binary (`jit generate --into DIR`).

Usage: cargo xtask gen [--check]

Options:
      --check   Writes nothing; fails where the committed files differ
  -h, --help    Prints this
";

/// Directories that hold nothing but what is generated: a file that is generated no longer is removed.
const OWNED: [&str; 2] = ["completions", "man"];

/// Where generated files may go; `docs` is shared with pages that people write.
const PLACES: [&str; 3] = ["completions", "man", "docs"];

/// What differs: the path in the tree, and what it should hold (`None`: it should not be there).
type Changes = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// Runs the habit.
pub(crate) fn run(args: &[String]) -> Result {
    let check = match args {
        [] => false,
        [arg] if arg == "--check" => true,
        [arg, ..] if arg == "-h" || arg == "--help" => {
            print!("{HELP}");
            return Ok(());
        }
        [arg, ..] => return Err(Failure::usage(format!("`{arg}` is no option of `gen`; see --help"))),
    };
    let root = sh::root()?;
    let fresh = TempDir::new("gen")?;
    step("Generating");
    let mut generate = sh::cargo();
    generate.current_dir(&root).args(["run", "--quiet", "--package", "jit", "--bin", "jit", "--all-features", "--"]);
    sh::run(generate.args(["generate", "--into"]).arg(fresh.path()))?;

    let changes = compare(fresh.path(), &root)?;
    step(if check { "Comparing" } else { "Writing" });
    for (path, wanted) in &changes {
        println!("{} {}", if wanted.is_some() { "differs" } else { "no longer generated" }, path.display());
        if !check {
            put(&root.join(path), wanted.as_deref())?;
        }
    }
    match (changes.is_empty(), check) {
        (true, _) => println!("nothing differs"),
        (false, true) => return Err(Failure::new("generated files differ; `cargo xtask gen` writes them")),
        (false, false) => println!("{} files written or removed", changes.len()),
    }
    Ok(())
}

fn compare(fresh: &Path, root: &Path) -> Result<Changes> {
    let wanted = files(fresh, Path::new(""))?;
    if wanted.is_empty() {
        return Err(Failure::new("`jit generate` wrote nothing"));
    }
    let mut changes = Changes::new();
    for path in &wanted {
        if !PLACES.iter().any(|place| path.starts_with(place)) {
            return Err(Failure::new(format!("`jit generate` wrote {}, for which there is no place", path.display())));
        }
        let bytes = fs::read(fresh.join(path)).map_err(at(path.display()))?;
        if fs::read(root.join(path)).ok().as_ref() != Some(&bytes) {
            changes.insert(path.clone(), Some(bytes));
        }
    }
    for owned in OWNED.iter().filter(|dir| root.join(dir).is_dir()) {
        let there = files(root, Path::new(owned))?;
        changes.extend(there.into_iter().filter(|path| !wanted.contains(path)).map(|path| (path, None)));
    }
    Ok(changes)
}

/// The files below `base/below`, as paths from `base`.
fn files(base: &Path, below: &Path) -> Result<Vec<PathBuf>> {
    let dir = base.join(below);
    let mut found = Vec::new();
    for entry in fs::read_dir(&dir).map_err(at(dir.display()))? {
        let entry = entry.map_err(at(dir.display()))?;
        let path = below.join(entry.file_name());
        if entry.file_type().map_err(at(path.display()))?.is_dir() {
            found.extend(files(base, &path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn put(path: &Path, bytes: Option<&[u8]>) -> Result {
    let Some(bytes) = bytes else { return fs::remove_file(path).map_err(at(path.display())) };
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(at(dir.display()))?;
    }
    fs::write(path, bytes).map_err(at(path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> TempDir {
        let dir = TempDir::new("gen-test").unwrap();
        for (path, text) in files {
            put(&dir.path().join(path), Some(text.as_bytes())).unwrap();
        }
        dir
    }

    #[test]
    fn what_differs_is_named_and_pages_of_people_are_left_alone() {
        let fresh = tree(&[("man/jit.1", "new"), ("docs/openapi.json", "{}"), ("completions/jit.bash", "same")]);
        let root = tree(&[
            ("man/jit.1", "old"),
            ("man/jit-gone.1", "stale"),
            ("completions/jit.bash", "same"),
            ("docs/guide.md", "by hand"),
        ]);
        let changes = compare(fresh.path(), root.path()).unwrap();
        let named: Vec<_> = changes.iter().map(|(path, to)| (path.to_str().unwrap(), to.is_some())).collect();
        assert_eq!(named, [("docs/openapi.json", true), ("man/jit-gone.1", false), ("man/jit.1", true)]);

        for (path, wanted) in &changes {
            put(&root.path().join(path), wanted.as_deref()).unwrap();
        }
        assert!(compare(fresh.path(), root.path()).unwrap().is_empty());
        assert!(root.path().join("docs/guide.md").exists());
    }

    #[test]
    fn a_file_without_a_place_and_an_empty_run_are_refused() {
        let root = tree(&[]);
        assert!(compare(tree(&[("src/main.rs", "")]).path(), root.path()).is_err());
        assert!(compare(tree(&[]).path(), root.path()).is_err());
    }
}
