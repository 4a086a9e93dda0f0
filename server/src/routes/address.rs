//! Where a request comes from.

use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, request::Parts},
};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a request comes from. A proxy on this machine, or one of those that are trusted, says for whom it asks, behind what
/// it was told itself: so from the last on each is believed as long as it names another such proxy, and whatever stands before
/// that is the client's own word.
pub(super) fn address(parts: &Parts, proxies: &[IpNet]) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let is_proxy = |address: &IpAddr| address.is_loopback() || proxies.iter().any(|proxies| proxies.contains(address));
    let mut forwarded = forwarded_for(&parts.headers);
    let mut address = peer.ip().to_canonical();
    while is_proxy(&address)
        && let Some(Some(before)) = forwarded.next()
    {
        address = before;
    }
    Some(address)
}

/// For whom was asked, the last first; none in the place of what is no address.
fn forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let names = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    names.map(|name| name.trim().parse().ok().map(|address: IpAddr| address.to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::Request;

    #[test]
    fn only_a_proxy_that_is_trusted_says_for_whom_it_asks() {
        let proxies = ["10.1.0.0/16", "2001:db8::1/128"].map(|proxies| proxies.parse().unwrap());
        for (peer, forwarded, expected) in [
            ("127.0.0.1:5", &["203.0.113.9"][..], "203.0.113.9"),
            ("10.1.2.3:5", &["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            ("[2001:db8::1]:5", &["203.0.113.9"], "203.0.113.9"),
            // From proxy to proxy, as far as they are trusted.
            ("127.0.0.1:5", &["198.51.100.1, 203.0.113.9", "10.1.9.9, 10.1.2.3"], "203.0.113.9"),
            ("127.0.0.1:5", &["203.0.113.9, 10.2.2.3, 10.1.2.3"], "10.2.2.3"),
            ("127.0.0.1:5", &["unknown, 10.1.2.3"], "10.1.2.3"),
            ("127.0.0.1:5", &["::ffff:203.0.113.9, ::ffff:10.1.2.3"], "203.0.113.9"),
            ("10.2.2.3:5", &["203.0.113.9"], "10.2.2.3"),
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
            assert_eq!(address(&parts, &proxies), expected.parse().ok(), "{peer} {forwarded:?}");
        }
    }
}
