//! From the element `service` to a service.

use std::collections::HashSet;

use http::HeaderValue;
use tgg::routes::KDC_PORT;

use super::{ApplicationNegotiate, Mime, Service, accept_schemes, access, connect_count, connect_schemes};
use crate::config::{
    fields::{Fields, Value},
    model::{
        Era, Folder,
        cross_site::CrossSite,
        kind,
        options::{AcceptOptions, ConnectOptions, Written},
        realm::Realms,
        uri::{AcceptUri, ConnectUri, Scheme},
    },
    problems::Problems,
    report::{Problem, nearest, quoted},
    spanned::Spanned,
    vocabulary::{Place, ServiceType, ignored_type, refused_type},
    xml::Element,
};

/// What all services are read with.
pub(in crate::config) struct Context<'a> {
    pub(in crate::config) era: Era,
    pub(in crate::config) folder: Folder<'a>,
    pub(in crate::config) realms: &'a Realms,
    /// The realm of a challenge scheme that stands under `security` itself.
    pub(in crate::config) legacy_realm: Option<usize>,
    pub(in crate::config) defaults: &'a Defaults,
    /// Names that services have given themselves.
    pub(in crate::config) names: &'a HashSet<&'a str>,
}

/// What `service-defaults` says.
#[derive(Debug, Default)]
pub(in crate::config) struct Defaults {
    pub(in crate::config) accept: Written,
    pub(in crate::config) connect: Written,
    pub(in crate::config) mime: Vec<Mime>,
}

/// A service, and the options that it set itself: what concerns its address is not known yet.
#[derive(Debug)]
pub(in crate::config) struct Draft {
    pub(in crate::config) service: Service,
    pub(in crate::config) accept: Written,
}

impl Defaults {
    /// What `element` says.
    pub(in crate::config) fn read(element: &Element, problems: &mut Problems) -> Self {
        let fields = Fields::read(element, Place::ServiceDefaults, problems);
        Self {
            accept: Written::read(fields.child("accept-options"), Place::AcceptOptions, problems),
            connect: Written::read(fields.child("connect-options"), Place::ConnectOptions, problems),
            mime: mime(&fields, problems),
        }
    }
}

impl Draft {
    /// The service that `element` describes, the `number`th of the file; `None` if there cannot be one, or is none to be.
    pub(in crate::config) fn read(
        element: &Element,
        number: usize,
        context: &Context<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let fields = Fields::read(element, Place::Service, problems);
        let own = Written::read(fields.child("accept-options"), Place::AcceptOptions, problems);
        let connect = Written::read(fields.child("connect-options"), Place::ConnectOptions, problems)
            .over(&context.defaults.connect);
        let (realm, required) = access::read(&fields, context, problems);
        let cross_site = CrossSite::all(&fields, problems);
        let mut mimes = context.defaults.mime.clone();
        mimes.extend(mime(&fields, problems));
        let service = service_type(&fields.text("type")?, problems)?;
        let accepts = accepts(&fields, service, problems);
        access::showable(&accepts, &required, problems);
        let connects = connects(&fields, service, problems);
        let properties = match fields.child("properties") {
            Some(properties) => Fields::read(properties, Place::Type(service), problems),
            None => Fields::none(element, "properties", Place::Type(service), problems),
        };
        let application_negotiate = ApplicationNegotiate {
            connect: properties.text("authentication.connect"),
            identifier: properties.text("authentication.identifier"),
        };
        let folder = context.folder;
        let name = fields.text("name").unwrap_or_else(|| {
            let names = || (number..).map(|number| format!("{service}-{number}"));
            let name = names().find(|name| !context.names.contains(name.as_str())).unwrap_or_default();
            Spanned::new(name, fields.name_span())
        });
        let host = accepts.first().map(|uri| uri.host.as_str()).unwrap_or_default();
        let reading =
            kind::Reading { fields: properties, folder, connects: &connects, name: &name, host, problems };
        let kind = reading.kind(service)?;
        let is_of_octets = |uri: &Spanned<ConnectUri>| matches!(uri.scheme, Scheme::Tcp | Scheme::Ssl);
        if let Some(option) = connect.find("tcp.proxy.protocol")
            && option.value != Value::Word("disabled")
            && !(service == ServiceType::Proxy && connects.iter().any(is_of_octets))
        {
            let says = "<tcp.proxy.protocol> does nothing: it is for a proxy to tcp:// or ssl://";
            let help = "tell other back ends in fields, such as <identity-header>, or take it out";
            problems.push(Problem::warning(option.span.clone(), says).help(help));
        }
        if service == ServiceType::Proxy {
            kerberos_unseen(&accepts, &connects, problems);
        }
        let accept = own.over(&context.defaults.accept);
        let service = Service {
            name,
            description: fields.text("description").map(|text| text.value),
            kind,
            accepts,
            connects,
            accept_options: AcceptOptions::of(&accept),
            connect_options: ConnectOptions::of(&connect),
            realm,
            required,
            cross_site,
            mime: mimes,
            application_negotiate,
        };
        Some(Self { service, accept: own })
    }
}

