/** What every framing must do, in whatever pieces the bytes come: run with `framingSuite`, one at a time. */
import fc from 'fast-check'
import t from 'tap'
import { FrameTooLong } from '../../lib/framing/frame-too-long.js'
import type { FrameDecoder, Framing } from '../../types/index.js'

/** A framing, as the suite wants it. */
export interface FramingCase {
  readonly name: string
  readonly framing: Framing
  /** What a message is when it comes back; the same where this is left out. */
  readonly becomes?: (message: Buffer) => Buffer
  /** Whether what is left unfinished when the stream ends is a message. */
  readonly keepsRest: boolean
  /** Bytes that begin a message and never end it; each repetition makes it longer. */
  readonly endless?: Buffer
}

/** Everything that a stream became, and why it was given up, if it was. */
interface Outcome {
  readonly frames: readonly string[]
  readonly error: Error | null
}

const BOUND = 100

/** Cuts bytes at the given places. */
export function cut (bytes: Buffer, places: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let from = 0
  for (const place of places.map(each => each % (bytes.length + 1)).sort((a, b) => a - b)) {
    chunks.push(bytes.subarray(from, place))
    from = place
  }
  chunks.push(bytes.subarray(from))
  return chunks
}

/** Reads chunks to their end, or to the first error. */
export function readAll (decoder: FrameDecoder, chunks: readonly Buffer[]): Outcome {
  const frames: Buffer[] = []
  try {
    for (const chunk of chunks) frames.push(...decoder.push(chunk))
    frames.push(...decoder.end())
  } catch (error) {
    frames.push(...(error as FrameTooLong).before ?? [])
    return { frames: frames.map(frame => frame.toString('latin1')), error: error as Error }
  }
  // Looked at in the end, so that frames which were overwritten meanwhile are seen.
  return { frames: frames.map(frame => frame.toString('latin1')), error: null }
}

const places = fc.array(fc.nat(), { maxLength: 20 })
const message = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.array(fc.constantFrom(...Buffer.from('\r\n|-:, 12ab\0\xff', 'latin1')), { maxLength: 20 })
).map(bytes => Buffer.from(bytes))

/** Runs the suite for one framing. */
export function framingSuite (it: FramingCase): void {
  t.test(it.name, async t => {
    const { framing, keepsRest, endless, becomes = (message: Buffer) => message } = it
    const read = (chunks: readonly Buffer[], bound = BOUND) => readAll(framing.decoder(bound), chunks)
    const encode = (text: string) => framing.encode(Buffer.from(text)) as Buffer

    t.test('what is written is read as the same messages, whatever way it is cut', async () => {
      fc.assert(fc.property(fc.array(message, { maxLength: 8 }), places, (messages, places) => {
        const fit = messages.filter(message => framing.encode(message) !== null)
        const bytes = Buffer.concat(fit.map(message => framing.encode(message) as Buffer))
        const { frames, error } = read(cut(bytes, places))
        const wanted = fit.map(message => becomes(message).toString('latin1'))
        if (error !== null) return false
        return framing.whole ? JSON.stringify(frames) === JSON.stringify(wanted) : frames.join('') === wanted.join('') && !frames.includes('')
      }), { numRuns: 500 })
    })

    t.test('whatever bytes come, however they are cut: the same messages, the same verdict, nothing over the bound', async () => {
      const piece = fc.oneof(message, message.map(bytes => framing.encode(bytes) ?? bytes))
      fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), places, fc.integer({ min: 1, max: 30 }), (pieces, places, bound) => {
        const bytes = Buffer.concat(pieces)
        const whole = read([bytes], bound)
        const cutUp = read(cut(bytes, places), bound)
        if (!framing.whole) return whole.frames.join('') === cutUp.frames.join('')
        return JSON.stringify(whole.frames) === JSON.stringify(cutUp.frames) &&
          whole.error?.message === cutUp.error?.message && whole.frames.every(frame => frame.length <= bound)
      }), { numRuns: 1000 })
    })

    t.test('byte by byte; chunks of nothing are nothing', async t => {
      const texts = ['first', '', 'x'.repeat(BOUND), 'last']
      const bytes = Buffer.concat(texts.map(encode))
      const { frames, error } = read([...bytes].flatMap(byte => [Buffer.of(byte), Buffer.alloc(0)]))
      t.equal(error, null)
      if (framing.whole) t.strictSame(frames, texts)
      else t.equal(frames.join(''), texts.join(''))
    })

    t.test('two streams at once do not know of each other', async t => {
      const [one, two] = [framing.decoder(BOUND), framing.decoder(BOUND)]
      const [a, b] = [encode('aaaa'), encode('bbbb')]
      const heads = [...one.push(a.subarray(0, 3)), ...two.push(b.subarray(0, 3))]
      const tails = [...one.push(a.subarray(3)), ...two.push(b.subarray(3))]
      t.equal([...heads, ...tails].map(String).sort().join(''), 'aaaabbbb')
    })

    if (!framing.whole) return

    t.test('what is unfinished when the stream ends', async t => {
      const bytes = Buffer.concat([encode('whole'), encode('unfinished').subarray(0, 8)])
      const { frames, error } = read([bytes])
      t.equal(error, null)
      t.equal(frames.length, keepsRest ? 2 : 1)
      t.equal(frames[0], 'whole')
      t.strictSame(framing.decoder(BOUND).end(), [])
    })

    t.test('a message may be as long as the bound, and no longer; what came before it is not lost', async t => {
      const [ok, full, long] = [encode('ok'), encode('x'.repeat(BOUND)), encode('x'.repeat(BOUND + 1))]
      for (const chunks of [[Buffer.concat([ok, full])], [ok, full], [...ok, ...full].map(byte => Buffer.of(byte))]) {
        t.strictSame(read(chunks), { frames: ['ok', 'x'.repeat(BOUND)], error: null })
      }
      for (const chunks of [[Buffer.concat([ok, long, ok])], [ok, long], [...ok, ...long].map(byte => Buffer.of(byte))]) {
        const { frames, error } = read(chunks)
        t.ok(error instanceof FrameTooLong)
        t.strictSame(frames, ['ok'])
      }
    })

    if (endless === undefined) return

    t.test('what never ends is given up', async t => {
      const decoder = framing.decoder(BOUND)
      decoder.push(encode('ok'))
      t.throws(() => { for (let n = 0; n < 100_000; n++) decoder.push(endless) })
    })
  })
}
