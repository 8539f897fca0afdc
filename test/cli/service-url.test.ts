/** Services as URLs: what is wrong is said, and words are split as a shell would. */
import fc from 'fast-check'
import t from 'tap'
import { readCommandLine } from '../../lib/cli/command-line.js'
import { readServiceUrl } from '../../lib/cli/service-url.js'
import { targetOf } from '../../lib/cli/target.js'

t.test('what is right', async t => {
  const cases: [url: string, definition: Record<string, unknown>][] = [
    ['tcp://localhost:1315', { type: 'tcp', domain: 'localhost', port: 1315 }],
    ['TCP://my_service:1315/', { type: 'tcp', domain: 'my_service', port: 1315 }],
    ['tcp://[::1]:1', { type: 'tcp', domain: '::1', port: 1 }],
    ['tcp://h:1?framing=lines#encoding=json', { type: 'tcp', domain: 'h', port: 1, framing: 'lines', encoding: 'json' }],
    ['tcp://h:1?connectTimeout=5&idleTimeout=x&writable=false', { type: 'tcp', domain: 'h', port: 1, connectTimeout: 5, idleTimeout: 'x', writable: false }],
    ['tcp://h:1?shared', { type: 'tcp', domain: 'h', port: 1, shared: true }],
    ['tcp://h:1?shared=0', { type: 'tcp', domain: 'h', port: 1, shared: false }],
    ['tcp://h:1?shared=1&snapshot=20&snapshotKey=id&linger=0&reconnect=0', { type: 'tcp', domain: 'h', port: 1, shared: { snapshot: { size: 20, key: 'id' }, linger: 0, reconnect: false } }],
    ['tcp://h:1?encoding=json&hello={"a":1}&hello=[2]', { type: 'tcp', domain: 'h', port: 1, encoding: 'json', hello: [{ a: 1 }, [2]] }],
    ['tcp://h:1?hello=a%26b+c', { type: 'tcp', domain: 'h', port: 1, hello: ['a&b c'] }],
    ['unix:/run/a%20b.sock', { type: 'unix', path: '/run/a b.sock' }],
    ['unix:///run/x', { type: 'unix', path: '/run/x' }],
    ['unix:./x', { type: 'unix', path: './x' }],
    ['unix:@x?framing=lines', { type: 'unix', path: '@x', framing: 'lines' }],
    ['udp://0.0.0.0:5?listen=1&shared=1', { type: 'udp', domain: '0.0.0.0', port: 5, listen: true, shared: true }],
    ['wss://h/a?b=c&shared=1', { type: 'websocket', url: 'wss://h/a?b=c&shared=1' }],
    ['wss://h/a?b=c#shared=1', { type: 'websocket', url: 'wss://h/a?b=c', shared: true }],
    ['exec:tail -f "a b"?framing=lines', { type: 'process', command: 'tail', args: ['-f', 'a b'], framing: 'lines' }],
    ['exec:x #env.__proto__=1&env.constructor=2', { type: 'process', command: 'x', args: [], env: Object.fromEntries([['__proto__', '1'], ['constructor', '2']]) }],
    ['monitoring:?interval=10', { type: 'monitoring', interval: 10 }]
  ]
  for (const [url, definition] of cases) t.strictSame(readServiceUrl(url), definition, url)
})

