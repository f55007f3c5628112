//! What was found wrong with one file so far, up to as many as anybody reads.

use super::{
    report::{Problem, Severity},
    xml::MAX_PROBLEMS,
};

/// Problems in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<Problem>,
    errors: usize,
    warnings: usize,
}

impl Problems {
    /// Adds one, unless there are enough of its kind, or it is known: defaults are judged for each who has them.
    pub(super) fn push(&mut self, problem: Problem) {
        if self.found.contains(&problem) {
            return;
        }
        let told = match problem.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *told += 1;
        if *told <= MAX_PROBLEMS {
            self.found.push(problem);
        }
    }

    /// Whether an error more would not be told: what is costly to find out about it is not worth it.
    pub(super) const fn is_full(&self) -> bool {
        self.errors >= MAX_PROBLEMS
    }

    /// Whether the file cannot be used.
    pub(super) const fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// All that are told.
    pub(super) fn into_vec(self) -> Vec<Problem> {
        self.found
    }
}

impl Extend<Problem> for Problems {
    fn extend<I: IntoIterator<Item = Problem>>(&mut self, problems: I) {
        for problem in problems {
            self.push(problem);
        }
    }
}
