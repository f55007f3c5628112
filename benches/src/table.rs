//! Figures of several rounds, printed as a table in Markdown: the median, and the range beside it.

/// One figure in each round.
#[derive(Clone, Debug, Default)]
pub struct Spread(Vec<f64>);

impl FromIterator<f64> for Spread {
    fn from_iter<I: IntoIterator<Item = f64>>(figures: I) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }
}

impl Spread {
    /// The median, and in brackets the least and the greatest, with so many digits.
    pub fn show(&self, digits: usize) -> String {
        let median = self.0.get(self.0.len() / 2);
        match (self.0.first(), median, self.0.last()) {
            (Some(least), Some(median), Some(most)) => {
                format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
            }
            _ => "-".to_owned(),
        }
    }
}

/// A table.
#[derive(Debug)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Prints it.
    pub fn print(&self, title: &str) {
        println!("### {title}\n\n| {} |", self.head.join(" | "));
        println!("|{}", " --- |".repeat(self.head.len()));
        for row in &self.rows {
            println!("| {} |", row.join(" | "));
        }
        println!();
    }
}
