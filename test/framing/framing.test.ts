/** Bytes to messages: whatever way the bytes are cut, the messages are the same. */
import fc from 'fast-check'
import t from 'tap'
import { encodings } from '../../lib/encoding/index.js'
import { FrameTooLong } from '../../lib/framing/frame-too-long.js'
import { framings, type FramingName } from '../../lib/framing/index.js'

const BOUND = 1000

/** Cuts bytes at the given places. */
function cut (bytes: Buffer, places: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let from = 0
  for (const place of [...places].map(each => each % (bytes.length + 1)).sort((a, b) => a - b)) {
    chunks.push(bytes.subarray(from, place))
    from = place
  }
  chunks.push(bytes.subarray(from))
  return chunks
}

/** What a service's bytes become, as the link does it. */
function read (framing: FramingName, chunks: readonly Buffer[], bound: number = BOUND): unknown[] {
  const frames = framings[framing].decoder(bound)
  const data = encodings.utf8.decoder(framings[framing].whole)
  const all: unknown[] = []
  const add = (value: unknown) => { if (value !== undefined) all.push(value) }
  for (const chunk of chunks) frames.push(chunk).map(frame => data.push(frame)).forEach(add)
  frames.end().map(frame => data.push(frame)).forEach(add)
  add(data.end())
  return all
}

const places = fc.array(fc.nat(), { maxLength: 20 })
const line = fc.string({ unit: fc.constantFrom('a', 'é', '漢', '😀', ' ', '\t'), maxLength: 20 })

t.test('lines: LF or CRLF, cut anywhere', async () => {
  fc.assert(fc.property(fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 10 }), places, (all, places) => {
    const bytes = Buffer.from(all.map(([text, end]) => text + end).join(''))
    return JSON.stringify(read('lines', cut(bytes, places))) === JSON.stringify(all.map(([text]) => text))
  }), { numRuns: 1000 })
})

t.test('lines: a last line without its end is a message, an empty rest is none', async t => {
  t.strictSame(read('lines', [Buffer.from('a\nb')]), ['a', 'b'])
  t.strictSame(read('lines', [Buffer.from('a\n')]), ['a'])
  t.strictSame(read('lines', [Buffer.from('\n\r\n')]), ['', ''])
  t.strictSame(read('lines', []), [])
})

t.test('lines: what outgrows the bound is refused, and what came before it is not lost', async t => {
  const long = Buffer.alloc(BOUND + 1, 'x')
  t.strictSame(read('lines', [Buffer.concat([Buffer.alloc(BOUND, 'x'), Buffer.from('\r\n')])]).length, 1)
  for (const chunks of [[Buffer.concat([Buffer.from('ok\n'), long, Buffer.from('\n')])], [Buffer.from('ok\n'), long, long], [Buffer.concat([Buffer.from('ok\n'), long, long])]]) {
    const frames = framings.lines.decoder(BOUND)
    const before: string[] = []
    t.throws(() => {
      for (const chunk of chunks) {
        try {
          before.push(...frames.push(chunk).map(String))
        } catch (error) {
          if (error instanceof FrameTooLong) before.push(...error.before.map(String))
          throw error
        }
      }
    }, FrameTooLong)
    t.strictSame(before, ['ok'])
  }
})

t.test('lines: a line that comes byte by byte is linear work', async t => {
  const frames = framings.lines.decoder(1 << 20)
  const byte = Buffer.from('x')
  for (let index = 0; index < 200_000; index++) frames.push(byte)
  t.equal(frames.push(Buffer.from('\n'))[0]?.length, 200_000)
})

t.test('lines: one message is one line, or it is refused', async t => {
  const encode = (text: string) => framings.lines.encode(Buffer.from(text))?.toString() ?? null
  t.equal(encode('a'), 'a\n')
  t.equal(encode(''), '\n')
  t.equal(encode('a\n'), 'a\n')
  t.equal(encode('a\r\n'), 'a\n')
  t.equal(encode('a\nb'), null)
  t.equal(encode('\n\n'), null)
  fc.assert(fc.property(line, text => JSON.stringify(read('lines', [framings.lines.encode(Buffer.from(text)) as Buffer])) === JSON.stringify([text])))
})

t.test('raw: everything that came, nothing cut inside a character', async () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'é', '漢', '😀'), maxLength: 40 }), places, (text, places) => {
    const all = read('raw', cut(Buffer.from(text), places)) as string[]
    return all.join('') === text && all.every(each => each !== '' && !each.includes('\uFFFD'))
  }), { numRuns: 1000 })
})

t.test('raw: invalid bytes become U+FFFD, and an unfinished character is not swallowed', async t => {
  t.strictSame(read('raw', [Buffer.from([0xff, 0x61])]), ['\uFFFDa'])
  t.strictSame(read('raw', [Buffer.from([0xe6, 0xbc])]), ['\uFFFD'])
})

t.test('utf8 writes text as it is and anything else as its JSON', async t => {
  t.equal(String(encodings.utf8.encode('é')), 'é')
  t.equal(String(encodings.utf8.encode({ method: 'start' })), '{"method":"start"}')
  t.equal(String(encodings.utf8.encode(5)), '5')
})
