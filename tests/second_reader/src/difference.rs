//! The differences between the two readers that are known, each with its reason and what it rests on.

use std::collections::BTreeSet;

use crate::oddity::Oddity;
use crate::verdict::Verdict;

/// How two verdicts on the same octets stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrast {
    /// Both read a message, and not the same.
    BothRead,
    /// Only `krb` reads a message.
    OnlyOurs,
    /// Only `kerberos_asn1` reads a message.
    OnlyTheirs,
    /// `kerberos_asn1` panics, whatever `krb` says.
    Panic,
}

/// A difference that is known.
#[derive(Debug)]
pub struct Difference {
    /// What the two make of it.
    pub contrast: Contrast,
    /// What must be odd about the octets.
    pub oddity: Oddity,
    /// Why the readers differ, and why ours is as it is.
    pub reason: &'static str,
}

/// All differences that are known.
///
/// The list is short where it matters: what only `krb` reads is what RFC 4120 traffic forces, and nothing that
/// `kerberos_asn1` alone reads is DER.
pub const KNOWN: &[Difference] = &[
    Difference {
        contrast: Contrast::BothRead,
        oddity: Oddity::OddFlags,
        reason: "it keeps 32 flags and clears the unused bits; we keep what was sent",
    },
    Difference {
        contrast: Contrast::BothRead,
        oddity: Oddity::OddTime,
        reason: "it reads fractions and signs and writes another time; we keep what was sent",
    },
    Difference {
        contrast: Contrast::OnlyOurs,
        oddity: Oddity::OddTime,
        reason: "it turns every time into a date; we keep the octets and leave the date to who needs it",
    },
    Difference {
        contrast: Contrast::OnlyOurs,
        oddity: Oddity::RawString,
        reason: "its names are UTF-8; ours are the octets that were sent",
    },
    Difference {
        contrast: Contrast::OnlyOurs,
        oddity: Oddity::WideInteger,
        reason: "it reads four octets at most; a UInt32 can take five",
    },
    Difference {
        contrast: Contrast::OnlyTheirs,
        oddity: Oddity::Crowded,
        reason: "it drops what follows the element in a context tag; we refuse to lose anything",
    },
    Difference {
        contrast: Contrast::OnlyTheirs,
        oddity: Oddity::HighTag,
        reason: "it reads tag numbers of several octets into one; no Kerberos tag has them",
    },
    Difference {
        contrast: Contrast::OnlyTheirs,
        oddity: Oddity::HugeLength,
        reason: "it lets lengths overflow; we refuse those beyond a machine word",
    },
    Difference {
        contrast: Contrast::OnlyTheirs,
        oddity: Oddity::Indefinite,
        reason: "it takes the indefinite length for zero; DER has none",
    },
    Difference {
        contrast: Contrast::OnlyTheirs,
        oddity: Oddity::OddFlags,
        reason: "it lets bits be unused that are not there",
    },
    Difference {
        contrast: Contrast::OnlyTheirs,
        oddity: Oddity::OuterLength,
        reason: "it does not compare the length of an application tag with what is in it",
    },
    Difference {
        contrast: Contrast::Panic,
        oddity: Oddity::HighTag,
        reason: "a tag number of several octets overflows its shift",
    },
    Difference {
        contrast: Contrast::Panic,
        oddity: Oddity::OddFlags,
        reason: "more than seven unused bits overflow its shift",
    },
    Difference {
        contrast: Contrast::Panic,
        oddity: Oddity::OddTime,
        reason: "its calendar panics on an impossible date",
    },
    Difference {
        contrast: Contrast::Panic,
        oddity: Oddity::Overrun,
        reason: "it checks the length of an optional field against the input before the header was taken off",
    },
];

/// How the verdicts differ, `None` if they do not.
#[must_use]
pub fn contrast(ours: &Verdict, theirs: &Verdict) -> Option<Contrast> {
    match (ours, theirs) {
        (ours, theirs) if ours == theirs => None,
        (_, Verdict::Panicked) => Some(Contrast::Panic),
        (Verdict::Read(_), Verdict::Read(_)) => Some(Contrast::BothRead),
        (Verdict::Read(_), _) => Some(Contrast::OnlyOurs),
        (_, _) => Some(Contrast::OnlyTheirs),
    }
}

/// The known differences that have this contrast and rest on one of these oddities.
pub fn named(contrast: Contrast, oddities: &BTreeSet<Oddity>) -> impl Iterator<Item = &'static Difference> {
    KNOWN.iter().filter(move |known| known.contrast == contrast && oddities.contains(&known.oddity))
}
