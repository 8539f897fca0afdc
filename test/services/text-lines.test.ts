import { Duplex } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { encodings } from '../../lib/encoding/index.js'
import { lines } from '../../lib/framing/lines.js'
import { Interrupted } from '../../lib/services/interrupted.js'
import { TextLines } from '../../lib/services/text-lines.js'
import { translatorOf, type Translator } from '../../lib/services/translator.js'

const BOUND = 12
const duplex = () => new Duplex({ read () {}, write () {} })

/** Lines one by one, as any framing and encoding are read: what the fast way must agree with. */
const oneByOne = () => translatorOf(duplex(), { ...lines }, encodings.utf8, BOUND)

interface Said { heard: unknown[], broke: string | null }

function listen (translator: Translator, chunks: readonly Buffer[]): Said {
  const heard: unknown[] = []
  try {
    for (const chunk of chunks) heard.push(...translator.read(chunk))
    heard.push(...translator.end())
  } catch (error) {
    if (error instanceof Interrupted) heard.push(...error.before)
    return { heard, broke: String(error instanceof Interrupted ? error.cause : error) }
  }
  return { heard, broke: null }
}

const piece = fc.oneof(
  fc.constantFrom('\n', '\r\n', '\r', 'a', 'abcdef', 'é', '€', '😀', '0123456789', '').map(text => Buffer.from(text)),
  fc.uint8Array({ maxLength: 3 }).map(bytes => Buffer.from(bytes))
)

t.ok(translatorOf(duplex(), lines, encodings.utf8, BOUND) instanceof TextLines, 'lines of text take the fast way')

t.test('lines of text are read as lines one by one, however they are cut and whatever they hold', async t => {
  t.ok(fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat({ max: 60 }), { maxLength: 6 }), (pieces, cuts) => {
    const bytes = Buffer.concat(pieces)
    const edges = [0, ...cuts.map(cut => Math.min(cut, bytes.length)).sort((one, other) => one - other), bytes.length]
    const chunks = edges.slice(1).map((edge, index) => Buffer.from(bytes.subarray(edges[index], edge))).filter(({ length }) => length > 0)
    const fast = listen(translatorOf(duplex(), lines, encodings.utf8, BOUND), chunks)
    const slow = listen(oneByOne(), chunks)
    if (JSON.stringify(fast) !== JSON.stringify(slow)) throw new Error(`${JSON.stringify(fast)} is not ${JSON.stringify(slow)}`)
  }), { numRuns: 5000 }) === undefined)
})

t.test('what is written is one line, or refused', async t => {
  t.ok(fc.assert(fc.property(fc.oneof(fc.constantFrom('a', 'a\n', 'a\r\n', 'a\nb', '\n', '', 'é'), fc.string(), fc.jsonValue()), data => {
    const fast = translatorOf(duplex(), lines, encodings.utf8, BOUND).write(data)
    const slow = oneByOne().write(data)
    if (JSON.stringify(fast) !== JSON.stringify(slow)) throw new Error(`${JSON.stringify(fast)} is not ${JSON.stringify(slow)}`)
  }), { numRuns: 1000 }) === undefined)
})
