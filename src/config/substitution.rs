//! `${name}` in a configuration: which names there are, and what stands for them.
//!
//! A name is looked up among what was defined at the launch, then among the `<properties>` under the root, then among
//! the special names. `$${name}` is the text `${name}`. What a property says may refer to others; what was defined at the
//! launch is taken as it is. Each text keeps its place in the file, so later problems point to what the operator wrote.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    ops::Range,
};

use super::{
    report::{Problem, nearest, quoted},
    xml::{Element, MAX_OCTETS, MAX_PROBLEMS, Text},
};

/// How many properties may refer to each other in a row.
const MAX_CHAIN: usize = 16;

/// How much text substitution may make of one file, in octets. Without a bound, sixteen short properties could be
/// written to fill any memory.
const MAX_MADE: usize = MAX_OCTETS;

/// The element under the root that defines names.
const PROPERTIES: &str = "properties";

/// The special name for the name of this host.
const HOSTNAME: &str = "hostname";

/// Special names of other gateways, which a cloud is asked for.
const CLOUD: [&str; 2] = ["cloud.host", "cloud.instanceId"];

/// Puts in place of each `${name}` under `root` what it stands for, and tells those that stand for nothing.
///
/// `defined` is what was defined at the launch; `hostname` is the name of this host, if it is known.
#[must_use]
pub fn substitute(
    root: &mut Element,
    defined: &BTreeMap<String, String>,
    hostname: Option<&str>,
) -> Vec<Problem> {
    let mut names = Names::new(defined, hostname, true);
    names.collect(root);
    for place in 0..names.properties.len() {
        names.property(place, &mut Vec::new());
    }
    for attribute in &mut root.attributes {
        names.text(&mut attribute.value);
    }
    names.text(&mut root.text);
    for child in &mut root.children {
        if child.name == PROPERTIES { names.put_back(child) } else { names.element(child) }
    }
    names.problems
}

/// The same in a file that has no properties: a name is what was defined at the launch.
#[must_use]
pub fn substitute_defined(root: &mut Element, defined: &BTreeMap<String, String>) -> Vec<Problem> {
    let mut names = Names::new(defined, None, false);
    names.element(root);
    names.problems
}

/// A property of the file.
struct Property {
    name: String,
    value: Text,
    worth: Worth,
}

/// What a property stands for.
#[derive(Clone)]
enum Worth {
    /// Nothing that could be used; why has been told.
    Nothing,
    /// This.
    Text(String),
    /// Not known yet.
    Unknown,
}

struct Names<'a> {
    defined: &'a BTreeMap<String, String>,
    hostname: Option<&'a str>,
    /// Whether the file may define names.
    defines: bool,
    properties: Vec<Property>,
    /// Where in `properties` a name is.
    places: HashMap<String, usize>,
    problems: Vec<Problem>,
    /// Octets made so far.
    made: usize,
    /// Whether that was too much.
    is_full: bool,
}

impl<'a> Names<'a> {
    fn new(defined: &'a BTreeMap<String, String>, hostname: Option<&'a str>, defines: bool) -> Self {
        Self {
            defined,
            hostname,
            defines,
            properties: Vec::new(),
            places: HashMap::new(),
            problems: Vec::new(),
            made: 0,
            is_full: false,
        }
    }

    /// Takes up the properties of the file. Whether they have the right elements is for others to say.
    fn collect(&mut self, root: &Element) {
        let mut first_places: HashMap<&str, Range<usize>> = HashMap::new();
        for property in
            root.children.iter().filter(|child| child.name == PROPERTIES).flat_map(|all| &all.children)
        {
            let text =
                |name| property.children.iter().find(|child| child.name == name).map(|child| &child.text);
            let (Some(name), Some(value)) = (text("name"), text("value")) else { continue };
            if let Some(first) = first_places.get(name.value.as_str()) {
                let says = format!("the property {} is defined twice", quoted(&name.value));
                let problem = Problem::error(name.span.clone(), says).also(first.clone(), "first here");
                self.tell(problem.help("take one of them out"));
                continue;
            }
            first_places.insert(&name.value, name.span.clone());
            self.places.insert(name.value.clone(), self.properties.len());
            let worth = Worth::Unknown;
            self.properties.push(Property { name: name.value.clone(), value: value.clone(), worth });
        }
    }

