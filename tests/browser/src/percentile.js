// Figures are told as percentiles of all samples: an average hides the viewer who suffered.

/** The smallest sample that `percent` of all samples do not exceed. @param {number[]} samples */
export function percentile(samples, /** @type {number} */ percent) {
  if (samples.length === 0) throw new Error('no samples: nothing was measured');
  const sorted = [...samples].sort((a, b) => a - b);
  return /** @type {number} */ (sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]);
}

/** @param {number[]} samples */
export function summary(samples) {
  return {
    n: samples.length,
    p50: percentile(samples, 50),
    p95: percentile(samples, 95),
    max: percentile(samples, 100),
  };
}
