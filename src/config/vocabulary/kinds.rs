//! The types of services and of login modules, and those of other gateways with what to use instead.

use std::fmt;

use super::fits;

/// The types of services.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ServiceType {
    /// Sends what one publisher sends to all clients.
    Broadcast,
    /// Serves files.
    Directory,
    /// Sends back what it is sent.
    Echo,
    /// Passes requests on to a back end.
    HttpProxy,
    /// Sends clients elsewhere.
    HttpRedirect,
    /// Relays Kerberos to KDCs.
    Kerberos5Proxy,
    /// Shows operators what happens.
    Management,
    /// Joins sockets with those of a back end.
    Proxy,
}

/// The types of login modules.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ModuleType {
    /// Asks a program.
    Exec,
    /// Looks users up in a file.
    File,
    /// Judges Kerberos tickets.
    Gss,
    /// Asks a web service.
    Http,
    /// Judges JSON Web Tokens.
    Jwt,
    /// Brings the keytab for `gss`.
    Kerberos5,
    /// Opens a keystore with the user's password.
    Keystore,
    /// Asks a directory server.
    Ldap,
}

impl ServiceType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Broadcast,
        Self::Directory,
        Self::Echo,
        Self::HttpProxy,
        Self::HttpRedirect,
        Self::Kerberos5Proxy,
        Self::Management,
        Self::Proxy,
    ];

    /// As it stands in `<type>`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::Directory => "directory",
            Self::Echo => "echo",
            Self::HttpProxy => "http.proxy",
            Self::HttpRedirect => "http.redirect",
            Self::Kerberos5Proxy => "kerberos5.proxy",
            Self::Management => "management",
            Self::Proxy => "proxy",
        }
    }
}

impl ModuleType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Exec,
        Self::File,
        Self::Gss,
        Self::Http,
        Self::Jwt,
        Self::Kerberos5,
        Self::Keystore,
        Self::Ldap,
    ];

    /// As it stands in `<type>`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::File => "file",
            Self::Gss => "gss",
            Self::Http => "http",
            Self::Jwt => "jwt",
            Self::Kerberos5 => "kerberos5",
            Self::Keystore => "keystore",
            Self::Ldap => "ldap",
        }
    }
}

impl fmt::Display for ServiceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for ModuleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why services of a type that other gateways have are refused, and what is to be used instead.
#[must_use]
pub fn refused_type(word: &str) -> Option<&'static str> {
    look_up(REFUSED_TYPES, word)
}

/// Why services of a type that other gateways have are left out.
#[must_use]
pub fn ignored_type(word: &str) -> Option<&'static str> {
    look_up(IGNORED_TYPES, word)
}

/// Why login modules of a type that other gateways have are refused, and what is to be used instead.
#[must_use]
pub fn refused_module(word: &str) -> Option<&'static str> {
    look_up(REFUSED_MODULES, word)
}

fn look_up(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    let (_, reason) = table.iter().find(|(pattern, _)| fits(pattern, word))?;
    Some(reason)
}

/// Types of services that other gateways have, and what is to be used instead.
const REFUSED_TYPES: &[(&str, &str)] = &[
    ("amqp.proxy", "use proxy: it carries AMQP without looking into it"),
    ("balancer", "gateways do not join; put a load balancer in front of several"),
    ("class:*", "a class of Java cannot run here; use a type of this gateway"),
    ("jms", "use proxy to a broker that speaks WebSocket or TCP, with a protocol such as STOMP or AMQP"),
    (
        "jms.proxy",
        "use proxy to a broker that speaks WebSocket or TCP, with a protocol such as STOMP or AMQP",
    ),
    ("management.jmx", "use management: a page, metrics and JSON over HTTP"),
    ("management.snmp", "use management: a page, metrics and JSON over HTTP"),
    ("redis", "use proxy to tcp://HOST:6379"),
    ("session", "use a realm with <session-timeout>"),
    ("turn.rest", "use the REST interface of the TURN server"),
    ("turn.proxy", "TURN needs datagrams; let clients reach the TURN server itself"),
    ("*-extension", "an extension of Java cannot run here; use a type of this gateway"),
];

/// Types of services that are left out with a warning.
const IGNORED_TYPES: &[(&str, &str)] =
    &[("update.check", "updates come from the package manager; take it out")];

/// Types of login modules that other gateways have, and what is to be used instead.
const REFUSED_MODULES: &[(&str, &str)] = &[
    ("class:*", "a class of Java cannot run here; use jwt, or http or exec to ask a judge of your own"),
    ("jndi", "use ldap"),
];
