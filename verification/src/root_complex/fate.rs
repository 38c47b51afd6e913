//! What becomes of a request of the unit on its way, by plan of a test.

/// What an onlooker makes of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    #[default]
    Arrives,
    /// A write or an interrupt is lost, and nobody says so, as when an IOMMU refuses it: posted writes have no answer. A read
    /// arrives.
    Lost,
    /// A write arrives with these words in place of its own. A read arrives as it is.
    Spoiled(Vec<u32>),
}
