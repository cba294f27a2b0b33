//! Dynamic views with few types: Leptos compiles the code that follows a change once for each closure type,
//! so a hundred closure types would be a third of the download. A memo or effect that needs its previous
//! value, and a list whose keys are no identifiers, use Leptos's own.

use std::sync::Arc;

use leptos::{ev, prelude::*};

use crate::i18n::I18n;

/// Translates a key into the user's language, as a `Signal<&'static str>`; with arguments, as a
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

/// The signal that [`t`] makes for a key. A function has no captures, so all keys share one type.
pub fn translated(i18n: I18n, word: fn(I18n) -> &'static str) -> Signal<&'static str> {
    Signal::derive(move || word(i18n))
}

/// A signal derived from others.
pub fn derive<T: Send + Sync + 'static>(
    value: impl Fn() -> T + Send + Sync + 'static,
) -> Signal<T> {
    fn boxed<T: Send + Sync + 'static>(value: Box<dyn Fn() -> T + Send + Sync>) -> Signal<T> {
        Signal::derive(value)
    }
    boxed(Box::new(value))
}

/// A memo derived from signals, which notifies its readers only when its value changes.
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

/// Runs a side effect now and whenever a signal that it reads has changed.
pub fn effect(act: impl FnMut() + 'static) {
    fn boxed(mut act: Box<dyn FnMut()>) {
        Effect::new(move |_| act());
    }
    boxed(Box::new(act));
}

/// Boxes a click handler.
pub fn on_click(act: impl FnMut(ev::MouseEvent) + 'static) -> Box<dyn FnMut(ev::MouseEvent)> {
    Box::new(act)
}

/// Boxes a key handler.
pub fn on_key(act: impl FnMut(ev::KeyboardEvent) + 'static) -> Box<dyn FnMut(ev::KeyboardEvent)> {
    Box::new(act)
}

/// The value of a boolean ARIA attribute.
pub fn flag(is_set: impl Fn() -> bool + Send + Sync + 'static) -> Signal<&'static str> {
    derive(move || if is_set() { "true" } else { "false" })
}

/// Renders `view` again whenever a signal that it reads has changed.
pub fn dynamic<V: IntoAny>(
    view: impl Fn() -> V + Send + 'static,
) -> Box<dyn FnMut() -> AnyView + Send> {
    Box::new(move || view().into_any())
}

/// Renders `view` for each identifier, and keeps it while others come and go.
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

/// Renders `view` while a condition holds.
pub fn show<V: IntoAny>(
    holds: impl Fn() -> bool + Send + Sync + 'static,
    view: impl Fn() -> V + Send + 'static,
) -> Box<dyn FnMut() -> AnyView + Send> {
    let holds = memo(holds);
    dynamic(move || holds.get().then(|| view().into_any()))
}
