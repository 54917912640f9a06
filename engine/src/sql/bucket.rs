//! Buckets of time, by the words of the API and those of the databases.

/// A bucket of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bucket {
    Year,
    Quarter,
    Month,
    /// From Monday.
    Week,
    Day,
    Hour,
    Minute,
}

impl Bucket {
    const ALL: [Self; 7] = [
        Self::Year,
        Self::Quarter,
        Self::Month,
        Self::Week,
        Self::Day,
        Self::Hour,
        Self::Minute,
    ];

    /// The bucket of that name in the API.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|bucket| bucket.word().eq_ignore_ascii_case(name))
    }

    /// The word of `date_trunc`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Quarter => "quarter",
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Minute => "minute",
        }
    }
}
