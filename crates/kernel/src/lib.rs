//! Vector instructions: compiles a kernel a second time for AVX2, and chooses at run time. Called by the kernels
//! of imaging, jpeg and webp, which are plain loops over arrays.
//!
//! The compiler turns such loops into vector instructions. By default it may only use SSE2, which every x86-64
//! processor has; AVX2 handles twice as many numbers at once. Both forms come from the same source, and no form fuses a
//! multiplication with an addition. So both compute the same bytes. Intrinsics are deliberately not here.

/// A kernel with its arguments: a piece of work that is all loops.
pub trait Kernel {
    /// The result of the work.
    type Output;

    /// Does the work. It has to be `#[inline(always)]`, and all that it calls in its loops too: a function that is
    /// called, and not inlined, is compiled for SSE2 alone. (A closure cannot be marked so, hence this trait.)
    fn run(self) -> Self::Output;
}

/// Runs a kernel, in its form for AVX2 where the processor has it.
#[inline]
#[allow(unsafe_code, reason = "the call of a function that is compiled for AVX2")]
pub fn with_widest<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2") {
        // SAFETY: the processor has all that the function asks for.
        return unsafe { with_avx2(kernel) };
    }
    kernel.run()
}

/// BMI2 shifts by a variable number of bits in one instruction.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi2")]
fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sums<'v>(&'v [f32]);

    impl Kernel for Sums<'_> {
        type Output = [u32; 8];

        #[inline(always)]
        fn run(self) -> [u32; 8] {
            let mut sums = [0.0_f32; 8];
            for lanes in self.0.as_chunks::<8>().0 {
                for (sum, value) in sums.iter_mut().zip(lanes) {
                    *sum += value * 0.7;
                }
            }
            sums.map(f32::to_bits)
        }
    }

    #[test]
    fn sums_of_both_forms_are_the_same_to_the_last_bit() {
        // Thirds are not exact, so that another order or a fused multiplication would show.
        let values: Vec<f32> = (0..1000_u16).map(|value| f32::from(value) / 3.0).collect();
        assert_eq!(with_widest(Sums(&values)), Sums(&values).run());
    }
}
