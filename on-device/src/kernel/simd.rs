//! Lanes as wasm's 128-bit vectors.
//!
//! Source: the WebAssembly specification, "Vector Instructions"; `core::arch::wasm32` uses the same names.

use core::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_div, f32x4_mul, f32x4_nearest, f32x4_pmax, f32x4_pmin,
    f32x4_splat, f32x4_sub, i16x8_narrow_i32x4, i16x8_shl, i16x8_shr, i32x4_add, i32x4_dot_i16x8,
    i32x4_shl, i32x4_shuffle, i32x4_trunc_sat_f32x4, u16x8_shr, u16x8_splat,
    u32x4_extend_low_u16x8, u32x4_splat, v128, v128_and, v128_load, v128_load64_zero, v128_or,
    v128_store,
};

use super::Lanes;

/// Lanes as wasm's vectors.
pub struct Simd;

/// Loads 16 bytes.
#[inline]
#[target_feature(enable = "simd128")]
fn vector<T>(from: &T) -> v128 {
    const { assert!(size_of::<T>() == 16) };
    #[expect(unsafe_code, reason = "a reference to 16 bytes is valid for 16 bytes")]
    unsafe {
        v128_load(std::ptr::from_ref(from).cast())
    }
}

impl Lanes for Simd {
    type Float = v128;
    type Int = v128;
    type Short = v128;

    #[inline]
    #[target_feature(enable = "simd128")]
    fn splat(number: f32) -> v128 {
        f32x4_splat(number)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn load(from: &[f32; 4]) -> v128 {
        vector(from)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn store(lanes: v128, into: &mut [f32; 4]) {
        #[expect(unsafe_code, reason = "a reference to 16 bytes is valid for 16 bytes")]
        unsafe {
            v128_store(std::ptr::from_mut(into).cast(), lanes);
        }
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn add(a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn sub(a: v128, b: v128) -> v128 {
        f32x4_sub(a, b)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn mul(a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn div(a: v128, b: v128) -> v128 {
        f32x4_div(a, b)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn max(a: v128, b: v128) -> v128 {
        f32x4_pmax(a, b)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn min(a: v128, b: v128) -> v128 {
        f32x4_pmin(a, b)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn nearest(a: v128) -> v128 {
        f32x4_nearest(a)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn power(a: v128) -> v128 {
        i32x4_shl(i32x4_trunc_sat_f32x4(f32x4_add(a, f32x4_splat(127.0))), 23)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn halves(from: &[u16; 4]) -> v128 {
        #[expect(unsafe_code, reason = "a reference to 8 bytes is valid for 8 bytes")]
        let halves = unsafe { v128_load64_zero(from.as_ptr().cast()) };
        let halves = u32x4_extend_low_u16x8(halves);
        let size = i32x4_shl(v128_and(halves, u32x4_splat(0x7fff)), 13);
        let size = f32x4_mul(size, u32x4_splat((127 + 112) << 23));
        v128_or(size, i32x4_shl(v128_and(halves, u32x4_splat(0x8000)), 16))
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn shorts(from: &[i16; 8]) -> v128 {
        vector(from)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn pair([a, b]: [i16; 2]) -> v128 {
        u32x4_splat(u32::from(a.cast_unsigned()) | u32::from(b.cast_unsigned()) << 16)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn nibbles(from: &[u8; 16]) -> [v128; 4] {
        let pairs = vector(from);
        let lower = u16x8_splat(15);
        [
            v128_and(pairs, lower),
            v128_and(u16x8_shr(pairs, 4), lower),
            v128_and(u16x8_shr(pairs, 8), lower),
            u16x8_shr(pairs, 12),
        ]
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn bytes(from: &[i8; 16]) -> [v128; 2] {
        let pairs = vector(from);
        [i16x8_shr(i16x8_shl(pairs, 8), 8), i16x8_shr(pairs, 8)]
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn narrow(low: v128, high: v128) -> [i16; 8] {
        let whole = |of| i32x4_trunc_sat_f32x4(f32x4_nearest(of));
        let mut made = [0; 8];
        #[expect(unsafe_code, reason = "a reference to 16 bytes is valid for 16 bytes")]
        unsafe {
            let narrow = i16x8_narrow_i32x4(whole(low), whole(high));
            v128_store(std::ptr::from_mut(&mut made).cast(), narrow);
        }
        made
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn dot(a: v128, b: v128) -> v128 {
        i32x4_dot_i16x8(a, b)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn plus(a: v128, b: v128) -> v128 {
        i32x4_add(a, b)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn float(a: v128) -> v128 {
        f32x4_convert_i32x4(a)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    fn sums(of: [v128; 4]) -> v128 {
        let [a, b, c, d] = of;
        // Adds two lanes of two vectors each, then one lane of each of the four.
        let ab = i32x4_add(
            i32x4_shuffle::<0, 4, 1, 5>(a, b),
            i32x4_shuffle::<2, 6, 3, 7>(a, b),
        );
        let cd = i32x4_add(
            i32x4_shuffle::<0, 4, 1, 5>(c, d),
            i32x4_shuffle::<2, 6, 3, 7>(c, d),
        );
        i32x4_add(
            i32x4_shuffle::<0, 1, 4, 5>(ab, cd),
            i32x4_shuffle::<2, 3, 6, 7>(ab, cd),
        )
    }
}
