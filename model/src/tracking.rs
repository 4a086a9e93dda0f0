//! What modules and activities are shown as: off, called otherwise, or merged into others. What follows from such choices
//! for every single name is worked out here and nowhere else; which figures follow from that is for the server.

use crate::{
    api::problem::FieldError,
    event::{NAME_BYTES, checked},
    member::is_invisible,
    object::Object,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The most bytes of JSON that a choice can be sent as.
pub const CHOICE_BYTES: usize = 16 * 1024;

/// What was chosen for a module or an activity. Nothing, as a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Choice {
    /// What it is called instead of its name; null where that stays.
    pub display_name: Option<String>,
    /// Whether it is tracked. What is merged takes this, and its name, from what it is merged into.
    pub tracked: bool,
    /// The module or activity it counts as, by its id; null where it stands for itself. A module that is merged takes its
    /// activities along: those with the same action become one. An activity can be merged within what is shown as one
    /// module.
    pub merged_into: Option<i64>,
}

impl Default for Choice {
    fn default() -> Self {
        Self { display_name: None, tracked: true, merged_into: None }
    }
}

impl Choice {
    /// Reads a choice and checks it; what is left out is as if nothing had been chosen.
    ///
    /// # Errors
    /// The fields at fault, by their JSON pointers.
    pub fn from_json(json: &Value) -> Result<Self, Vec<FieldError>> {
        let mut object = Object::of(json, &["display_name", "tracked", "merged_into"])?;
        let display_name = object.text("display_name").map(str::trim).filter(|name| !name.is_empty());
        if let Some(Err(rejection)) = display_name.map(|name| checked(name, "", "display_name", NAME_BYTES)) {
            object.note("display_name", rejection.detail);
        } else if display_name.is_some_and(|name| !name.chars().any(is_seen)) {
            object.note("display_name", "must hold a character that can be seen");
        }
        let tracked = object.read("tracked", "true or false", Value::as_bool);
        let merged_into = object.read("merged_into", "the id of a module or an activity", Value::as_i64);
        object.finish(Self {
            display_name: display_name.map(str::to_owned),
            tracked: tracked.unwrap_or(true),
            merged_into,
        })
    }
}

fn is_seen(character: char) -> bool {
    !character.is_whitespace() && !is_invisible(character)
}

/// A module as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentModule {
    /// Its name.
    pub name: String,
    /// What was chosen for it.
    pub choice: Choice,
}

/// An activity as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentActivity {
    /// The number of its module.
    pub module_no: i64,
    /// Its action.
    pub action: String,
    /// What was chosen for it.
    pub choice: Choice,
    /// The number of the activity that it is shown as, where that was worked out before.
    pub shown_no: Option<i64>,
}

/// Every module and activity there is, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentNames {
    /// The modules.
    pub modules: BTreeMap<i64, SentModule>,
    /// The activities.
    pub activities: BTreeMap<i64, SentActivity>,
}

/// One of them, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentName {
    /// A module.
    Module(i64),
    /// An activity.
    Activity(i64),
}

/// What an activity is shown as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownActivity {
    /// The activity that stands for all that are shown as one.
    pub number: i64,
    /// The module they are shown in.
    pub module_no: i64,
    /// What they are called instead of the action.
    pub display_name: Option<String>,
    /// Whether they are tracked, as far as their module is.
    pub tracked: bool,
}

/// What every module and activity is shown as, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownNames {
    /// Of modules: the number of the one that stands for all that are shown as one.
    pub modules: BTreeMap<i64, i64>,
    /// Of activities.
    pub activities: BTreeMap<i64, ShownActivity>,
}

