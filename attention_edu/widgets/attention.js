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

/** Score each key by how near it is: −(query − key)² / 2, at most 0. */
export function distanceScores(query, keys) {
  return keys.map((key) => (-(query - key) * (query - key)) / 2);
}

/** What kernels make of a distance in bandwidths. The Gaussian one is exp(score / bandwidth²). */
export const KERNELS = {
  gaussian: (distance) => Math.exp(distanceScores(0, [distance])[0]),
  boxcar: (distance) => (Math.abs(distance) <= 1 ? 1 : 0),
  epanechnikov: (distance) => (Math.abs(distance) <= 1 ? 0.75 * (1 - distance * distance) : 0),
};

/** One unit of weight shared out by nearness; all weights are 0 where no key is near enough. */
export function kernelWeights(kernel, query, keys, bandwidth) {
  if (kernel === "gaussian") return gaussianWeights(query, keys, bandwidth);
  const parts = keys.map((key) => KERNELS[kernel]((query - key) / bandwidth));
  const total = parts.reduce((sum, part) => sum + part, 0);
  return total > 0 ? parts.map((part) => part / total) : parts;
}

/**
 * The softmax of `distanceScores` at temperature bandwidth². The nearest key's score is subtracted
 * before anything is squared: no weight changes, and a query far away still tells keys apart.
 */
function gaussianWeights(query, keys, bandwidth) {
  let nearest = keys[0];
  let [low, high] = [nearest, nearest];
  for (const key of keys) {
    if (Math.abs(query - key) < Math.abs(query - nearest)) nearest = key;
    if (key < low) low = key;
    if (key > high) high = key;
  }
  if (query >= high) nearest = high;
  else if (query <= low) nearest = low;
  const scores = keys.map((key) => (-(nearest - key) * (query - key + (query - nearest))) / 2);
  return softmax(scores, bandwidth * bandwidth);
}

/** How many equal weights would be as concentrated as these: 1 / Σ weight². */
export function effectiveCount(weights) {
  let squares = 0;
  for (const weight of weights) squares += weight * weight;
  return squares > 0 ? 1 / squares : 0;
}

/** One score a key (row): its dot product with the query, times `scale`. */
export function dotProductScores(query, keys, scale = 1) {
  const scaled = query.map((x) => x * scale);
  return keys.map((key) => key.reduce((sum, x, c) => sum + scaled[c] * x, 0));
}

/** One score a key: the cosine of its angle with the query; 0 where either has no length. */
export function cosineScores(query, keys) {
  return dotProductScores(unitVector(query), keys.map(unitVector));
}

/** A vector divided by its length; one of zeros stays. */
function unitVector(numbers) {
  const largest = Math.max(...numbers.map(Math.abs));
  if (largest === 0) return numbers;
  const near = numbers.map((x) => x / largest); // so that no tiny number is squared
  const length = Math.hypot(...near);
  return near.map((x) => x / length);
}
