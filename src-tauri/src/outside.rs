//! Links in messages open outside: in the browser that the system has chosen. No page but ours ever
//! loads in a window of the app.

use tauri::Url;

/// Longest address that is handed to the system, in bytes. A message has at most 16,000; higher runs
/// into what command lines take (Windows: 32,767 characters for all of it).
const LONGEST: usize = 8_192;

/// Opens an address of the web outside; of anything else nothing becomes.
pub(crate) fn open(address: &Url) {
    if !may_leave(address) {
        tracing::warn!(scheme = address.scheme(), "a link that is no address of the web");
        return;
    }
    if let Err(error) = tauri_plugin_opener::open_url(address.as_str(), None::<&str>) {
        tracing::warn!(%error, "the system opens no browser; the address can be copied");
    }
}

/// Whether an address may be given to the system, which would start a program for others: `http` and
/// `https` alone, with a host, and without a name or password that could pass for one.
fn may_leave(address: &Url) -> bool {
    matches!(address.scheme(), "http" | "https")
        && address.host_str().is_some_and(|host| !host.is_empty())
        && address.username().is_empty()
        && address.password().is_none()
        && address.as_str().len() <= LONGEST
        && !crate::permissions::is_ours(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_leave_the_app() {
        let long = format!("https://example.org/{}", "x".repeat(LONGEST));
        for (address, leaves) in [
            ("https://example.org/", true),
            ("http://192.168.1.5:8080/a?b=c#d", true),
            ("https://xn--bcher-kva.example/%E2%82%AC", true),
            ("http://[::1]/", true),
            ("https://example.org@evil.example/", false),
            ("https://name:word@example.org/", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("ftp://example.org/", false),
            ("mailto:ada@example.org", false),
            ("bellwire://relay/example.org", false),
            ("ms-msdt:/id", false),
            ("smb://example.org/share", false),
            ("tauri://localhost/", false),
            ("http://tauri.localhost/", false),
            (long.as_str(), false),
        ] {
            assert_eq!(may_leave(&address.parse().expect("a URL")), leaves, "{address}");
        }
    }
}
