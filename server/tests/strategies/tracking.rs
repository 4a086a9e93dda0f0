//! What somebody chooses for modules and activities: which ones is found among those that were sent by then.

use proptest::{prelude::*, sample::Index};

/// Something that is chosen for a name.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    /// Whether it is for a module.
    pub(crate) is_module: bool,
    /// Which of the names.
    pub(crate) name: Index,
    /// Whether it is called otherwise.
    pub(crate) is_renamed: bool,
    pub(crate) tracked: bool,
    /// Which of the names it is merged into.
    pub(crate) into: Option<Index>,
}

pub(crate) fn chosen() -> impl Strategy<Value = Chosen> {
    let into = prop::option::weighted(0.6, any::<Index>());
    (any::<bool>(), any::<Index>(), prop::bool::weighted(0.3), prop::bool::weighted(0.7), into)
        .prop_map(|(is_module, name, is_renamed, tracked, into)| Chosen { is_module, name, is_renamed, tracked, into })
}
