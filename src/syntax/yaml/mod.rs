//! Placeholder until the YAML layer lands.
#[derive(Debug)]
pub struct Tree<'s>(pub std::marker::PhantomData<&'s str>);
