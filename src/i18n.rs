//! The words of the page, in the reader's language.

use leptos::prelude::*;
use leptos_i18n::Locale as _;

pub use words::i18n::Locale;

/// The words by key and language, generated from `locales/*.json` by build.rs.
#[allow(
    clippy::pedantic,
    missing_docs,
    dead_code,
    unused_imports,
    reason = "generated code"
)]
mod words {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}

/// The language that the page is shown in. `leptos_i18n` has a context of its own for this, but it
/// brings a parser of every language tag there is, which would be 2 % of the download.
#[derive(Clone, Copy)]
pub struct I18n(Memo<Locale>);

impl I18n {
    /// The language that is set, else the first one of the browser's that the page has words in.
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
                // An attribute's name that is one can't be refused.
                let _ = root.set_attribute("lang", locale.as_str());
                let _ = root.set_attribute("dir", locale.direction().as_str());
            }
        });
    }

    /// The language; in a reactive scope, it is followed.
    pub fn locale(self) -> Locale {
        self.0.get()
    }
}

/// The language that the page is shown in.
pub fn use_i18n() -> I18n {
    expect_context()
}

/// The language of a BCP 47 tag, whatever its region and script, if the page has words in it.
fn by_tag(tag: &str) -> Option<Locale> {
    let language = tag.split('-').next()?;
    language.to_ascii_lowercase().parse().ok()
}

/// A word by its key, with its arguments if it has any; in a reactive scope, it follows the
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
