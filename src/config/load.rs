//! Loads a configuration: reads the file, puts in what names stand for, and checks all of it before any of it is used.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{
    fields::Fields,
    model::{
        Config, Folder,
        listener::Listeners,
        realm::{Authentication, Realm, Realms},
        security::Store,
        service::{Context, Defaults, Draft},
    },
    namespaces,
    problems::Problems,
    report::{Problem, Report, nearest, quoted},
    spanned::Spanned,
    substitution,
    vocabulary::Place,
    xml::{self, Element, MAX_OCTETS, MAX_PROBLEMS},
};

/// Why a configuration is not used. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// It cannot be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// There are errors in it.
    #[error("{0}")]
    Wrong(Box<Wrong>),
}

/// A file with errors.
#[derive(Debug)]
pub struct Wrong {
    path: PathBuf,
    octets: Vec<u8>,
    /// What is wrong with it, and what is worth a warning.
    pub problems: Vec<Problem>,
    /// Whether there may be more: nobody reads more in one go.
    pub is_cut: bool,
}

impl Wrong {
    /// All of it for a terminal, each problem with its line of the file.
    #[must_use]
    pub fn shown(&self, colours: bool) -> String {
        let shown = Report::new(&self.path.to_string_lossy(), &self.octets, &self.problems).shown(colours);
        shown + &self.rest()
    }

    fn rest(&self) -> String {
        if self.is_cut {
            format!("{}: there may be more errors; these are the first {MAX_PROBLEMS}\n", self.path.display())
        } else {
            String::new()
        }
    }
}

/// One line a problem, each with file, line and column.
impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines =
            Report::new(&self.path.to_string_lossy(), &self.octets, &self.problems).lines() + &self.rest();
        f.write_str(lines.trim_end_matches('\n'))
    }
}

/// Loads the configuration in the file at `path`, with what is worth a warning in it.
///
/// `defines` are names that `${...}` may refer to, beside the properties of the file itself. Whether keystores are there is
/// looked at; nothing else outside of the file is.
///
/// # Errors
///
/// [`LoadError`]. All errors of the file are in it.
pub fn load(path: &Path, defines: &BTreeMap<String, String>) -> Result<(Config, Vec<Problem>), LoadError> {
    let mut octets = Vec::new();
    let most = u64::try_from(MAX_OCTETS).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut octets))
        .map_err(|error| LoadError::Unreadable { path: path.to_owned(), error })?;
    understand(path, octets, defines)
}

/// Loads the configuration that `octets` are; `path` is what it is called, and relative paths count from its folder.
///
/// # Errors
///
/// [`LoadError::Wrong`].
pub fn understand(
    path: &Path,
    octets: Vec<u8>,
    defines: &BTreeMap<String, String>,
) -> Result<(Config, Vec<Problem>), LoadError> {
    let mut problems = Problems::default();
    let (document, found) = xml::survey(&octets);
    problems.extend(found);
    let config = document.and_then(|document| {
        let mut root = document.root;
        let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
        problems.extend(substitution::substitute(&mut root, defines, Some(&hostname)));
        whole(&root, path, &mut problems)
    });
    match config {
        Some(config) if !problems.has_errors() => {
            Ok((Config { defined: defines.clone(), octets, ..config }, problems.into_vec()))
        }
        _ => {
            let is_cut = problems.is_full();
            let problems = problems.into_vec();
            Err(LoadError::Wrong(Box::new(Wrong { path: path.to_owned(), octets, problems, is_cut })))
        }
    }
}

