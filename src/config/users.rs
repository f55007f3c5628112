//! `jaas-config.xml`: from its octets to users, passwords and roles, every mistake with its place.
//!
//! What is said of it goes by lines and never shows the file itself: its lines have passwords in them.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Read as _},
    ops::Range,
    path::{Path, PathBuf},
};

use zeroize::{Zeroize as _, Zeroizing};

use super::{
    fields::Fields,
    problems::Problems,
    report::{Problem, Report, nearest, quoted},
    spanned::Spanned,
    substitution,
    vocabulary::Place,
    xml::{self, Element, MAX_OCTETS},
};
use crate::realm::{
    module::file::users::{Role, Secret, User, Users},
    roles::is_role,
};

/// The namespace of files of users.
pub const NAMESPACE: &str = "http://xmlns.kaazing.com/jaas-config/centurion";

/// Namespaces of before, in which the elements have other meanings.
const REFUSED: [&str; 2] =
    ["http://xmlns.kaazing.com/jaas-config/atlantis", "http://xmlns.kaazing.com/jaas-config/battlestar"];

/// How many roles a file may have: a login may lead through all of them.
pub const MAX_ROLES: usize = 10_000;

/// Why a file of users is not used. The operator's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
    /// It cannot be read.
    #[error("{}: {error}; it must exist, and be readable by the gateway's user", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// There are errors in it: each is a line, with file, line and column.
    #[error("{}", lines.trim_end())]
    Wrong {
        /// All of them.
        lines: String,
    },
}

/// Loads the file of users at `path`, with what is worth a warning in it, one line each.
///
/// `defined` are names that `${...}` may refer to.
///
/// # Errors
///
/// Any [`UsersError`]. All errors of the file are in it.
pub fn load(path: &Path, defined: &BTreeMap<String, String>) -> Result<(Users, String), UsersError> {
    let mut octets = Zeroizing::new(Vec::new());
    let most = u64::try_from(MAX_OCTETS).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut octets))
        .map_err(|error| UsersError::Unreadable { path: path.to_owned(), error })?;
    understand(&path.to_string_lossy(), &octets, defined)
}

/// Reads the file of users that `octets` are; `name` is what it is called.
///
/// # Errors
///
/// [`UsersError::Wrong`].
pub fn understand(
    name: &str,
    octets: &[u8],
    defined: &BTreeMap<String, String>,
) -> Result<(Users, String), UsersError> {
    let mut problems = Problems::default();
    let (document, found) = xml::survey(octets);
    problems.extend(found);
    let users = document.and_then(|mut document| {
        problems.extend(substitution::substitute_defined(&mut document.root, defined));
        let users = whole(&document.root, &mut problems);
        forget(&mut document.root);
        users
    });
    let is_wrong = problems.has_errors();
    let lines = Report::new(name, octets, &problems.into_vec()).lines();
    match users {
        Some(users) if !is_wrong => Ok((users, lines)),
        _ => Err(UsersError::Wrong { lines }),
    }
}

/// Overwrites the texts of a tree: passwords are among them.
fn forget(element: &mut Element) {
    element.text.value.zeroize();
    element.children.iter_mut().for_each(forget);
}

/// Everything below the root.
fn whole(root: &Element, problems: &mut Problems) -> Option<Users> {
    if root.name != "jaas-config" {
        let says = format!("the file holds <{}>, which is no list of users", root.name);
        let help = format!("it begins with <jaas-config xmlns=\"{NAMESPACE}\">");
        problems.push(Problem::error(root.name_span.clone(), says).help(help));
        return None;
    }
    namespace(root, problems);
    let fields = Fields::read(root, Place::Users, problems);
    let roles = Roles::read(&fields, problems);
    let users = users(&fields, &roles, problems);
    match Users::new(users, roles.all) {
        Ok(users) => Some(users),
        Err(error) => {
            let says = "the passwords are hashed in too many ways";
            problems.push(Problem::error(root.name_span.clone(), says).help(error.to_string()));
            None
        }
    }
}

fn namespace(root: &Element, problems: &mut Problems) {
    let Some((namespace, span)) = &root.namespace else {
        let says = "the file does not say in which namespace it is, and is read as one of centurion";
        let help = format!("write <jaas-config xmlns=\"{NAMESPACE}\">");
        return problems.push(Problem::warning(root.name_span.clone(), says).help(help));
    };
    if **namespace == *NAMESPACE {
        super::namespaces::strangers(root, namespace, problems);
    } else if REFUSED.contains(&&**namespace) {
        let says = format!("the namespace {} is that of an older form, which is not read", quoted(namespace));
        let help = format!("write it anew, with users and roles as `{NAMESPACE}` has them");
        problems.push(Problem::error(span.clone(), says).help(help));
    } else {
        let says = format!("the namespace {} is not known", quoted(namespace));
        problems.push(Problem::error(span.clone(), says).help(format!("write `{NAMESPACE}`")));
    }
}

/// The roles of a file.
#[derive(Default)]
struct Roles {
    all: Vec<Role>,
    /// Where each is among them, and in the file.
    places: HashMap<String, (usize, Range<usize>)>,
}

