//! The rooms inside, for those who need DataFusion, Iceberg or object_store types, and for rat's own tests. Unstable: anything here may
//! change in any release.

macro_rules! doors {
    ($($room:ident)+) => { $(
        #[doc = concat!("The room `", stringify!($room), "`.")]
        #[allow(unused_imports)]
        pub mod $room { pub use crate::$room::*; }
    )+ };
}

doors!(types storage tables ledger project config template graph compile session plan execute dialect files merge quality check run build query landing maintain);
