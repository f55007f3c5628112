//! The options of `ldap`: servers, how users are found there, and what about them becomes roles.

use std::{fmt, path::PathBuf, time::Duration};

use super::{Passwords, reading::Reading};
use crate::{
    config::{
        report::{Problem, quoted},
        spanned::Spanned,
    },
    realm::{
        module::ldap::{
            Groups, Mode, Role,
            filter::Filter,
            identity::Part,
            server::{Protection, Server, Url},
        },
        roles::is_role,
    },
};

/// Options of `ldap`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ldap {
    /// Who is asked, in this order.
    pub servers: Vec<Server>,
    /// How a user is let in.
    pub mode: Mode,
    /// What becomes a role.
    pub role: Option<Role>,
    /// As whom users are searched, and the file that the password is in.
    pub account: Option<(String, Spanned<PathBuf>)>,
    /// How the groups of a user are found.
    pub groups: Option<Groups>,
    /// Until when a server must have answered.
    pub timeout: Duration,
    /// Which password is tried.
    pub passwords: Passwords,
}

impl Reading<'_, '_> {
    /// What the options come to.
    pub(super) fn ldap(&mut self) -> Option<Ldap> {
        let servers = self.servers();
        let mode = self.mode();
        let role = self.role(mode.as_ref());
        let account = self.account(mode.as_ref());
        let groups = self.groups();
        Some(Ldap {
            servers: servers?,
            mode: mode?,
            role: role?,
            account: account?,
            groups: groups?,
            timeout: self.time("timeout", 5),
            passwords: self.passwords(),
        })
    }

    fn servers(&mut self) -> Option<Vec<Server>> {
        let text = self.fields.text("userProvider")?;
        let mut urls = Vec::new();
        for word in text.split_whitespace() {
            match word.parse::<Url>() {
                Ok(url) => urls.push(url),
                Err(error) => return self.wrong("userProvider", &text.span, word, &error),
            }
        }
        let protection = self.protection(&urls)?;
        Some(urls.into_iter().map(|url| Server::new(url, protection)).collect())
    }

    /// How what is said to servers with `ldap://` is protected. Nothing but the word of the operator has passwords pass in
    /// the clear, and of two words that contradict each other neither counts.
    fn protection(&mut self, urls: &[Url]) -> Option<Protection> {
        let (tls, start_tls) = (self.fields.flag("useSSL"), self.fields.flag("startTls"));
        let span = ["startTls", "useSSL"].into_iter().find_map(|name| self.fields.text(name));
        let span = span.map_or_else(|| self.span.clone(), |text| text.span);
        let is_plain = urls.iter().any(|url| !url.is_tls);
        let (says, help) = match (tls, start_tls) {
            (Some(true), Some(true)) => (
                "TLS is spoken from the start by <useSSL>, and asked for by <startTls>",
                "leave one of them: <startTls> is for port 389, <useSSL> for port 636",
            ),
            (_, Some(true)) if urls.iter().any(|url| url.is_tls) => (
                "TLS is asked for by <startTls>, and a URL in <userProvider> begins with ldaps://",
                "leave <startTls> out, or write ldap://",
            ),
            (Some(false), None) if is_plain => (
                "passwords would be sent in the clear",
                "say <startTls>true</startTls>; or, where nobody else is on the way, <startTls>false</startTls> too",
            ),
            (Some(false), Some(false)) if is_plain => {
                let says = "passwords are sent in the clear, for all on the way to read";
                let help = "say <startTls>true</startTls> or <useSSL>true</useSSL>";
                self.problems.push(Problem::warning(span, says).help(help));
                return Some(Protection::Clear);
            }
            (_, Some(true)) => return Some(Protection::StartTls),
            _ => return Some(Protection::Tls),
        };
        self.problems.push(Problem::error(span, says).help(help));
        None
    }

    fn mode(&mut self) -> Option<Mode> {
        let filter = self.read::<Filter>("userFilter");
        let identity = self.read("authIdentity");
        let filter = match filter {
            Ok(Some((filter, text))) if !filter.has(&Part::User) || filter.has(&Part::Dn) => {
                let why = "write it with {USERNAME}, and without {USERDN}, as in (uid={USERNAME})";
                return self.wrong("userFilter", &text.span, &text, &why);
            }
            filter => filter,
        };
        match (identity.ok()?, filter.ok()?) {
            (Some((identity, _)), Some((filter, _))) => Some(Mode::AuthenticationFirst(identity, filter)),
            (Some((identity, _)), None) => Some(Mode::AuthenticationOnly(identity)),
            (None, Some((filter, _))) => Some(Mode::SearchFirst(filter)),
            (None, None) => {
                let says = "nothing says how users are found";
                let help = "add <userFilter>(uid={USERNAME})</userFilter>, or <authIdentity>";
                self.problems.push(Problem::error(self.fields.name_span(), says).help(help));
                None
            }
        }
    }

