//! Tests of reading XML.

mod agreement;
mod emitted;

use super::*;

/// The tree of a good file, written so that its shape can be seen.
fn tree(text: &str) -> String {
    fn draw(element: &Element) -> String {
        let mut out = element.name.clone();
        for attribute in &element.attributes {
            out += &format!(" {}={:?}", attribute.name, attribute.value.value);
        }
        if !element.text.value.is_empty() {
            out += &format!(" {:?}", element.text.value);
        }
        if !element.children.is_empty() {
            let children: Vec<_> = element.children.iter().map(draw).collect();
            out += &format!("({})", children.join(", "));
        }
        out
    }
    draw(&read(text.as_bytes()).unwrap().root)
}

/// What is wrong with a file, each as the octets that are marked and what is said of them.
fn wrong(text: &str) -> Vec<(&str, String)> {
    let problems = survey(text.as_bytes()).1;
    problems.into_iter().map(|problem| (&text[problem.span], problem.says)).collect()
}

fn one_wrong(text: &str) -> (&str, String) {
    let mut wrong = wrong(text);
    assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
    wrong.remove(0)
}

#[test]
fn elements_attributes_and_texts_are_read() {
    let text = "<?xml version='1.0'?>\n<!-- x --><a><b c='1' d=\"2\"> x </b><e/></a>\n<!-- y -->";
    assert_eq!(tree(text), r#"a(b c="1" d="2" "x", e)"#);
}

#[test]
fn a_byte_order_mark_moves_no_place() {
    let text = "\u{feff}<?xml version=\"1.0\"?><a>x</a>";
    let root = read(text.as_bytes()).unwrap().root;
    assert_eq!((&text[root.name_span], &text[root.text.span]), ("a", "x"));
}

#[test]
fn each_part_knows_its_place() {
    let text = "<k:a xmlns:k='n'>\n <b c='d&amp;'>  e &lt; f\r\n</b><g/></k:a>";
    let root = read(text.as_bytes()).unwrap().root;
    assert_eq!(&text[root.span], text);
    assert_eq!(&text[root.name_span], "a");
    assert_eq!(&text[root.namespace.unwrap().1], "n");
    let [b, g] = &root.children[..] else { panic!("two children") };
    assert_eq!(&text[b.span.clone()], "<b c='d&amp;'>  e &lt; f\r\n</b>");
    assert_eq!(&text[b.text.span.clone()], "e &lt; f");
    let attribute = &b.attributes[0];
    assert_eq!((&text[attribute.name_span.clone()], &text[attribute.value.span.clone()]), ("c", "d&amp;"));
    assert_eq!(&text[g.span.clone()], "<g/>");
    assert_eq!(text[..g.text.span.start].len(), text.find("/></k:a>").unwrap());
    assert!(g.text.span.is_empty());
}

#[test]
fn a_part_of_a_text_has_a_place_of_its_own_only_if_it_is_written_so() {
    let text = "<a><b> one, two </b><b>one,&#32;two</b></a>";
    let root = read(text.as_bytes()).unwrap().root;
    assert_eq!(&text[root.children[0].text.place(5..8)], "two");
    assert_eq!(&text[root.children[1].text.place(5..8)], "one,&#32;two");
    assert_eq!(root.children[1].text.value, "one, two");
}

#[test]
fn references_sections_and_comments_are_one_text() {
    let text = "<a> &#x41;<![CDATA[<&]]><!-- no -->&gt; z</a>";
    assert_eq!(tree(text), r#"a "A<&> z""#);
}

#[test]
fn line_ends_of_all_systems_are_one_character() {
    assert_eq!(tree("<a>1\r\n2\r3\n4</a>"), "a \"1\\n2\\n3\\n4\"");
    assert_eq!(tree("<a b='1\r\n2\t3'/>"), r#"a b="1 2 3""#);
}

#[test]
fn a_prefix_and_a_default_name_the_same_namespace() {
    for text in ["<a xmlns='urn:n'><b/></a>", "<k:a xmlns:k='urn:n'><k:b/></k:a>"] {
        let root = read(text.as_bytes()).unwrap().root;
        for element in [&root, &root.children[0]] {
            assert_eq!(&*element.namespace.as_ref().unwrap().0, "urn:n", "{text}");
        }
    }
    let text = "<a xmlns='urn:n'><b xmlns=''/><c/></a>";
    let root = read(text.as_bytes()).unwrap().root;
    assert_eq!(root.children[0].namespace, None);
    assert!(root.children[1].namespace.is_some());
}

#[test]
fn a_file_of_another_encoding_is_refused() {
    for octets in [&b"\xff\xfe<\0"[..], b"\xfe\xff\0<", b"<a>\xe9</a>"] {
        assert_eq!(read(octets).unwrap_err().len(), 1, "{octets:?}");
    }
    let declared = "<?xml version='1.0' encoding='ISO-8859-1'?><a/>";
    assert_eq!(one_wrong(declared).0, "ISO-8859-1");
    assert_eq!(tree("<?xml version='1.0' encoding='utf-8' standalone='yes' ?><a/>"), "a");
}

#[test]
fn a_declaration_is_judged() {
    for (text, marked) in [
        ("<?xml encoding='UTF-8'?><a/>", "xml"),
        ("<?xml version='1.1'?><a/>", "1.1"),
        ("<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>", "encoding"),
        ("<?xml version='1.0' x='y'?><a/>", "x"),
        ("\n<?xml version='1.0'?><a/>", "<?xml version='1.0'?>"),
        ("<a><?xml version='1.0'?></a>", "<?xml version='1.0'?>"),
        ("<?XML version='1.0'?><a/>", "<?XML version='1.0'?>"),
    ] {
        assert_eq!(one_wrong(text).0, marked, "{text}");
    }
}

#[test]
fn there_is_one_root_and_nothing_beside_it() {
    for (text, marked) in [
        ("", ""),
        ("<!-- only -->", ""),
        ("<a/><b/>", "b"),
        ("<a/> x ", "x"),
        ("x<a/>", "x"),
        ("<a/>&amp;", "&amp;"),
        ("<a/><![CDATA[x]]>", "<![CDATA[x]]>"),
        ("<a/></a>", "</a>"),
    ] {
        assert_eq!(one_wrong(text).0, marked, "{text}");
    }
}

#[test]
fn everything_is_closed_where_it_should_be() {
    assert_eq!(one_wrong("<a><b></a>"), ("</a>", "`</a>` stands where </b> should".to_owned()));
    assert_eq!(one_wrong("<a><b></c></a>"), ("</c>", "`</c>` stands where </b> should".to_owned()));
    assert_eq!(one_wrong("<a></A>").0, "</A>");
    assert_eq!(one_wrong("<a>"), ("a", "`<a>` is not closed".to_owned()));
    assert_eq!(survey(b"<a><b></c></a>").0, None);
}

#[test]
fn what_has_no_end_is_told_where_it_begins() {
    for (text, marked) in [
        ("<a><!-- x\n</a>", "<!-- x"),
        ("<a><![CDATA[ x\n</a>", "<![CDATA[ x"),
        ("<a><? x\n</a>", "<? x"),
        ("<a>\n<b", "<b"),
        ("<a>\n<b c='\n></b></a>", "<b c='"),
        ("<a><!x></a>", "<!x></a>"),
    ] {
        assert_eq!(one_wrong(text).0, marked, "{text}");
    }
}

#[test]
fn a_tag_has_a_name_and_then_attributes() {
    for (text, marked) in [
        ("<a><b <c/></a>", "<b"),
        ("<a b></a>", ""),
        ("<a b=></a>", ""),
        ("<a b=c></a>", "c"),
        ("<a b='1'c='2'></a>", "c"),
        ("<a b='<'></a>", "<"),
        ("<a ,></a>", ","),
        ("<1/>", "<1"),
        ("<a:b:c/>", "<a:b:c"),
        ("< a/>", "<"),
        ("<a><></a>", "<"),
    ] {
        assert_eq!(one_wrong(text).0, marked, "{text}");
    }
}

#[test]
fn what_leaves_the_tree_whole_is_all_told() {
    let text = "<a b='1' b='2' c='&nbsp;' d='&'>\n<k:e/> x <f>&auml; & &#7; ]]></f><!-- -- --></a>";
    let marked: Vec<_> = wrong(text).into_iter().map(|(marked, _)| marked).collect();
    assert_eq!(marked, ["b", "&nbsp;", "&", "k:e", "&auml;", "&", "&#7;", "]]>", "--", "x"]);
    assert!(survey(text.as_bytes()).0.is_some());
    assert!(read(text.as_bytes()).is_err());
}

#[test]
fn an_attribute_is_there_once_whatever_its_prefix() {
    for text in [
        "<a xmlns:j='n' xmlns:k='n' j:b='1' k:b='2'/>",
        "<a xmlns='n' xmlns='m'/>",
        "<a xmlns:k='n' xmlns:k='n'/>",
    ] {
        assert_eq!(wrong(text).len(), 1, "{text}");
    }
    assert_eq!(tree("<a xmlns:k='n' b='1' k:b='2'/>"), r#"a b="1" b="2""#);
}

#[test]
fn the_prefixes_of_xml_itself_are_not_for_others() {
    for text in [
        "<a xmlns:xml='n'/>",
        "<a xmlns:xmlns='n'/>",
        "<a xmlns:k='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:k=''/>",
        "<xmlns:a/>",
        "<a k:b='1'/>",
    ] {
        assert_eq!(wrong(text).len(), 1, "{text}");
    }
    assert_eq!(tree("<a xml:lang='de' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>"), r#"a lang="de""#);
}

#[test]
fn definitions_and_what_they_could_define_are_refused() {
    let text = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>";
    let says: Vec<_> = wrong(text).into_iter().map(|(_, says)| says).collect();
    assert_eq!(says, ["a document type definition is not permitted", "`&x;` is not known"]);
}

#[test]
fn a_control_character_is_refused_wherever_it_stands() {
    for text in ["<a>\u{1b}</a>", "<a b='\u{0}'/>", "<a><!-- \u{9b} --></a>", "<a/>\u{c}", "<a>\u{ffff}</a>"]
    {
        assert!(wrong(text)[0].1.starts_with("the character U+"), "{text:?}");
    }
}

#[test]
fn depth_and_number_are_bounded() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(read(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert!(read(nested(MAX_DEPTH + 1).as_bytes()).is_err());
    let many = |number: usize| format!("<r>{}</r>", "<a/>".repeat(number));
    assert!(read(many(MAX_ELEMENTS - 1).as_bytes()).is_ok());
    assert!(read(many(MAX_ELEMENTS).as_bytes()).is_err());
    let wide = |number: usize| (0..number).fold("<r".to_owned(), |text, n| format!("{text} a{n}=''")) + "/>";
    assert!(read(wide(MAX_ATTRIBUTES).as_bytes()).is_ok());
    assert!(read(wide(MAX_ATTRIBUTES + 1).as_bytes()).is_err());
    assert!(read(&vec![b' '; MAX_OCTETS + 1]).unwrap_err()[0].says.starts_with("the file has"));
}

#[test]
fn problems_are_told_up_to_a_number() {
    let text = format!("<a>{}</a>", "&x;".repeat(MAX_PROBLEMS + 7));
    assert_eq!(wrong(&text).len(), MAX_PROBLEMS);
}
