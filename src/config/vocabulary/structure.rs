//! The words that give a configuration its shape: services, who may use them, realms and their login modules.

use super::{
    Entry, Holds, Occurs, Place,
    Syntax::{Count, File, List, ModuleType, ServiceType, Text, Time, TimeOrNone, Words},
};

pub(super) const ROOT: &[Entry] = &[
    Entry::nest("properties", Place::Properties, "Values that ${...} stands for anywhere in the file"),
    Entry::nest("service", Place::Service, "A service: where it is reached, what it does, who may").any(),
    Entry::nest(
        "service-defaults",
        Place::ServiceDefaults,
        "Options of every service that does not set them itself",
    ),
    Entry::nest("security", Place::Security, "Keys of the gateway, and how users log in"),
    Entry::refused("cluster", "gateways do not join; put a load balancer in front of several"),
];

pub(super) const PROPERTIES: &[Entry] =
    &[Entry::nest("property", Place::Property, "A value and the name that stands for it")
        .occurs(Occurs::AtLeastOnce)];

pub(super) const PROPERTY: &[Entry] = &[
    Entry::leaf("name", Text, "gateway.hostname", "What stands between ${ and }").once(),
    Entry::leaf("value", Text, "gw.example.com", "What it stands for").once(),
];

pub(super) const SERVICE: &[Entry] = &[
    Entry::leaf(
        "name",
        Text,
        "Echo",
        "What logs, metrics and messages call it; its type and a number without one",
    ),
    Entry::leaf("description", Text, "sends back what it is sent", "What people call it"),
    Entry::leaf("accept", Text, "ws://localhost:8000/echo", "Where clients reach it").any(),
    Entry::leaf("connect", Text, "tcp://localhost:6143", "Where its back end is; several are tried in turn")
        .any(),
    Entry::refused("balance", "gateways do not join; put a load balancer in front of several"),
    Entry::refused("notify", "no service has used it; take it out"),
    Entry::leaf("type", ServiceType, "echo", "What it does").once(),
    Entry::new("properties", Holds::PropertiesOfType, "What its type needs to know"),
    Entry::nest("accept-options", Place::AcceptOptions, "How it speaks with clients"),
    Entry::nest("connect-options", Place::ConnectOptions, "How it speaks with its back end"),
    Entry::leaf("realm-name", Text, "demo", "The realm whose users may use it"),
    Entry::nest("authorization-constraint", Place::AuthorizationConstraint, "Which of them")
        .alias(&["auth-constraint"])
        .any(),
    Entry::nest("mime-mapping", Place::MimeMapping, "The media type of files that end like this").any(),
    Entry::nest(
        "cross-site-constraint",
        Place::CrossSiteConstraint,
        "Pages of another origin that may use it",
    )
    .any(),
];

pub(super) const SERVICE_DEFAULTS: &[Entry] = &[
    Entry::nest("accept-options", Place::AcceptOptions, "How services speak with clients"),
    Entry::nest("connect-options", Place::ConnectOptions, "How services speak with back ends"),
    Entry::nest("mime-mapping", Place::MimeMapping, "The media type of files that end like this").any(),
];

pub(super) const AUTHORIZATION_CONSTRAINT: &[Entry] = &[
    Entry::leaf("require-role", Text, "AUTHORIZED", "A role that is needed; of several, all of them").any(),
    Entry::new("require-valid-user", Holds::Nothing, "Whoever can log in"),
];

pub(super) const MIME_MAPPING: &[Entry] = &[
    Entry::leaf("extension", Text, "svg", "How the names of such files end").once(),
    Entry::leaf("mime-type", Text, "image/svg+xml", "What clients are told that they are").once(),
];

pub(super) const CROSS_SITE_CONSTRAINT: &[Entry] = &[
    Entry::leaf("allow-origin", Text, "https://app.example.com", "The origin, or * for all").once(),
    Entry::leaf("allow-methods", List, "GET,POST,PUT", "What its pages may do").by_default("GET,POST"),
    Entry::leaf(
        "allow-headers",
        List,
        "x-requested-with",
        "Fields that its pages may send beside the harmless",
    ),
    Entry::leaf("maximum-age", TimeOrNone, "1 hour", "How long browsers need not ask again"),
];

pub(super) const SECURITY: &[Entry] = &[
    Entry::nest("keystore", Place::Store, "Keys and certificates that the gateway shows"),
    Entry::nest(
        "truststore",
        Place::Store,
        "Authorities whose certificates of clients and back ends are believed",
    ),
    Entry::nest("realm", Place::Realm, "A realm of users and how they log in").any(),
];

pub(super) const STORE: &[Entry] = &[
    Entry::leaf(
        "type",
        Words(&["PKCS12", "JKS", "PEM", "JCEKS"]),
        "PKCS12",
        "Its format; seen from the file without",
    ),
    Entry::leaf("file", File, "keystore.p12", "Where it is").once(),
    Entry::leaf("password-file", File, "keystore.pw", "Where its password is: the first line of this file"),
];

pub(super) const REALM: &[Entry] = &[
    Entry::leaf("name", Text, "demo", "What services call it").once(),
    Entry::leaf("description", Text, "Example Corp", "What browsers show beside the question for a password"),
    Entry::ignored(
        "user-principal-class",
        "it chooses among names of Java's login modules; operators see the first name of each user; take it out",
    ),
    Entry::nest("authentication", Place::Authentication, "How users log in"),
];

pub(super) const AUTHENTICATION: &[Entry] = &[
    Entry::leaf(
        "http-challenge-scheme",
        Words(&["Basic", "Negotiate", "Application Basic", "Application Negotiate", "Application Token"]),
        "Basic",
        "What clients without credentials are asked for",
    ),
    Entry::leaf("http-header", Text, "X-Token", "A header field that carries credentials").any(),
    Entry::leaf("http-query-parameter", Text, "token", "A parameter of the query that carries credentials")
        .any(),
    Entry::leaf("http-cookie", Text, "sso", "A cookie that carries credentials").any(),
    Entry::leaf(
        "authorization-mode",
        Words(&["challenge", "recycle", "validate"]),
        "recycle",
        "Whether credentials are asked for each time, or once for a cookie",
    )
    .by_default("challenge"),
    Entry::leaf("authorization-timeout", Time, "30 minutes", "After which a user must log in again"),
    Entry::leaf("session-timeout", Time, "4 hours", "After which a socket is closed"),
    Entry::leaf(
        "failed-logins",
        Count { least: 0, most: 1_000_000 },
        "5",
        "Logins of one client that may fail in five minutes before it must wait; 0 allows any number",
    )
    .by_default("10"),
    Entry::nest("login-modules", Place::LoginModules, "Who judges credentials, in this order"),
];

pub(super) const LOGIN_MODULES: &[Entry] =
    &[Entry::nest("login-module", Place::LoginModule, "One who judges").occurs(Occurs::AtLeastOnce)];

pub(super) const LOGIN_MODULE: &[Entry] = &[
    Entry::leaf("type", ModuleType, "file", "How it judges").once(),
    Entry::leaf(
        "success",
        Words(&["required", "requisite", "sufficient", "optional"]),
        "required",
        "What its judgement means for the others",
    )
    .once(),
    Entry {
        holds: Holds::OptionsOfModule,
        ..Entry::nest("options", Place::LoginModule, "What it needs to know")
    },
];
