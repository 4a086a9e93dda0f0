//! What is tracked: every name as it is sent, what it is shown as, and how it is used.

use super::{Dashboards, ReadError};
use crate::store::{NameFigures, Sight};
use model::{
    api::tracking::{NameUse, RulesPreview, TrackedActivity, TrackedModule, Tracking},
    module_rule::{GENERAL, ModuleRules},
    period::PeriodChoice,
    tracking::{SentActivity, SentNames},
};
use std::collections::BTreeMap;

impl Dashboards {
    /// Every module and activity that was ever sent, with what accounts in sight did there.
    pub async fn tracking(&self, sight: Sight) -> Result<Tracking, ReadError> {
        let now = self.clock.now();
        let mut reading = self.store.read().await?;
        let names = reading.sent_names().await?;
        let scope = reading.scope(sight, None).await?;
        let last_30_days = PeriodChoice::Last30Days.resolve(self.day_of(now));
        let (figures, new) = reading.name_figures(&scope, last_30_days, self.day_of(now)).await?;
        if let Some(new) = new {
            self.keep(new);
        }
        Ok(Tracking { as_of: now, modules: tracked_modules(&names, &figures) })
    }

    /// What module rules would have caught.
    pub async fn preview_rules(&self, rules: &ModuleRules) -> Result<RulesPreview, ReadError> {
        let SentNames { modules, activities } = self.store.read().await?.sent_names().await?;
        let is_general =
            |activity: &SentActivity| modules.get(&activity.module_no).is_some_and(|of| of.name == GENERAL);
        let actions = activities.into_values().filter(is_general).map(|activity| activity.action);
        Ok(rules.preview(&actions.collect()))
    }
}

fn tracked_modules(names: &SentNames, figures: &BTreeMap<i64, NameFigures>) -> Vec<TrackedModule> {
    let shown = names.shown();
    let is_tracked = |module_no: i64| names.modules.get(&module_no).is_none_or(|module| module.choice.tracked);
    let mut activities: BTreeMap<i64, Vec<TrackedActivity>> = BTreeMap::new();
    for (&id, SentActivity { module_no, action, choice, .. }) in &names.activities {
        let shown = &shown.activities[&id];
        let stands = names.activities.get(&shown.number).map_or(action, |activity| &activity.action);
        activities.entry(*module_no).or_default().push(TrackedActivity {
            id,
            action: action.clone(),
            choice: choice.clone(),
            shown_id: shown.number,
            shown_action: shown.display_name.as_ref().unwrap_or(stands).clone(),
            shown: shown.tracked && is_tracked(shown.module_no),
            used: figures.get(&id).copied().map(name_use).unwrap_or_default(),
        });
    }
    let module = |(&id, module): (&i64, &model::tracking::SentModule)| {
        let mut activities = activities.remove(&id).unwrap_or_default();
        activities.sort_by(|one, other| one.action.cmp(&other.action));
        let heartbeats = figures.get(&-id).copied().map(name_use).unwrap_or_default();
        let used = activities.iter().map(|activity| activity.used).fold(heartbeats, added);
        let shown_id = shown.modules[&id];
        TrackedModule {
            id,
            name: module.name.clone(),
            choice: module.choice.clone(),
            shown_id,
            shown_name: names.module_name(shown_id).to_owned(),
            shown: is_tracked(shown_id),
            used,
            activities,
        }
    };
    let mut modules: Vec<TrackedModule> = names.modules.iter().map(module).collect();
    modules.sort_by(|one, other| one.name.cmp(&other.name));
    modules
}

fn name_use(NameFigures { last_day, actions, period_actions }: NameFigures) -> NameUse {
    NameUse { last_day, actions, last_30_days_actions: period_actions }
}

fn added(one: NameUse, other: NameUse) -> NameUse {
    NameUse {
        last_day: one.last_day.max(other.last_day),
        actions: one.actions + other.actions,
        last_30_days_actions: one.last_30_days_actions + other.last_30_days_actions,
    }
}
