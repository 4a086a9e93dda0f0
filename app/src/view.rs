//! What the reader looks at, and its address.
//!
//! All view state lives in the address, so that every link, bookmark and reload shows the same. The server reads a
//! [`View`] from the request, the browser from the router; both write links with [`View::href`].

use form_urlencoded::Serializer;
use model::{
    api::problem::FieldError,
    query::{AuditQuery, Pairs, RejectFilter, RejectsQuery, StreamQuery, TableOf, TableQuery, UsageQuery},
};

/// The path of the Today page.
pub const TODAY: &str = "/";

/// The path of the Activities page.
pub const ACTIVITIES: &str = "/activities";

/// The path of the Data quality page.
pub const QUALITY: &str = "/quality";

/// The path of the page for signing in.
pub const SIGN_IN: &str = "/sign-in";

/// Where the way to a provider of single sign-on begins; a page where it does not.
pub const SINGLE_SIGN_ON: &str = "/sign-in/oidc";

/// Where a provider of single sign-on sends browsers back to; a page where nobody was signed in.
pub const SINGLE_SIGN_ON_BACK: &str = "/sign-in/oidc/callback";

/// Where signing out is sent; no page.
pub const SIGN_OUT: &str = "/sign-out";

/// The path of links that open once.
pub const LINK: &str = "/link";

/// The path of a member's own page.
pub const PROFILE: &str = "/profile";

/// The same after the password was changed.
pub const PROFILE_CHANGED: &str = "/profile?changed=password";

/// The path of the page of members, for administrators.
pub const MEMBERS: &str = "/members";

/// The path of the page of keys, for administrators.
pub const KEYS: &str = "/keys";

/// The path of the page of privacy, for administrators.
pub const PRIVACY: &str = "/privacy";

/// The path of the page of the audit log, for administrators.
pub const AUDIT: &str = "/audit";

/// What the page of keys asks about before it is done, to the key of this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStep {
    /// Giving it another secret.
    Rotate(i64),
    /// Taking it back.
    Revoke(i64),
}
/// The path of the page of teams, for administrators.
pub const TEAMS: &str = "/teams";

/// The path of the page of what is tracked, for those who say what is.
pub const TRACKING: &str = "/tracking";

/// Which names the page of what is tracked shows, and what is to be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackingQuery {
    /// What their names hold, in any case.
    pub filter: String,
    /// The module whose activities are shown; it is changed unless an activity is.
    pub module: Option<i64>,
    /// The activity that is changed.
    pub activity: Option<i64>,
}

/// A page with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// Today's cards, top tens and stream; `account` and `before` are of the stream.
    Today(StreamQuery),
    /// Usage over a period and the table; what is wrong with the parameters, where something is.
    Activities(Result<TableQuery, Vec<FieldError>>),
    /// Rejected events, names and late events; the parameters are of the rejected events.
    Quality(RejectsQuery),
    /// Signing in, and where to go on to.
    SignIn(String),
    /// A link that opens once, and what it holds.
    Link(String),
    /// The reader's own password and sessions.
    Profile {
        /// Whether the password was just changed.
        changed: bool,
    },
    /// Everyone who may sign in.
    Members,
    /// Every key, and what is to be done with one.
    Keys(Option<KeyStep>),
    /// Who changed what.
    Audit(AuditQuery),
    /// Erasing somebody, and how long raw events are kept.
    Privacy,
    /// Every team, and what it sees.
    Teams,
    /// Every module and activity, and what it is shown as.
    Tracking(TrackingQuery),
    /// No page has this path.
    NotFound,
}

impl View {
    /// Reads a path and the decoded parameters of an address. Parameters no page knows are left out.
    pub fn parse(path: &str, query: &Pairs) -> Self {
        match path {
            TODAY => Self::Today(StreamQuery {
                before: last_value(query, "before"),
                team: model::query::team(query),
                account: last_value(query, "account"),
                ..StreamQuery::default()
            }),
            ACTIVITIES | "/activities/" => Self::Activities(table_query(query)),
            QUALITY | "/quality/" => Self::Quality(RejectsQuery {
                before: last_value(query, "before"),
                ..RejectsQuery::of(RejectFilter::from_pairs(query))
            }),
            SIGN_IN | SINGLE_SIGN_ON | SINGLE_SIGN_ON_BACK => {
                Self::SignIn(last_value(query, "return").unwrap_or_default())
            }
            LINK => Self::Link(last_value(query, "token").unwrap_or_default()),
            PROFILE => Self::Profile { changed: last_value(query, "changed").is_some() },
            MEMBERS => Self::Members,
            KEYS => Self::Keys(key_step(query)),
            AUDIT => Self::Audit(AuditQuery { before: last_value(query, "before"), ..AuditQuery::default() }),
            PRIVACY => Self::Privacy,
            TEAMS => Self::Teams,
            TRACKING => Self::Tracking(TrackingQuery {
                filter: last_value(query, "filter").unwrap_or_default(),
                module: last_value(query, "module").and_then(|id| id.parse().ok()),
                activity: last_value(query, "activity").and_then(|id| id.parse().ok()),
            }),
            _ => Self::NotFound,
        }
    }