impl Roles {
    /// All of them. They may refer to each other in any order, and in circles.
    fn read(fields: &Fields<'_>, problems: &mut Problems) -> Self {
        let mut roles = Self::default();
        let mut inner = Vec::new();
        for element in fields.children("role") {
            let fields = Fields::read(element, Place::Role, problems);
            let Some(name) = fields.text("name") else { continue };
            if !is_role(&name) {
                let says = format!("the role is called {}", quoted(&name));
                let help = "use letters, digits and signs of ASCII, without blanks, commas, quotes and `=`";
                problems.push(Problem::error(name.span.clone(), says).help(help));
            }
            if let Some((_, first)) = roles.places.get(&name.value) {
                problems.push(twice("role", &name, first));
                continue;
            }
            if roles.all.len() == MAX_ROLES {
                let says = format!("the file has more than {MAX_ROLES} roles");
                problems.push(Problem::error(name.span, says).help("give users fewer roles"));
                break;
            }
            inner.push(fields.texts("role-name"));
            roles.places.insert(name.value.clone(), (roles.all.len(), name.span));
            roles.all.push(Role { name: name.value, roles: Vec::new() });
        }
        for (place, names) in inner.iter().enumerate() {
            let found = roles.find(names, problems);
            if let Some(role) = roles.all.get_mut(place) {
                role.roles = found;
            }
        }
        roles
    }

    /// The roles of these names, and a problem for each that there is not.
    fn find(&self, names: &[Spanned<String>], problems: &mut Problems) -> Vec<usize> {
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            match self.places.get(&name.value) {
                Some((place, _)) => found.push(*place),
                // Nobody would be told of another, and finding what was meant takes time.
                None if problems.is_full() => break,
                None => {
                    let says = format!("there is no role {}", quoted(name));
                    let known = self.all.iter().map(|role| role.name.as_str());
                    let help = match nearest(name, known) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("add <role><name>{}</name></role>", name.value),
                    };
                    problems.push(Problem::error(name.span.clone(), says).help(help));
                }
            }
        }
        found
    }
}

fn users(fields: &Fields<'_>, known: &Roles, problems: &mut Problems) -> HashMap<String, User> {
    let mut users: HashMap<String, User> = HashMap::new();
    let mut spans: HashMap<String, Range<usize>> = HashMap::new();
    let mut plain: Vec<Spanned<String>> = Vec::new();
    for element in fields.children("user") {
        let fields = Fields::read(element, Place::User, problems);
        let roles = known.find(&fields.texts("role-name"), problems);
        let (Some(name), Some(password)) = (fields.text("name"), fields.child("password")) else { continue };
        if password.text.value.is_empty() {
            continue;
        }
        if name.contains([':', '\n', '\t']) {
            let says = format!("nobody can log in as {}", quoted(&name));
            let help = "take the colon or the line's end out: the name ends there when it is sent (RFC 7617 section 2)";
            problems.push(Problem::error(name.span.clone(), says).help(help));
        }
        if let Some(first) = spans.get(&name.value) {
            problems.push(twice("user", &name, first));
            continue;
        }
        // A name is a role that its user alone has; here others were given it.
        if let Some((role, _)) = known.places.get(&name.value)
            && !roles.contains(role)
        {
            let says = format!("the user {} is called like a role, and so has it", quoted(&name));
            let help = "give one of them another name";
            problems.push(Problem::warning(name.span.clone(), says).help(help));
        }
        spans.insert(name.value.clone(), name.span.clone());
        let secret = match Secret::read(&password.text.value) {
            Ok(secret) => secret,
            Err(error) => {
                let says = format!("the <password> of {} cannot be used", quoted(&name));
                problems.push(Problem::error(password.text.span.clone(), says).help(error.to_string()));
                continue;
            }
        };
        if matches!(secret, Secret::Plain(_)) {
            plain.push(Spanned::new(name.value.clone(), password.text.span.clone()));
        }
        users.insert(name.value, User { secret, roles });
    }
    if users.is_empty() && !fields.has("user") {
        let says = "the file has no <user>, so nobody can log in";
        problems.push(Problem::warning(fields.name_span(), says));
    }
    problems.extend(in_the_clear(&plain));
    users
}

/// A warning if passwords can be read by whoever reads the file.
fn in_the_clear(plain: &[Spanned<String>]) -> Option<Problem> {
    let (first, others) = plain.split_first()?;
    let more = match others.len() {
        0 => String::new(),
        1 => " and of another user".to_owned(),
        count => format!(" and of {count} other users"),
    };
    let says = format!("the <password> of {}{more} can be read in the file", quoted(first));
    let help = "put the hash there that `ticketgate passwd` prints";
    Some(Problem::warning(first.span.clone(), says).help(help))
}

fn twice(what: &str, name: &Spanned<String>, first: &Range<usize>) -> Problem {
    let says = format!("the {what} {} is there twice", quoted(name));
    Problem::error(name.span.clone(), says).help("take one of them out").also(first.clone(), "first here")
}

#[cfg(test)]
mod tests;