impl SentNames {
    /// Works out what everything is shown as.
    ///
    /// Activities of one shown module that have the same action are one. Turned off is what any of them is, called what
    /// one that comes with that module itself is called, or else any. So a name that is sent for the first time changes
    /// nothing of what the others are shown as.
    pub fn shown(&self) -> ShownNames {
        let modules: BTreeMap<i64, i64> =
            self.modules.keys().map(|&number| (number, self.shown_module(number))).collect();
        let module_of = |number: i64| self.activities[&number].module_no;
        let shown_module = |number: i64| modules.get(&module_of(number)).copied().unwrap_or(module_of(number));
        let standing: BTreeMap<i64, i64> = self
            .activities
            .keys()
            .map(|&number| {
                let within = shown_module(number);
                (
                    number,
                    end_of_chain(number, |at| self.merged_activity(at).filter(|next| shown_module(*next) == within)),
                )
            })
            .collect();
        let mut same: BTreeMap<(i64, &str), Vec<i64>> = BTreeMap::new();
        for (&number, activity) in self.activities.iter().filter(|(number, _)| standing[*number] == **number) {
            same.entry((shown_module(number), &activity.action)).or_default().push(number);
        }
        let mut shown = BTreeMap::new();
        for ((module_no, _), mut numbers) in same {
            numbers.sort_by_key(|number| (module_of(*number) != module_no, *number));
            // Who stands for others already goes on doing so.
            let stood = |number: &&i64| self.activities[*number].shown_no == Some(**number);
            let first = *numbers.iter().find(stood).unwrap_or(&numbers[0]);
            let choice = |number: &i64| &self.activities[number].choice;
            let as_one = ShownActivity {
                number: first,
                module_no,
                display_name: numbers.iter().find_map(|number| choice(number).display_name.clone()),
                tracked: numbers.iter().all(|number| choice(number).tracked),
            };
            shown.extend(numbers.into_iter().map(|number| (number, as_one.clone())));
        }
        let activities = standing.iter().map(|(number, stands)| (*number, shown[stands].clone())).collect();
        ShownNames { modules, activities }
    }

    /// Chooses something for a module or an activity, which is there. What it is merged into is what stands at the end of
    /// that now, unless it was merged into that already: then that stays as it is.
    ///
    /// # Errors
    /// The field at fault, and nothing is chosen: it would be merged into itself, into what there is not or what is shown
    /// in another module, or two would be called the same.
    pub fn choose(&mut self, name: SentName, mut choice: Choice) -> Result<(), FieldError> {
        let doubles_before = self.doubles(&self.shown());
        let merged_into = self.chosen(name).and_then(|(_, chosen)| chosen.merged_into);
        choice.merged_into = match choice.merged_into {
            // What it was merged into may since be merged further, or be shown in another module: it parts with that again.
            into if into == merged_into => into,
            Some(into) => Some(self.end_of_merging(name, into)?),
            None => None,
        };
        let Some((sent, chosen)) = self.chosen(name) else { return Ok(()) };
        choice.display_name = choice.display_name.filter(|display_name| display_name != sent);
        let before = std::mem::replace(chosen, choice);
        let doubles = self.doubles(&self.shown());
        let is_new =
            |(double, count): &(&Double, &usize)| doubles_before.get(*double).is_none_or(|before| before < *count);
        let Some((double, _)) = doubles.iter().find(is_new) else { return Ok(()) };
        if let Some((_, chosen)) = self.chosen(name) {
            *chosen = before;
        }
        match double {
            Double { name, module: None } => Err(at_fault(
                "display_name",
                format!("two modules would be called “{name}”; give one another name, or merge one into the other"),
            )),
            Double { name, module: Some(module) } => Err(at_fault(
                "display_name",
                format!(
                    "two activities of “{module}” would be called “{name}”; give one another name, or merge one into the other"
                ),
            )),
        }
    }

    /// What one is called as it is sent, and what was chosen for it.
    fn chosen(&mut self, name: SentName) -> Option<(&str, &mut Choice)> {
        match name {
            SentName::Module(number) => {
                self.modules.get_mut(&number).map(|SentModule { name, choice }| (name.as_str(), choice))
            }
            SentName::Activity(number) => {
                self.activities.get_mut(&number).map(|SentActivity { action, choice, .. }| (action.as_str(), choice))
            }
        }
    }

    /// What a module is called where it is shown.
    pub fn module_name(&self, number: i64) -> &str {
        let module = self.modules.get(&number);
        module.map_or("", |module| module.choice.display_name.as_deref().unwrap_or(&module.name))
    }