    /// Finds out what a property stands for; `path` is the properties that led to it.
    fn property(&mut self, place: usize, path: &mut Vec<usize>) -> Worth {
        let Some(property) = self.properties.get(place) else { return Worth::Nothing };
        if !matches!(property.worth, Worth::Unknown) {
            return property.worth.clone();
        }
        let worth = match self.defined.get(&property.name) {
            Some(defined) => Worth::Text(defined.clone()),
            None => {
                let value = property.value.clone();
                path.push(place);
                let text = self.expand(&value, path);
                path.pop();
                text.map_or(Worth::Nothing, Worth::Text)
            }
        };
        if let Some(property) = self.properties.get_mut(place) {
            property.worth = worth.clone();
        }
        worth
    }

    /// Writes what properties stand for into their elements. A name is taken as it is.
    fn put_back(&self, properties: &mut Element) {
        for part in properties.children.iter_mut().flat_map(|property| &mut property.children) {
            // They were collected in the order of the file.
            let place = self.properties.binary_search_by_key(&part.text.span.start, |it| it.value.span.start);
            let found = place.ok().and_then(|place| self.properties.get(place));
            if let Some(Property { worth: Worth::Text(worth), .. }) = found {
                part.text = part.text.replaced(worth);
            }
        }
    }

    /// Substitutes in an element, its attributes, and the elements inside.
    fn element(&mut self, element: &mut Element) {
        for attribute in &mut element.attributes {
            self.text(&mut attribute.value);
        }
        self.text(&mut element.text);
        for child in &mut element.children {
            self.element(child);
        }
    }

    fn text(&mut self, text: &mut Text) {
        if text.value.contains("${")
            && let Some(value) = self.expand(text, &mut Vec::new())
        {
            *text = text.replaced(value);
        }
    }

    /// The text with everything in place, unless something in it has been told as wrong.
    fn expand(&mut self, text: &Text, path: &mut Vec<usize>) -> Option<String> {
        let mut out = Some(String::with_capacity(text.value.len()));
        for (place, part) in parts(&text.value) {
            let found = match part {
                Part::Literal(literal) => Some(literal.to_owned()),
                Part::Name(name) => self.look_up(name, text.place(place), path),
                Part::Open => {
                    let help = "write ${NAME}; $${NAME} is the text ${NAME} itself";
                    self.tell(Problem::error(text.place(place), "`${` has no `}` after it").help(help));
                    None
                }
            };
            match (&mut out, found) {
                (Some(out), Some(found)) => {
                    self.made = self.made.saturating_add(found.len());
                    out.push_str(&found);
                }
                (out, _) => *out = None,
            }
            if self.made > MAX_MADE {
                if !mem::replace(&mut self.is_full, true) {
                    let says = format!("what is put in for names makes more than {MAX_MADE} octets");
                    self.tell(Problem::error(text.span.clone(), says).help("shorten the properties"));
                }
                return None;
            }
        }
        out
    }

    /// What a name stands for. If it is nothing, that has been told.
    fn look_up(&mut self, name: &str, at: Range<usize>, path: &mut Vec<usize>) -> Option<String> {
        if let Some(defined) = self.defined.get(name) {
            return Some(defined.clone());
        }
        if let Some(&place) = self.places.get(name) {
            if path.contains(&place) || path.len() >= MAX_CHAIN {
                self.tell(self.circle(name, at, path, place));
                return None;
            }
            return match self.property(place, path) {
                Worth::Text(text) => Some(text),
                Worth::Nothing | Worth::Unknown => None,
            };
        }
        match self.hostname {
            Some(hostname) if name == HOSTNAME => Some(hostname.to_owned()),
            _ => {
                self.tell(self.unresolved(name, at));
                None
            }
        }
    }

    fn circle(&self, name: &str, at: Range<usize>, path: &[usize], place: usize) -> Problem {
        let says = if path.contains(&place) {
            let start = path.iter().position(|other| *other == place).unwrap_or(0);
            let round = path.iter().skip(start).filter_map(|other| self.properties.get(*other));
            let round: Vec<_> = round.map(|property| property.name.as_str()).chain([name]).collect();
            format!("the property {} refers to itself: {}", quoted(name), round.join(" → "))
        } else {
            format!("more than {MAX_CHAIN} properties refer to each other in a row")
        };
        Problem::error(at, says).help("write what it is to be instead of the name")
    }

