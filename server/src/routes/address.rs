//! Where a request comes from.

use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, request::Parts},
};
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a request comes from. A proxy on this machine or its network says for whom it asks; of what others say the last
/// is its own word, and whatever stands before that is the client's.
pub(super) fn address(parts: &Parts) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    let forwarded = is_near(peer).then(|| forwarded_for(&parts.headers)).flatten();
    Some(forwarded.unwrap_or(peer))
}

fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::Request;

    #[test]
    fn only_a_proxy_nearby_says_for_whom_it_asks() {
        for (peer, forwarded, expected) in [
            ("127.0.0.1:5", &["203.0.113.9"][..], "203.0.113.9"),
            ("10.1.2.3:5", &["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            ("[::1]:5", &["198.51.100.1", "2001:db8::9"], "2001:db8::9"),
            ("127.0.0.1:5", &["unknown"], "127.0.0.1"),
            ("127.0.0.1:5", &[], "127.0.0.1"),
            ("192.0.2.7:5", &["203.0.113.9"], "192.0.2.7"),
        ] {
            let mut request = Request::new(());
            for forwarded in forwarded {
                request.headers_mut().append(FORWARDED_FOR, forwarded.parse().unwrap());
            }
            request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
            let (parts, ()) = request.into_parts();
            assert_eq!(address(&parts), expected.parse().ok(), "{peer} {forwarded:?}");
        }
    }
}
