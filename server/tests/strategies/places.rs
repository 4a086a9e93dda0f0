//! Reporting zones, and moments there at which a wrong calendar shows.

use chrono_tz::Tz;
use model::instant::Instant;

/// A reporting zone and some of its moments, RFC 3339.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) zone: Tz,
    moments: &'static [&'static str],
}

impl Place {
    pub(crate) fn moments(&self) -> Vec<Instant> {
        self.moments.iter().map(|text| Instant::parse(text).expect("RFC 3339")).collect()
    }
}

pub(crate) const UTC: Place =
    Place { zone: Tz::UTC, moments: &["2026-11-23T00:00:00Z", "2024-02-29T00:00:00Z", "2027-01-01T00:00:00Z"] };

/// Days of 23 and 25 hours.
pub(crate) const BERLIN: Place = Place {
    zone: Tz::Europe__Berlin,
    moments: &["2026-03-29T01:00:00Z", "2026-03-28T23:00:00Z", "2026-10-25T01:00:00Z", "2026-10-24T22:00:00Z"],
};

pub(crate) const NEW_YORK: Place = Place {
    zone: Tz::America__New_York,
    moments: &["2026-03-08T07:00:00Z", "2026-03-08T05:00:00Z", "2026-11-01T06:00:00Z", "2026-11-02T05:00:00Z"],
};

/// Summer time of half an hour.
pub(crate) const LORD_HOWE: Place = Place {
    zone: Tz::Australia__Lord_Howe,
    moments: &["2026-04-04T15:00:00Z", "2026-04-04T13:00:00Z", "2026-10-03T15:30:00Z", "2026-10-04T13:00:00Z"],
};

/// Half an hour off the hour.
pub(crate) const KOLKATA: Place =
    Place { zone: Tz::Asia__Kolkata, moments: &["2026-06-14T18:30:00Z", "2026-02-28T18:30:00Z"] };

/// A quarter of an hour off it; in 1986 the clock went from 00:00 to 00:15 to get there.
pub(crate) const KATHMANDU: Place =
    Place { zone: Tz::Asia__Kathmandu, moments: &["2026-06-14T18:15:00Z", "1985-12-31T18:30:00Z"] };

/// Summer time begins by skipping midnight and ends by going back from it.
pub(crate) const SAO_PAULO: Place = Place {
    zone: Tz::America__Sao_Paulo,
    moments: &["2018-11-04T03:00:00Z", "2018-02-18T02:00:00Z", "2018-11-05T02:00:00Z"],
};

/// Likewise, and still so.
pub(crate) const CAIRO: Place = Place {
    zone: Tz::Africa__Cairo,
    moments: &["2026-04-23T22:00:00Z", "2026-10-29T21:00:00Z", "2026-10-29T22:00:00Z"],
};

/// Midnight happens twice.
pub(crate) const HAVANA: Place = Place {
    zone: Tz::America__Havana,
    moments: &["2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z", "2026-03-08T05:00:00Z"],
};

/// At one minute past midnight the clock went back into the day before, which so came in two pieces.
pub(crate) const ST_JOHNS: Place =
    Place { zone: Tz::America__St_Johns, moments: &["2010-11-07T02:31:00Z", "2010-11-07T03:30:00Z"] };

/// There was no 30 December 2011.
pub(crate) const APIA: Place = Place {
    zone: Tz::Pacific__Apia,
    moments: &["2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", "2012-01-01T10:00:00Z"],
};

/// A quarter of an hour off, with summer time.
pub(crate) const CHATHAM: Place = Place {
    zone: Tz::Pacific__Chatham,
    moments: &["2026-04-04T14:00:00Z", "2026-09-26T14:00:00Z", "2026-09-27T10:15:00Z"],
};
