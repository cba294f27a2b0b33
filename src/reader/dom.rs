//! The page's nodes, made and moved without Leptos.

use web_sys::{Element, Node};

/// The page's document.
pub(super) fn document() -> web_sys::Document {
    // A page has a window, and that has a document.
    #[expect(
        clippy::disallowed_methods,
        reason = "it draws the page, without Leptos"
    )]
    web_sys::window()
        .and_then(|window| window.document())
        .expect("a page")
}

/// Makes an element of this name and, unless empty, class.
pub(super) fn make(name: &str, class: &str) -> Element {
    let element = document()
        .create_element(name)
        .expect("it is an element's name");
    if !class.is_empty() {
        set(&element, "class", class);
    }
    element
}

/// Sets an attribute, whose name is a constant and so is one.
pub(super) fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// Puts a node last in another.
pub(super) fn append(parent: &Node, child: &Node) {
    // What was just made can stand anywhere.
    let _ = parent.append_child(child);
}

/// Takes a node off the page.
pub(super) fn remove(node: &Node) {
    if let Some(parent) = node.parent_node() {
        let _ = parent.remove_child(node);
    }
}