    /// What stands at the end of what something is to be merged into.
    fn end_of_merging(&self, name: SentName, into: i64) -> Result<i64, FieldError> {
        let fault = |detail: &str| Err(at_fault("merged_into", detail.to_owned()));
        let (number, end) = match name {
            SentName::Module(_) if !self.modules.contains_key(&into) => return fault("there is no such module"),
            SentName::Module(number) => (number, self.shown_module(into)),
            SentName::Activity(number) => {
                let shown = self.shown();
                let module = |number: &i64| shown.activities.get(number).map(|shown| shown.module_no);
                match (module(&number), module(&into)) {
                    (_, None) => return fault("there is no such activity"),
                    (of, other) if of != other => {
                        return fault("that activity is shown in another module; merge the modules, or choose another");
                    }
                    _ => (number, end_of_chain(into, |at| self.merged_activity(at))),
                }
            }
        };
        match end == number {
            true => {
                fault("it would be merged into itself; what it is merged into must stand for itself, or for others")
            }
            false => Ok(end),
        }
    }

    /// The module that stands for a module.
    fn shown_module(&self, number: i64) -> i64 {
        end_of_chain(number, |at| {
            self.modules.get(&at)?.choice.merged_into.filter(|into| self.modules.contains_key(into))
        })
    }

    /// The activity that one was merged into.
    fn merged_activity(&self, number: i64) -> Option<i64> {
        self.activities.get(&number)?.choice.merged_into.filter(|into| self.activities.contains_key(into))
    }

    /// What is called the same and still is shown apart, and how many are.
    fn doubles(&self, shown: &ShownNames) -> BTreeMap<Double, usize> {
        let modules: BTreeSet<i64> = shown.modules.values().copied().collect();
        let modules =
            modules.into_iter().map(|number| Double { module: None, name: self.module_name(number).to_owned() });
        let activities: BTreeMap<i64, &ShownActivity> =
            shown.activities.values().map(|activity| (activity.number, activity)).collect();
        let activities = activities.into_iter().map(|(number, activity)| Double {
            module: Some(self.module_name(activity.module_no).to_owned()),
            name: activity.display_name.as_ref().unwrap_or(&self.activities[&number].action).clone(),
        });
        let mut called: BTreeMap<Double, usize> = BTreeMap::new();
        modules.chain(activities).for_each(|name| *called.entry(name).or_default() += 1);
        called.retain(|_, count| *count > 1);
        called
    }
}

/// What several are called.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Double {
    /// The module they are shown in, of activities.
    module: Option<String>,
    name: String,
}

fn at_fault(field: &str, detail: String) -> FieldError {
    FieldError { pointer: format!("/{field}"), detail }
}