/// A proxy carries Kerberos too, as other gateways had to: without a look at what it is.
fn kerberos_unseen(
    accepts: &[Spanned<AcceptUri>],
    connects: &[Spanned<ConnectUri>],
    problems: &mut Problems,
) {
    let is_kdc = |uri: &&Spanned<ConnectUri>| uri.scheme == Scheme::Tcp && uri.port == KDC_PORT;
    if let Some(uri) = connects.iter().find(is_kdc)
        && accepts.iter().any(|uri| uri.scheme.is_socket())
    {
        let says = format!("the service passes on to {} whatever it is sent", quoted(&uri.to_string()));
        let help =
            "use <type>kerberos5.proxy</type>, which relays what is for a KDC alone, and its limits hold";
        problems.push(Problem::warning(uri.span.clone(), says).help(help));
    }
}

fn service_type(text: &Spanned<String>, problems: &mut Problems) -> Option<ServiceType> {
    if let Some(service) = ServiceType::ALL.into_iter().find(|service| service.word() == text.as_str()) {
        return Some(service);
    }
    let words = ServiceType::ALL.map(ServiceType::word);
    let problem = if let Some(reason) = ignored_type(text) {
        let says = format!("the service of type {} is left out: {reason}", quoted(text));
        Problem::warning(text.span.clone(), says)
    } else if let Some(instead) = refused_type(text) {
        Problem::error(text.span.clone(), format!("services of type {} are not supported", quoted(text)))
            .help(instead)
    } else {
        let says = format!("<type> is {}, which is no type of service", quoted(text));
        Problem::error(text.span.clone(), says).help(match nearest(text, words) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("use one of {}", words.join(", ")),
        })
    };
    problems.push(problem);
    None
}

fn accepts(fields: &Fields<'_>, service: ServiceType, problems: &mut Problems) -> Vec<Spanned<AcceptUri>> {
    let mut accepts = Vec::new();
    for text in fields.texts("accept") {
        let problem = match text.parse::<AcceptUri>() {
            Ok(uri) if accept_schemes(service).contains(&uri.scheme) => {
                accepts.push(Spanned::new(uri, text.span));
                continue;
            }
            Ok(uri) => scheme(service, "accept", uri.scheme, accept_schemes(service), &text),
            Err(error) => unreadable("accept", &text, &error),
        };
        problems.push(problem);
    }
    if !fields.has("accept") {
        let says = "<service> has no <accept>: nobody can reach it";
        let example = accept_schemes(service).first().map_or("ws", |scheme| scheme.word());
        let help = format!("add one, such as <accept>{example}://localhost:8000/</accept>");
        problems.push(Problem::error(fields.name_span(), says).help(help));
    }
    accepts
}

fn connects(fields: &Fields<'_>, service: ServiceType, problems: &mut Problems) -> Vec<Spanned<ConnectUri>> {
    let mut connects = Vec::new();
    let schemes = connect_schemes(service);
    let (least, most) = connect_count(service);
    for (number, element) in fields.children("connect").enumerate() {
        if number >= most {
            let says = match most {
                0 => format!("a service of type {service} has no back end"),
                _ => format!("a service of type {service} has one back end"),
            };
            problems.push(Problem::error(element.name_span.clone(), says).help("take this <connect> out"));
            return connects;
        }
    }
    for text in fields.texts("connect") {
        let problem = match text.parse::<ConnectUri>() {
            Ok(uri) if schemes.contains(&uri.scheme) => {
                connects.push(Spanned::new(uri, text.span));
                continue;
            }
            Ok(uri) => scheme(service, "connect", uri.scheme, schemes, &text),
            Err(error) => unreadable("connect", &text, &error),
        };
        problems.push(problem);
    }
    if least > 0 && !fields.has("connect") {
        let says = format!("a service of type {service} needs a back end");
        let example =
            if service == ServiceType::HttpProxy { "http://localhost:8080/" } else { "tcp://localhost:6143" };
        let help = format!("add one, such as <connect>{example}</connect>");
        problems.push(Problem::error(fields.name_span(), says).help(help));
    }
    connects
}

fn unreadable(name: &str, text: &Spanned<String>, error: &impl ToString) -> Problem {
    Problem::error(text.span.clone(), format!("<{name}> is {}", quoted(text))).help(error.to_string())
}

fn scheme(
    service: ServiceType,
    name: &str,
    found: Scheme,
    possible: &[Scheme],
    text: &Spanned<String>,
) -> Problem {
    let says = format!("<{name}> is {}, and a service of type {service} takes no {found}", quoted(text));
    let words: Vec<_> = possible.iter().map(|scheme| format!("{scheme}://")).collect();
    let help = match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("use {} or {last}", others.join(", ")),
        _ => format!("use {}", words.concat()),
    };
    Problem::error(text.span.clone(), says).help(help)
}

fn mime(fields: &Fields<'_>, problems: &mut Problems) -> Vec<Mime> {
    let mut mimes = Vec::new();
    for element in fields.children("mime-mapping") {
        let fields = Fields::read(element, Place::MimeMapping, problems);
        let (Some(extension), Some(text)) = (fields.text("extension"), fields.text("mime-type")) else {
            continue;
        };
        match HeaderValue::from_str(&text) {
            Ok(media_type) if text.is_ascii() && text.contains('/') => {
                let extension = extension.trim_start_matches('.').to_ascii_lowercase();
                mimes.push(Mime { extension, media_type });
            }
            _ => {
                let says = format!("<mime-type> is {}, which is no media type", quoted(&text));
                problems.push(Problem::error(text.span, says).help("write it as image/svg+xml"));
            }
        }
    }
    mimes
}
