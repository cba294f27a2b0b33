//! DOM nodes, created and moved without Leptos.

use web_sys::{Element, Node};

/// The page's document.
pub(super) fn document() -> web_sys::Document {
    // A page has a window, which has a document.
    #[expect(
        clippy::disallowed_methods,
        reason = "this module draws the page without Leptos"
    )]
    web_sys::window()
        .and_then(|window| window.document())
        .expect("a page")
}

/// Creates an element with this name and, unless empty, this class.
pub(super) fn make(name: &str, class: &str) -> Element {
    let element = document()
        .create_element(name)
        .expect("it is an element's name");
    if !class.is_empty() {
        set(&element, "class", class);
    }
    element
}

/// Sets an attribute. Its name is a constant and so valid.
pub(super) fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// Appends a node to another.
pub(super) fn append(parent: &Node, child: &Node) {
    // A new node can stand anywhere.
    let _ = parent.append_child(child);
}

/// Removes a node from the page.
pub(super) fn remove(node: &Node) {
    if let Some(parent) = node.parent_node() {
        let _ = parent.remove_child(node);
    }
}
