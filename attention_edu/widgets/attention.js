// The mathematics of attention in JavaScript: the same functions as attention.py, held equal to
// them by a test. Nothing else in the pages computes attention.
// Arrays of numbers in, arrays of numbers out; arguments are left as they were.

/** Scores to weights. Where every score is -Infinity (all masked), all weights are 0. */
export function softmax(scores, temperature = 1) {
  let peak = -Infinity;
  for (const score of scores) if (score > peak) peak = score;
  if (peak === -Infinity) return scores.map(() => 0);
  // Dividing first keeps ±1e308 apart; for small temperatures it would overflow.
  const exponent =
    temperature > 1
      ? (score) => score / temperature - peak / temperature
      : (score) => (score - peak) / temperature;
  const powers = scores.map((score) => Math.exp(exponent(score)));
  let total = 0;
  for (const power of powers) total += power;
  return powers.map((power) => power / total);
}

/** Scores with -Infinity where the mask is false. True = may attend. */
export function maskScores(scores, mask) {
  return scores.map((score, i) => (mask[i] ? score : -Infinity));
}

/** The mean of the values (rows) under the weights. */
export function weightedSum(weights, values) {
  const sum = new Array(values[0].length).fill(0);
  weights.forEach((weight, i) => values[i].forEach((x, c) => (sum[c] += weight * x)));
  return sum;
}

/** Entropy of weights in bits: 0 if one weight has it all, log2(n) if all are equal. */
export function entropy(weights) {
  let bits = 0;
  for (const weight of weights) if (weight > 0) bits -= weight * Math.log2(weight);
  return Math.max(bits, 0);
}

/** The largest weight that a second softmax over n tokens can give: e / (e + n − 1). */
export function secondSoftmaxCeiling(n) {
  return Math.E / (Math.E + n - 1);
}
