//! The made-up customers and their people.

use super::{dice::Dice, product};
use chrono_tz::Tz;

/// A customer.
pub(super) struct Account {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: &'static str,
    /// Where its people live.
    pub(super) zone: Tz,
}

/// Somebody who works for a customer.
pub(super) struct User {
    /// The place of the account.
    pub(super) account: usize,
    /// The id, unique over all accounts.
    pub(super) id: String,
    /// First and last name; the last one is unique within an account.
    pub(super) name: String,
    /// The first day of the demo on which the user is there; before 0 for those who were there from the start.
    joined: i64,
    /// The first day of the demo on which the user is gone.
    left: i64,
    /// How likely the user is active on an ordinary weekday.
    pub(super) keenness: f64,
    /// How often on such a day the user sits down to work, at most.
    pub(super) sessions: usize,
    /// Whether the user works late.
    pub(super) evening: bool,
    /// Whether the user works on weekends too.
    pub(super) weekends: bool,
    /// How much the user likes each module.
    pub(super) tastes: Vec<f64>,
}

impl User {
    /// Whether the user works for the customer on a day of the demo.
    pub(super) fn is_there_on(&self, day: i64) -> bool {
        (self.joined..self.left).contains(&day)
    }
}

/// Where a customer's people live.
enum Home {
    /// In the reporting zone.
    Here,
    /// In another one.
    There(Tz),
}

/// How a customer fares; days are those of the demo.
#[derive(Clone, Copy)]
enum Course {
    Steady,
    Growing,
    Shrinking,
    /// Becomes a customer on this day.
    Joins(i64),
    /// Is no longer one from this day.
    Leaves(i64),
}

use Course::{Growing, Joins, Leaves, Shrinking, Steady};
use Home::{Here, There};

/// Name, home, people over the whole time, course.
const CUSTOMERS: [(&str, Home, usize, Course); 45] = [
    ("Larkfield Foods", Here, 70, Steady),
    ("Nordhaven Logistics", Here, 58, Growing),
    ("Brightmoor Clinics", Here, 46, Steady),
    ("Tessaly Robotics", There(Tz::America__New_York), 38, Growing),
    ("Castlewick Insurance", Here, 34, Shrinking),
    ("Pinegate Energy", There(Tz::America__Los_Angeles), 30, Steady),
    ("Quillon & Hart", Here, 27, Steady),
    ("Solvanta Solar", There(Tz::Australia__Sydney), 25, Growing),
    ("Kestrel Ridge Outdoors", There(Tz::America__Denver), 22, Steady),
    ("Sundara Spices", There(Tz::Asia__Kolkata), 20, Steady),
    ("Bluecairn Hotels", Here, 18, Shrinking),
    ("Munari Ceramica", Here, 17, Steady),
    ("Hanami Logistics", There(Tz::Asia__Tokyo), 16, Growing),
    ("Velmora Textiles", There(Tz::America__Sao_Paulo), 15, Steady),
    ("Fennick Freight", Here, 14, Leaves(128)),
    ("Aldermoor Legal", Here, 13, Steady),
    ("Rookwood Press", Here, 12, Shrinking),
    ("Tamarin Labs", There(Tz::America__Los_Angeles), 11, Joins(38)),
    ("Ivelo Bikes", Here, 10, Growing),
    ("Oakmere Academy", Here, 10, Steady),
    ("Zephyrine Air Charter", There(Tz::Asia__Dubai), 9, Steady),
    ("Waratah Civil", There(Tz::Australia__Brisbane), 9, Steady),
    ("Copperline Audio", There(Tz::America__Chicago), 8, Steady),
    ("Osterby Marine", Here, 8, Joins(92)),
    ("Dunmore & Pike Architects", Here, 7, Steady),
    ("Lumivale Lighting", There(Tz::Asia__Singapore), 7, Growing),
    ("Harrow Lane Studios", Here, 6, Leaves(61)),
    ("Marisol Travel Co", There(Tz::America__Mexico_City), 6, Steady),
    ("Kauri Coast Dairy", There(Tz::Pacific__Auckland), 6, Steady),
    ("Novabrook Pharma", Here, 5, Joins(150)),
    ("Thornbury Dental Group", Here, 5, Steady),
    ("Silverthorn Security", There(Tz::America__New_York), 5, Steady),
    ("Bramble & Rye Bakeries", Here, 4, Steady),
    ("Calder Vale Water", Here, 4, Growing),
    ("Okavi Games", There(Tz::Africa__Nairobi), 4, Joins(121)),
    ("Ardenne Timber", Here, 4, Steady),
    ("Peregrine Parcel", There(Tz::America__Los_Angeles), 3, Steady),
    ("Vintera Wines", Here, 3, Leaves(172)),
    ("Falkenau Optik", Here, 3, Steady),
    ("Hollowell Farms", There(Tz::America__Halifax), 3, Steady),
    ("Moonlit Pixel", There(Tz::Pacific__Honolulu), 3, Joins(167)),
    ("Estrella Dorada", There(Tz::America__Bogota), 2, Steady),
    ("Pebble Street Books", Here, 2, Shrinking),
    ("Gullwing Ferries", Here, 2, Steady),
    ("Tidewell Fisheries", There(Tz::Pacific__Auckland), 2, Joins(14)),
];

