//! Does a request come from our own page? Looked at besides the word in `x-viahe-csrf`, and at login instead of it.

/// What a browser says of where a request comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told<'a> {
    /// `host`: whom it was sent to. A proxy in front must hand it on.
    pub host: Option<&'a str>,
    /// `origin`: the page that sent it.
    pub origin: Option<&'a str>,
    /// `sec-fetch-site`: said only over https, and to the machine itself.
    pub fetch_site: Option<&'a str>,
}

impl Told<'_> {
    /// Is it ours? Programs that are no browsers say nothing: they bring no cookie that they were not given.
    pub fn is_ours(&self) -> bool {
        if let Some(site) = self.fetch_site {
            return site == "same-origin";
        }
        self.origin.is_none_or(|origin| {
            let page = origin.split_once("://").map(|(_, host)| host);
            page.is_some_and(|page| Some(page) == self.host)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_page_or_no_page_is_ours() {
        let host = Some("ioc.example:8090");
        let told = |origin, fetch_site| Told { host, origin, fetch_site }.is_ours();
        assert!(told(None, None));
        assert!(told(Some("https://ioc.example:8090"), None));
        assert!(told(Some("https://ioc.example:8090"), Some("same-origin")));
        for other in ["null", "https://ioc.example", "https://ioc.example:8090.evil.example", ""] {
            assert!(!told(Some(other), None), "{other}");
        }
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!told(Some("https://ioc.example:8090"), Some(site)), "{site}");
        }
        let hostless = Told { origin: Some("https://ioc.example"), ..Told::default() };
        assert!(!hostless.is_ours());
    }
}
