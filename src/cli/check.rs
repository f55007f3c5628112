//! `ticketgate check`: what is wrong with a configuration, or what its services are and who may use them.

mod visitor;

use std::fmt::Write as _;

use clap::Args as ClapArgs;

use self::visitor::{Fact, Visitor};
use super::run::FileArgs;
use crate::config::{
    self, files,
    load::{LoadError, load},
    model::{
        Config,
        service::{Required, Service},
    },
    report::{Report, Severity},
};

/// The flags of `check`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    file: FileArgs,
    /// Say which services would let this user in, who has these roles, and why the others would not
    #[arg(long = "as", value_name = "PRINCIPAL[,ROLE...]")]
    visitor: Option<Visitor>,
    /// What login modules would find out about that user: group:NAME, claim:PATH=VALUE, sid:SID, indicator:WORD,
    /// realm:REALM
    #[arg(long, value_name = "FACT", requires = "visitor")]
    fact: Vec<Fact>,
}

/// What came out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checked {
    /// A line for each service; empty if there are errors.
    pub services: String,
    /// What is wrong, and what is worth a warning.
    pub problems: String,
    /// Whether the gateway would start with it.
    pub is_sound: bool,
}

impl Args {
    /// Checks the configuration. For a terminal problems are shown where they stand, and otherwise one a line.
    #[must_use]
    pub fn check(&self, terminal: bool) -> Checked {
        match load(&self.file.config, &self.file.defines()) {
            Ok((config, mut problems)) => {
                problems.extend(files::missing(&config));
                problems.extend(files::unusable(&config));
                problems.extend(config::settings(&config).err().unwrap_or_default());
                problems.extend(config::settings::unguarded(&config));
                let (users, are_users_sound) = files::users(&config);
                let is_sound =
                    are_users_sound && !problems.iter().any(|problem| problem.severity == Severity::Error);
                let file = self.file.config.to_string_lossy();
                let report = Report::new(&file, &config.octets, &problems);
                let problems = if terminal { report.shown(true) } else { report.lines() } + &users;
                let services = match &self.visitor {
                    _ if !is_sound => String::new(),
                    Some(visitor) => visitor.told(&config, &self.fact),
                    None => services(&config),
                };
                Checked { services, problems, is_sound }
            }
            Err(error) => {
                let problems = match &error {
                    LoadError::Wrong(wrong) if terminal => wrong.shown(true),
                    error => format!("{error}\n"),
                };
                Checked { services: String::new(), problems, is_sound: false }
            }
        }
    }
}

/// A line for each service: its name, type, where it is reached, and who may use it.
fn services(config: &Config) -> String {
    let mut lines = String::new();
    for service in &config.services {
        let accepts: Vec<String> = service.accepts.iter().map(|uri| uri.to_string()).collect();
        let name = &service.name.value;
        let kind = service.kind.service_type();
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{name} ({kind}) at {}: {}", accepts.join(", "), who(config, service));
    }
    lines
}

fn who(config: &Config, service: &Service) -> String {
    let realm = service.realm.and_then(|realm| config.realms.get(realm));
    match (realm, &service.required) {
        (None, _) | (_, Required::Open) => "everybody".to_owned(),
        (Some(realm), Required::AnyUser) => format!("users of {}", realm.name.value),
        (Some(realm), Required::Roles(roles)) => {
            format!("users of {} with {}", realm.name.value, roles.join(" and "))
        }
    }
}
