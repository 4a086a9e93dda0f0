//! The product that the made-up customers use: its modules, their actions, and how these come and go.

use super::dice::Dice;

/// An area of the product.
pub(super) struct Module {
    pub(super) name: &'static str,
    /// How much of their time those who use it spend there, compared with the other modules.
    weight: f64,
    /// The share of users who use it at all.
    audience: f64,
    /// The day of the demo on which it came, where it was not always there.
    launched: Option<i64>,
    pub(super) actions: &'static [Action],
}

/// What users do in a module.
pub(super) struct Action {
    pub(super) name: &'static str,
    weight: f64,
    /// The most that are done at once.
    pub(super) at_once: usize,
    /// The first day of the demo without it, where it was taken out.
    retired: Option<i64>,
}

const fn module(name: &'static str, weight: f64, audience: f64, actions: &'static [Action]) -> Module {
    Module { name, weight, audience, launched: None, actions }
}

const fn action(name: &'static str, weight: f64) -> Action {
    Action { name, weight, at_once: 1, retired: None }
}

impl Module {
    const fn launched(mut self, day: i64) -> Self {
        self.launched = Some(day);
        self
    }
}

impl Action {
    const fn at_once(mut self, most: usize) -> Self {
        self.at_once = most;
        self
    }

    const fn retired(mut self, day: i64) -> Self {
        self.retired = Some(day);
        self
    }
}

/// The days are chosen for [`super::HISTORY_DAYS`]: seen from the end of them, Assistant is new in the last 30 days,
/// Classic View has stopped in the last 30 and Sync with Phone in the last 7.
pub(super) const MODULES: &[Module] = &[
    module(
        "Dashboard",
        46.0,
        1.0,
        &[
            action("View", 60.0),
            action("Change Period", 14.0),
            action("Export", 8.0),
            action("Share", 5.0),
            action("Pin Widget", 3.0),
            action("Classic View", 9.0).retired(140),
        ],
    ),
    module(
        "Projects",
        70.0,
        0.8,
        &[
            action("Open", 40.0),
            action("Add Task", 16.0).at_once(3),
            action("Complete Task", 18.0).at_once(4),
            action("Comment", 14.0),
            action("Move Task", 9.0).at_once(3),
            action("Archive", 1.0),
        ],
    ),
    module(
        "Reports",
        42.0,
        0.7,
        &[
            action("Open", 40.0),
            action("Filter", 18.0),
            action("Export", 11.0),
            action("Create", 5.0),
            action("Schedule", 3.0),
            action("Print", 2.0),
        ],
    ),
    module(
        "Contacts",
        40.0,
        0.6,
        &[
            action("Search", 30.0),
            action("View", 34.0),
            action("Edit", 14.0),
            action("Add", 8.0).at_once(2),
            action("Import", 1.0).at_once(40),
            action("Sync with Phone", 4.0).retired(169),
        ],
    ),
    module(
        "Calendar",
        36.0,
        0.65,
        &[
            action("View Week", 40.0),
            action("Book Meeting", 14.0),
            action("Move Meeting", 8.0),
            action("Invite", 10.0).at_once(6),
        ],
    ),
    module(
        "Messages",
        34.0,
        0.5,
        &[action("Read", 46.0).at_once(4), action("Reply", 24.0), action("New Thread", 6.0), action("Mention", 9.0)],
    ),
    module(
        "Invoices",
        32.0,
        0.32,
        &[
            action("View", 36.0),
            action("Create", 16.0),
            action("Send", 14.0).at_once(8),
            action("Mark as Paid", 11.0).at_once(5),
            action("Download PDF", 9.0),
        ],
    ),
    module(
        "Files",
        26.0,
        0.55,
        &[
            action("Open", 34.0),
            action("Upload", 16.0).at_once(5),
            action("Download", 18.0).at_once(3),
            action("Rename", 4.0),
            action("Share", 7.0),
        ],
    ),
    module(
        "Time Tracking",
        22.0,
        0.4,
        &[
            action("Start Timer", 30.0),
            action("Stop Timer", 28.0),
            action("Edit Entry", 10.0),
            action("Submit Week", 4.0),
        ],
    ),
    module(
        "Automations",
        15.0,
        0.18,
        &[action("View Runs", 30.0), action("Edit Rule", 12.0), action("Create Rule", 5.0), action("Pause Rule", 3.0)],
    ),
    module(
        "Settings",
        8.0,
        0.25,
        &[action("Edit Profile", 10.0), action("Invite User", 8.0).at_once(3), action("Change Role", 4.0)],
    ),
    module(
        "Help Center",
        6.0,
        0.5,
        &[action("Search", 20.0), action("Read Article", 24.0).at_once(2), action("Contact Support", 4.0)],
    ),
    module(
        "Billing",
        4.0,
        0.08,
        &[action("View Invoices", 14.0), action("Change Plan", 2.0), action("Update Card", 3.0)],
    ),
    module("API Keys", 3.0, 0.06, &[action("View", 14.0), action("Create Key", 5.0), action("Revoke Key", 2.0)]),
    module(
        "Forms",
        24.0,
        0.38,
        &[action("View Answers", 26.0), action("Edit Form", 12.0), action("Create Form", 6.0), action("Publish", 5.0)],
    )
    .launched(75),
    module(
        "Assistant",
        30.0,
        0.5,
        &[action("Ask", 40.0).at_once(2), action("Insert Answer", 16.0), action("Rate Answer", 6.0)],
    )
    .launched(162),
];

