//! The page's files: style sheet, scripts, WebAssembly, icons. `cargo xtask build` leaves them in target/site;
//! a release build embeds them, a debug build reads them from there. Neither needs them to compile: without them
//! the names are unknown and every file is "not found".

use std::borrow::Cow;

use crate::negotiation;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Deserialize;

/// Everything that `cargo xtask build` left, each file with compressed ones (`.br`, `.gz`) beside it if they are
/// smaller.
#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// Lists the page's parts; not itself a file of the page.
const MANIFEST: &str = "manifest.json";

/// Files in here carry a hash of their content in their name, so they never change.
const HASHED: &str = "pkg/";

/// The one file that pages of other origins load: the tracker.
const TRACKER: &str = "usage.js";

/// Where the page's parts are, as absolute URL paths. They change with the content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Names {
    /// The script: a module that loads the WebAssembly and starts the page by itself.
    pub js: String,
    /// The WebAssembly, named for the page to preload it.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
}

/// The names of the page's parts, or `None` if the page has not been built.
pub fn names() -> Option<Names> {
    let manifest = Site::get(MANIFEST)?;
    let Names { js, wasm, css } = serde_json::from_slice(&manifest.data).ok()?;
    let [js, wasm, css] = [js, wasm, css].map(|path| format!("/{path}"));
    Some(Names { js, wasm, css })
}

/// The file at the URL path `path`, in the encoding that suits the request's `headers` best, or 304 if the client
/// has it already. `None` if there is no such file.
pub fn find(path: &str, headers: &HeaderMap) -> Option<Response> {
    answer(path.strip_prefix('/')?, headers, |path| Site::get(path).map(File::from))
}

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A file as it is sent.
struct File {
    bytes: Cow<'static, [u8]>,
    hash: [u8; 32],
    media_type: String,
}

impl From<EmbeddedFile> for File {
    fn from(file: EmbeddedFile) -> Self {
        Self { hash: file.metadata.sha256_hash(), media_type: file.metadata.mimetype().into(), bytes: file.data }
    }
}

fn answer(path: &str, headers: &HeaderMap, get: impl Fn(&str) -> Option<File>) -> Option<Response> {
    if path == MANIFEST || path.ends_with(".br") || path.ends_with(".gz") {
        return None;
    }
    let plain = get(path)?;
    let media_type = with_charset(&plain.media_type);
    let (encoding, file) = accepted_encodings(headers)
        .into_iter()
        .find_map(|encoding| Some((Some(encoding), get(&format!("{path}.{}", encoding.extension))?)))
        .unwrap_or((None, plain));

    let tag = format!("\"{}\"", hex(&file.hash[..16]));
    let cache = match path {
        TRACKER => "public, max-age=3600",
        _ if path.starts_with(HASHED) => "public, max-age=31536000, immutable",
        _ => "no-cache",
    };
    let unchanged = negotiation::has_already(headers, &tag);
    let mut response =
        if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { Body::from(file.bytes).into_response() };
    let sent = response.headers_mut();
    sent.insert(header::ETAG, HeaderValue::from_str(&tag).ok()?);
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    sent.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if path == TRACKER {
        // As a module, or under a policy that isolates the page, it wants these said.
        sent.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        sent.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    }
    if !unchanged {
        sent.insert(header::CONTENT_TYPE, HeaderValue::from_str(&media_type).ok()?);
        if let Some(encoding) = encoding {
            sent.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name));
        }
    }
    Some(response)
}

/// A compressed form in which files lie beside the plain ones.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Encoding {
    name: &'static str,
    extension: &'static str,
}

/// Smallest first.
const ENCODINGS: [Encoding; 2] = [Encoding { name: "br", extension: "br" }, Encoding { name: "gzip", extension: "gz" }];

/// The encodings that the client would rather have than the plain file, best first.
fn accepted_encodings(headers: &HeaderMap) -> Vec<Encoding> {
    let weight = |coding: &str| {
        let weight = |coding| negotiation::weight(headers, header::ACCEPT_ENCODING, coding);
        weight(coding).or_else(|| weight("*"))
    };
    let plain = negotiation::weight(headers, header::ACCEPT_ENCODING, "identity").unwrap_or(0.0);
    let weights = ENCODINGS.map(|encoding| (encoding, weight(encoding.name).unwrap_or(0.0)));
    let mut accepted: Vec<_> = weights.into_iter().filter(|(_, weight)| *weight > 0.0 && *weight >= plain).collect();
    // Stable: of equals the smaller one stays first.
    accepted.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    accepted.into_iter().map(|(encoding, _)| encoding).collect()
}

