//! Realms: how users log in, and who judges their credentials.

use std::{collections::HashMap, time::Duration};

use http::HeaderName;

use super::{
    Folder,
    module::{Judge, LoginModule},
};
use crate::config::{
    fields::Fields,
    problems::Problems,
    report::{Problem, quoted},
    spanned::Spanned,
    vocabulary::Place,
    xml::Element,
};

/// A realm.
#[derive(Clone, Debug)]
pub struct Realm {
    /// What services call it.
    pub name: Spanned<String>,
    /// What browsers show beside the question for a password; US-ASCII.
    pub description: Option<String>,
    /// How users log in.
    pub authentication: Authentication,
}

/// How users log in.
#[derive(Clone, Debug, Default)]
pub struct Authentication {
    /// What clients without credentials are asked for.
    pub scheme: Option<Scheme>,
    /// Header fields that carry credentials, beside `Authorization`.
    pub headers: Vec<HeaderName>,
    /// Parameters of the query that carry credentials.
    pub query_parameters: Vec<String>,
    /// Cookies that carry credentials.
    pub cookies: Vec<String>,
    /// Whether credentials are asked for each time, or once.
    pub mode: Mode,
    /// After which a user must log in again.
    pub authorization_timeout: Option<Duration>,
    /// After which a socket is closed.
    pub session_timeout: Option<Duration>,
    /// Failed logins of one peer in five minutes; 0 allows any number.
    pub failed_logins: u32,
    /// Who judges, in this order.
    pub modules: Vec<LoginModule>,
}

/// Failed logins of one peer in five minutes, unless a realm says otherwise: more than people need.
pub const FAILED_LOGINS: u32 = 10;

/// What clients without credentials are asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// A name and a password, by a script in the page.
    ApplicationBasic,
    /// A Kerberos ticket, by a script in the page.
    ApplicationNegotiate,
    /// A token, by a script in the page.
    ApplicationToken,
    /// A name and a password, by the browser.
    Basic,
    /// A Kerberos ticket, by the browser.
    Negotiate,
}

/// Whether credentials are asked for each time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// They are.
    #[default]
    Challenge,
    /// Once; then a cookie stands for them.
    Recycle,
}

impl Scheme {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "Application Basic" => Self::ApplicationBasic,
            "Application Negotiate" => Self::ApplicationNegotiate,
            "Application Token" => Self::ApplicationToken,
            "Basic" => Self::Basic,
            "Negotiate" => Self::Negotiate,
            _ => return None,
        })
    }
}

impl Authentication {
    /// What the fields of `authentication` come to.
    pub(in crate::config) fn of(fields: &Fields<'_>, folder: &Folder<'_>, problems: &mut Problems) -> Self {
        let mode = match fields.word("authorization-mode") {
            Some("recycle") => Mode::Recycle,
            Some("validate") => {
                let says = "the authorization-mode `validate` does what `challenge` does";
                problems.push(Problem::warning(fields.name_span(), says).help("use challenge"));
                Mode::Challenge
            }
            _ => Mode::Challenge,
        };
        let modules = match fields.child("login-modules") {
            Some(element) => LoginModule::all(element, folder, problems),
            None => Vec::new(),
        };
        let scheme = fields.word("http-challenge-scheme").and_then(Scheme::of);
        let judges_tickets = modules.iter().any(|module| matches!(module.judge, Judge::Gss(_)));
        if matches!(scheme, Some(Scheme::Negotiate | Scheme::ApplicationNegotiate))
            && fields.has("login-modules")
            && !judges_tickets
        {
            let says = "clients are asked for Kerberos tickets, and no login module judges them";
            let help = "add one of type kerberos5 and behind it one of type gss";
            problems.push(Problem::warning(fields.name_span(), says).help(help));
        }
        let is_idle = |module: &LoginModule| matches!(&module.judge, Judge::Kerberos5(own) if own.asks());
        if matches!(scheme, Some(Scheme::Negotiate | Scheme::ApplicationNegotiate))
            && modules.iter().any(is_idle)
        {
            let says = "<kdc>, <defaultRealm> and <acceptRealm> of kerberos5 are for passwords, and clients are \
                        asked for tickets";
            let help = "take them out; realms whose tickets are accepted are named in <acceptRealm> of gss";
            problems.push(Problem::warning(fields.name_span(), says).help(help));
        }
        Self {
            scheme,
            headers: headers(fields, problems),
            query_parameters: fields
                .texts("http-query-parameter")
                .into_iter()
                .map(|name| name.value)
                .collect(),
            cookies: cookies(fields, problems),
            mode,
            authorization_timeout: fields.time("authorization-timeout"),
            session_timeout: fields.time("session-timeout"),
            failed_logins: failed_logins(fields),
            modules,
        }
    }
}

