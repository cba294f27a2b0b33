//! What changes on the page, in few types: Leptos compiles the code that follows a change once for
//! each type of closure, so a hundred closures of their own would be a third of the download.

use std::sync::Arc;

use leptos::{ev, prelude::*};

use crate::i18n::I18n;

/// A word of the page in the reader's language, as a `Signal<&'static str>`; with arguments, as a
/// `Signal<String>`.
macro_rules! t {
    ($i18n:ident, $key:ident) => {
        $crate::ui::dynamic::translated($i18n, |i18n| $crate::i18n::t_string!(i18n, $key))
    };
    ($i18n:ident, $key:ident, $($argument:tt)+) => {
        $crate::ui::dynamic::derive(move || {
            $crate::i18n::t_string!($i18n, $key, $($argument)+).to_string()
        })
    };
}
pub(crate) use t;

/// What [`t`] makes of a key. A function has no captures: so all keys are of one type.
pub fn translated(i18n: I18n, word: fn(I18n) -> &'static str) -> Signal<&'static str> {
    Signal::derive(move || word(i18n))
}

/// A signal that is derived from others.
pub fn derive<T: Send + Sync + 'static>(
    value: impl Fn() -> T + Send + Sync + 'static,
) -> Signal<T> {
    fn boxed<T: Send + Sync + 'static>(value: Box<dyn Fn() -> T + Send + Sync>) -> Signal<T> {
        Signal::derive(value)
    }
    boxed(Box::new(value))
}

/// A value that is derived from others, and tells its readers only when it has become another.
pub fn memo<T: PartialEq + Send + Sync + 'static>(
    value: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    fn boxed<T: PartialEq + Send + Sync + 'static>(
        value: Box<dyn Fn() -> T + Send + Sync>,
    ) -> Memo<T> {
        Memo::new(move |_| value())
    }
    boxed(Box::new(value))
}

/// Does something to the outside world now and whenever what it reads has changed.
pub fn effect(act: impl FnMut() + 'static) {
    fn boxed(mut act: Box<dyn FnMut()>) {
        Effect::new(move |_| act());
    }
    boxed(Box::new(act));
}

/// What a click does.
pub fn on_click(act: impl FnMut(ev::MouseEvent) + 'static) -> Box<dyn FnMut(ev::MouseEvent)> {
    Box::new(act)
}

/// What a key does.
pub fn on_key(act: impl FnMut(ev::KeyboardEvent) + 'static) -> Box<dyn FnMut(ev::KeyboardEvent)> {
    Box::new(act)
}

/// The value of an ARIA attribute that is true or false.
pub fn flag(is_set: impl Fn() -> bool + Send + Sync + 'static) -> Signal<&'static str> {
    derive(move || if is_set() { "true" } else { "false" })
}

/// A part of the page that is made again when what it reads has changed.
pub fn dynamic<V: IntoAny>(
    view: impl Fn() -> V + Send + 'static,
) -> Box<dyn FnMut() -> AnyView + Send> {
    Box::new(move || view().into_any())
}

/// A part of the page for each identifier, which stays as it is while others come and go.
pub fn for_each<Id, V>(
    ids: impl Fn() -> Vec<Id> + Send + 'static,
    view: impl Fn(Id) -> V + Send + Sync + 'static,
) -> AnyView
where
    Id: From<u64> + Into<u64> + 'static,
    V: IntoAny,
{
    fn boxed(
        ids: Box<dyn Fn() -> Vec<u64> + Send>,
        view: Arc<dyn Fn(u64) -> AnyView + Send + Sync>,
    ) -> AnyView {
        For(ForProps {
            each: ids,
            key: |id: &u64| *id,
            children: move |id| view(id),
        })
        .into_any()
    }
    boxed(
        Box::new(move || ids().into_iter().map(Id::into).collect()),
        Arc::new(move |id| view(Id::from(id)).into_any()),
    )
}

/// A part of the page that is there while a condition holds.
pub fn show<V: IntoAny>(
    holds: impl Fn() -> bool + Send + Sync + 'static,
    view: impl Fn() -> V + Send + 'static,
) -> Box<dyn FnMut() -> AnyView + Send> {
    let holds = memo(holds);
    dynamic(move || holds.get().then(|| view().into_any()))
}
