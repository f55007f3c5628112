//! Configurations: every file is read or refused, each problem has a place in it and can be shown, and what is accepted
//! is read alike by `roxmltree`.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use ticketgate::config::{
    report::Report,
    substitution, value,
    xml::{self, Element},
};

fuzz_target!(|octets: &[u8]| {
    let (document, mut problems) = xml::survey(octets);
    if problems.is_empty() {
        let text = std::str::from_utf8(octets).expect("only UTF-8 is accepted");
        let theirs = roxmltree::Document::parse(text).expect("what is accepted here is accepted there");
        let root = &document.as_ref().expect("without problems there is a tree").root;
        same(root, theirs.root_element(), text);
    }
    if let Some(mut document) = document {
        let defined = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        problems.extend(substitution::substitute(&mut document.root, &defined, None));
        values(&document.root);
    }
    for problem in &problems {
        assert!(problem.span.start <= problem.span.end && problem.span.end <= octets.len(), "{problem:?}");
    }
    let report = Report::new("f", octets, &problems);
    assert_eq!(report.lines().lines().count(), problems.len());
    assert!(!report.shown(false).contains('\u{1b}'));
});

fn same(ours: &Element, theirs: roxmltree::Node<'_, '_>, text: &str) {
    assert_eq!(ours.name, theirs.tag_name().name());
    assert_eq!(ours.span, theirs.range());
    assert_eq!(ours.name, text[ours.name_span.clone()]);
    assert_eq!(ours.attributes.len(), theirs.attributes().len());
    for (ours, theirs) in ours.attributes.iter().zip(theirs.attributes()) {
        assert_eq!((ours.name.as_str(), ours.value.value.as_str()), (theirs.name(), theirs.value()));
    }
    let children: Vec<_> = theirs.children().filter(roxmltree::Node::is_element).collect();
    assert_eq!(ours.children.len(), children.len());
    if children.is_empty() {
        // roxmltree keeps a carriage return in front of a reference.
        let unix = |text: &str| text.trim_matches([' ', '\t', '\r', '\n']).replace('\r', "\n");
        let joined: String =
            theirs.children().filter(|node| node.is_text()).filter_map(|node| node.text()).collect();
        assert_eq!(unix(&ours.text.value), unix(&joined));
    }
    for (ours, theirs) in ours.children.iter().zip(children) {
        same(ours, theirs, text);
    }
}

fn values(element: &Element) {
    let text = &element.text;
    let _ = (
        value::time(&text.value),
        value::size(&text.value),
        value::rate(&text.value),
        value::bind(&text.value),
    );
    for item in value::list(text).into_iter().flatten() {
        assert!(item.span.start >= text.span.start && item.span.end <= text.span.end);
    }
    element.children.iter().for_each(values);
}
