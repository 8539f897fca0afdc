import fc from 'fast-check'
import t from 'tap'
import { textFrame, textFrames } from '../../lib/transports/frame.js'

interface Frame { readonly text: string, readonly end: number }

// Reads a frame as RFC 6455 has it, without any code of ours.
function read (bytes: Buffer, at: number): Frame {
  if (bytes[at] !== 0x81) throw new Error(`no text frame: ${bytes[at]}`)
  const short = bytes[at + 1] as number
  const [length, from] = short < 126 ? [short, at + 2] : short === 126 ? [bytes.readUInt16BE(at + 2), at + 4] : [Number(bytes.readBigUInt64BE(at + 2)), at + 10]
  return { text: bytes.toString('utf8', from, from + length), end: from + length }
}

function readAll (bytes: Buffer): string[] {
  const texts = []
  for (let at = 0; at < bytes.length;) {
    const { text, end } = read(bytes, at)
    texts.push(text)
    at = end
  }
  return texts
}

t.test('frames of every length that changes the header', async t => {
  for (const length of [0, 1, 125, 126, 127, 128, 255, 256, 65535, 65536, 70_000, 2 ** 24 + 3]) {
    t.strictSame(readAll(textFrame('x'.repeat(length))), ['x'.repeat(length)], `${length} characters`)
  }
  t.strictSame(readAll(textFrame('é'.repeat(100))), ['é'.repeat(100)], 'bytes are counted, not characters')
})

t.test('frames that are joined are what they are alone', async t => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constantFrom(120, 125, 126, 200, 65535, 65536).map(length => 'y'.repeat(length)))
  t.ok(fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), texts => {
    const joined = textFrames(texts)
    if (!joined.equals(Buffer.concat(texts.map(textFrame)))) throw new Error('not the same bytes')
    if (JSON.stringify(readAll(joined)) !== JSON.stringify(texts)) throw new Error('not the same texts')
  }), { numRuns: 1000 }) === undefined)
})
