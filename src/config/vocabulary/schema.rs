//! The vocabulary as an XML schema, for editors and for `xmllint`: `conf/gateway-config.xsd`.
//!
//! XML Schema 1.0 cannot say that elements come in any order and some of them several times, so every element may be
//! repeated, and keys say which may not. Nor can it choose by `<type>`: the properties of all types are possible.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Entry, Holds, ModuleType, Occurs, Place, ServiceType, Syntax};

const NAMESPACE: &str = "http://xmlns.kaazing.org/2016/06/gateway";

/// Types of values that many elements have: a name, and what is written besides `${...}`.
const VALUES: [(&str, &str); 6] = [
    ("bind", r#"<xs:pattern value="([^:\[\]\s]+:|\[[0-9A-Fa-f:.]+\]:)?[0-9]+"/>"#),
    ("rate", r#"<xs:pattern value="[0-9]+\s*([KkMm][Ii]?)?[Bb]/[Ss]"/>"#),
    ("size", r#"<xs:pattern value="[0-9]+\s*([KkMm]?([Ii]?[Bb])?)"/>"#),
    ("switch", SWITCH),
    ("text", r#"<xs:minLength value="1"/>"#),
    ("time", r#"<xs:pattern value="([0-9]+\.?[0-9]*|\.[0-9]+)\s*[A-Za-z]*"/>"#),
];

const SWITCH: &str = concat!(
    r#"<xs:enumeration value="enabled"/><xs:enumeration value="disabled"/>"#,
    r#"<xs:enumeration value="true"/><xs:enumeration value="false"/>"#
);

/// The schema.
pub(super) fn schema() -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- The vocabulary of gateway-config.xml, for editors and for xmllint. `ticketgate check` accepts the namespaces of other
     years too, and sees more: names that refer to nothing, contradictions, files that are not there. -->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:g="{NAMESPACE}"
           targetNamespace="{NAMESPACE}" elementFormDefault="qualified">
  <xs:element name="gateway-config" type="g:gateway-config">
    <xs:unique name="service-names"><xs:selector xpath="g:service"/><xs:field xpath="g:name"/></xs:unique>
    <xs:key name="realm-names"><xs:selector xpath="g:security/g:realm"/><xs:field xpath="g:name"/></xs:key>
    <xs:keyref name="realms-of-services" refer="g:realm-names">
      <xs:selector xpath="g:service"/><xs:field xpath="g:realm-name"/>
    </xs:keyref>
  </xs:element>"#
    );
    out.push_str("  <!-- ${...} may stand for any value or a part of it. -->\n");
    out.push_str("  <xs:simpleType name=\"by-name\"><xs:restriction base=\"xs:token\">");
    out.push_str("<xs:pattern value=\".*[$][{].+[}].*\"/></xs:restriction></xs:simpleType>\n");
    for (name, facets) in VALUES {
        let _ = writeln!(out, "  <xs:simpleType name=\"{name}\">{}</xs:simpleType>", union("token", facets));
    }
    for (name, places) in types() {
        complex(&mut out, name, &places);
    }
    out.push_str("</xs:schema>\n");
    out
}

/// The complex types, each with the places that it is for.
fn types() -> Vec<(&'static str, Vec<Place>)> {
    let mut types: Vec<_> = Place::all().filter_map(|place| Some((type_name(place)?, vec![place]))).collect();
    types.push(("service-properties", ServiceType::ALL.into_iter().map(Place::Type).collect()));
    types.push(("module-options", ModuleType::ALL.into_iter().map(Place::Module).collect()));
    types
}

fn type_name(place: Place) -> Option<&'static str> {
    Some(match place {
        Place::AcceptOptions => "accept-options",
        Place::Authentication => "authentication",
        Place::AuthorizationConstraint => "authorization-constraint",
        Place::ConnectOptions => "connect-options",
        Place::CrossSiteConstraint => "cross-site-constraint",
        Place::KrbRealm => "krb-realm",
        Place::Location => "location",
        Place::LoginModule => "login-module",
        Place::LoginModules => "login-modules",
        Place::Mapping => "mapping",
        Place::MimeMapping => "mime-mapping",
        Place::Properties => "properties",
        Place::Property => "property",
        Place::Realm => "realm",
        Place::Root => "gateway-config",
        Place::Security => "security",
        Place::Service => "service",
        Place::ServiceDefaults => "service-defaults",
        Place::Store => "store",
        Place::Module(_) | Place::Role | Place::Type(_) | Place::User | Place::Users => return None,
    })
}

fn complex(out: &mut String, name: &str, places: &[Place]) {
    let mut elements: BTreeMap<&str, Vec<(&Entry, String)>> = BTreeMap::new();
    let mut order = Vec::new();
    for entry in places.iter().flat_map(|place| place.entries()).filter(|entry| entry.is_honoured()) {
        for name in entry.names() {
            let content = content(entry);
            let known = elements.entry(name).or_default();
            if known.is_empty() {
                order.push(name);
            }
            if !known.iter().any(|(_, other)| *other == content) {
                known.push((entry, content));
            }
        }
    }
    let mixed_up = if places == [Place::Location] { " mixed=\"true\"" } else { "" };
    let _ = writeln!(out, "  <xs:complexType name=\"{name}\"{mixed_up}>");
    let _ = writeln!(out, "    <xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\">");
    for name in order {
        let several = &elements[name];
        let (entry, content) = &several[0];
        let content = match several.as_slice() {
            [_] => content.clone(),
            // One name means text in one type and elements in another.
            _ if several.iter().any(|(entry, _)| matches!(entry.holds, Holds::Elements(_))) => mixed(several),
            _ => text(Syntax::Text),
        };
        let (attribute, inside) = match content.strip_prefix("type=") {
            Some(reference) => (format!(" type={reference}"), String::new()),
            None => (String::new(), content),
        };
        let _ = writeln!(out, "      <xs:element name=\"{name}\"{attribute}>");
        let default = entry.default.map(|default| format!(" ({default})")).unwrap_or_default();
        let says = escaped(&format!("{}{default}", entry.says));
        let _ = writeln!(
            out,
            "        <xs:annotation><xs:documentation>{says}</xs:documentation></xs:annotation>"
        );
        if !inside.is_empty() {
            let _ = writeln!(out, "        {inside}");
        }
        if let Some(place) = child_place(entry)
            && several.len() == 1
        {
            keys(out, &format!("{}.{name}", type_name(places[0]).unwrap_or("any")), place);
        }
        let _ = writeln!(out, "      </xs:element>");
    }
    let _ = writeln!(out, "    </xs:choice>");
    let _ = writeln!(out, "  </xs:complexType>");
}

fn child_place(entry: &Entry) -> Option<Place> {
    match entry.holds {
        Holds::Elements(place) => Some(place),
        _ => None,
    }
}

/// What must stand inside of such an element, or may stand there only once.
fn keys(out: &mut String, prefix: &str, place: Place) {
    let fields = place.entries().filter(|entry| {
        entry.is_honoured() && matches!(entry.holds, Holds::Text(_)) && entry.aliases.is_empty()
    });
    for entry in fields {
        let kind = match entry.occurs {
            Occurs::Once => "key",
            Occurs::AtMostOnce => "unique",
            Occurs::Any | Occurs::AtLeastOnce => continue,
        };
        let name = entry.name;
        let _ = writeln!(
            out,
            "        <xs:{kind} name=\"{prefix}.{name}\"><xs:selector xpath=\".\"/><xs:field xpath=\"g:{name}\"/></xs:{kind}>"
        );
    }
}

fn content(entry: &Entry) -> String {
    match entry.holds {
        Holds::Elements(place) => format!("type=\"g:{}\"", type_name(place).unwrap_or_default()),
        Holds::Nothing => "<xs:complexType/>".to_owned(),
        Holds::OptionsOfModule => "type=\"g:module-options\"".to_owned(),
        Holds::PropertiesOfType => "type=\"g:service-properties\"".to_owned(),
        Holds::Text(syntax) => text(syntax),
    }
}

/// The type of elements in one place, for a name that is text in another. It is declared as mixed.
fn mixed(several: &[(&Entry, String)]) -> String {
    several
        .iter()
        .find(|(entry, _)| child_place(entry).is_some())
        .map(|(_, content)| content.clone())
        .unwrap()
}

fn text(syntax: Syntax) -> String {
    let named = |name: &str| format!("type=\"g:{name}\"");
    match syntax {
        Syntax::Bind => named("bind"),
        Syntax::Count { least, most } => simple(
            "integer",
            &format!("<xs:minInclusive value=\"{least}\"/><xs:maxInclusive value=\"{most}\"/>"),
        ),
        Syntax::File | Syntax::List | Syntax::Secret | Syntax::Text => named("text"),
        Syntax::ModuleType => words(&ModuleType::ALL.map(ModuleType::word)),
        Syntax::Only(word, _) => words(&[word]),
        Syntax::Rate => named("rate"),
        Syntax::ServiceType => words(&ServiceType::ALL.map(ServiceType::word)),
        Syntax::Size { .. } => named("size"),
        Syntax::Switch | Syntax::Truth => named("switch"),
        Syntax::Time | Syntax::TimeOrNone => named("time"),
        Syntax::Words(list) => words(list),
    }
}

fn words(words: &[&str]) -> String {
    let list: String = words.iter().map(|word| format!("<xs:enumeration value=\"{word}\"/>")).collect();
    simple("token", &list)
}

fn simple(base: &str, facets: &str) -> String {
    format!("<xs:simpleType>{}</xs:simpleType>", union(base, facets))
}

fn union(base: &str, facets: &str) -> String {
    format!(
        "<xs:union memberTypes=\"g:by-name\"><xs:simpleType><xs:restriction base=\"xs:{base}\">{facets}\
         </xs:restriction></xs:simpleType></xs:union>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
