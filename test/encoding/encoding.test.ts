/** Frames to the data of messages and back. */
import fc from 'fast-check'
import t from 'tap'
import { UNREADABLE, encodings, type EncodingName } from '../../lib/encoding/index.js'
import { decodeZ85 } from '../../lib/protocol/binary.js'
import { cut } from '../conformance/framing.js'

/** What chunks become that end where the network cut them. */
function read (chunks: readonly Buffer[]): unknown[] {
  const decoder = encodings.utf8.decoder(false)
  return [...chunks.map(chunk => decoder.push(chunk)), decoder.end()].filter(data => data !== undefined)
}

t.test('utf8: everything that came, nothing cut inside a character', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '漢', '😀'), maxLength: 40 })
  fc.assert(fc.property(text, fc.array(fc.nat(), { maxLength: 20 }), (text, places) => {
    const all = read(cut(Buffer.from(text), places)) as string[]
    return all.join('') === text && all.every(each => each !== '' && !each.includes('\uFFFD'))
  }), { numRuns: 1000 })
})

t.test('utf8: invalid bytes become U+FFFD, and an unfinished character is not swallowed', async t => {
  t.strictSame(read([Buffer.from([0xff, 0x61])]), ['\uFFFDa'])
  t.strictSame(read([Buffer.from([0xe6, 0xbc])]), ['\uFFFD'])
  t.equal(encodings.utf8.decoder(true).push(Buffer.from([0xe6, 0xbc])), '\uFFFD')
})

t.test('utf8 writes text as it is and anything else as its JSON', async t => {
  t.equal(String(encodings.utf8.encode('é')), 'é')
  t.equal(String(encodings.utf8.encode({ method: 'start' })), '{"method":"start"}')
  t.equal(String(encodings.utf8.encode(5)), '5')
  t.equal(String(encodings.utf8.encode(Buffer.from('bytes'))), 'bytes')
})

t.test('any bytes come through base64 and binary as they are, any value through json', async () => {
  const push = (name: EncodingName, bytes: Buffer): any => encodings[name].decoder(true).push(bytes)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes)), bytes =>
    encodings.base64.encode(push('base64', bytes))?.equals(bytes) === true && decodeZ85(push('binary', bytes).data)?.equals(bytes) === true
  ))
  fc.assert(fc.property(fc.jsonValue(), value => {
    const bytes = encodings.json.encode(value) as Buffer
    return JSON.stringify(push('json', bytes)) === JSON.stringify(value)
  }))
})

t.test('what is none is told from what is', async t => {
  for (const data of ['=', 'YQ', 'YQ=', 'Y Q==', 'YQ==\n', 5, null, {}]) t.equal(encodings.base64.encode(data), null, JSON.stringify(data))
  for (const data of ['', 'YQ==', 'YWI=', 'YWJj', '+/+/']) t.ok(encodings.base64.encode(data))
  for (const data of ['text', 5, null, {}]) t.equal(encodings.binary.encode(data), null)
  for (const text of ['', '{', 'undefined', '{"a":1}x']) t.equal(encodings.json.decoder(true).push(Buffer.from(text)), UNREADABLE)
})
