//! A moment in time.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Milliseconds since 1970-01-01T00:00:00Z; RFC 3339 in UTC with milliseconds on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The last instant the product stores: the end of the year 9999.
    pub const MAX: Instant = Instant(253_402_300_799_999);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with any offset. `None` where the text is not RFC 3339. A fraction finer than a
    /// millisecond is cut.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|time| Self(time.timestamp_millis()))
    }

    /// This instant as chrono knows it. Instants chrono can't hold become the epoch; no stored instant is one.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// The tick this instant belongs to: the last multiple of [`crate::TICK_SECONDS`] at or before it.
    pub const fn tick(self) -> Self {
        let length = crate::TICK_SECONDS as i64 * 1000;
        Self(self.0.div_euclid(length) * length)
    }

    /// This instant moved by some milliseconds.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

impl std::fmt::Display for Instant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an RFC 3339 instant"))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Instant {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .examples([serde_json::json!("2026-11-23T11:34:56.789Z")])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Instant {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_in_utc_with_milliseconds() {
        let instant = Instant::parse("2026-11-23T12:34:56.789+01:00").expect("RFC 3339");
        assert_eq!(instant.to_string(), "2026-11-23T11:34:56.789Z");
        assert_eq!(serde_json::to_string(&instant).expect("json"), "\"2026-11-23T11:34:56.789Z\"");
    }

    #[test]
    fn ticks_are_multiples_of_ten_seconds() {
        assert_eq!(Instant::from_millis(19_999).tick(), Instant::from_millis(10_000));
        assert_eq!(Instant::from_millis(20_000).tick(), Instant::from_millis(20_000));
        assert_eq!(Instant::from_millis(-1).tick(), Instant::from_millis(-10_000));
    }
}
