//! The reader's choice of theme. The style sheet does the rest by the root element's `data-theme`.

use crate::browser;
use leptos::prelude::*;

const KEY: &str = "theme";

/// Which colours to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Those of the system.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Every theme, as the switch shows them.
    pub(crate) const ALL: [Theme; 3] = [Self::System, Self::Light, Self::Dark];

    /// The value of `data-theme`, which is also what is remembered; none for the system's.
    fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// What the switch says.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// The theme on screen.
#[derive(Clone, Copy)]
pub(crate) struct ThemeState {
    /// The choice; [`Theme::System`] on the server, which does not know it.
    pub(crate) choice: RwSignal<Theme>,
    /// Changes whenever colours do.
    pub(crate) colours: RwSignal<u32>,
}

impl ThemeState {
    /// The system's theme; in the browser then what is remembered.
    pub(crate) fn new() -> Self {
        let state = Self { choice: RwSignal::new(Theme::default()), colours: RwSignal::new(0) };
        Effect::new(move |_| {
            let remembered = browser::stored(KEY);
            let choice = Theme::ALL.into_iter().find(|theme| theme.attribute() == remembered.as_deref());
            state.choice.set(choice.unwrap_or_default());
            browser::on_media_change("(prefers-color-scheme: dark)", move || state.colours.update(|count| *count += 1));
        });
        state
    }

    /// Shows a theme and remembers it. Only for the browser.
    pub(crate) fn choose(self, theme: Theme) {
        browser::store(KEY, theme.attribute());
        browser::set_root_attribute("data-theme", theme.attribute());
        self.choice.set(theme);
        self.colours.update(|count| *count += 1);
    }
}