/// All realms in `security`, and where each is by its name.
#[derive(Debug, Default)]
pub(in crate::config) struct Realms {
    pub(in crate::config) all: Vec<Realm>,
    by_name: HashMap<String, usize>,
}

impl Realms {
    /// Reads a realm more.
    pub(in crate::config) fn add(&mut self, element: &Element, folder: &Folder<'_>, problems: &mut Problems) {
        let fields = Fields::read(element, Place::Realm, problems);
        let description = fields.text("description");
        if let Some(description) = &description
            && !description.is_ascii()
        {
            let says =
                format!("<description> is {}, and browsers are sent it in US-ASCII", quoted(description));
            problems
                .push(Problem::error(description.span.clone(), says).help("write it without other letters"));
        }
        let mut has_modules = false;
        let authentication = match fields.child("authentication") {
            Some(element) => {
                let fields = Fields::read(element, Place::Authentication, problems);
                has_modules = fields.has("login-modules");
                Authentication::of(&fields, folder, problems)
            }
            None => Authentication::default(),
        };
        let Some(name) = fields.text("name") else { return };
        if !has_modules {
            let says = format!("nobody can log in to the realm {}: it has no <login-modules>", quoted(&name));
            let help = "add them to its <authentication>";
            problems.push(Problem::warning(name.span.clone(), says).help(help));
        }
        let realm = Realm { name, description: description.map(|text| text.value), authentication };
        if let Some(first) = self.by_name.get(&realm.name.value).and_then(|first| self.all.get(*first)) {
            let says = format!("the realm {} is there twice", quoted(&realm.name));
            let problem = Problem::error(realm.name.span.clone(), says).help("give one of them another name");
            problems.push(problem.also(first.name.span.clone(), "first here"));
        } else {
            self.by_name.insert(realm.name.value.clone(), self.all.len());
        }
        self.all.push(realm);
    }

    /// Adds a realm that no service can name, and says where it is.
    pub(in crate::config) fn push(&mut self, realm: Realm) -> usize {
        self.all.push(realm);
        self.all.len() - 1
    }

    /// Where the realm of this name is.
    pub(in crate::config) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

fn failed_logins(fields: &Fields<'_>) -> u32 {
    let count = fields.count("failed-logins");
    count.map_or(FAILED_LOGINS, |count| u32::try_from(count).unwrap_or(u32::MAX))
}

fn headers(fields: &Fields<'_>, problems: &mut Problems) -> Vec<HeaderName> {
    let mut headers = Vec::new();
    for name in fields.texts("http-header") {
        match HeaderName::try_from(name.as_str()) {
            Ok(header) => headers.push(header),
            Err(_) => {
                let says = format!("<http-header> is {}, which is no field of HTTP", quoted(&name));
                problems.push(Problem::error(name.span, says).help("write its name alone, such as X-Token"));
            }
        }
    }
    headers
}

fn cookies(fields: &Fields<'_>, problems: &mut Problems) -> Vec<String> {
    let mut cookies = Vec::new();
    for name in fields.texts("http-cookie") {
        // RFC 6265 section 4.1.1: a name is a token, as those of header fields are.
        if HeaderName::try_from(name.as_str()).is_err() {
            let says = format!("<http-cookie> is {}, which is no name of a cookie", quoted(&name));
            problems.push(Problem::error(name.span, says).help("write its name alone, such as sso"));
        } else {
            cookies.push(name.value);
        }
    }
    cookies
}