    fn unresolved(&self, name: &str, at: Range<usize>) -> Problem {
        let says = format!("{} stands for nothing", quoted(&format!("${{{name}}}")));
        let names = self.properties.iter().map(|property| property.name.as_str());
        let names = names.chain(self.defined.keys().map(String::as_str)).chain([HOSTNAME]);
        let help = if !self.defines {
            let name = if name.is_empty() { "NAME" } else { name };
            format!("run with --define {name}=VALUE; $${{{name}}} is the text ${{{name}}} itself")
        } else if let Some((name, default)) = name.split_once(':') {
            format!(
                "a default after a colon is not supported: write ${{{name}}}, and define {name} as {} in <properties>; \
                 --define {name}=VALUE goes before that",
                quoted(default)
            )
        } else if name == HOSTNAME {
            "the name of this host could not be found: run with --define hostname=NAME".to_owned()
        } else if CLOUD.contains(&name) {
            format!("no cloud is asked for it: run with --define {name}=VALUE")
        } else if let Some(meant) = nearest(name.trim(), names) {
            format!("did you mean `${{{meant}}}`? a new name is defined in <properties>, or with --define")
        } else {
            let name = if name.is_empty() { "NAME" } else { name };
            format!("define it in <properties>, or run with --define {name}=VALUE")
        };
        Problem::error(at, says).help(help)
    }

