//! The near miss.

use rat_core::error::nearest;

#[test]
fn slips_of_the_keyboard_are_found() {
    let known = ["bronze.customers", "bronze.orders", "silver.customers"];
    assert_eq!(nearest("bronze.custmers", known), Some("bronze.customers"));
    assert_eq!(nearest("bronze.cutsomers", known), Some("bronze.customers"));
    assert_eq!(nearest("BRONZE.ORDERS", known), Some("bronze.orders"));
}

#[test]
fn what_is_not_near_is_not_offered() {
    assert_eq!(nearest("author", ["owner", "tags", "tests"]), None);
    assert_eq!(nearest("x", ["yes", "no"]), None);
    assert_eq!(nearest("anything", []), None);
}

#[test]
fn of_two_equally_near_the_first_by_name_is_offered() {
    assert_eq!(nearest("cat", ["car", "cab"]), Some("cab"));
    assert_eq!(nearest("cat", ["cab", "car"]), Some("cab"));
}