const FIRST_NAMES: [&str; 72] = [
    "Aisha", "Alma", "Amara", "Anders", "Anika", "Arjun", "Beatriz", "Bram", "Camille", "Carlos", "Chiara", "Chloe",
    "Daniel", "Deepa", "Diego", "Elena", "Elif", "Emeka", "Emma", "Erik", "Esther", "Farah", "Felix", "Freya",
    "Gabriel", "Grace", "Hana", "Hassan", "Henrik", "Ines", "Isaac", "Ivan", "Jakub", "Jamal", "Jonas", "Julia",
    "Kaito", "Karin", "Kofi", "Lars", "Leila", "Liam", "Lisa", "Lucia", "Magnus", "Malik", "Maria", "Marta", "Mateo",
    "Mei", "Mira", "Nadia", "Nils", "Noah", "Nora", "Olivia", "Omar", "Paulo", "Petra", "Priya", "Rafael", "Rosa",
    "Ruth", "Samir", "Sofia", "Tara", "Theo", "Tomas", "Viktor", "Yara", "Yuki", "Zoë",
];

const LAST_NAMES: [&str; 80] = [
    "Abbott",
    "Acheampong",
    "Almeida",
    "Andersen",
    "Baker",
    "Banerjee",
    "Becker",
    "Bellini",
    "Bergström",
    "Bianchi",
    "Brandt",
    "Calloway",
    "Castillo",
    "Chen",
    "Costa",
    "Dahl",
    "Delgado",
    "Demir",
    "Diallo",
    "Dvořák",
    "Eriksen",
    "Falk",
    "Fernandes",
    "Fischer",
    "Fontaine",
    "Garcia",
    "Greene",
    "Gupta",
    "Haddad",
    "Hansen",
    "Hartley",
    "Hoffmann",
    "Ibrahim",
    "Ito",
    "Iyer",
    "Jansen",
    "Johansson",
    "Kamau",
    "Keller",
    "Khan",
    "Kim",
    "Kowalski",
    "Lange",
    "Larsen",
    "Laurent",
    "Lindqvist",
    "Lopez",
    "Mahlangu",
    "Marino",
    "Mendes",
    "Meyer",
    "Moreau",
    "Morgan",
    "Mwangi",
    "Nakamura",
    "Navarro",
    "Nguyen",
    "Nowak",
    "O'Brien",
    "Okafor",
    "Olsen",
    "Osei",
    "Park",
    "Patel",
    "Petrov",
    "Quinn",
    "Ray",
    "Reyes",
    "Rossi",
    "Sato",
    "Schmidt",
    "Silva",
    "Sokolova",
    "Tanaka",
    "Torres",
    "Vargas",
    "Visser",
    "Walsh",
    "Weber",
    "Yilmaz",
];

