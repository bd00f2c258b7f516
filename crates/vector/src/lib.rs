//! Vector instructions: compiles a piece of work a second time for AVX2, and chooses at run time. Called by the kernels
//! of imaging and jpeg, which are plain loops over arrays.
//!
//! The compiler turns such loops into vector instructions. By default it may only use SSE2, which every x86-64 processor
//! has; AVX2 handles twice as many numbers at once. Both forms come from the same source, no form fuses a multiplication
//! with an addition, and so both compute the same bytes. Intrinsics are deliberately not here.

/// Does the work, by AVX2 where the processor has it.
///
/// The closure has to be inlined to gain anything: it and all that it calls in its loops are `#[inline(always)]`, or
/// loops in the closure itself.
#[inline]
#[allow(unsafe_code, reason = "the call of a function that is compiled for AVX2")]
pub fn with_widest<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the function asks for.
        return unsafe { with_avx2(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_once_and_its_result_comes_back() {
        let mut done = 0;
        let result = with_widest(|| {
            done += 1;
            "result"
        });
        assert_eq!((done, result), (1, "result"));
    }

    #[test]
    fn sums_of_both_forms_are_the_same_to_the_last_bit() {
        // Thirds are not exact, so that another order or a fused multiplication would show.
        let values: Vec<f32> = (0..1000_u16).map(|value| f32::from(value) / 3.0).collect();
        let sum = |values: &[f32]| {
            let mut sums = [0.0_f32; 8];
            for lanes in values.as_chunks::<8>().0 {
                for (sum, value) in sums.iter_mut().zip(lanes) {
                    *sum += value * 0.7;
                }
            }
            sums.map(f32::to_bits)
        };
        assert_eq!(with_widest(|| sum(&values)), sum(&values));
    }
}