/// Where a chain ends; where it runs in a circle, which no choice makes, its least number.
fn end_of_chain(from: i64, next: impl Fn(i64) -> Option<i64>) -> i64 {
    let mut passed = BTreeSet::new();
    let mut at = from;
    while passed.insert(at) {
        match next(at) {
            Some(further) => at = further,
            None => return at,
        }
    }
    passed.into_iter().next().unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Modules A and B, numbers 1 and 2, with the actions View and Export each: 1 and 2, 3 and 4.
    fn two_modules() -> SentNames {
        let module = |name: &str| SentModule { name: name.to_owned(), choice: Choice::default() };
        let activity = |module_no, action: &str| SentActivity {
            module_no,
            action: action.to_owned(),
            choice: Choice::default(),
            shown_no: None,
        };
        SentNames {
            modules: [(1, module("A")), (2, module("B"))].into(),
            activities: [
                (1, activity(1, "View")),
                (2, activity(1, "Export")),
                (3, activity(2, "View")),
                (4, activity(2, "Export")),
            ]
            .into(),
        }
    }

    fn merged(into: i64) -> Choice {
        Choice { merged_into: Some(into), ..Choice::default() }
    }

    fn called(name: &str) -> Choice {
        Choice { display_name: Some(name.to_owned()), ..Choice::default() }
    }

    fn off() -> Choice {
        Choice { tracked: false, ..Choice::default() }
    }

    fn numbers(names: &SentNames) -> Vec<i64> {
        names.shown().activities.values().map(|activity| activity.number).collect()
    }

    #[test]
    fn activities_follow_their_module_and_come_back() {
        let mut names = two_modules();
        assert_eq!(numbers(&names), [1, 2, 3, 4]);
        names.choose(SentName::Module(1), merged(2)).unwrap();
        assert_eq!(numbers(&names), [3, 4, 3, 4]);
        assert_eq!(names.shown().modules, [(1, 2), (2, 2)].into());
        names.choose(SentName::Module(1), Choice::default()).unwrap();
        assert_eq!(names, two_modules());
    }

    #[test]
    fn what_is_merged_further_follows_to_the_end_and_parts_where_it_was() {
        let mut names = two_modules();
        names.modules.insert(3, SentModule { name: "C".to_owned(), choice: Choice::default() });
        names.choose(SentName::Module(1), merged(2)).unwrap();
        names.choose(SentName::Module(2), merged(3)).unwrap();
        assert_eq!(names.shown().modules, [(1, 3), (2, 3), (3, 3)].into());
        for into in [1, 2, 3] {
            assert_eq!(names.choose(SentName::Module(3), merged(into)).unwrap_err().pointer, "/merged_into");
        }
        // Called otherwise or turned off, it stays where it was put.
        names.choose(SentName::Module(1), Choice { tracked: false, ..merged(2) }).unwrap();
        assert_eq!(names.modules[&1].choice, Choice { tracked: false, ..merged(2) });
        names.choose(SentName::Module(2), Choice::default()).unwrap();
        assert_eq!(names.shown().modules, [(1, 2), (2, 2), (3, 3)].into());
    }

    #[test]
    fn an_activity_stays_merged_into_what_is_shown_apart_from_it_by_now() {
        let mut names = two_modules();
        names.choose(SentName::Module(1), merged(2)).unwrap();
        names.choose(SentName::Activity(1), merged(4)).unwrap();
        names.choose(SentName::Module(1), Choice::default()).unwrap();
        names.choose(SentName::Activity(1), Choice { tracked: false, ..merged(4) }).unwrap();
        assert_eq!(names.activities[&1].choice.merged_into, Some(4));
        assert_eq!(names.choose(SentName::Activity(1), merged(3)).unwrap_err().pointer, "/merged_into");
    }

    #[test]
    fn an_activity_is_merged_within_its_shown_module_alone() {
        let mut names = two_modules();
        let fault = names.choose(SentName::Activity(1), merged(3)).unwrap_err();
        assert!(fault.detail.contains("another module"), "{fault:?}");
        names.choose(SentName::Module(1), merged(2)).unwrap();
        names.choose(SentName::Activity(1), merged(4)).unwrap();
        assert_eq!(numbers(&names), [4, 4, 3, 4]);
        // Apart it is itself, and merged again it is where it was.
        names.choose(SentName::Module(1), Choice::default()).unwrap();
        assert_eq!(numbers(&names), [1, 2, 3, 4]);
        names.choose(SentName::Module(1), merged(2)).unwrap();
        assert_eq!(numbers(&names), [4, 4, 3, 4]);
        assert_eq!(names.choose(SentName::Activity(4), merged(1)).unwrap_err().pointer, "/merged_into");
        assert_eq!(names.choose(SentName::Activity(4), merged(9)).unwrap_err().pointer, "/merged_into");
    }

    #[test]
    fn one_that_is_off_turns_off_those_it_is_one_with() {
        let mut names = two_modules();
        names.choose(SentName::Activity(1), off()).unwrap();
        names.choose(SentName::Activity(2), called("Download")).unwrap();
        names.choose(SentName::Activity(4), called("Save")).unwrap();
        names.choose(SentName::Module(1), merged(2)).unwrap();
        let shown = names.shown();
        assert_eq!((shown.activities[&3].tracked, shown.activities[&4].tracked), (false, true));
        // What the module's own is called goes first.
        assert_eq!(shown.activities[&2].display_name.as_deref(), Some("Save"));
    }

    #[test]
    fn a_name_sent_for_the_first_time_changes_nothing_of_the_others() {
        let mut names = two_modules();
        names.activities.remove(&3);
        names.choose(SentName::Module(1), merged(2)).unwrap();
        names.choose(SentName::Activity(1), Choice { tracked: false, ..called("Look") }).unwrap();
        let before = names.shown();
        let stands = |number: i64| Some(before.activities[&number].number);
        names.activities.iter_mut().for_each(|(number, activity)| activity.shown_no = stands(*number));
        let sent = SentActivity { shown_no: None, choice: Choice::default(), ..names.activities[&1].clone() };
        names.activities.insert(3, SentActivity { module_no: 2, ..sent });
        let after = names.shown();
        assert_eq!(after.activities[&3], before.activities[&1]);
        assert!(before.activities.iter().all(|(number, shown)| after.activities[number] == *shown));
    }

    #[test]
    fn two_are_never_called_the_same_by_choice() {
        let mut names = two_modules();
        let fault = names.choose(SentName::Module(1), called("B")).unwrap_err();
        assert!(fault.detail.contains("merge one into the other"), "{fault:?}");
        let mut names = two_modules();
        assert_eq!(names.choose(SentName::Activity(1), called("Export")).unwrap_err().pointer, "/display_name");
        // As another module's activity it may be, and in other letters.
        let mut names = two_modules();
        names.choose(SentName::Module(1), called("b")).unwrap();
        names.choose(SentName::Activity(1), called("Look")).unwrap();
        names.choose(SentName::Activity(3), called("Look")).unwrap();
        // A name of its own is none.
        names.choose(SentName::Module(2), called("B")).unwrap();
        assert_eq!(names.modules[&2].choice, Choice::default());
        // Nor is one by choice called what two are called already, of which one was sent for the first time since.
        let mut names = two_modules();
        names.choose(SentName::Activity(1), called("Share")).unwrap();
        names.activities.insert(5, SentActivity { action: "Share".to_owned(), ..names.activities[&2].clone() });
        assert_eq!(names.choose(SentName::Activity(2), called("Share")).unwrap_err().pointer, "/display_name");
        names.choose(SentName::Activity(2), called("Save")).unwrap();
    }

    #[test]
    fn a_choice_is_read_field_by_field() {
        let choice =
            Choice::from_json(&json!({"display_name": " Reports ", "tracked": false, "merged_into": 7})).unwrap();
        assert_eq!(choice, Choice { display_name: Some("Reports".to_owned()), tracked: false, merged_into: Some(7) });
        assert_eq!(Choice::from_json(&json!({})).unwrap(), Choice::default());
        let wrong = json!({"display_name": 1, "tracked": "no", "merged_into": "x", "name": "y"});
        let pointers: Vec<String> =
            Choice::from_json(&wrong).unwrap_err().into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, ["/name", "/display_name", "/tracked", "/merged_into"]);
        for (name, is_right) in [("\u{200b}", false), (" \u{202e}\u{2003}\u{feff}", false), ("a\u{200c}b", true)] {
            assert_eq!(Choice::from_json(&json!({"display_name": name})).is_ok(), is_right, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_shown_as_what_is_shown_as_something_else(
            choices in prop::collection::vec((any::<bool>(), 1i64..5, 1i64..5, any::<bool>()), 0..30)
        ) {
            let mut names = two_modules();
            names.modules.insert(3, SentModule { name: "C".to_owned(), choice: Choice::default() });
            for (is_module, number, into, parts) in choices {
                let name = if is_module { SentName::Module(number % 3 + 1) } else { SentName::Activity(number) };
                let choice = if parts { Choice::default() } else { merged(into) };
                let before = names.clone();
                if names.choose(name, choice).is_err() {
                    prop_assert_eq!(&names, &before);
                }
                let shown = names.shown();
                for (number, stands) in &shown.modules {
                    prop_assert_eq!(shown.modules[stands], *stands, "module {}", number);
                }
                for (number, activity) in &shown.activities {
                    prop_assert_eq!(&shown.activities[&activity.number], activity, "activity {}", number);
                    prop_assert_eq!(activity.module_no, shown.modules[&names.activities[number].module_no]);
                }
            }
            for number in 1..=4 {
                prop_assert!(names.choose(SentName::Activity(number), Choice::default()).is_ok());
            }
            for number in 1..=3 {
                prop_assert!(names.choose(SentName::Module(number), Choice::default()).is_ok());
            }
            names.modules.remove(&3);
            prop_assert_eq!(names, two_modules());
        }
    }
}
