/** Bytes to messages: whatever way the bytes are cut, the messages are the same. */
import fc from 'fast-check'
import t from 'tap'
import { encodings } from '../../lib/encoding/index.js'
import { FrameTooLong } from '../../lib/framing/frame-too-long.js'
import { framingOf, framings, type FramingName, type FramingOption } from '../../lib/framing/index.js'

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

const settings: FramingOption[] = [
  { type: 'delimiter', delimiter: '\r\n--\r\n' },
  { type: 'delimiter', delimiter: [0, 255] },
  'content-length',
  ...[1, 2, 4].flatMap(bytes => (['big', 'little'] as const).flatMap(endian => [true, false].map(inclusive =>
    ({ type: 'length-prefixed', bytes: bytes as 1 | 2 | 4, endian, inclusive } as const))))
]

for (const option of settings) {
  const name = JSON.stringify(option)
  const framing = framingOf(option)

  t.test(`${name}: whatever way the bytes are cut, the messages are the same`, async () => {
    const message = fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes))
    fc.assert(fc.property(fc.array(message, { maxLength: 8 }), places, (messages, places) => {
      const written = messages.map(message => framing.encode(message)).filter(bytes => bytes !== null)
      const sent = messages.filter(message => framing.encode(message) !== null)
      const frames = framing.decoder(BOUND)
      const read = cut(Buffer.concat(written), places).flatMap(chunk => frames.push(chunk).map(frame => Buffer.from(frame)))
      return read.length === sent.length && read.every((frame, index) => frame.equals(sent[index] as Buffer)) && frames.end().length === 0
    }), { numRuns: 300 })
  })

  t.test(`${name}: byte by byte, views stay what they were`, async t => {
    const message = Buffer.alloc(200, 'abc')
    const bytes = Buffer.concat([framing.encode(message), framing.encode(message)] as Buffer[])
    const frames = framing.decoder(BOUND)
    const read: Buffer[] = []
    for (const byte of bytes) read.push(...frames.push(Buffer.of(byte)))
    t.strictSame(read.map(String), [String(message), String(message)])
  })

  t.test(`${name}: a flood is refused, and what came before it is not lost`, async t => {
    const fine = framing.encode(Buffer.from('ok')) as Buffer
    const bound = 100
    const long = framing.encode(Buffer.alloc(bound + 1, 'x')) as Buffer
    const frames = framing.decoder(bound)
    try {
      frames.push(Buffer.concat([fine, long]))
      t.fail('nothing was refused')
    } catch (error) {
      t.ok(error instanceof FrameTooLong)
      t.strictSame((error as FrameTooLong).before.map(String), ['ok'])
    }
    if (typeof option === 'object' && 'type' in option && option.type === 'delimiter') {
      const endless = framing.decoder(bound)
      t.throws(() => { for (let n = 0; n < 100; n++) endless.push(Buffer.alloc(10, 'x')) }, FrameTooLong)
    }
  })
}

t.test('what a framing cannot hold is not written', async t => {
  t.equal(framingOf({ type: 'delimiter', delimiter: '|' }).encode(Buffer.from('a|b')), null)
  t.equal(framingOf({ type: 'length-prefixed', bytes: 1 }).encode(Buffer.alloc(256)), null)
  t.equal(framingOf({ type: 'length-prefixed', bytes: 1 }).encode(Buffer.alloc(255))?.length, 256)
  t.equal(framingOf({ type: 'length-prefixed', bytes: 1, inclusive: true }).encode(Buffer.alloc(255)), null)
})

t.test('delimiter: what the service left unfinished is a message', async t => {
  const frames = framingOf({ type: 'delimiter', delimiter: '|' }).decoder(BOUND)
  t.strictSame(frames.push(Buffer.from('a|b')).map(String), ['a'])
  t.strictSame(frames.end().map(String), ['b'])
})

t.test('content-length: other fields and capitals are fine; heads that are none are not', async t => {
  const read = (text: string) => framingOf('content-length').decoder(BOUND).push(Buffer.from(text)).map(String)
  t.strictSame(read('Content-Type: x\r\ncontent-LENGTH:  2\r\n\r\nokContent-Length: 0\r\n\r\n'), ['ok', ''])
  for (const text of ['Length: 2\r\n\r\nok', 'Content-Length: -2\r\n\r\n', 'x'.repeat(5000), 'Content-Length: 2x\r\n\r\n']) t.throws(() => read(text), text.slice(0, 20))
  t.throws(() => framingOf({ type: 'length-prefixed', bytes: 4, inclusive: true }).decoder(BOUND).push(Buffer.from([0, 0, 0, 3])))
})

t.test('a framing of one\'s own is taken as it is', async t => {
  t.equal(framingOf(framings.raw), framings.raw)
})
