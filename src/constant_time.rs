//! What decides whose money is whose is compared in constant time, and in no
//! other way.

use ctutils::CtEq;

/// Equality in constant time for texts of equal length.
pub(crate) fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// Does not compile if one of the types has `==`: both impls would apply then.
macro_rules! never_equal {
    ($($Type:ty),+) => {
        const _: () = {
            trait AmbiguousIfEqual<A> {
                const CHECK: () = ();
            }
            impl<T: ?Sized> AmbiguousIfEqual<()> for T {}
            struct Equal;
            impl<T: ?Sized + PartialEq> AmbiguousIfEqual<Equal> for T {}
            $( let () = <$Type as AmbiguousIfEqual<_>>::CHECK; )+
        };
    };
}

pub(crate) use never_equal;
