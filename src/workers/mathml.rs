//! Copies MathML from the worker's markup into the document, element by element.

use wasm_bindgen::{JsCast, UnwrapThrowExt};
use web_sys::{Document, DomParser, Element, HtmlElement, Node, SupportedType};

const NAMESPACE: &str = "http://www.w3.org/1998/Math/MathML";

const ELEMENTS: &[&str] = &[
    "math",
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
    "mathsize",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "rowspan",
    "rspace",
    "scriptlevel",
    "separator",
    "stretchy",
    "symmetric",
    "voffset",
    "width",
];

/// Prefix of the classes in the worker's markup: see `style/maths.css`.
const CLASS: &str = "m-";

/// Prefixes of allowed style properties: lines and distances of boxes.
const PROPERTIES: &[&str] = &["border", "font-weight", "margin-left", "padding", "width"];

/// Colours: the attribute of MathML, and our class and property. The style sheet keeps them legible.
const COLOURS: &[(&str, &str, &str)] = &[
    ("mathcolor", "m-ink", "--m-ink"),
    ("mathbackground", "m-box", "--m-box"),
];

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
    let mut classes = from.get_attribute("class").unwrap_or_default();
    // The content policy forbids styles in markup, but not properties set one by one.
    // MathML elements have the same `style` as those of HTML.
    let style = to.unchecked_ref::<HtmlElement>().style();
    let styles = from.get_attribute("data-style").unwrap_or_default();
    for (property, value) in styles.split(';').filter_map(|style| style.split_once(':')) {
        if PROPERTIES.iter().any(|known| property.starts_with(known)) && is_plain(value, " .%-") {
            // Unknown values are ignored.
            let _ = style.set_property(property, value);
        }
    }
    for (name, class, property) in COLOURS {
        if let Some(colour) = from.get_attribute(name)
            && is_plain(&colour, "#")
        {
            let _ = style.set_property(property, &colour);
            classes = [&classes, " ", class].concat();
        }
    }
    let known = classes
        .split_whitespace()
        .filter(|class| class.starts_with(CLASS));
    let known: Vec<&str> = known.collect();
    if !known.is_empty() {
        set("class", &known.join(" "));
    }
    Some(to)
}

/// Returns whether a value consists of a few letters, digits and these signs. So it has no address.
fn is_plain(value: &str, signs: &str) -> bool {
    value.len() <= 40
        && value
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || signs.contains(letter))
}
