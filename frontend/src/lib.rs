//! The page's entry in the browser: takes over the server-rendered page. Nothing else lives here.

use wasm_bindgen::prelude::wasm_bindgen;

/// Hydrates the page. The browser runs it by itself as soon as the module is loaded.
#[wasm_bindgen(start)]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    app::hydrate();
}
