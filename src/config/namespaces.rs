//! The namespaces that files of KAAZING Gateway were written in, and what the year of each changes.

use super::{
    model::Era,
    problems::Problems,
    report::{Problem, nearest, quoted},
    xml::Element,
};

/// The namespace of new files.
pub(super) const CURRENT: &str = "http://xmlns.kaazing.org/2016/06/gateway";

/// Everything between which a file can choose. From 2012 to 2016 the two editions had namespaces that differed in
/// `.com` and `.org` alone, and documentation mixed them.
const KNOWN: [(&str, Era); 14] = [
    ("http://xmlns.kaazing.com/gateway-config/dragonfire", Era::Open),
    ("http://xmlns.kaazing.com/gateway-config/excalibur", Era::Open),
    ("http://xmlns.kaazing.com/2012/03/gateway", Era::Open),
    ("http://xmlns.kaazing.org/2012/03/gateway", Era::Open),
    ("http://xmlns.kaazing.com/2012/08/gateway", Era::Open),
    ("http://xmlns.kaazing.org/2012/08/gateway", Era::Open),
    ("http://xmlns.kaazing.com/2012/09/gateway", Era::Open),
    ("http://xmlns.kaazing.org/2012/09/gateway", Era::Open),
    ("http://xmlns.kaazing.com/2014/09/gateway", Era::Open),
    ("http://xmlns.kaazing.org/2014/09/gateway", Era::Open),
    ("http://xmlns.kaazing.com/2015/11/gateway", Era::Open),
    ("http://xmlns.kaazing.org/2015/11/gateway", Era::Open),
    ("http://xmlns.kaazing.com/2016/06/gateway", Era::AnyUser),
    (CURRENT, Era::AnyUser),
];

/// Which generation `root` is of; that of today where it does not say.
pub(super) fn judge(root: &Element, problems: &mut Problems) -> Era {
    let Some((namespace, span)) = &root.namespace else {
        let says = "the file does not say in which namespace it is, and is read as one of 2016/06";
        let help = format!("write <gateway-config xmlns=\"{CURRENT}\">");
        problems.push(Problem::warning(root.name_span.clone(), says).help(help));
        return Era::AnyUser;
    };
    strangers(root, namespace, problems);
    if let Some((_, era)) = KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(namespace)) {
        return *era;
    }
    let says = format!("the namespace {} is not known", quoted(namespace));
    let meant = nearest(namespace, KNOWN.iter().rev().map(|(known, _)| *known)).unwrap_or(CURRENT);
    problems.push(Problem::error(span.clone(), says).help(format!("did you mean `{meant}`?")));
    Era::AnyUser
}

/// Elements of another namespace than the root's mean something else, whatever their name.
pub(super) fn strangers(element: &Element, namespace: &str, problems: &mut Problems) {
    for child in &element.children {
        if child.namespace.as_ref().is_some_and(|(own, _)| **own == *namespace) {
            strangers(child, namespace, problems);
        } else {
            let says = format!("<{}> is not in the namespace of the file", child.name);
            let help = "take its xmlns and its prefix out";
            problems.push(Problem::error(child.name_span.clone(), says).help(help));
        }
    }
}