/// Prime to the number of last names, so that stepping by it meets each of them before any twice.
const LAST_NAME_STEP: usize = 27;

const FOR_USER: u64 = 21;
const FOR_ACCOUNT: u64 = 22;

/// Every customer and everybody who works for one at some time. `here` is the reporting zone.
pub(super) fn everyone(seed: u64, here: Tz) -> (Vec<Account>, Vec<User>) {
    let mut accounts = Vec::with_capacity(CUSTOMERS.len());
    let mut users = Vec::new();
    for (account, (name, home, people, course)) in CUSTOMERS.iter().enumerate() {
        let zone = match home {
            Here => here,
            There(zone) => *zone,
        };
        accounts.push(Account { id: slug(name), name, zone });
        let first_last_name = Dice::new(seed, &[FOR_ACCOUNT, account as u64]).below(LAST_NAMES.len());
        for nth in 0..*people {
            let number = users.len();
            let mut dice = Dice::new(seed, &[FOR_USER, number as u64]);
            let last_name = LAST_NAMES[(first_last_name + nth * LAST_NAME_STEP) % LAST_NAMES.len()];
            let first_name = FIRST_NAMES[dice.below(FIRST_NAMES.len())];
            users.push(user(account, number, format!("{first_name} {last_name}"), *course, nth == 0, &mut dice));
        }
    }
    (accounts, users)
}

/// The first of an account is its most faithful user: no customer is without anybody for long.
fn user(account: usize, number: usize, name: String, course: Course, first: bool, dice: &mut Dice) -> User {
    let (joined, left) = if first { whole_course(course) } else { stay(course, dice) };
    let (keenness, sessions) = match dice.share() {
        _ if first => (0.9, 5),
        share if share < 0.20 => (dice.between(0.6, 0.9), 7),
        share if share < 0.54 => (dice.between(0.2, 0.5), 5),
        _ => (dice.between(0.03, 0.18), 3),
    };
    User {
        account,
        id: format!("u{}", 1001 + number),
        name,
        joined,
        left,
        keenness,
        sessions,
        evening: dice.chance(0.12),
        weekends: dice.chance(0.06),
        tastes: product::tastes(dice),
    }
}

const ALWAYS: i64 = i64::MIN;
const NEVER: i64 = i64::MAX;

/// From the first to the last day of an account.
fn whole_course(course: Course) -> (i64, i64) {
    match course {
        Steady | Growing | Shrinking => (ALWAYS, NEVER),
        Joins(day) => (day, NEVER),
        Leaves(day) => (ALWAYS, day),
    }
}

/// From when to when somebody works for an account.
fn stay(course: Course, dice: &mut Dice) -> (i64, i64) {
    let history = super::HISTORY_DAYS;
    let mut some_day = |from: i64, to: i64| dice.between(from as f64, to as f64) as i64;
    match (course, some_day(0, 100)) {
        (Steady, 0..80) => (ALWAYS, NEVER),
        (Steady, 80..90) => (some_day(1, history), NEVER),
        (Steady, _) => (ALWAYS, some_day(1, history + 90)),
        (Growing, 0..45) => (ALWAYS, NEVER),
        (Growing, _) => (some_day(1, history + 20), NEVER),
        (Shrinking, 0..40) => (ALWAYS, NEVER),
        (Shrinking, _) => (ALWAYS, some_day(20, history + 10)),
        (Joins(day), _) => (day + some_day(0, 30), NEVER),
        (Leaves(day), _) => (ALWAYS, day - some_day(0, 25)),
    }
}

/// "Quillon & Hart" as an id: `quillon-hart`.
fn slug(name: &str) -> String {
    let words: Vec<String> = name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}
