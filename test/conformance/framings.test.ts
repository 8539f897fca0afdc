/** Every framing through the suite of its port: the built-in ones with all their settings, and one of an application. */
import t from 'tap'
import { FrameTooLong } from '../../lib/framing/frame-too-long.js'
import { framingOf } from '../../lib/framing/index.js'
import type { FrameDecoder, Framing } from '../../types/index.js'
import { framingSuite, readAll } from './framing.js'

const text = Buffer.from('text without any end ')

framingSuite({ name: 'raw', framing: framingOf('raw'), keepsRest: true })

framingSuite({
  name: 'lines',
  framing: framingOf('lines'),
  keepsRest: true,
  endless: text,
  // LF at its end is what the framing adds, and CR before LF is a part of the end of a line.
  becomes: message => Buffer.from(message.toString('latin1').replace(/\r?\n$/, '').replace(/\r$/, ''), 'latin1')
})

for (const delimiter of ['|', '\r\n--\r\n', '--', [0, 255], [0]]) {
  framingSuite({ name: `delimiter ${JSON.stringify(delimiter)}`, framing: framingOf({ type: 'delimiter', delimiter }), keepsRest: true, endless: text })
}

for (const bytes of [1, 2, 4] as const) {
  for (const endian of ['big', 'little'] as const) {
    for (const inclusive of [true, false]) {
      const option = { type: 'length-prefixed', bytes, endian, inclusive } as const
      framingSuite({ name: JSON.stringify(option), framing: framingOf(option), keepsRest: false, endless: Buffer.of(255) })
    }
  }
}

framingSuite({ name: 'content-length', framing: framingOf('content-length'), keepsRest: false, endless: Buffer.from('Header: field\r\n') })

/** Netstrings: `5:hello,`. */
const netstrings: Framing = {
  whole: true,
  encode: message => Buffer.concat([Buffer.from(`${message.length}:`), message, Buffer.from(',')]),
  decoder (bound): FrameDecoder {
    let rest = Buffer.alloc(0)
    const next = (before: Buffer[]): Buffer | null => {
      const colon = rest.indexOf(':')
      const head = rest.subarray(0, colon === -1 ? rest.length : colon).toString('latin1')
      if (!/^\d{0,4}$/.test(head)) throw Object.assign(new Error('no netstring'), { before })
      if (colon === -1) return null
      if (Number(head) > bound) throw new FrameTooLong(bound, before)
      const end = colon + 1 + Number(head)
      if (rest.length <= end) return null
      if (rest[end] !== 44 || head === '') throw Object.assign(new Error('no netstring'), { before })
      const frame = rest.subarray(colon + 1, end)
      rest = rest.subarray(end + 1)
      return frame
    }
    return {
      push (chunk) {
        rest = Buffer.concat([rest, chunk])
        const frames: Buffer[] = []
        for (let frame = next(frames); frame !== null; frame = next(frames)) frames.push(frame)
        return frames
      },
      end: () => []
    }
  }
}

framingSuite({ name: 'a framing of one\'s own: netstrings', framing: framingOf(netstrings), keepsRest: false, endless: Buffer.from('1') })

t.test('a framing of one\'s own is taken as it is', async t => {
  t.equal(framingOf(netstrings), netstrings)
})

t.test('lines: LF or CRLF, an empty line is a message, what is written is one line or nothing', async t => {
  const read = (text: string) => readAll(framingOf('lines').decoder(100), [Buffer.from(text)]).frames
  t.strictSame(read('a\nb\r\nc'), ['a', 'b', 'c'])
  t.strictSame(read('a\n'), ['a'])
  t.strictSame(read('\n\r\n'), ['', ''])
  const encode = (text: string) => framingOf('lines').encode(Buffer.from(text))?.toString() ?? null
  t.equal(encode(''), '\n')
  t.equal(encode('a\r\n'), 'a\n')
  for (const text of ['a\nb', '\n\n']) t.equal(encode(text), null)
})

t.test('lines: one CR of an end is taken away, and no second one where a line after it is too long', async t => {
  const { frames, error } = readAll(framingOf('lines').decoder(15), [Buffer.from(`a\r\r\n${'x'.repeat(16)}\n`)])
  t.strictSame(frames, ['a\r'])
  t.ok(error instanceof FrameTooLong)
})

t.test('what a framing cannot hold is not written', async t => {
  t.equal(framingOf({ type: 'delimiter', delimiter: '|' }).encode(Buffer.from('a|b')), null)
  t.equal(framingOf({ type: 'delimiter', delimiter: '--' }).encode(Buffer.from('a-')), null, 'it would end one byte early')
  t.equal(framingOf({ type: 'length-prefixed', bytes: 1 }).encode(Buffer.alloc(256)), null)
  t.equal(framingOf({ type: 'length-prefixed', bytes: 1 }).encode(Buffer.alloc(255))?.length, 256)
  t.equal(framingOf({ type: 'length-prefixed', bytes: 1, inclusive: true }).encode(Buffer.alloc(255)), null)
})

t.test('length-prefixed: which byte comes first, and what the length counts', async t => {
  const written = (bytes: 1 | 2 | 4, endian: 'big' | 'little', inclusive: boolean) =>
    [...framingOf({ type: 'length-prefixed', bytes, endian, inclusive }).encode(Buffer.from('a')) as Buffer]
  t.strictSame(written(2, 'big', false), [0, 1, 97])
  t.strictSame(written(2, 'little', false), [1, 0, 97])
  t.strictSame(written(4, 'big', true), [0, 0, 0, 5, 97])
  t.throws(() => framingOf({ type: 'length-prefixed', bytes: 4, inclusive: true }).decoder(100).push(Buffer.from([0, 0, 0, 3])))
})

t.test('content-length: other fields and capitals are fine; heads that are none are not', async t => {
  const read = (text: string) => framingOf('content-length').decoder(100).push(Buffer.from(text)).map(String)
  t.strictSame(read('Content-Type: x\r\ncontent-LENGTH:  2\r\n\r\nokContent-Length: 0\r\n\r\n'), ['ok', ''])
  for (const text of ['Length: 2\r\n\r\nok', 'Content-Length: -2\r\n\r\n', 'x'.repeat(5000), 'Content-Length: 2x\r\n\r\n']) t.throws(() => read(text), text.slice(0, 20))
  const head = `Content-Length: 2\r\nPadding: ${'x'.repeat(4096 - 'Content-Length: 2\r\nPadding: '.length)}\r\n\r\nok`
  for (let at = 4090; at < 4105; at++) t.strictSame(readAll(framingOf('content-length').decoder(100), [Buffer.from(head.slice(0, at)), Buffer.from(head.slice(at))]), { frames: ['ok'], error: null })
})

t.test('a long message that comes byte by byte is read', async t => {
  for (const option of ['lines', 'content-length', { type: 'delimiter', delimiter: '--' }, { type: 'length-prefixed', bytes: 4 }] as const) {
    const framing = framingOf(option)
    const message = Buffer.alloc(200_000, 'x')
    const decoder = framing.decoder(1 << 20)
    const frames = [...framing.encode(message) as Buffer].flatMap(byte => decoder.push(Buffer.of(byte)))
    t.ok(frames.length === 1 && frames[0]?.equals(message))
  }
})
