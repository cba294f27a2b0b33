//! A log that follows its end while the user is there, and stays put once the user scrolls back.

use std::time::Duration;

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::HtmlElement;

/// Below this distance from the end, in CSS pixels, the user counts as at the end and stays there.
const AT_THE_END: i32 = 32;

/// The user's position in a log.
#[derive(Clone, Copy)]
pub struct Follow {
    log: NodeRef<html::Div>,
    at_end: RwSignal<bool>,
    place: StoredValue<Place>,
    growing: StoredValue<Option<HtmlElement>, LocalStorage>,
}

/// The known scroll position.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Scroll offset from the top, in CSS pixels, at the last check or the last scroll to the end.
    top: i32,
    /// Height of the content at that time, in CSS pixels.
    height: i32,
    /// Width and height of the log at that time, in CSS pixels.
    room: (i32, i32),
    /// True if `top` may be outdated.
    is_scrolled: bool,
    /// True if a follow is due in the next frame.
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

    /// Returns whether the user is at the end.
    pub fn is_at_end(self) -> bool {
        self.at_end.get()
    }

    /// Sets the log's growing text.
    pub fn grows(self, text: HtmlElement) {
        self.growing.set_value(Some(text));
    }

    /// Handles any scroll of the log. The position is read after the frame: reading it earlier would make the
    /// browser lay out the log twice.
    pub fn scrolled(self) {
        if !self.place.get_value().is_scrolled {
            self.place.update_value(|place| place.is_scrolled = true);
            set_timeout(move || _ = self.look(), Duration::ZERO);
        }
    }

    /// Scrolls to the end, and stays there.
    pub fn go_to_end(self) {
        self.place.update_value(|place| place.is_scrolled = false);
        self.at_end.set(true);
        if let Some(log) = self.log.get_untracked() {
            self.scroll_to_end(&log);
        }
        self.follow_later();
    }

    fn scroll_to_end(self, log: &HtmlElement) {
        let height = log.scroll_height();
        log.set_scroll_top(height);
        let top = log.scroll_top();
        self.place.update_value(|place| {
            place.top = top;
            place.height = height;
            place.room = room(log);
        });
    }

    /// Scrolls to the moved end if the user was at the end.
    pub fn follow(self) {
        let Some(log) = self.look() else { return };
        if self.is_behind() {
            self.follow_later();
        } else if self.at_end.get_untracked() {
            self.scroll_to_end(&log);
        }
    }

    /// Follows in the next frame, once the nodes being created are on the page.
    fn follow_later(self) {
        let was_asked = self
            .place
            .try_update_value(|place| std::mem::replace(&mut place.is_asked, true));
        if was_asked == Some(false) {
            request_animation_frame(move || {
                // The card may be gone when the frame comes.
                self.place.try_update_value(|place| place.is_asked = false);
                self.follow();
            });
        }
    }

    /// Restores the scroll position, which a card loses when it moves on the page.
    pub fn stay(self) {
        if let Some(log) = self.log.get_untracked() {
            log.set_scroll_top(self.place.get_value().top);
        }
    }

    /// Returns whether the text still to be drawn exceeds one frame. Following each of those frames would
    /// make the browser lay out everything it passes.
    fn is_behind(self) -> bool {
        let is_waiting = |text: &Option<HtmlElement>| {
            text.as_ref()
                .is_some_and(|text| text.has_attribute("data-waiting"))
        };
        self.growing.try_with_value(is_waiting).unwrap_or_default()
    }

    /// Updates the user's position if it may have changed. Only scrolling back leaves the end: neither an
    /// end that moved away between a scroll and this check, nor content that shrank (`content-visibility`
    /// estimates heights) or a log of another size, which make the browser scroll.
    fn look(self) -> Option<web_sys::HtmlDivElement> {
        let log = self.log.try_get_untracked().flatten()?;
        let mut place = self.place.try_get_value()?;
        if std::mem::take(&mut place.is_scrolled) {
            let (top, height) = (log.scroll_top(), log.scroll_height());
            let is_near = height - top - log.client_height() < AT_THE_END;
            let was_at_end = self.at_end.get_untracked();
            let room = room(&log);
            let has_gone_back = top < place.top && height >= place.height && room == place.room;
            let is_at_end = is_near || was_at_end && !has_gone_back;
            place.top = top;
            place.height = height;
            place.room = room;
            self.place.set_value(place);
            if is_at_end != was_at_end {
                self.at_end.set(is_at_end);
            }
        }
        Some(log)
    }
}

fn room(log: &HtmlElement) -> (i32, i32) {
    (log.client_width(), log.client_height())
}

/// Reports size changes of elements, until it is dropped.
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
