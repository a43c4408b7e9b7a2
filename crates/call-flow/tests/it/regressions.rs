//! What random nights have found, each shrunk to its story.