    /// Whether it stands for itself: its reader is nobody yet, and has no other page to go to.
    pub fn is_bare(&self) -> bool {
        matches!(self, Self::SignIn(_) | Self::Link(_))
    }

    /// Reads a path and the undecoded part of an address after `?`.
    pub fn of_address(path: &str, search: &str) -> Self {
        Self::parse(path, &parse_search(search))
    }

    /// Today's page as it opens, through the eyes of a team or of all.
    pub fn today(team: Option<String>) -> Self {
        Self::Today(StreamQuery { team, ..StreamQuery::default() })
    }

    /// Through which team's eyes it looks.
    pub fn team(&self) -> Option<String> {
        match self {
            Self::Today(query) => query.team.clone(),
            Self::Activities(Ok(query)) => query.usage.team.clone(),
            _ => None,
        }
    }

    /// The same through the eyes of a team or of all, from the first page.
    pub fn through(&self, team: Option<String>) -> Self {
        match self {
            Self::Today(query) => Self::Today(StreamQuery { team, before: None, ..query.clone() }),
            Self::Activities(Ok(query)) => {
                let usage = UsageQuery { team, ..query.usage.clone() };
                Self::table(TableQuery { usage, offset: 0, ..query.clone() })
            }
            Self::Activities(Err(_)) => Self::activities(None, team),
            _ => Self::today(team),
        }
    }

    /// The Activities page with a table.
    pub fn table(query: TableQuery) -> Self {
        Self::Activities(Ok(query))
    }

    /// The Activities page as it opens, for one account or all, through the eyes of a team or of all.
    pub fn activities(account: Option<String>, team: Option<String>) -> Self {
        let usage = UsageQuery { account, team, ..UsageQuery::default() };
        Self::table(TableQuery::new(usage, TableOf::default()))
    }

    /// The Data quality page with the newest of some rejected events.
    pub fn rejects(filter: RejectFilter) -> Self {
        Self::Quality(RejectsQuery::of(filter))
    }

    /// The address, default values left out. Views without an address of their own lead to the page's default.
    pub fn href(&self) -> String {
        match self {
            Self::Today(query) => with_search(TODAY, &query.to_pairs()),
            Self::Activities(Ok(query)) => {
                let mut pairs = Pairs::new();
                if query.of != TableOf::default() {
                    pairs.push(("table".into(), query.of.name().into()));
                }
                pairs.extend(query.to_pairs());
                with_search(ACTIVITIES, &pairs)
            }
            Self::Activities(Err(_)) => ACTIVITIES.into(),
            Self::Quality(query) => with_search(QUALITY, &query.to_pairs()),
            Self::SignIn(to) if to.is_empty() => SIGN_IN.into(),
            Self::SignIn(to) => with_search(SIGN_IN, &vec![("return".into(), to.clone())]),
            Self::Link(token) => with_search(LINK, &vec![("token".into(), token.clone())]),
            Self::Profile { changed: false } => PROFILE.into(),
            Self::Profile { changed: true } => PROFILE_CHANGED.into(),
            Self::Members => MEMBERS.into(),
            Self::Keys(None) => KEYS.into(),
            Self::Keys(Some(KeyStep::Rotate(id))) => with_search(KEYS, &vec![("rotate".into(), id.to_string())]),
            Self::Keys(Some(KeyStep::Revoke(id))) => with_search(KEYS, &vec![("revoke".into(), id.to_string())]),
            Self::Audit(query) => {
                let before = query.before.iter().map(|before| ("before".into(), before.clone()));
                with_search(AUDIT, &before.collect())
            }
            Self::Privacy => PRIVACY.into(),
            Self::Teams => TEAMS.into(),
            Self::Tracking(TrackingQuery { filter, module, activity }) => {
                let filter = Some(filter.clone()).filter(|filter| !filter.is_empty());
                let [module, activity] = [module, activity].map(|id| id.map(|id| id.to_string()));
                let pairs = [("filter", filter), ("module", module), ("activity", activity)];
                let given = pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
                with_search(TRACKING, &given.collect())
            }
            Self::NotFound => TODAY.into(),
        }
    }
}

/// What an Activities address with `errors` asks for when what is wrong is left out, so that a page which explains
/// them can go on from there.
pub fn without_errors(query: &Pairs, errors: &[FieldError]) -> TableQuery {
    const PERIOD: [&str; 3] = ["period", "from", "to"];
    let is_wrong = |name: &str| errors.iter().any(|error| error.pointer.trim_start_matches('/') == name);
    // These three make sense only together.
    let wrong_period = PERIOD.into_iter().any(is_wrong);
    let left_out = |name: &str| is_wrong(name) || wrong_period && PERIOD.contains(&name);
    let right = query.iter().filter(|(name, _)| !left_out(name)).cloned().collect();
    table_query(&right).unwrap_or_default()
}

