//! The software comparator passes the suite.

covert_driver::conformance_tests!(covert_driver::conformance::Software);
