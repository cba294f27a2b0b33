//! A log that follows its end while the reader is there, and leaves alone who has scrolled back.

use std::time::Duration;

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::HtmlElement;

/// Nearer to the end than this, in CSS pixels, a reader is at the end, and stays there.
const AT_THE_END: i32 = 32;

/// Where a reader is in a log.
#[derive(Clone, Copy)]
pub struct Follow {
    log: NodeRef<html::Div>,
    at_end: RwSignal<bool>,
    place: StoredValue<Place>,
    growing: StoredValue<Option<HtmlElement>, LocalStorage>,
}

/// What is known of the place.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The part of the log above it, in CSS pixels, as of the last look.
    top: i32,
    /// It may be another since.
    is_scrolled: bool,
    /// The next frame goes to the end.
    is_asked: bool,
}

impl Follow {
    pub fn new(log: NodeRef<html::Div>) -> Self {
        Self {
            log,
            at_end: RwSignal::new(true),
            place: StoredValue::default(),
            growing: StoredValue::new_local(None),
        }
    }

    /// Whether the reader is at the end.
    pub fn is_at_end(self) -> bool {
        self.at_end.get()
    }

    /// Follows this text of the log.
    pub fn grows(self, text: HtmlElement) {
        self.growing.set_value(Some(text));
    }

    /// The log was scrolled, by whomever. Where it is then is known after the frame; to ask before
    /// would have the browser lay it out twice.
    pub fn scrolled(self) {
        if !self.place.get_value().is_scrolled {
            self.place.update_value(|place| place.is_scrolled = true);
            set_timeout(move || _ = self.look(), Duration::ZERO);
        }
    }

    /// Goes to the end, and stays there.
    pub fn go_to_end(self) {
        self.place.update_value(|place| place.is_scrolled = false);
        self.at_end.set(true);
        if let Some(log) = self.log.get_untracked() {
            log.set_scroll_top(log.scroll_height());
        }
        self.follow_later();
    }

    /// Goes to the end if the reader is there: the end has moved.
    pub fn follow(self) {
        let Some(log) = self.look() else { return };
        if self.is_behind() {
            self.follow_later();
        } else if self.at_end.get_untracked() {
            log.set_scroll_top(log.scroll_height());
        }
    }

    /// Does so in the next frame, when what is being made now is on the page.
    fn follow_later(self) {
        let was_asked = self
            .place
            .try_update_value(|place| std::mem::replace(&mut place.is_asked, true));
        if was_asked == Some(false) {
            request_animation_frame(move || {
                // A frame may come when the card is gone.
                self.place.try_update_value(|place| place.is_asked = false);
                self.follow();
            });
        }
    }

    /// Goes to the place that was read: a card that is moved on the page loses it.
    pub fn stay(self) {
        if let Some(log) = self.log.get_untracked() {
            log.set_scroll_top(self.place.get_value().top);
        }
    }

    /// Whether more of the text is to be drawn than goes into a frame. To follow each of those would
    /// have the browser lay out all that is passed by.
    fn is_behind(self) -> bool {
        let is_waiting = |text: &Option<HtmlElement>| {
            text.as_ref()
                .is_some_and(|text| text.has_attribute("data-waiting"))
        };
        self.growing.try_with_value(is_waiting).unwrap_or_default()
    }

    /// Learns where the reader is, if that may have changed. Only who scrolls back leaves the end:
    /// that the end has moved away from a reader, between a scroll and this look, is no reason.
    fn look(self) -> Option<web_sys::HtmlDivElement> {
        let log = self.log.try_get_untracked().flatten()?;
        let mut place = self.place.try_get_value()?;
        if std::mem::take(&mut place.is_scrolled) {
            let top = log.scroll_top();
            let is_near = log.scroll_height() - top - log.client_height() < AT_THE_END;
            let was_at_end = self.at_end.get_untracked();
            let is_at_end = is_near || was_at_end && top >= place.top;
            place.top = top;
            self.place.set_value(place);
            if is_at_end != was_at_end {
                self.at_end.set(is_at_end);
            }
        }
        Some(log)
    }
}

/// Tells when elements change their size, until it is dropped.
pub struct Sizes {
    observer: web_sys::ResizeObserver,
    /// Called by the observer.
    _changed: Closure<dyn FnMut()>,
}

impl Sizes {
    pub fn watch(elements: &[&HtmlElement], changed: impl FnMut() + 'static) -> Option<Self> {
        let changed = Closure::<dyn FnMut()>::new(changed);
        let observer = web_sys::ResizeObserver::new(changed.as_ref().unchecked_ref()).ok()?;
        for element in elements {
            observer.observe(element);
        }
        Some(Self {
            observer,
            _changed: changed,
        })
    }
}

impl Drop for Sizes {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
