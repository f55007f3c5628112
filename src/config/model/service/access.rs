//! Who may use a service: its realm and its constraints.

use super::reading::Context;
use crate::config::{
    fields::Fields,
    model::{Era, module::Judge, realm::Realm, uri::AcceptUri},
    problems::Problems,
    report::{Problem, nearest, quoted},
    spanned::Spanned,
    vocabulary::Place,
};

/// Who may use a service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Required {
    /// Whoever can log in.
    AnyUser,
    /// Whoever comes.
    Open,
    /// Who has all of these roles.
    Roles(Vec<String>),
}

/// The realm of a service, and which of its users may use it.
pub(super) fn read(
    fields: &Fields<'_>,
    context: &Context<'_>,
    problems: &mut Problems,
) -> (Option<usize>, Required) {
    let is_constrained = fields.has("authorization-constraint");
    let required = roles(fields, problems);
    let realm = match fields.text("realm-name") {
        Some(name) => match context.realms.find(&name) {
            Some(realm) => realm,
            None => {
                if !problems.is_full() {
                    let says = format!("there is no realm {}", quoted(&name));
                    problems.push(Problem::error(name.span.clone(), says).help(known_realms(&name, context)));
                }
                return (None, required);
            }
        },
        None if !is_constrained => return (None, Required::Open),
        None => match context.legacy_realm {
            Some(realm) => realm,
            None => {
                let says = "the service says which users may use it, and not of which realm";
                let span = fields
                    .child("authorization-constraint")
                    .map_or(fields.name_span(), |element| element.name_span.clone());
                problems.push(Problem::error(span, says).help(known_realms("", context)));
                return (None, required);
            }
        },
    };
    if is_constrained {
        if let (Some(known), Required::Roles(roles)) = (context.realms.all.get(realm), &required) {
            obtainable(fields, known, roles, problems);
        }
        return (Some(realm), required);
    }
    match context.era {
        Era::AnyUser => (Some(realm), Required::AnyUser),
        Era::Open => {
            let says = "the service has a realm and no constraint: in files of before 2016/06 it is open to everybody";
            let help = "add <authorization-constraint><require-valid-user/></authorization-constraint>, \
                        or take <realm-name> out";
            let span =
                fields.child("realm-name").map_or(fields.name_span(), |element| element.name_span.clone());
            problems.push(Problem::warning(span, says).help(help));
            (None, Required::Open)
        }
    }
}

/// Whether users can show who they are at each accept: a bare stream has no header to do it in, and would let all in.
pub(super) fn showable(accepts: &[Spanned<AcceptUri>], required: &Required, problems: &mut Problems) {
    if *required == Required::Open {
        return;
    }
    for uri in accepts.iter().filter(|uri| !uri.scheme.is_web()) {
        let says = format!(
            "the service is for users of a realm, and at {}:// nobody can show who they are",
            uri.scheme
        );
        let help = "accept it with ws:// or wss:// instead, or give this accept a service of its own, without <realm-name>";
        problems.push(Problem::error(uri.span.clone(), says).help(help));
    }
}

/// Whether somebody can have these roles, where that can be told: tickets alone bring none but those that are granted.
fn obtainable(fields: &Fields<'_>, realm: &Realm, roles: &[String], problems: &mut Problems) {
    let modules = &realm.authentication.modules;
    if modules.is_empty() {
        return;
    }
    for role in roles {
        // The name of a user counts as a role of that user alone.
        let is_had = role.contains('@')
            || modules.iter().any(|module| {
                module.grants.iter().any(|grant| grant.role == *role)
                    || !matches!(module.judge, Judge::Gss(_) | Judge::Kerberos5(_))
            });
        if !is_had {
            let name = &realm.name.value;
            let says = format!("nobody in the realm {} has the role {}", quoted(name), quoted(role));
            let help = format!("say who, in the <options> of gss: <grant>{role}=realm:EXAMPLE.COM</grant>");
            let span = fields.child("authorization-constraint").map(|element| element.name_span.clone());
            problems.push(Problem::error(span.unwrap_or(fields.name_span()), says).help(help));
        }
    }
}

fn known_realms(name: &str, context: &Context<'_>) -> String {
    let names: Vec<&str> = context.realms.all.iter().map(|realm| realm.name.as_str()).collect();
    match (nearest(name, names.iter().copied()), names.as_slice()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => "add a <realm> to <security>".to_owned(),
        (None, [only]) => format!("write <realm-name>{only}</realm-name>"),
        (None, several) => {
            format!("there are {}", several.iter().take(8).copied().collect::<Vec<_>>().join(", "))
        }
    }
}

/// The roles of all constraints; `*` and `require-valid-user` stand for none in particular.
fn roles(fields: &Fields<'_>, problems: &mut Problems) -> Required {
    let mut roles = Vec::new();
    let mut any = None;
    for element in fields.children("authorization-constraint") {
        let constraint = Fields::read(element, Place::AuthorizationConstraint, problems);
        for role in constraint.texts("require-role") {
            if role.value == "*" {
                any.get_or_insert(role.span);
            } else if !roles.contains(&role.value) {
                roles.push(role.value);
            }
        }
        if !constraint.has("require-role")
            && !constraint.has("require-valid-user")
            && element.children.is_empty()
        {
            let says = "the constraint names no role, so whoever can log in may use the service";
            let help = "say so with <require-valid-user/>, or add <require-role>";
            problems.push(Problem::warning(element.name_span.clone(), says).help(help));
        }
    }
    match (any, roles.is_empty()) {
        (_, true) => Required::AnyUser,
        (None, false) => Required::Roles(roles),
        (Some(span), false) => {
            let says = "the role `*` is any user, and other roles are required beside it";
            problems.push(Problem::error(span, says).help("leave either it or the others"));
            Required::Roles(roles)
        }
    }
}
