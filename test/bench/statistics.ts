/** The middle of some numbers, or the mean of the two in the middle. */
export function median (numbers: readonly number[]): number {
  return quantile(numbers, 0.5)
}

/** The value that a share of some numbers lies below. @returns NaN where there are none */
export function quantile (numbers: readonly number[], share: number): number {
  if (numbers.length === 0) return NaN
  const sorted = [...numbers].sort((one, other) => one - other)
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)] as number
  const high = sorted[Math.ceil(at)] as number
  return low + (high - low) * (at - Math.floor(at))
}

/** How far some numbers lie apart, as a share of their median. */
export function spread (numbers: readonly number[]): number {
  return (Math.max(...numbers) - Math.min(...numbers)) / median(numbers)
}
