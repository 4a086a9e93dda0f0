//! How the browser takes over the page that the server rendered.

use crate::{
    App, Loaded,
    clock::{LocalTime, Utc, ZoneClock},
    shell::{LOADED_ID, Origin},
};
use leptos::prelude::*;
use model::instant::Instant;
use std::{cell::RefCell, sync::Arc};
use wasm_bindgen::{JsCast, JsValue};

/// Takes over the page the server rendered. Without the data of the first view the page stays as it is: readable,
/// with working links and forms.
///
/// Only for the browser.
pub fn hydrate() {
    let Some((loaded, origin)) = first_load() else { return };
    leptos::mount::hydrate_body(move || {
        provide_context(ZoneClock(Arc::new(BrowserClock::new(&loaded.workspace.time_zone))));
        provide_context(Origin(origin));
        provide_context(loaded);
        App()
    });
}

/// The data of the first view and the page's origin, as the server wrote them into the page.
fn first_load() -> Option<(Loaded, String)> {
    let element = document().get_element_by_id(LOADED_ID)?;
    let loaded = serde_json::from_str(&element.text_content()?).ok()?;
    Some((loaded, element.get_attribute("data-origin")?))
}

thread_local! {
    /// The formatter of each zone asked for: there is one, and it costs more to make than to use.
    static FORMATTERS: RefCell<Vec<(String, js_sys::Function)>> = const { RefCell::new(Vec::new()) };
}

/// The reporting zone's clock as the browser knows it.
struct BrowserClock {
    zone: String,
}

impl BrowserClock {
    /// For a zone by its IANA name.
    fn new(zone: &str) -> Self {
        Self { zone: zone.to_owned() }
    }
}

impl LocalTime for BrowserClock {
    fn hms(&self, instant: Instant) -> String {
        let format = FORMATTERS.with_borrow_mut(|formatters| {
            if let Some((_, format)) = formatters.iter().find(|(zone, _)| *zone == self.zone) {
                return Some(format.clone());
            }
            let format = time_format(&self.zone)?;
            formatters.push((self.zone.clone(), format.clone()));
            Some(format)
        });
        let date = js_sys::Date::new(&JsValue::from_f64(instant.millis() as f64));
        format
            .and_then(|format| format.call1(&JsValue::UNDEFINED, &date).ok()?.as_string())
            // A zone this browser does not know: UTC rather than nothing.
            .unwrap_or_else(|| Utc.hms(instant))
    }
}

/// `Intl`'s format function for the 24-hour clock of a zone.
fn time_format(zone: &str) -> Option<js_sys::Function> {
    let options = js_sys::Object::new();
    for (name, value) in
        [("timeZone", zone), ("hour", "2-digit"), ("minute", "2-digit"), ("second", "2-digit"), ("hourCycle", "h23")]
    {
        js_sys::Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    let locale = js_sys::Array::of1(&"en-GB".into());
    // `new` throws for a zone that is not known; called through `Reflect`, it gives an error instead.
    let intl = js_sys::Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let constructor =
        js_sys::Reflect::get(&intl, &"DateTimeFormat".into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
    let formatter = js_sys::Reflect::construct(&constructor, &js_sys::Array::of2(&locale, &options)).ok()?;
    js_sys::Reflect::get(&formatter, &"format".into()).ok()?.dyn_into().ok()
}
