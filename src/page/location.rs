//! The page's address, in the browser's bar and in its history.

use std::rc::Rc;

use leptos::{ev, prelude::*};
use leptos_router::location::{BrowserUrl, LocationChange, LocationProvider, State, Url};

use crate::{address::Address, ui::back};

/// The page's location.
#[derive(Clone, Copy)]
pub struct Location(StoredValue<Inner, LocalStorage>);

struct Inner {
    browser: BrowserUrl,
    moved: Rc<dyn Fn(Address)>,
}

impl Location {
    /// Follows the browser. `moved` receives each address that the page goes to, also by Back and
    /// Forward.
    pub fn new(moved: impl Fn(Address) + 'static) -> Self {
        let browser = BrowserUrl::new().expect("a page has an address");
        let moved = Rc::new(moved);
        let location = Self(StoredValue::new_local(Inner { browser, moved }));
        let moved = window_event_listener(ev::popstate, move |_| location.look());
        on_cleanup(move || moved.remove());
        location
    }

    /// The parsed address.
    pub fn address(self) -> Address {
        let (path, query) = self.url().with_untracked(parts);
        let fields = web_sys::UrlSearchParams::new_with_str(&query);
        let fields = fields.map(|fields| fields.entries().into_iter().flatten());
        let fields = fields.into_iter().flatten().filter_map(|field| {
            let field = js_sys::Array::from(&field);
            Some((field.get(0).as_string()?, field.get(1).as_string()?))
        });
        Address::parse(&path, fields)
    }

    /// The address as shown in the bar, without its host.
    pub fn here(self) -> String {
        match self.url().with_untracked(parts) {
            (path, query) if query.is_empty() => path,
            (path, query) => format!("{path}?{query}"),
        }
    }

    /// Goes to an address.
    pub fn go(self, address: &str) {
        // The entry of what is open over the page becomes that of the new address.
        if back::is_in_front() {
            return self.change(address, true);
        }
        // The router skips an address from before the last Back, unless it gets the current one.
        self.replace(&self.here());
        self.change(address, false);
    }

    /// Replaces the current address, in the history, too.
    pub fn replace(self, address: &str) {
        self.change(address, true);
    }

    fn change(self, address: &str, replace: bool) {
        let change = LocationChange {
            value: address.to_owned(),
            replace,
            scroll: false,
            state: State::new(None),
        };
        self.0
            .with_value(|inner| inner.browser.complete_navigation(&change));
        self.look();
    }

    /// Reads the browser's address, and reports a change.
    fn look(self) {
        let url = self.url();
        if let Ok(now) = BrowserUrl::current()
            && url.with_untracked(|before| parts(before) != parts(&now))
        {
            url.set(now);
            let moved = self.0.with_value(|inner| Rc::clone(&inner.moved));
            moved(self.address());
        }
    }

    fn url(self) -> ArcRwSignal<Url> {
        self.0.with_value(|inner| inner.browser.as_url().clone())
    }
}

/// The path and the query.
fn parts(url: &Url) -> (String, String) {
    (url.path().to_owned(), url.search().to_owned())
}