    /// What becomes a role, if anything; `None` if it is wrong.
    fn role(&mut self, mode: Option<&Mode>) -> Option<Option<Role>> {
        let Some(text) = self.fields.text("authzIdentity") else { return Some(None) };
        let attribute = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        match attribute {
            Some(_) if matches!(mode, Some(Mode::AuthenticationOnly(_))) => {
                let why =
                    "no entry is searched that could have the attribute; add <userFilter>, or write a word";
                self.wrong("authzIdentity", &text.span, &text, &why)
            }
            Some(attribute) if is_attribute(attribute) => Some(Some(Role::Attribute(attribute.to_owned()))),
            None if is_role(&text) && !text.contains(['{', '}']) => Some(Some(Role::Word(text.value))),
            _ => {
                let why = "write it as {ATTRIBUTE} alone, or as the name of a role";
                self.wrong("authzIdentity", &text.span, &text, &why)
            }
        }
    }

    /// As whom users are searched, if not as nobody; `None` if it is wrong.
    fn account(&mut self, mode: Option<&Mode>) -> Option<Option<(String, Spanned<PathBuf>)>> {
        let (dn, file) = (self.fields.text("bindDn"), self.path("bindPasswordFile"));
        let (span, says, help) = match (dn, file) {
            (None, None) => return Some(None),
            (Some(dn), Some(file)) => match mode {
                Some(Mode::AuthenticationFirst(..) | Mode::AuthenticationOnly(_)) => (
                    dn.span,
                    "<bindDn> is not used where there is an <authIdentity>: entries are searched as the user",
                    "leave one of them out",
                ),
                _ => return Some(Some((dn.value, file))),
            },
            (Some(dn), None) => (
                dn.span,
                "<bindDn> has no password",
                "write it into a file, and name that in <bindPasswordFile>",
            ),
            (None, Some(file)) => (
                file.span,
                "<bindPasswordFile> has the password of nobody",
                "say whose it is in <bindDn>, or leave it out",
            ),
        };
        self.problems.push(Problem::error(span, says).help(help));
        None
    }

    /// How the groups of a user are found, if they are looked for; `None` if it is wrong.
    fn groups(&mut self) -> Option<Option<Groups>> {
        let filter = match self.read::<Filter>("groupFilter").ok()? {
            Some((filter, text)) if !filter.has(&Part::User) && !filter.has(&Part::Dn) => {
                let why = "it finds the same groups for all; write it with {USERDN} or {USERNAME}";
                return self.wrong("groupFilter", &text.span, &text, &why);
            }
            Some((filter, _)) => filter,
            // It is a filter: a test reads it.
            None => "(member={USERDN})".parse().ok()?,
        };
        let attribute = self.fields.text("groupAttribute");
        if let Some(text) = &attribute
            && !is_attribute(text)
        {
            return self.wrong(
                "groupAttribute",
                &text.span,
                text,
                &"write the name of an attribute, such as cn",
            );
        }
        let Some(base) = self.fields.text("groupProvider") else { return self.without_groups() };
        if base.contains("://") || !base.contains('=') {
            let why =
                "write the name of a folder on the servers of <userProvider>, as in ou=groups,dc=example";
            return self.wrong("groupProvider", &base.span, &base, &why);
        }
        Some(Some(Groups {
            base: base.value,
            filter,
            attribute: attribute.map_or_else(|| "cn".to_owned(), |text| text.value),
            are_roles: self.flag("groupRoles"),
        }))
    }

    /// Nothing is asked about groups; `None` if a word says otherwise.
    fn without_groups(&mut self) -> Option<Option<Groups>> {
        let asked = ["groupFilter", "groupAttribute", "groupRoles"];
        let is_asked = |name: &&str| match *name {
            "groupRoles" => self.flag(name),
            _ => self.fields.has(name),
        };
        let Some(name) = asked.into_iter().find(is_asked) else { return Some(None) };
        let span = self.fields.text(name).map_or_else(|| self.span.clone(), |text| text.span);
        let says = format!("<{name}> does nothing without <groupProvider>");
        let help = "say where groups are, as in <groupProvider>ou=groups,dc=example</groupProvider>";
        self.problems.push(Problem::error(span, says).help(help));
        None
    }

    /// What the element of this name says, and where; an error if it is wrong.
    fn read<T: std::str::FromStr<Err: fmt::Display>>(
        &mut self,
        name: &str,
    ) -> Result<Option<(T, Spanned<String>)>, ()> {
        let Some(text) = self.fields.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some((value, text))),
            Err(error) => {
                let _: Option<()> = self.wrong(name, &text.span, &text, &error);
                Err(())
            }
        }
    }

    fn wrong<T>(
        &mut self,
        name: &str,
        span: &std::ops::Range<usize>,
        text: &str,
        why: &dyn fmt::Display,
    ) -> Option<T> {
        let says = format!("<{name}> is {}", quoted(text));
        self.problems.push(Problem::error(span.clone(), says).help(why.to_string()));
        None
    }
}

/// Whether text can be the name of an attribute (RFC 4512 section 2.5).
fn is_attribute(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b';'))
}
