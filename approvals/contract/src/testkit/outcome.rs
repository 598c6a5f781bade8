//! What came of a run: one verdict for each named trial.

use std::fmt;

/// What came of all trials.
#[derive(Clone, Debug)]
pub struct Results {
    /// What was tried, from the harness's facts.
    pub name: String,
    /// Each trial's verdict, in the order in which they ran.
    pub trials: Vec<Report>,
}

/// What came of one trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The trial's name.
    pub trial: &'static str,
    /// What came of it.
    pub came: Came,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// All that it checks is so.
    Passed,
    /// These checks failed.
    Failed(Vec<String>),
    /// It does not apply, for this reason.
    NotApplicable(String),
}

impl Results {
    /// The names of the trials that failed.
    pub fn failed(&self) -> Vec<&'static str> {
        self.names(|came| matches!(came, Came::Failed(_)))
    }

    /// The names of the trials that did not apply.
    pub fn not_applicable(&self) -> Vec<&'static str> {
        self.names(|came| matches!(came, Came::NotApplicable(_)))
    }

    fn names(&self, wanted: impl Fn(&Came) -> bool) -> Vec<&'static str> {
        self.trials.iter().filter(|report| wanted(&report.came)).map(|report| report.trial).collect()
    }

    /// Says whether all is well: nothing failed, and exactly the trials in `without` did not apply. They are named so
    /// that a harness which loses an ability, or a capability which says less, is noticed and not skipped.
    ///
    /// # Errors
    /// The whole report, with what is not as expected at its end.
    pub fn expect(&self, without: &[&str]) -> Result<(), String> {
        let (failed, missing) = (self.failed(), self.not_applicable());
        let mut complaints: Vec<String> = failed.iter().map(|name| format!("`{name}` failed")).collect();
        complaints.extend(
            missing
                .iter()
                .filter(|name| !without.contains(name))
                .map(|name| format!("`{name}` did not apply, and the test does not say that it may not")),
        );
        complaints.extend(
            without
                .iter()
                .filter(|name| !missing.contains(name))
                .map(|name| format!("`{name}` was said not to apply, and there is no such trial or it ran")),
        );
        if complaints.is_empty() { Ok(()) } else { Err(format!("{self}\n{}", complaints.join("\n"))) }
    }

    /// Asserts [`Results::expect`] in a test.
    ///
    /// # Panics
    /// When it is not so, with the whole report.
    pub fn assert(&self, without: &[&str]) {
        let result = self.expect(without);
        assert!(result.is_ok(), "{}", result.err().unwrap_or_default());
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "conformance of {}:", self.name)?;
        for Report { trial, came } in &self.trials {
            match came {
                Came::Passed => writeln!(f, "  ok    {trial}")?,
                Came::NotApplicable(why) => writeln!(f, "  n/a   {trial}: {why}")?,
                Came::Failed(reasons) => {
                    writeln!(f, "  FAIL  {trial}")?;
                    for reason in reasons {
                        writeln!(f, "          - {reason}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
