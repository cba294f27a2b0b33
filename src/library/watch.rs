//! Events from the browser and from other tabs.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::StorageEvent;

use super::{Change, Library, languages};
use crate::{
    endpoint::Endpoints,
    json,
    storage::{self, Key, Settings},
};

impl Library {
    /// Subscribes to browser and storage events.
    pub(super) fn watch(self) {
        // One closure type for all of them.
        let on = |event: &str, act: Box<dyn Fn(web_sys::Event)>| {
            window_event_listener_untyped(event, act);
        };
        on("online", Box::new(move |_| self.is_online.set(true)));
        on("offline", Box::new(move |_| self.is_online.set(false)));
        on(
            "languagechange",
            Box::new(move |_| {
                self.languages.set(languages());
            }),
        );
        on(
            "storage",
            Box::new(move |event| {
                let event: StorageEvent = event.unchecked_into();
                if let Some(key) = event.key() {
                    storage::writes::tell(&key);
                    if let Some(key) = Key::parse(&key) {
                        self.changed(key, event.new_value());
                    }
                }
            }),
        );
    }

    /// Takes over another tab's change in storage; `text` is `None` if the value was removed.
    pub(super) fn changed(self, key: Key, text: Option<String>) {
        match key {
            Key::Chat(id) => {
                let is_gone = text.is_none();
                self.tell(Change::Stored(id, text));
                if is_gone {
                    self.history_changed();
                    self.tell(Change::Space);
                }
            }
            Key::Endpoints => {
                let read = text.and_then(|text| json::read_all::<Endpoints>(&text));
                if let Some((endpoints, rest)) = read {
                    let before = self.endpoints.get_untracked();
                    self.endpoints.set(Endpoints { rest, ..endpoints }.honest());
                    self.reload_changed_models(&before);
                    self.tell(Change::Endpoints);
                }
            }
            Key::Settings => {
                if let Some((settings, rest)) = text.and_then(|text| json::read_all(&text)) {
                    self.settings.set(Settings { rest, ..settings });
                }
            }
            Key::Recent => {
                if let Some(recent) = text.and_then(|text| json::read(&text)) {
                    self.recent.set(recent);
                }
            }
            Key::Entry(_) => self.history_changed(),
            Key::Orphans | Key::Vault => {}
        }
    }
}