fn key_step(query: &Pairs) -> Option<KeyStep> {
    let id = |name: &str| last_value(query, name)?.parse().ok();
    id("rotate").map(KeyStep::Rotate).or_else(|| id("revoke").map(KeyStep::Revoke))
}

fn table_query(query: &Pairs) -> Result<TableQuery, Vec<FieldError>> {
    let of = match last_value(query, "table").as_deref() {
        None => Ok(TableOf::default()),
        Some(name) => [TableOf::Activities, TableOf::Modules]
            .into_iter()
            .find(|of| of.name() == name)
            .ok_or_else(|| FieldError::of_parameter("table", format!("“{name}” is neither activities nor modules"))),
    };
    match (of, TableQuery::from_pairs(TableOf::default(), query)) {
        (Ok(of), Ok(query)) => Ok(TableQuery { of, ..query }),
        (Ok(_), Err(errors)) => Err(errors),
        (Err(error), Ok(_)) => Err(vec![error]),
        (Err(error), Err(mut errors)) => {
            errors.insert(0, error);
            Err(errors)
        }
    }
}

/// The last value of a parameter; an empty one counts as none, as everywhere in the API.
pub(crate) fn last_value(query: &Pairs, name: &str) -> Option<String> {
    query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
}

/// A path with parameters, encoded as a form sends them.
pub fn with_search(path: &str, pairs: &Pairs) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let begin = format!("{path}?");
    let length = begin.len();
    Serializer::for_suffix(begin, length).extend_pairs(pairs).finish()
}

/// Name and value of each parameter after the `?`, decoded as a form sends them. Escapes that are none stay as they
/// are; bytes that are not UTF-8 become U+FFFD.
pub fn parse_search(search: &str) -> Pairs {
    form_urlencoded::parse(search.as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        period::PeriodChoice,
        query::{Order, Sort},
    };

    #[test]
    fn views_survive_the_way_through_an_address() {
        for address in [
            "/",
            "/?account=acme",
            "/?before=1763.7&account=a%26b",
            "/?team=7&account=acme",
            "/teams",
            "/tracking",
            "/tracking?filter=a%26b&module=7&activity=8",
            "/quality",
            "/quality?code=missing_field&protocol=events&key=a%26b&before=17",
            "/sign-in",
            "/sign-in?return=%2Factivities%3Ftable%3Dmodules",
            "/link?token=a-b_c",
            "/profile",
            "/profile?changed=password",
            "/members",
            "/keys",
            "/keys?rotate=7",
            "/keys?revoke=7",
            "/audit",
            "/privacy",
            "/audit?before=17",
            "/activities",
            "/activities?table=modules&period=yesterday&team=7&account=acme",
            "/activities?from=2026-01-01&to=2026-02-01&filter=a+b%3D%C3%BC%25&sort=change&order=asc&offset=200",
        ] {
            let (path, search) = address.split_once('?').unwrap_or((address, ""));
            assert_eq!(View::of_address(path, search).href(), address);
        }
    }

    #[test]
    fn a_form_sends_empty_fields_and_pluses() {
        let View::Activities(Ok(query)) = View::of_address("/activities", "from=&to=&filter=big+board&sort=name")
        else {
            panic!("valid");
        };
        assert_eq!(query.usage.period, PeriodChoice::Last30Days);
        assert_eq!((query.filter.as_str(), query.sort, query.order), ("big board", Sort::Name, Order::Ascending));
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let View::Activities(Err(errors)) = View::of_address("/activities", "table=users&sort=size&limit=0") else {
            panic!("invalid");
        };
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/table", "/sort", "/limit"]);
    }

    #[test]
    fn what_is_right_beside_an_error_is_kept() {
        let search = "table=modules&from=2026-11-18&to=2026-11-16&account=acme&filter=board&sort=size";
        let View::Activities(Err(errors)) = View::of_address("/activities", search) else { panic!("invalid") };
        let left = without_errors(&parse_search(search), &errors);
        assert_eq!(View::table(left).href(), "/activities?table=modules&account=acme&filter=board");
    }

    #[test]
    fn an_escape_that_is_none_stays() {
        assert_eq!(
            parse_search("a=100%&b=%4&c=%zz&d"),
            [
                ("a".into(), "100%".into()),
                ("b".into(), "%4".into()),
                ("c".into(), "%zz".into()),
                ("d".into(), String::new())
            ]
        );
    }

    #[test]
    fn another_team_sees_the_same_view_from_its_first_page() {
        let through = |address: &str, team: Option<&str>| {
            let (path, search) = address.split_once('?').unwrap_or((address, ""));
            View::of_address(path, search).through(team.map(str::to_owned)).href()
        };
        assert_eq!(through("/?before=17&account=acme", Some("7")), "/?team=7&account=acme");
        assert_eq!(through("/activities?period=yesterday&team=7&offset=200", None), "/activities?period=yesterday");
        assert_eq!(through("/members", Some("7")), "/?team=7");
    }

    #[test]
    fn other_paths_are_no_page() {
        assert_eq!(View::of_address("/today", ""), View::NotFound);
        assert_eq!(View::NotFound.href(), "/");
    }
}