fn with_charset(media_type: &str) -> String {
    if media_type.starts_with("text/") { format!("{media_type}; charset=utf-8") } else { media_type.to_owned() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A site with a script in all encodings, and an icon as it is.
    fn ask(path: &str, headers: &[(HeaderName, &str)]) -> Option<Response> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        answer(path, &headers, |path| {
            let media_type = match path {
                "pkg/app.0123.js" | "usage.js" => "text/javascript",
                "pkg/app.0123.js.br" | "pkg/app.0123.js.gz" | "manifest.json" => "application/octet-stream",
                "favicon.svg" => "image/svg+xml",
                _ => return None,
            };
            let mut hash = [0; 32];
            hash[0] = path.len() as u8;
            Some(File { bytes: path.to_owned().into_bytes().into(), hash, media_type: media_type.to_owned() })
        })
    }

    fn header(response: &Response, name: HeaderName) -> &str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn sends_the_encoding_the_client_likes_best() {
        for (accepted, sent) in [
            ("gzip, deflate, br, zstd", "br"),
            ("gzip", "gzip"),
            ("GZIP;q=0.5", "gzip"),
            ("br;q=0, gzip", "gzip"),
            ("br;q=0.5, gzip;q=0.8", "gzip"),
            ("*", "br"),
            ("*;q=0.1, br;q=0", "gzip"),
            ("br;q=0, *;q=0", ""),
            ("identity", ""),
            ("identity, br;q=0.5", ""),
            ("zstd", ""),
            ("br;q=much", ""),
            ("", ""),
        ] {
            let response = ask("pkg/app.0123.js", &[(header::ACCEPT_ENCODING, accepted)]).unwrap();
            assert_eq!(header(&response, header::CONTENT_ENCODING), sent, "accepted: {accepted}");
            assert_eq!(header(&response, header::CONTENT_TYPE), "text/javascript; charset=utf-8");
            assert_eq!(header(&response, header::VARY), "accept-encoding");
        }
    }

    #[test]
    fn a_file_without_compressed_ones_is_sent_plain() {
        let response = ask("favicon.svg", &[(header::ACCEPT_ENCODING, "br, gzip, identity;q=0")]).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, header::CONTENT_ENCODING), "");
        assert_eq!(header(&response, header::CONTENT_TYPE), "image/svg+xml");
    }

    #[test]
    fn hashed_names_are_kept_for_ever_the_tracker_for_an_hour_and_others_checked() {
        let cache = |path| header(&ask(path, &[]).unwrap(), header::CACHE_CONTROL).to_owned();
        assert_eq!(cache("pkg/app.0123.js"), "public, max-age=31536000, immutable");
        assert_eq!(cache("usage.js"), "public, max-age=3600");
        assert_eq!(cache("favicon.svg"), "no-cache");
    }

    #[test]
    fn the_tracker_alone_is_for_pages_of_any_origin() {
        for (path, origin, policy) in [("usage.js", "*", "cross-origin"), ("pkg/app.0123.js", "", "")] {
            let response = ask(path, &[]).unwrap();
            assert_eq!(header(&response, header::ACCESS_CONTROL_ALLOW_ORIGIN), origin, "{path}");
            assert_eq!(header(&response, CROSS_ORIGIN_RESOURCE_POLICY), policy, "{path}");
        }
    }

    #[test]
    fn a_known_tag_is_answered_with_304() {
        let tag = header(&ask("favicon.svg", &[]).unwrap(), header::ETAG).to_owned();
        for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let response = ask("favicon.svg", &[(header::IF_NONE_MATCH, &known)]).unwrap();
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "known: {known}");
            assert_eq!(header(&response, header::ETAG), tag);
            assert_eq!(header(&response, header::CONTENT_TYPE), "");
        }
        let response = ask("favicon.svg", &[(header::IF_NONE_MATCH, "\"other\"")]).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }

    #[test]
    fn every_encoding_has_a_tag_of_its_own() {
        let tag = |accepted| {
            let response = ask("pkg/app.0123.js", &[(header::ACCEPT_ENCODING, accepted)]).unwrap();
            header(&response, header::ETAG).to_owned()
        };
        assert_ne!(tag("br"), tag("identity"));
    }

    #[test]
    fn what_is_no_file_of_the_page_is_not_found() {
        for path in ["", "missing.js", "manifest.json", "pkg/app.0123.js.br", "../Cargo.toml"] {
            assert!(ask(path, &[]).is_none(), "{path}");
        }
    }

    #[test]
    fn the_site_itself_has_no_file_for_what_is_not_there() {
        for path in ["/pkg/missing.js", "/../Cargo.toml", "/manifest.json"] {
            assert!(find(path, &HeaderMap::new()).is_none(), "{path}");
        }
    }
}
