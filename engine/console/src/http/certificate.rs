//! Which site a box's certificate names.

use std::net::SocketAddr;
use tokio_rustls::rustls::pki_types::CertificateDer;
use viahe_contract::id::Name;
use webpki::EndEntityCert;

/// Parts of DER by their tags.
const OID: u8 = 0x06;
const UTF8: u8 = 0x0c;
const PRINTABLE: u8 = 0x13;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Whoever has this connection showed a certificate that somebody vouches for: the site that it names, if it names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Certified {
    /// Which site.
    pub(super) site: Option<Name>,
    /// Who showed it.
    pub(super) peer: SocketAddr,
}

/// The site is the one DNS name of a certificate, or without any its one common name.
pub(super) fn site_of(certificate: &CertificateDer<'_>) -> Option<Name> {
    let read = EndEntityCert::try_from(certificate).ok()?;
    let mut names = read.valid_dns_names();
    let name = match (names.next(), names.next()) {
        (Some(name), None) => name,
        (None, _) => common_name(read.subject())?,
        _ => return None,
    };
    Name::try_from(name).ok()
}

/// The one common name of a subject, which is sets of pairs of what is said and a text.
fn common_name(mut subject: &[u8]) -> Option<&str> {
    let mut found = None;
    while !subject.is_empty() {
        let mut set = tagged(&mut subject, SET)?;
        while !set.is_empty() {
            let mut pair = tagged(&mut set, SEQUENCE)?;
            if tagged(&mut pair, OID)? != COMMON_NAME {
                continue;
            }
            let (tag, text) = element(&mut pair)?;
            let text = std::str::from_utf8(text).ok().filter(|_| [UTF8, PRINTABLE].contains(&tag));
            if found.replace(text?).is_some() {
                return None;
            }
        }
    }
    found
}

fn tagged<'a>(bytes: &mut &'a [u8], wanted: u8) -> Option<&'a [u8]> {
    element(bytes).filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
}

/// The first element, which is taken away: its tag and what it holds.
fn element<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match first {
        ..=0x7f => (usize::from(first), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some((tag, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        [&[tag, length], content].concat()
    }

    /// A set of one pair.
    fn said(what: &[u8], tag: u8, text: &str) -> Vec<u8> {
        let pair = [wrapped(OID, what), wrapped(tag, text.as_bytes())].concat();
        wrapped(SET, &wrapped(SEQUENCE, &pair))
    }

    #[test]
    fn of_a_subject_only_its_one_common_name_counts() {
        let organisation: &[u8] = &[0x55, 0x04, 0x0a];
        let own = said(COMMON_NAME, UTF8, "hue-phu-hoi");
        // What another part says is not read as if it were one.
        let hidden = String::from_utf8(own.clone()).unwrap();
        let other = said(organisation, UTF8, &hidden);
        assert_eq!(common_name(&own), Some("hue-phu-hoi"));
        assert_eq!(common_name(&[other.clone(), own.clone()].concat()), Some("hue-phu-hoi"));
        assert_eq!(common_name(&other), None);
        assert_eq!(common_name(&[own.clone(), own.clone()].concat()), None, "which of two?");
        assert_eq!(common_name(&said(COMMON_NAME, 0x1e, "hue")), None, "wide letters");
        for end in 1..own.len() {
            assert_eq!(common_name(&own[..end]), None, "{end}");
        }
        let long = [&[SET, 0x81, own[1]][..], &own[2..]].concat();
        assert_eq!(common_name(&long), Some("hue-phu-hoi"));
        let longer = [&[SET, 0x82, 0, own[1]][..], &own[2..]].concat();
        assert_eq!(common_name(&longer), Some("hue-phu-hoi"));
        assert_eq!(common_name(&[SET, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