/// Everything below the root.
fn whole(root: &Element, path: &Path, problems: &mut Problems) -> Option<Config> {
    if root.name != "gateway-config" {
        let says = format!("the file holds <{}>, which is no configuration", root.name);
        let help = match nearest(&root.name, ["gateway-config"]) {
            Some(meant) => format!("did you mean <{meant}>?"),
            None => format!("it begins with <gateway-config xmlns=\"{}\">", namespaces::CURRENT),
        };
        problems.push(Problem::error(root.name_span.clone(), says).help(help));
        return None;
    }
    let era = namespaces::judge(root, problems);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = Folder(folder);
    let fields = Fields::read(root, Place::Root, problems);
    if let Some(properties) = fields.child("properties") {
        // What they say has been put in its places.
        for property in Fields::read(properties, Place::Properties, problems).children("property") {
            Fields::read(property, Place::Property, problems);
        }
    }
    let defaults = match fields.child("service-defaults") {
        Some(element) => Defaults::read(element, problems),
        None => Defaults::default(),
    };
    let security = match fields.child("security") {
        Some(element) => Security::read(element, &folder, problems),
        None => Security::default(),
    };
    let names = names(&fields, problems);
    let context = Context {
        era,
        folder,
        realms: &security.realms,
        legacy_realm: security.legacy_realm,
        defaults: &defaults,
        names: &names,
    };
    let drafts: Vec<Draft> = fields
        .children("service")
        .enumerate()
        .filter_map(|(number, element)| Draft::read(element, number + 1, &context, problems))
        .collect();
    let gathered = Listeners::gather(&drafts, problems);
    let listeners = gathered.judge(&defaults, security.has_keystore, security.has_truststore, problems);
    if !fields.has("service") {
        let says = "the file has no <service>, so there is nothing to do";
        problems.push(Problem::warning(root.name_span.clone(), says));
    }
    Some(Config {
        era,
        services: drafts.into_iter().map(|draft| draft.service).collect(),
        listeners,
        realms: security.realms.all,
        keystore: security.keystore,
        truststore: security.truststore,
        folder: folder.0.to_owned(),
        file: path.to_owned(),
        defined: BTreeMap::new(),
        octets: Vec::new(),
    })
}

/// The names that services have given themselves, each once.
fn names<'a>(fields: &Fields<'a>, problems: &mut Problems) -> HashSet<&'a str> {
    let mut names = HashSet::new();
    let mut spans = std::collections::HashMap::new();
    let texts = fields.children("service").flat_map(|service| &service.children);
    for name in texts.filter(|child| child.name == "name" && !child.text.value.is_empty()) {
        let text = name.text.value.as_str();
        names.insert(text);
        if let Some(first) = spans.insert(text, name.text.span.clone()) {
            let says = format!("the service {} is there twice", quoted(text));
            let problem = Problem::error(name.text.span.clone(), says).help("give one of them another name");
            problems.push(problem.also(first, "first here"));
        }
    }
    names
}

/// What `security` says.
#[derive(Debug, Default)]
struct Security {
    realms: Realms,
    legacy_realm: Option<usize>,
    keystore: Option<Store>,
    truststore: Option<Store>,
    /// Whether they are named at all: one that cannot be read has been reported as such.
    has_keystore: bool,
    has_truststore: bool,
}

impl Security {
    fn read(element: &Element, folder: &Folder<'_>, problems: &mut Problems) -> Self {
        let fields = Fields::read(element, Place::Security, problems);
        let mut realms = Realms::default();
        for realm in fields.children("realm") {
            realms.add(realm, folder, problems);
        }
        let legacy_realm = legacy(&fields, folder, problems).map(|realm| realms.push(realm));
        let store = |name, problems: &mut Problems| {
            fields.child(name).and_then(|element| Store::read(element, folder, problems))
        };
        Self {
            realms,
            legacy_realm,
            keystore: store("keystore", problems),
            truststore: store("truststore", problems),
            has_keystore: fields.has("keystore"),
            has_truststore: fields.has("truststore"),
        }
    }
}

/// The realm of a challenge scheme that stands under `security` itself, as it did before there were realms.
fn legacy(fields: &Fields<'_>, folder: &Folder<'_>, problems: &mut Problems) -> Option<Realm> {
    let first = fields.all().iter().find(|field| Place::Authentication.find(field.entry.name).is_some())?;
    let authentication = Authentication::of(fields, folder, problems);
    let name = first.element.name.as_str();
    let says = format!(
        "<{name}> stands under <security> itself: it is for services with a constraint and without <realm-name>"
    );
    let help = "give them a realm: <realm><name>…</name><authentication>…</authentication></realm>";
    problems.push(Problem::warning(first.element.name_span.clone(), says).help(help));
    if authentication.modules.is_empty() {
        let says = "nobody can log in to these services: there are no <login-modules> beside it";
        let help = "add <login-modules> with a <login-module>";
        problems.push(Problem::warning(first.element.name_span.clone(), says).help(help));
    }
    Some(Realm {
        name: Spanned::new("security".to_owned(), first.element.name_span.clone()),
        description: None,
        authentication,
    })
}

#[cfg(test)]
mod tests;
