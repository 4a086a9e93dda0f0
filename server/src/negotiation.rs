//! What a client says that it accepts, and what it says that it has already.

use axum::http::{HeaderMap, HeaderName, header};

/// The weight of a value in a header such as `Accept-Encoding`: 1 unless given, 0 where it is refused or the weight
/// can't be read, `None` where the value is not listed. Values compare in any case.
pub(crate) fn weight(headers: &HeaderMap, name: HeaderName, value: &str) -> Option<f32> {
    let mut listed = list(headers, name).map(weighted);
    listed.find(|(listed, _)| listed.eq_ignore_ascii_case(value)).map(|(_, weight)| weight)
}

/// Whether the client names one of these media types in `Accept`, the narrowest first, and wants it no less than JSON.
pub(crate) fn prefers(headers: &HeaderMap, kinds: &[&str]) -> bool {
    let weight = |kinds: &[&str]| kinds.iter().find_map(|kind| weight(headers, header::ACCEPT, kind)).unwrap_or(0.0);
    let preferred = weight(kinds);
    preferred > 0.0 && preferred >= weight(&["application/json", "application/*", "*/*"])
}

/// Whether `If-None-Match` names this entity tag. Tags compare weakly.
pub(crate) fn has_already(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim_start_matches("W/").to_owned();
    list(headers, header::IF_NONE_MATCH).any(|known| known == "*" || opaque(known) == opaque(tag))
}

/// `gzip;q=0.5` → `("gzip", 0.5)`. Other parameters say nothing about the weight.
fn weighted(offer: &str) -> (&str, f32) {
    let mut parts = offer.split(';').map(str::trim);
    let value = parts.next().unwrap_or_default();
    let mut parameters = parts.filter_map(|parameter| parameter.split_once('='));
    let weight = match parameters.find(|(name, _)| name.eq_ignore_ascii_case("q")) {
        Some((_, weight)) => weight.parse().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0),
        None => 1.0,
    };
    (value, weight)
}

/// The comma-separated values of a header that may be repeated.
fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, axum::http::HeaderValue::from_static(value))])
    }

    #[test]
    fn weights_are_read_in_any_case() {
        for (accepted, expected) in [
            ("gzip", Some(1.0)),
            ("br, GZIP;q=0.5", Some(0.5)),
            ("gzip; Q=0.25", Some(0.25)),
            ("gzip;q=0", Some(0.0)),
            ("gzip;q=much", Some(0.0)),
            ("gzip;q=inf", Some(0.0)),
            ("gzip;charset=utf-8", Some(1.0)),
            ("gzip;charset=utf-8; q=0.5", Some(0.5)),
            ("br", None),
        ] {
            assert_eq!(weight(&headers(header::ACCEPT_ENCODING, accepted), header::ACCEPT_ENCODING, "gzip"), expected);
        }
    }

    #[test]
    fn tags_compare_weakly() {
        for (known, expected) in [("\"a\"", true), ("\"b\", W/\"a\"", true), ("*", true), ("\"b\"", false)] {
            assert_eq!(has_already(&headers(header::IF_NONE_MATCH, known), "W/\"a\""), expected, "{known}");
        }
    }
}
