//! Patterns of paths as Apache Ant has them, which KAAZING Gateway's configurations are written with.

/// Which paths are meant, in lower case.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    names: Vec<Vec<char>>,
}

/// Some folders, or none.
const FOLDERS: [char; 2] = ['*', '*'];

impl Pattern {
    /// Reads a pattern. One that ends in a slash means all that is below.
    pub(super) fn new(text: &str) -> Self {
        let lower = text.to_lowercase();
        let mut names: Vec<Vec<char>> =
            lower.split('/').filter(|name| !name.is_empty()).map(|name| name.chars().collect()).collect();
        if lower.ends_with('/') {
            names.push(FOLDERS.into());
        }
        Self { names }
    }

    /// Whether a path is meant. It is relative and in lower case.
    pub(super) fn is_of(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').collect();
        matches(&self.names, &names, |name| *name == FOLDERS, |pattern, name| is_name(pattern, name))
    }
}

fn is_name(pattern: &[char], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    matches(pattern, &name, |sign| *sign == '*', |wanted, sign| *wanted == '?' || wanted == sign)
}

/// Whether a text is as a pattern says, some parts of which stand for any number of parts of the text.
///
/// Only the last such part that was met is tried again with more: each before it has all it needs. So no pattern takes
/// more steps than its length times that of the text.
fn matches<P, T>(
    pattern: &[P],
    text: &[T],
    is_any: impl Fn(&P) -> bool,
    fits: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while let Some(part) = text.get(read) {
        match pattern.get(at) {
            Some(wanted) if is_any(wanted) => {
                at += 1;
                again = Some((at, read));
            }
            Some(wanted) if fits(wanted, part) => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((after, taken)) = again else { return false };
                again = Some((after, taken + 1));
                (at, read) = (after, taken + 1);
            }
        }
    }
    pattern.iter().skip(at).all(is_any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_ant() {
        for (pattern, meant, others) in [
            ("**/*", &["a", "a/b", "a/b/c.html"][..], &[][..]),
            ("**/*.html", &["a.html", "x/a.html", "x/y/.html"], &["a.htm", "a.html/b", "html"]),
            ("*.html", &["a.html"], &["x/a.html"]),
            ("img/", &["img/a", "img/a/b"], &["images/a", "x/img/a"]),
            ("/img/**", &["img/a", "img/a/b"], &["a"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["a/b/c", "b"]),
            ("a/*/b", &["a/x/b"], &["a/b", "a/x/y/b"]),
            ("**/a/**/b?.js", &["a/b1.js", "x/a/y/b2.js"], &["a/b.js", "a/b12.js"]),
            ("a*b*c", &["abc", "axbxc", "abbcc"], &["ab", "acb", "abcd"]),
            ("INDEX.html", &["index.html"], &[]),
            ("a[b].{c}", &["a[b].{c}"], &["ab.c"]),
        ] {
            let pattern_read = Pattern::new(pattern);
            for path in meant {
                assert!(pattern_read.is_of(path), "{pattern} means {path}");
            }
            for path in others {
                assert!(!pattern_read.is_of(path), "{pattern} does not mean {path}");
            }
        }
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let pattern = Pattern::new(&"**/*a".repeat(30));
        let path = "a/".repeat(2000) + "b";
        assert!(!pattern.is_of(&path));
    }
}
