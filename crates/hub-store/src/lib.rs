//! Where the hub keeps calls, cases, drafts and events
