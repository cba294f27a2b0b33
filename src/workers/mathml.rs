//! MathML, from the worker's markup into the document, piece by piece.

use wasm_bindgen::{JsCast, UnwrapThrowExt};
use web_sys::{Document, DomParser, Element, Node, SupportedType};

const NAMESPACE: &str = "http://www.w3.org/1998/Math/MathML";

const ELEMENTS: &[&str] = &[
    "math",
    "menclose",
    "merror",
    "mfrac",
    "mi",
    "mmultiscripts",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mprescripts",
    "mroot",
    "mrow",
    "ms",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
];

/// None of them can hold an address, a handler or a style.
const ATTRIBUTES: &[&str] = &[
    "accent",
    "accentunder",
    "columnalign",
    "columnspan",
    "depth",
    "dir",
    "display",
    "displaystyle",
    "form",
    "height",
    "largeop",
    "linethickness",
    "lspace",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "notation",
    "rowspan",
    "rspace",
    "scriptlevel",
    "separator",
    "stretchy",
    "symmetric",
    "voffset",
    "width",
];

/// The classes that the worker's markup has: of tables and of what is struck out.
const CLASSES: &[&str] = &["cell-", "menv-", "mop-"];

/// The element of this markup, made anew for this document; none if anything in the markup is not
/// MathML for showing. Attributes that are not known are left out.
pub fn adopt(document: &Document, markup: &str) -> Option<Element> {
    // Only a document type makes XML grow, or ask for more.
    if markup.contains("<!") {
        return None;
    }
    let parsed = DomParser::new().ok()?;
    let parsed = parsed
        .parse_from_string(markup, SupportedType::ApplicationXml)
        .ok()?;
    let from = parsed.document_element()?;
    if from.local_name() != "math" {
        return None;
    }
    let root = element(document, &from)?;
    // A list of what is still to be copied, instead of calls: markup can be deep.
    let mut todo = vec![(from, root.clone())];
    while let Some((from, to)) = todo.pop() {
        let mut next = from.first_child();
        while let Some(node) = next {
            next = node.next_sibling();
            let copy: Node = match node.node_type() {
                Node::TEXT_NODE => document
                    .create_text_node(&node.text_content().unwrap_or_default())
                    .into(),
                Node::ELEMENT_NODE => {
                    let child: Element = node.unchecked_into();
                    let copy = element(document, &child)?;
                    todo.push((child, copy.clone()));
                    copy.into()
                }
                _ => return None,
            };
            to.append_child(&copy).ok()?;
        }
    }
    Some(root)
}

/// An empty copy of an element.
fn element(document: &Document, from: &Element) -> Option<Element> {
    let name = from.local_name();
    if from.namespace_uri().as_deref() != Some(NAMESPACE) || !ELEMENTS.contains(&&*name) {
        return None;
    }
    let to = document.create_element_ns(Some(NAMESPACE), &name).ok()?;
    let set = |name: &str, value: &str| {
        to.set_attribute(name, value)
            .expect_throw("a name from these lists is one");
    };
    for name in ATTRIBUTES {
        if let Some(value) = from.get_attribute(name) {
            set(name, &value);
        }
    }
    if let Some(classes) = from.get_attribute("class") {
        let known = |class: &&str| CLASSES.iter().any(|start| class.starts_with(start));
        let classes: Vec<&str> = classes.split_whitespace().filter(known).collect();
        set("class", &classes.join(" "));
    }
    // A style would need a policy that allows it; MathML has attributes for its colours.
    for (property, value) in from
        .get_attribute("style")
        .iter()
        .flat_map(|style| style.split(';'))
        .filter_map(|style| style.split_once(": "))
    {
        if value.starts_with("rgb(") {
            match property.trim() {
                "color" => set("mathcolor", value),
                "background-color" => set("mathbackground", value),
                _ => {}
            }
        }
    }
    Some(to)
}
