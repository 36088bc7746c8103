//! Constant-time comparison, enforced for values that decide to whom money belongs.

use ctutils::CtEq;

/// Compares strings of equal length in constant time.
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
