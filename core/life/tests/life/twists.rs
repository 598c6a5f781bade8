//! Single stories: those that once went wrong, and faults put into the pure step to see that the watch sees them.
