import { mark } from './marks.js'

// Where the time of an event begins, counted from the end of its mark: `","t":`.
const TIME = 6
const TIME_DIGITS = 13

/** Microseconds on a clock that all processes of the machine share. */
export function micros (): number {
  return Math.floor(Number(process.hrtime.bigint() / 1000n))
}

/** The data of an event: some fields, about 180 bytes of JSON, with the time when it was made. */
export function eventData (number: number): Record<string, unknown> {
  return { n: mark(number), t: 1e12 + micros() % 1e12, sensor: 'boiler-17', unit: 'celsius', value: 81.25, limits: { low: 20, high: 95 }, note: 'steady, no alarm in the last hour, next inspection in spring' }
}

/** Milliseconds since the event was made whose mark ends there; NaN where its text is cut. */
export function ageOf (text: string, end: number): number {
  const time = Number(text.slice(end + TIME, end + TIME + TIME_DIGITS))
  return time > 1e12 ? (micros() % 1e12 - (time - 1e12)) / 1000 : NaN
}

/** A line of exactly so many bytes, its line feed among them. */
export function line (number: number, bytes: number): string {
  return mark(number) + ' '.repeat(Math.max(0, bytes - 11)).replaceAll('    ', ' 4.2') + '\n'
}
