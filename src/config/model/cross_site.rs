//! Which pages of other origins may use a service: `cross-site-constraint`.

use std::{collections::HashMap, fmt, ops::Range, time::Duration};

use http::{HeaderName, Method};

use super::uri::{AcceptUri, Scheme};
use crate::config::{
    fields::Fields,
    problems::Problems,
    report::{Problem, quoted},
    spanned::Spanned,
    vocabulary::Place,
};

/// What pages of an origin may do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrossSite {
    /// The origin.
    pub allow_origin: Spanned<AllowOrigin>,
    /// Methods that they may use.
    pub allow_methods: Vec<Method>,
    /// Fields that they may send beside the harmless.
    pub allow_headers: Vec<HeaderName>,
    /// For how long browsers need not ask again.
    pub maximum_age: Option<Duration>,
}

/// Origins that are allowed.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum AllowOrigin {
    /// All.
    Any,
    /// That of documents without one, such as files: browsers call it `null`.
    Null,
    /// One; in lower case and with its port, such as `https://app.example.com:443`.
    Origin(String),
    /// What clients that are no browsers call themselves: `privileged://HOST:PORT`. They can call themselves anything.
    Privileged,
}

impl AllowOrigin {
    fn read(text: &str) -> Option<Self> {
        match text {
            "*" => return Some(Self::Any),
            "null" => return Some(Self::Null),
            "privileged://*" => return Some(Self::Privileged),
            _ => {}
        }
        let uri: AcceptUri = text.parse().ok()?;
        let is_origin =
            matches!(uri.scheme, Scheme::Http | Scheme::Https) && uri.path == "/" && uri.port != 0;
        is_origin.then(|| Self::Origin(uri.to_string().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for AllowOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::Null => "null",
            Self::Origin(origin) => origin,
            Self::Privileged => "privileged://*",
        })
    }
}

impl CrossSite {
    /// All constraints of a service.
    pub(in crate::config) fn all(fields: &Fields<'_>, problems: &mut Problems) -> Vec<Self> {
        let mut constraints: Vec<Self> = Vec::new();
        let mut seen: HashMap<AllowOrigin, Range<usize>> = HashMap::new();
        for element in fields.children("cross-site-constraint") {
            let fields = Fields::read(element, Place::CrossSiteConstraint, problems);
            let methods = methods(&fields, problems);
            let headers = headers(&fields, problems);
            let Some(text) = fields.text("allow-origin") else { continue };
            let Some(origin) = AllowOrigin::read(&text) else {
                let says = format!("<allow-origin> is {}, which is no origin", quoted(&text));
                let help = "write it as https://HOST or https://HOST:PORT, without a path, or * for all";
                problems.push(Problem::error(text.span, says).help(help));
                continue;
            };
            if let Some(first) = seen.insert(origin.clone(), text.span.clone()) {
                let says = format!("the origin {} is there twice", quoted(&origin.to_string()));
                let problem =
                    Problem::error(text.span.clone(), says).help("write all of it into one constraint");
                problems.push(problem.also(first, "first here"));
            }
            constraints.push(Self {
                allow_origin: Spanned::new(origin, text.span),
                allow_methods: methods,
                allow_headers: headers,
                maximum_age: fields.time("maximum-age"),
            });
        }
        if let Some(any) = seen.get(&AllowOrigin::Any)
            && seen.len() > 1
        {
            let says = "<allow-origin> is `*`, all origins, and others are named beside it";
            problems.push(Problem::error(any.clone(), says).help("leave either it or the others"));
        }
        constraints
    }
}

fn methods(fields: &Fields<'_>, problems: &mut Problems) -> Vec<Method> {
    let Some(names) = fields.list("allow-methods") else { return vec![Method::GET, Method::POST] };
    let mut methods = Vec::new();
    for name in names {
        match Method::from_bytes(name.as_bytes()) {
            // Methods are written in capitals, and no client sends others by chance.
            Ok(method) if !name.bytes().any(|octet| octet.is_ascii_lowercase()) => methods.push(method),
            _ => problems.push(no_name(
                fields,
                "allow-methods",
                &name,
                "methods are written in capitals, such as GET,POST",
            )),
        }
    }
    methods
}

fn headers(fields: &Fields<'_>, problems: &mut Problems) -> Vec<HeaderName> {
    let mut headers = Vec::new();
    for name in fields.list("allow-headers").unwrap_or_default() {
        match HeaderName::try_from(name.as_str()) {
            Ok(header) => headers.push(header),
            Err(_) => problems.push(no_name(
                fields,
                "allow-headers",
                &name,
                "write names of fields, such as x-requested-with",
            )),
        }
    }
    headers
}

fn no_name(fields: &Fields<'_>, element: &str, name: &str, help: &str) -> Problem {
    let span = fields.child(element).map_or(fields.name_span(), |element| element.text.span.clone());
    Problem::error(span, format!("<{element}> has {}", quoted(name))).help(help)
}
