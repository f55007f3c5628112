//! The words of gateway-config.xml: what each may hold, where it stands, its default, and whether it is honoured.
//!
//! The reader, its suggestions, the schema in `conf/` and the tests that keep them in step all read these tables.
//! A name that ends in `*` stands for all names that begin like it.

mod kinds;
mod modules;
mod options;
mod properties;
mod structure;
mod users;

pub use kinds::{ModuleType, ServiceType, ignored_type, refused_module, refused_type};

/// An element and what there is to know of it.
#[derive(Debug)]
pub struct Entry {
    /// Its name, the preferred one.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    /// What stands inside.
    pub holds: Holds,
    /// How often it may stand in its place.
    pub occurs: Occurs,
    /// What holds without it, as it would be written.
    pub default: Option<&'static str>,
    /// What it may be, other than the default.
    pub example: &'static str,
    /// What it is for, in one line.
    pub says: &'static str,
    /// Whether it is honoured.
    pub status: Status,
    /// Whether it concerns all services of an address: they share its connections before a service is known.
    pub shared: bool,
}

/// What stands inside an element.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Holds {
    /// Other elements.
    Elements(Place),
    /// Nothing.
    Nothing,
    /// The options of the login module, by its type.
    OptionsOfModule,
    /// The properties of the service, by its type.
    PropertiesOfType,
    /// A value.
    Text(Syntax),
}

/// How often an element may stand in its place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Occurs {
    /// Any number of times.
    Any,
    /// Once at least.
    AtLeastOnce,
    /// Once or not at all.
    AtMostOnce,
    /// Once.
    Once,
}

/// Whether an element does what it says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// It does.
    Honoured,
    /// It may stand there and does nothing; the operator is told why.
    Ignored(&'static str),
    /// It cannot be honoured, for this reason; the reason ends with what to use instead.
    Refused(&'static str),
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Syntax {
    /// An address and port, or a port.
    Bind,
    /// A whole number.
    Count {
        /// The smallest.
        least: u64,
        /// The greatest.
        most: u64,
    },
    /// A path, from the folder of the configuration where it is not absolute.
    File,
    /// The type of a login module.
    ModuleType,
    /// Words with commas between them.
    List,
    /// One word alone, and why.
    Only(&'static str, &'static str),
    /// Octets a second.
    Rate,
    /// Text that is never repeated.
    Secret,
    /// The type of a service.
    ServiceType,
    /// A number of octets.
    Size {
        /// The smallest.
        least: u64,
    },
    /// `enabled` or `disabled`.
    Switch,
    /// Any text.
    Text,
    /// A time above 0.
    Time,
    /// A time, or 0 for none.
    TimeOrNone,
    /// `true` or `false`.
    Truth,
    /// One of these.
    Words(&'static [&'static str]),
}

/// Where elements stand: inside what.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Place {
    /// `accept-options`.
    AcceptOptions,
    /// `authentication`.
    Authentication,
    /// `authorization-constraint`.
    AuthorizationConstraint,
    /// `connect-options`.
    ConnectOptions,
    /// `cross-site-constraint`.
    CrossSiteConstraint,
    /// `krb-realm`.
    KrbRealm,
    /// `location` of a directory.
    Location,
    /// `login-module`.
    LoginModule,
    /// `login-modules`.
    LoginModules,
    /// `cookie-domain-mapping` and its like.
    Mapping,
    /// `mime-mapping`.
    MimeMapping,
    /// `options` of a login module.
    Module(ModuleType),
    /// The `properties` of the whole file.
    Properties,
    /// `property`.
    Property,
    /// `realm`.
    Realm,
    /// `role` of a file of users.
    Role,
    /// `gateway-config`.
    Root,
    /// `security`.
    Security,
    /// `service`.
    Service,
    /// `service-defaults`.
    ServiceDefaults,
    /// `keystore`, `truststore`.
    Store,
    /// `properties` of a service.
    Type(ServiceType),
    /// `user` of a file of users.
    User,
    /// `jaas-config`.
    Users,
}

impl Entry {
    const fn new(name: &'static str, holds: Holds, says: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            holds,
            occurs: Occurs::AtMostOnce,
            default: None,
            example: "",
            says,
            status: Status::Honoured,
            shared: false,
        }
    }

    const fn leaf(name: &'static str, syntax: Syntax, example: &'static str, says: &'static str) -> Self {
        let mut entry = Self::new(name, Holds::Text(syntax), says);
        entry.example = example;
        entry
    }

    const fn nest(name: &'static str, place: Place, says: &'static str) -> Self {
        Self::new(name, Holds::Elements(place), says)
    }

    const fn refused(name: &'static str, reason: &'static str) -> Self {
        let mut entry = Self::new(name, Holds::Nothing, "");
        entry.occurs = Occurs::Any;
        entry.status = Status::Refused(reason);
        entry
    }

    const fn ignored(name: &'static str, reason: &'static str) -> Self {
        let mut entry = Self::new(name, Holds::Nothing, "");
        entry.occurs = Occurs::Any;
        entry.status = Status::Ignored(reason);
        entry
    }

    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn by_default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn occurs(mut self, occurs: Occurs) -> Self {
        self.occurs = occurs;
        self
    }

    const fn once(self) -> Self {
        self.occurs(Occurs::Once)
    }

    const fn any(self) -> Self {
        self.occurs(Occurs::Any)
    }

    const fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// Whether an element of this name is meant.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.names().any(|own| fits(own, name))
    }

    /// All its names, the preferred one first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Whether it may be written without being told that it does nothing.
    #[must_use]
    pub fn is_honoured(&self) -> bool {
        self.status == Status::Honoured
    }
}

