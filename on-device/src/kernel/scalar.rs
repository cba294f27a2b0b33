//! Lanes as arrays: for targets other than wasm, and as a reference for the SIMD version.

use super::Lanes;
use crate::quant::single;

/// Lanes as arrays.
pub struct Scalar;

fn each<A: Copy, B: Copy, C: Copy + Default, const N: usize>(
    a: [A; N],
    b: [B; N],
    of: impl Fn(A, B) -> C,
) -> [C; N] {
    let mut made = [C::default(); N];
    for i in 0..N {
        made[i] = of(a[i], b[i]);
    }
    made
}

impl Lanes for Scalar {
    type Float = [f32; 4];
    type Int = [i32; 4];
    type Short = [i16; 8];

    #[inline]
    fn splat(number: f32) -> [f32; 4] {
        [number; 4]
    }

    #[inline]
    fn load(from: &[f32; 4]) -> [f32; 4] {
        *from
    }

    #[inline]
    fn store(lanes: [f32; 4], into: &mut [f32; 4]) {
        *into = lanes;
    }

    #[inline]
    fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(a, b, |a, b| a + b)
    }

    #[inline]
    fn sub(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(a, b, |a, b| a - b)
    }

    #[inline]
    fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(a, b, |a, b| a * b)
    }

    #[inline]
    fn div(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(a, b, |a, b| a / b)
    }

    #[inline]
    fn max(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(a, b, |a, b| if a < b { b } else { a })
    }

    #[inline]
    fn min(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(a, b, |a, b| if b < a { b } else { a })
    }

    #[inline]
    fn nearest(a: [f32; 4]) -> [f32; 4] {
        a.map(f32::round_ties_even)
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the sums are whole numbers from 1 to 254"
    )]
    fn power(a: [f32; 4]) -> [f32; 4] {
        a.map(|a| f32::from_bits(((a + 127.0) as i32 as u32) << 23))
    }

    #[inline]
    fn halves(from: &[u16; 4]) -> [f32; 4] {
        from.map(single)
    }

    #[inline]
    fn shorts(from: &[i16; 8]) -> [i16; 8] {
        *from
    }

    #[inline]
    fn pair([a, b]: [i16; 2]) -> [i16; 8] {
        [a, b, a, b, a, b, a, b]
    }

    #[inline]
    fn nibbles(from: &[u8; 16]) -> [[i16; 8]; 4] {
        let mut made = [[0; 8]; 4];
        for i in 0..8 {
            let (even, odd) = (i16::from(from[2 * i]), i16::from(from[2 * i + 1]));
            made[0][i] = even & 15;
            made[1][i] = even >> 4;
            made[2][i] = odd & 15;
            made[3][i] = odd >> 4;
        }
        made
    }

    #[inline]
    fn bytes(from: &[i8; 16]) -> [[i16; 8]; 2] {
        let mut made = [[0; 8]; 2];
        for i in 0..8 {
            made[0][i] = i16::from(from[2 * i]);
            made[1][i] = i16::from(from[2 * i + 1]);
        }
        made
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    fn narrow(low: [f32; 4], high: [f32; 4]) -> [i16; 8] {
        let mut made = [0; 8];
        for (into, number) in made.iter_mut().zip([low, high].as_flattened()) {
            *into = number.round_ties_even() as i16;
        }
        made
    }

    #[inline]
    fn dot(a: [i16; 8], b: [i16; 8]) -> [i32; 4] {
        let products = each(a, b, |a, b| i32::from(a) * i32::from(b));
        let mut made = [0; 4];
        for i in 0..4 {
            made[i] = products[2 * i].wrapping_add(products[2 * i + 1]);
        }
        made
    }

    #[inline]
    fn plus(a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        each(a, b, i32::wrapping_add)
    }

    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        reason = "the cast rounds to the nearest, as the SIMD version does"
    )]
    fn float(a: [i32; 4]) -> [f32; 4] {
        a.map(|a| a as f32)
    }

    #[inline]
    fn sums(of: [[i32; 4]; 4]) -> [i32; 4] {
        of.map(|[a, b, c, d]| a.wrapping_add(b).wrapping_add(c).wrapping_add(d))
    }
}
