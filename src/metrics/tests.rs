//! What the counters promise, and that dashboard and alerts ask for counters that there are.