impl Place {
    /// Every place of a configuration.
    pub fn all() -> impl Iterator<Item = Self> {
        const PLAIN: [Place; 19] = [
            Place::Root,
            Place::Properties,
            Place::Property,
            Place::Service,
            Place::ServiceDefaults,
            Place::AcceptOptions,
            Place::ConnectOptions,
            Place::AuthorizationConstraint,
            Place::CrossSiteConstraint,
            Place::MimeMapping,
            Place::Location,
            Place::Mapping,
            Place::KrbRealm,
            Place::Security,
            Place::Store,
            Place::Realm,
            Place::Authentication,
            Place::LoginModules,
            Place::LoginModule,
        ];
        let types = ServiceType::ALL.into_iter().map(Self::Type);
        let modules = ModuleType::ALL.into_iter().map(Self::Module);
        PLAIN.into_iter().chain(types).chain(modules)
    }

    /// The tables of what may stand here.
    const fn tables(self) -> &'static [&'static [Entry]] {
        match self {
            Self::AcceptOptions => &[options::ACCEPT],
            Self::Authentication => &[structure::AUTHENTICATION],
            Self::AuthorizationConstraint => &[structure::AUTHORIZATION_CONSTRAINT],
            Self::ConnectOptions => &[options::CONNECT],
            Self::CrossSiteConstraint => &[structure::CROSS_SITE_CONSTRAINT],
            Self::KrbRealm => &[properties::KRB_REALM],
            Self::Location => &[properties::LOCATION],
            Self::LoginModule => &[structure::LOGIN_MODULE],
            Self::LoginModules => &[structure::LOGIN_MODULES],
            Self::Mapping => &[properties::MAPPING],
            Self::MimeMapping => &[structure::MIME_MAPPING],
            Self::Module(module) => modules::of(module),
            Self::Properties => &[structure::PROPERTIES],
            Self::Property => &[structure::PROPERTY],
            Self::Realm => &[structure::REALM],
            Self::Role => &[users::ROLE],
            Self::Root => &[structure::ROOT],
            // A challenge scheme stood here before there were realms, and what belongs to it with it.
            Self::Security => &[structure::SECURITY, structure::AUTHENTICATION],
            Self::Service => &[structure::SERVICE],
            Self::ServiceDefaults => &[structure::SERVICE_DEFAULTS],
            Self::Store => &[structure::STORE],
            Self::Type(service) => properties::of(service),
            Self::User => &[users::USER],
            Self::Users => &[users::USERS],
        }
    }

    /// The places of the file that this one is in.
    #[must_use]
    pub fn of_its_file(self) -> Vec<Self> {
        match self {
            Self::Role | Self::User | Self::Users => vec![Self::Users, Self::User, Self::Role],
            _ => Self::all().collect(),
        }
    }

    /// What may stand here.
    pub fn entries(self) -> impl Iterator<Item = &'static Entry> {
        self.tables().iter().copied().flatten()
    }

    /// What an element of this name means here.
    #[must_use]
    pub fn find(self, name: &str) -> Option<&'static Entry> {
        self.entries().find(|entry| entry.is(name))
    }

    /// The elements that have this place inside, as an operator would look for it.
    #[must_use]
    pub fn holder(self) -> String {
        match self {
            Self::AcceptOptions => "<accept-options>".to_owned(),
            Self::Authentication => "<authentication> of a <realm>".to_owned(),
            Self::AuthorizationConstraint => "<authorization-constraint>".to_owned(),
            Self::ConnectOptions => "<connect-options>".to_owned(),
            Self::CrossSiteConstraint => "<cross-site-constraint>".to_owned(),
            Self::KrbRealm => "<krb-realm>".to_owned(),
            Self::Location => "<location> of a directory".to_owned(),
            Self::LoginModule => "<login-module>".to_owned(),
            Self::LoginModules => "<login-modules>".to_owned(),
            Self::Mapping => "a mapping".to_owned(),
            Self::MimeMapping => "<mime-mapping>".to_owned(),
            Self::Module(module) => format!("<options> of a login module of type {module}"),
            Self::Properties => "<properties> of the file".to_owned(),
            Self::Property => "<property>".to_owned(),
            Self::Realm => "<realm>".to_owned(),
            Self::Role => "<role>".to_owned(),
            Self::Root => "<gateway-config>".to_owned(),
            Self::Security => "<security>".to_owned(),
            Self::Service => "<service>".to_owned(),
            Self::ServiceDefaults => "<service-defaults>".to_owned(),
            Self::Store => "a keystore".to_owned(),
            Self::Type(service) => format!("<properties> of a service of type {service}"),
            Self::User => "<user>".to_owned(),
            Self::Users => "<jaas-config>".to_owned(),
        }
    }
}

/// Whether a name is the one of the table, or begins or ends like it where that has a `*`.
fn fits(pattern: &str, name: &str) -> bool {
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(start), _) => name.starts_with(start),
        (None, Some(end)) => name.ends_with(end),
        (None, None) => pattern == name,
    }
}

#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;
