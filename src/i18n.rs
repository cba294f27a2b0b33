//! The page's texts, in the user's language.

use leptos::prelude::*;
use leptos_i18n::Locale as _;

pub use words::i18n::Locale;

/// Texts by key and language, generated from `locales/*.json` by build.rs.
#[allow(
    clippy::pedantic,
    missing_docs,
    dead_code,
    unused_imports,
    reason = "the code is generated"
)]
mod words {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}

/// The language of the page. `leptos_i18n` has its own context for this, but with a parser for all
/// language tags, which would be 2 % of the download.
#[derive(Clone, Copy)]
pub struct I18n(Memo<Locale>);

impl I18n {
    /// Chooses the set language, else the first of the browser's that the page supports.
    pub fn new(
        set: impl Fn() -> Option<String> + Send + Sync + 'static,
        browsers: ReadSignal<Vec<String>>,
    ) -> Self {
        Self(Memo::new(move |_| {
            let set = set().and_then(|tag| tag.parse().ok());
            set.or_else(|| browsers.read().iter().find_map(|tag| by_tag(tag)))
                .unwrap_or_default()
        }))
    }

    /// Shows the page in this language.
    pub fn provide(self) {
        provide_context(self);
        Effect::new(move |_| {
            let locale = self.0.get();
            if let Some(root) = document().document_element() {
                // A valid attribute name can't be refused.
                let _ = root.set_attribute("lang", locale.as_str());
                let _ = root.set_attribute("dir", locale.direction().as_str());
            }
        });
    }

    /// The language; in a reactive scope, subscribes to it.
    pub fn locale(self) -> Locale {
        self.0.get()
    }
}

/// The language of the page.
pub fn use_i18n() -> I18n {
    expect_context()
}

/// The language of a BCP 47 tag, ignoring region and script, if the page supports it.
fn by_tag(tag: &str) -> Option<Locale> {
    let language = tag.split('-').next()?;
    language.to_ascii_lowercase().parse().ok()
}

/// The text for a key, with its arguments if it has any; in a reactive scope, it follows the
/// language.
macro_rules! t_string {
    ($i18n:expr, $($key:tt)+) => {
        leptos_i18n::td_string!($crate::i18n::I18n::locale($i18n), $($key)+)
    };
}
pub(crate) use t_string;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_whatever_its_region() {
        #[track_caller]
        fn check(tag: &str, expected: Option<Locale>) {
            assert_eq!(by_tag(tag), expected, "{tag}");
        }
        check("ko", Some(Locale::ko));
        check("ko-KR", Some(Locale::ko));
        check("KO-Kore-KR", Some(Locale::ko));
        check("en-GB", Some(Locale::en));
        check("kok", None);
        check("fr-FR", None);
        check("", None);
    }
}