t.test('what is wrong', async t => {
  const cases: [url: string, message: RegExp][] = [
    ['localhost:1315', /^Expected tcp: or tls: .* or monitoring:, not 'localhost:1315'/],
    ['', /^Expected tcp:/],
    ['http://x', /^Expected tcp:/],
    ['constructor:x', /^Expected tcp:/],
    ['tcp:localhost:1', /^Expected tcp:\/\/HOST:PORT/],
    ['tcp://localhost', /^Expected tcp:\/\/HOST:PORT/],
    ['tcp://:1', /^Expected tcp:\/\/HOST:PORT/],
    ['tcp://user@h:1', /^Expected tcp:\/\/HOST:PORT/],
    ['udp://h:1/path', /^Expected udp:\/\/HOST:PORT/],
    ['unix:', /^Expected unix:\/PATH/],
    ['unix:@', /^Expected unix:\/PATH/],
    ['unix:/a%b', /^A % of the path itself is written %25/],
    ['ws://', /^Expected ws:\/\/HOST/],
    ['exec:', /^Expected exec:COMMAND/],
    ['exec:?framing=lines', /^Expected exec:COMMAND/],
    ["exec:echo 'a", /^A quote is not closed/],
    ['exec:echo "a\\"', /^A quote is not closed/],
    ['exec:echo a\\', /^A quote is not closed, or a \\ is the last character/],
    ['exec:curl http://h/a?b=c', /^Unknown parameter 'b'; known: .*cwd.*\. A \? or # of the command itself goes into quotes/],
    ['monitoring://here', /^Expected monitoring: and nothing more/],
    ['tcp://h:1?framng=lines', /^Unknown parameter 'framng'; known: encoding, .*framing/],
    ['tcp://h:1?type=udp', /^Unknown parameter 'type'/],
    ['tcp://h:1?constructor=1', /^Unknown parameter 'constructor'/],
    ['tcp://h:1?headers.a=1', /^Unknown parameter 'headers.a'/],
    ['tcp://h:1?listen=1', /^Unknown parameter 'listen'/],
    ['udp://h:1?framing=lines', /^Unknown parameter 'framing'/],
    ['ws://h#headers=1', /^Unknown parameter 'headers'/],
    ['ws://h#headers.NAME.x=1&headers.=2#q=1', /^Unknown parameter 'q'/],
    ['tcp://h:1?framing=lines&framing=raw', /^framing: Given twice/],
    ['tcp://h:1?shared=yes', /^shared: Expected 1 or 0, not 'yes'/],
    ['tcp://h:1?shared=constructor', /^shared: Expected 1 or 0/],
    ['tcp://h:1?snapshot=1', /^snapshot: Needs shared=1/],
    ['tcp://h:1?shared=0&linger=1', /^linger: Needs shared=1/],
    ['tcp://h:1?delimiter=x', /^delimiter: Needs framing=delimiter/],
    ['tcp://h:1?bytes=2', /^bytes: Needs framing=length-prefixed/],
    ['tcp://h:1?encoding=json&hello=MONITOR', /^hello: Expected JSON, as encoding=json has it, not 'MONITOR'/],
    ['tls://h:1?ca=/nowhere', /^ca: ENOENT.*'\/nowhere'/]
  ]
  for (const [url, message] of cases) t.throws(() => readServiceUrl(url), { message, name: 'Error' }, url)
})

t.test('words: whatever is quoted comes back as it was', async t => {
  const inDouble = (word: string) => `"${word.replace(/["\\]/g, '\\$&')}"`
  const inSingle = (word: string) => `'${word.replaceAll("'", "'\\''")}'`
  const bare = (word: string) => word === '' ? "''" : word.replace(/[\s\S]/gu, '\\$&')
  const quoted = fc.tuple(fc.string({ unit: 'binary' }).filter(word => !word.includes('\0')), fc.constantFrom(inDouble, inSingle, bare)).map(([word, quote]) => ({ word, text: quote(word) }))
  const space = fc.constantFrom(' ', '  ', '\t')
  fc.assert(fc.property(fc.array(quoted), space, fc.string(), (all, space, rest) => {
    const { words, rest: remaining } = readCommandLine(`${all.map(({ text }) => text).join(space)}${space}?${rest}`)
    t.strictSame(words, all.map(({ word }) => word))
    t.equal(remaining, rest)
  }), { numRuns: 300 })
  t.pass('all of them')
})

t.test('where it goes, with targets of a file', async t => {
  t.equal(targetOf({ type: 'TCP', port: 1, targets: [{ domain: 'a' }, { domain: '::1', port: 2 }] }), 'a:1, [::1]:2')
})