/// How popular modules and actions are on one day.
pub(super) struct Popularity {
    modules: Vec<f64>,
    actions: Vec<Vec<f64>>,
}

impl Popularity {
    /// Popularity on a day of the demo, with slow trends of their own for every module and action.
    pub(super) fn on(day: i64, seed: u64) -> Self {
        let module_weight = |(place, module): (usize, &Module)| {
            module.weight * adoption(module.launched, day) * trend(day, Dice::new(seed, &[TREND, place as u64]))
        };
        let action_weights = |(place, module): (usize, &Module)| {
            let weight = |(nth, action): (usize, &Action)| match action.retired {
                Some(retired) if day >= retired => 0.0,
                _ => action.weight * trend(day, Dice::new(seed, &[TREND, place as u64, nth as u64])),
            };
            module.actions.iter().enumerate().map(weight).collect()
        };
        Self {
            modules: MODULES.iter().enumerate().map(module_weight).collect(),
            actions: MODULES.iter().enumerate().map(action_weights).collect(),
        }
    }

    /// A module, for a user with these [`tastes`].
    pub(super) fn pick_module(&self, tastes: &[f64], dice: &mut Dice) -> usize {
        dice.weighted(self.modules.iter().zip(tastes).map(|(weight, taste)| weight * taste))
    }

    /// An action of a module.
    pub(super) fn pick_action(&self, module: usize, dice: &mut Dice) -> usize {
        dice.weighted(self.actions[module].iter().copied())
    }
}

/// How much a user likes each module: 0 for those not used at all, otherwise around 1.
pub(super) fn tastes(dice: &mut Dice) -> Vec<f64> {
    MODULES.iter().map(|module| if dice.chance(module.audience) { dice.between(0.3, 1.7) } else { 0.0 }).collect()
}

const TREND: u64 = 11;

/// Which part of its popularity a module has reached: it grows over the first 30 days.
fn adoption(launched: Option<i64>, day: i64) -> f64 {
    match launched.map(|launched| day - launched) {
        None => 1.0,
        Some(age) if age < 0 => 0.0,
        Some(age) => (0.3 + 0.7 * age as f64 / 30.0).min(1.0),
    }
}

/// A rise or fall over the demo's history, and a slow wave around it.
fn trend(day: i64, mut dice: Dice) -> f64 {
    let progress = (day as f64 / super::HISTORY_DAYS as f64).clamp(0.0, 2.0);
    let slope = dice.between(-0.35, 0.45);
    let wave = (day as f64 / dice.between(7.0, 14.0) + dice.between(0.0, 6.0)).sin() * 0.08;
    1.0 + slope * progress + wave
}
