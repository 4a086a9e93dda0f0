//! Everything the page asks of the browser besides its DOM events: storage, visibility, sizes, colours.
//!
//! Nothing here runs on the server: it is called from effects and event handlers only, and the server runs neither.
//! What the browser refuses (storage in a private window, say) is as if it were not there.

use leptos::{prelude::*, reactive::send_wrapper_ext::SendOption};
use model::instant::Instant;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Document, Element, FormData, HtmlElement, HtmlFormElement, ResizeObserver, Storage, UrlSearchParams};

/// Holds something that ends when it is dropped, such as a timer or a request. Empty on the server.
pub(crate) struct Slot<T: 'static>(StoredValue<SendOption<T>>);

impl<T: 'static> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for Slot<T> {}

impl<T: 'static> Slot<T> {
    /// Empty; lives as long as the current owner.
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(SendOption::new_local(None)))
    }

    /// Puts something in; what was there ends.
    pub(crate) fn put(self, value: T) {
        let before = self.0.try_update_value(|slot| {
            let mut before = None;
            slot.update(|held| before = held.replace(value));
            before
        });
        drop(before);
    }

    /// Ends what is there.
    pub(crate) fn clear(self) {
        let before = self.0.try_update_value(|slot| {
            let mut before = None;
            slot.update(|held| before = held.take());
            before
        });
        drop(before);
    }
}

/// The browser's clock. It may be wrong by any amount; only differences of it count.
pub(crate) fn now() -> Instant {
    Instant::from_millis(js_sys::Date::now() as i64)
}

/// A random share, 0 to 1.
pub(crate) fn random() -> f64 {
    js_sys::Math::random()
}

/// Whether the reader can see the page.
pub(crate) fn is_visible() -> bool {
    !document().hidden()
}

/// Calls back whenever the page is shown or hidden, until the current owner ends.
pub(crate) fn on_visibility_change(call: impl Fn() + 'static) {
    let handle = window_event_listener_untyped("visibilitychange", move |_| call());
    on_cleanup(move || handle.remove());
}

/// Calls back whenever a media query begins or ceases to match, until the current owner ends.
pub(crate) fn on_media_change(query: &str, call: impl Fn() + 'static) {
    let Ok(Some(list)) = window().match_media(query) else { return };
    let closure = Closure::<dyn Fn()>::new(call);
    list.set_onchange(Some(closure.as_ref().unchecked_ref()));
    Slot::new().put((list, closure));
}

/// A value kept in this browser.
pub(crate) fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Keeps a value in this browser, or forgets it.
pub(crate) fn store(key: &str, value: Option<&str>) {
    let Some(storage) = storage() else { return };
    // A full or forbidden storage only means that the choice is not remembered.
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}

fn storage() -> Option<Storage> {
    window().local_storage().ok()?
}

/// Sets an attribute of the document's root element, or removes it.
pub(crate) fn set_root_attribute(name: &str, value: Option<&str>) {
    let Some(root) = document().document_element() else { return };
    let _ = match value {
        Some(value) => root.set_attribute(name, value),
        None => root.remove_attribute(name),
    };
}

/// Puts text on the clipboard. `done` is called once it is there.
pub(crate) fn copy(text: &str, done: impl FnOnce() + 'static) {
    let written = window().navigator().clipboard().write_text(text);
    leptos::task::spawn_local(async move {
        if wasm_bindgen_futures::JsFuture::from(written).await.is_ok() {
            done();
        }
    });
}

/// The fields of a form as the part of an address after `?`.
pub(crate) fn form_search(form: &HtmlFormElement) -> Option<String> {
    let data = FormData::new_with_form(form).ok()?;
    let params = UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
    params.to_string().as_string()
}

/// Whether the reader is in the midst of a list: scrolled past its top, with something open in it, or with the
/// focus inside.
pub(crate) fn is_being_read(id: &str) -> bool {
    let document = document();
    let Some(list) = document.get_element_by_id(id) else { return false };
    list.scroll_top() > 0
        || list.get_bounding_client_rect().top() < 0.0
        || list.query_selector("details[open]").ok().flatten().is_some()
        || document.active_element().is_some_and(|focused| list.contains(Some(&focused)))
}

/// Moves the focus to an element.
pub(crate) fn focus(id: &str) {
    if let Some(element) = element_of_id::<HtmlElement>(&document(), id) {
        // Without focus the reader is where they were.
        let _ = element.focus();
    }
}

fn element_of_id<E: JsCast>(document: &Document, id: &str) -> Option<E> {
    document.get_element_by_id(id)?.dyn_into().ok()
}

/// Whether what a key would do there is typing.
pub(crate) fn takes_text(target: Option<web_sys::EventTarget>) -> bool {
    target
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|element| element.closest("input, textarea, select, [contenteditable]").ok().flatten().is_some())
}

/// Calls back whenever an element's size changes, and once at first, until the current owner ends.
pub(crate) fn on_resize(element: &Element, call: impl Fn() + 'static) {
    let closure = Closure::<dyn Fn()>::new(call);
    let Ok(observer) = ResizeObserver::new(closure.as_ref().unchecked_ref()) else { return };
    observer.observe(element);
    Slot::new().put(SizeWatch { observer, _closure: closure });
}

struct SizeWatch {
    observer: ResizeObserver,
    _closure: Closure<dyn Fn()>,
}

impl Drop for SizeWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// How many pixels of the screen a CSS pixel has.
pub(crate) fn pixel_ratio() -> f64 {
    window().device_pixel_ratio().max(1.0)
}

/// A colour from the style sheet: the custom property of that name, which must be registered as a colour, so that
/// the browser gives it back computed. Black where there is none.
pub(crate) fn colour(element: &Element, property: &str) -> (u8, u8, u8) {
    let computed = window().get_computed_style(element).ok().flatten();
    let value = computed.and_then(|style| style.get_property_value(property).ok()).unwrap_or_default();
    rgb(&value).unwrap_or_default()
}

/// Reads `rgb(1, 2, 3)`, with or without alpha.
fn rgb(value: &str) -> Option<(u8, u8, u8)> {
    let (_, inside) = value.split_once('(')?;
    let mut parts = inside.trim_end_matches(')').split([',', ' ', '/']).filter(|part| !part.is_empty());
    let mut part = || parts.next()?.parse().ok();
    Some((part()?, part()?, part()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computed_colours_are_read() {
        assert_eq!(rgb("rgb(47, 111, 237)"), Some((47, 111, 237)));
        assert_eq!(rgb("rgba(1, 2, 3, 0.5)"), Some((1, 2, 3)));
        assert_eq!(rgb("rgb(1 2 3 / 50%)"), Some((1, 2, 3)));
        assert_eq!(rgb("#fff"), None);
    }
}