    fn tell(&mut self, problem: Problem) {
        // One name may be wrong in ten thousand services.
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

enum Part<'t> {
    Literal(&'t str),
    Name(&'t str),
    /// `${` without its end.
    Open,
}

/// Takes a text apart; each part comes with its octets.
fn parts(text: &str) -> impl Iterator<Item = (Range<usize>, Part<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let (length, part) = if let Some(after) = rest.strip_prefix("$${") {
            // The first dollar goes; what follows it is text up to the next dollar.
            let length = 3 + after.find('$').unwrap_or(after.len());
            (length, Part::Literal(rest.get(1..length).unwrap_or_default()))
        } else if let Some(after) = rest.strip_prefix("${") {
            match after.find('}') {
                Some(end) => (end + 3, Part::Name(after.get(..end).unwrap_or_default())),
                None => (rest.len(), Part::Open),
            }
        } else {
            let length = rest.match_indices('$').map(|(found, _)| found).find(|found| *found > 0);
            let length = length.unwrap_or(rest.len());
            (length, Part::Literal(rest.get(..length).unwrap_or_default()))
        };
        let start = at;
        at += length;
        Some((start..at, part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::xml;

    const DEFINED: [(&str, &str); 2] = [("port", "8443"), ("at.launch", "${raw}")];

    /// The texts of all elements and attributes after substitution, and what is wrong: as marked, and what is said.
    fn run(text: &str) -> (Vec<String>, Vec<(String, Problem)>) {
        fn texts(element: &Element, out: &mut Vec<String>) {
            out.extend(element.attributes.iter().map(|attribute| attribute.value.value.clone()));
            if element.children.is_empty() {
                out.push(element.text.value.clone());
            }
            element.children.iter().for_each(|child| texts(child, out));
        }
        let mut root = xml::read(text.as_bytes()).unwrap().root;
        let defined = DEFINED.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let problems = substitute(&mut root, &defined, Some("gate.example"));
        let mut out = Vec::new();
        texts(&root, &mut out);
        let problems = problems.into_iter().map(|problem| (text[problem.span.clone()].to_owned(), problem));
        (out, problems.collect())
    }

    /// A file with these properties and this text; its result is the last one.
    fn file(properties: &[(&str, &str)], text: &str) -> String {
        let properties: String = properties
            .iter()
            .map(|(name, value)| format!("<property><name>{name}</name><value>{value}</value></property>"))
            .collect();
        format!("<g><properties>{properties}</properties><a>{text}</a></g>")
    }

    #[track_caller]
    fn becomes(properties: &[(&str, &str)], text: &str, expected: &str) {
        let (texts, problems) = run(&file(properties, text));
        assert_eq!(problems, []);
        assert_eq!(texts.last().unwrap(), expected);
    }

    #[track_caller]
    fn is_wrong(properties: &[(&str, &str)], text: &str, marked: &str, told: &str) {
        let (_, problems) = run(&file(properties, text));
        assert_eq!(problems.len(), 1, "{problems:?}");
        let (place, problem) = &problems[0];
        assert_eq!(place, marked);
        let all = format!("{}; {}", problem.says, problem.help.as_deref().unwrap_or_default());
        assert!(all.contains(told), "{all}");
    }

    #[test]
    fn a_name_becomes_what_it_stands_for_in_text_and_attributes() {
        becomes(&[("host", "a.example")], "ws://${host}:80/${host}", "ws://a.example:80/a.example");
        let (texts, problems) = run("<g b='${port}'/>");
        assert_eq!((texts, problems), (vec!["8443".to_owned(), String::new()], vec![]));
    }

    #[test]
    fn the_launch_goes_before_the_file_and_the_file_before_the_host() {
        becomes(&[("port", "80")], "${port}", "8443");
        becomes(&[("hostname", "b.example")], "${hostname}", "b.example");
        becomes(&[], "${hostname}", "gate.example");
    }

    #[test]
    fn two_dollars_are_text() {
        becomes(&[], "$${port}", "${port}");
        becomes(&[], "$${port}${port}$$$", "${port}8443$$$");
        becomes(&[], "$${$${port}", "${${port}");
        becomes(&[], "$ {port} $port 5$", "$ {port} $port 5$");
    }

    #[test]
    fn a_property_may_refer_to_others_in_any_order() {
        let properties = [("a", "${b}/x"), ("b", "${c}:${port}"), ("c", "h")];
        becomes(&properties, "${a}", "h:8443/x");
    }

    #[test]
    fn what_is_defined_at_the_launch_is_taken_as_it_is() {
        becomes(&[], "${at.launch}", "${raw}");
    }

    #[test]
    fn what_stands_for_nothing_is_told_where_it_stands() {
        is_wrong(&[("host", "h")], "ws://${hots}/", "${hots}", "did you mean `${host}`");
        is_wrong(&[], "${user.home}", "${user.home}", "--define user.home=VALUE");
        is_wrong(&[], "${cloud.host}", "${cloud.host}", "no cloud");
        is_wrong(&[], "${}", "${}", "--define NAME=VALUE");
        is_wrong(&[], "a ${port", "${port", "has no `}`");
    }

    #[test]
    fn a_default_is_said_not_to_be_supported() {
        is_wrong(&[], "${x:80}", "${x:80}", "define x as `80` in <properties>");
    }

    #[test]
    fn all_that_stand_for_nothing_are_told_in_one_run() {
        let (_, problems) = run("<g b='${x1}'><c>${x2} &amp; ${x3}</c></g>");
        let marked: Vec<_> = problems.iter().map(|(marked, _)| marked.as_str()).collect();
        assert_eq!(marked, ["${x1}", "${x2} &amp; ${x3}", "${x2} &amp; ${x3}"]);
    }

    #[test]
    fn a_property_that_refers_to_itself_is_told_once() {
        is_wrong(&[("a", "${b}"), ("b", "${c}"), ("c", "x${a}")], "${a} ${b}", "${a}", "a → b → c → a");
    }

    #[test]
    fn a_property_with_a_wrong_name_in_it_is_told_once() {
        is_wrong(&[("a", "${xyz}")], "${a}", "${xyz}", "stands for nothing");
    }

    #[test]
    fn a_property_that_the_launch_defines_may_say_anything() {
        becomes(&[("port", "${xyz}")], "${port}", "8443");
    }

    #[test]
    fn a_property_is_defined_once() {
        is_wrong(&[("a", "1"), ("a", "2")], "${a}", "a", "is defined twice");
    }

    #[test]
    fn a_long_chain_is_refused() {
        let names: Vec<_> =
            (0..=MAX_CHAIN + 1).map(|n| (format!("p{n}"), format!("${{p{}}}", n + 1))).collect();
        let mut names: Vec<_> = names.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        names.last_mut().unwrap().1 = "x";
        is_wrong(&names, "", &format!("${{p{MAX_CHAIN}}}"), "in a row");
    }

    #[test]
    fn properties_cannot_be_made_to_fill_the_memory() {
        let value = |n: usize| format!("${{p{}}}", n + 1).repeat(100);
        let names: Vec<_> = (0..8).map(|n| (format!("p{n}"), value(n))).collect();
        let mut names: Vec<_> = names.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        names.push(("p8", "0123456789"));
        let (_, problems) = run(&file(&names, ""));
        assert!(problems[0].1.says.contains("octets"), "{problems:?}");
        assert!(problems.len() <= names.len());
    }

    #[test]
    fn a_text_keeps_its_place() {
        let text = file(&[("a", "long enough")], " x ${a} ");
        let mut root = xml::read(text.as_bytes()).unwrap().root;
        assert_eq!(substitute(&mut root, &BTreeMap::new(), None), []);
        let text_of_a = &root.children[1].text;
        assert_eq!((text_of_a.value.as_str(), &text[text_of_a.place(3..6)]), ("x long enough", "x ${a}"));
    }
}
