//! Load generator and null KDC.
