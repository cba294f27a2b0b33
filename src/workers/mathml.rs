//! Copies MathML from the worker's markup into the document, element by element.

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

/// Allowed attributes: none can hold an address, a handler or a style.
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

/// Prefixes of the classes in the worker's markup: of tables and of struck-out parts.
const CLASSES: &[&str] = &["cell-", "menv-", "mop-"];

/// Rebuilds the markup as an element of this document; `None` if it contains anything but
/// presentation MathML. Unknown attributes are dropped.
pub fn adopt(document: &Document, markup: &str) -> Option<Element> {
    // Only a document type makes XML expand or fetch more.
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
    // An explicit stack instead of recursion: markup can be deep.
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

/// Copies an element without its content.
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
    // A style attribute would need a policy that allows it; MathML has attributes for its colours.
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
