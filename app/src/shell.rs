//! The document around the page.

use crate::{
    Loaded,
    clock::{LocalTime, ZoneClock},
    components::frame::Frame,
};
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::Router;
use std::sync::Arc;

/// The id of the element that carries the first view's data to the browser.
pub(crate) const LOADED_ID: &str = "loaded";

/// What the server gives to render a page.
#[derive(Clone)]
pub struct ShellOptions {
    /// The built files.
    pub assets: Assets,
    /// The data of the view.
    pub loaded: Loaded,
    /// The reporting zone's clock.
    pub clock: Arc<dyn LocalTime>,
    /// Scheme, host and port under which the page is reached: `http://127.0.0.1:3000`.
    pub origin: String,
}

/// Paths of the built files, which change with their content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assets {
    /// The module script that loads the WebAssembly and starts it.
    pub js: String,
    /// The WebAssembly.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
}

/// Where the page is reached from outside, as a context.
#[derive(Clone)]
pub(crate) struct Origin(pub(crate) String);

/// The whole HTML document with a view in it.
///
/// Expects the router's request address in context, which `leptos_axum` provides. No script and no style stands
/// inline, but for the data, which the browser does not run.
pub fn shell(options: ShellOptions) -> impl IntoView {
    let ShellOptions { assets, loaded, clock, origin } = options;
    // Data that JSON cannot write is data the page was not given: the browser then loads the page anew.
    let data = serde_json::to_string(&loaded).unwrap_or_default().replace('<', "\\u003c");
    provide_meta_context();
    provide_context(ZoneClock(clock));
    provide_context(Origin(origin.clone()));
    provide_context(loaded);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="description" content="How your product is used: live today, and over any period" />
                <script src="/theme.js"></script>
                <link rel="stylesheet" href=assets.css />
                <link rel="modulepreload" href=assets.js.clone() />
                <link rel="preload" href=assets.wasm r#as="fetch" r#type="application/wasm" crossorigin="" />
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml" />
                <script type="module" src=assets.js></script>
                <MetaTags />
            </head>
            <body>
                <App />
                <script type="application/json" id=LOADED_ID data-origin=origin inner_html=data></script>
            </body>
        </html>
    }
}

/// The page. Expects [`Loaded`] in context.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Frame />
        </Router>
    }
}
