//! Rotary position embeddings.
//!
//! Source: Su et al. 2021 (arXiv 2104.09864), section 3.4.2: the pair `i` of a head's `d` numbers, here the
//! neighbours 2i and 2i + 1, is rotated by position · base^(−2i/d).

/// The rotations of a model.
#[derive(Debug)]
pub struct Rope {
    /// The rotation of each pair from one position to the next, as (cos, sin).
    turns: Vec<(f64, f64)>,
    /// The (cos, sin) of each pair, for each of the current positions.
    now: Vec<(f32, f32)>,
}

impl Rope {
    /// Creates the rotations for heads of `length` numbers, with positions divided by `scale`.
    pub fn new(length: usize, base: f32, scale: f32) -> Self {
        let pairs = length / 2;
        // The ratio of each pair's angle to the previous one's.
        let step = root(f64::from(base), pairs).recip();
        let mut angle = f64::from(scale).recip();
        let turns = (0..pairs)
            .map(|_| {
                let turn = unit(angle);
                angle *= step;
                turn
            })
            .collect();
        Self {
            turns,
            now: Vec::new(),
        }
    }

    /// Sets the current positions: `count` of them, starting at `first`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the rotations need single precision only"
    )]
    pub fn turn_to(&mut self, first: usize, count: usize) {
        let mut turned: Vec<_> = self.turns.iter().map(|turn| power(*turn, first)).collect();
        self.now.clear();
        for _ in 0..count {
            for (now, turn) in turned.iter_mut().zip(&self.turns) {
                self.now.push((now.0 as f32, now.1 as f32));
                *now = times(*now, *turn);
            }
        }
    }

    /// Rotates the heads of `count` tokens, each by its own position.
    pub fn rotate(&self, vectors: &mut [f32], count: usize) {
        let length = vectors.len() / count;
        let tokens = vectors.chunks_exact_mut(length);
        for (vector, now) in tokens.zip(self.now.chunks_exact(self.turns.len())) {
            for head in vector.chunks_exact_mut(2 * now.len()) {
                for ([a, b], (cos, sin)) in head.as_chunks_mut::<2>().0.iter_mut().zip(now) {
                    (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
                }
            }
        }
    }
}

/// The product of two complex numbers.
fn times(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// Raises a complex number to a power by repeated squaring.
fn power(mut of: (f64, f64), mut exponent: usize) -> (f64, f64) {
    let mut made = (1.0, 0.0);
    while exponent > 0 {
        if exponent % 2 == 1 {
            made = times(made, of);
        }
        of = times(of, of);
        exponent /= 2;
    }
    made
}

/// (cos, sin) of an angle: the Taylor series of the angle halved until it is small, then doubled back. The
/// library's functions would pull in the reduction of huge angles.
fn unit(angle: f64) -> (f64, f64) {
    let mut halvings = 0;
    let mut small = angle;
    while small.abs() > 0.5 {
        small /= 2.0;
        halvings += 1;
    }
    let (mut cos, mut sin) = (0.0, 0.0);
    let mut term = 1.0;
    for power in 1..20 {
        match power % 4 {
            1 => cos += term,
            2 => sin += term,
            3 => cos -= term,
            _ => sin -= term,
        }
        term *= small / f64::from(power);
    }
    let mut turn = (cos, sin);
    for _ in 0..halvings {
        turn = times(turn, turn);
    }
    turn
}

/// The `degree`-th root of a positive number, by bisection: the y for which y^degree is the number.
fn root(of: f64, degree: usize) -> f64 {
    let (mut low, mut high) = (of.min(1.0), of.max(1.0));
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        let mut product = 1.0;
        for _ in 0..degree {
            product *= middle;
        }
        if product < of {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}
