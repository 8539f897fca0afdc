/** What every backplane must do: run with `backplaneSuite`. */
import fc from 'fast-check'
import type { Test } from 'tap'
import type { Backplane } from '../../lib/index.js'
import { until, within } from '../harness/until.js'
import { foreigners } from './backplane-foreigners.js'
import { outages } from './backplane-outages.js'
import { everyoneHasHeard, ListeningNode, openNodes, type ToldEvent } from './listening-node.js'

/** A bus, as the suite wants it. */
export interface Bus {
  /** A backplane at it with a connection of its own, not opened yet. */
  readonly make: (prefix?: string) => Backplane | Promise<Backplane>
  /** From now on it takes what is said, and does nothing with it, until it is taken away. */
  readonly pause?: () => unknown
  /** Takes it away without a word. */
  readonly kill: () => unknown
  /** Brings it back where it was. */
  readonly restart: () => unknown
  /** What else can be done with a bus that is a program of its own. */
  readonly server?: {
    /** Publishes bytes, as a program does that is no gateway. */
    readonly publish: (name: string, bytes: Uint8Array) => unknown
    /** Names that fit `/**` there, and are of no channel. */
    readonly noChannels: readonly string[]
    /** The name of a channel there, with the prefix `bayeux`. */
    readonly nameOf: (channel: string) => string
    /** Resolves when every connection that was handed in has done something. */
    readonly useConnections: () => Promise<unknown>
  }
}

export interface BackplaneCase {
  readonly name: string
  /** A bus that ends with the test. */
  readonly start: (t: Test) => Bus | Promise<Bus>
  /** Runs of each property. */
  readonly runs?: number
}

const segment = fc.constantFrom('a', 'b', 'c', 'A0', '-_!~()$@')
const anyChannel = fc.array(segment, { minLength: 1, maxLength: 3 }).map(segments => `/${segments.join('/')}`)
const anyPattern = fc.oneof(anyChannel, fc.tuple(fc.array(segment, { maxLength: 2 }), fc.constantFrom('*', '**')).map(([segments, end]) => ['', ...segments, end].join('/')))

/** The grammar of patterns, as simple as it can be said. */
function fits (pattern: string, channel: string): boolean {
  const [wanted, given] = [pattern.split('/'), channel.split('/')]
  if (wanted.at(-1) === '**') return given.length >= wanted.length && wanted.slice(0, -1).every((part, at) => part === given[at])
  return given.length === wanted.length && wanted.every((part, at) => part === given[at] || part === '*')
}

/** Events of one publisher, of which each may have come by its interests in any order. */
function ordered (events: readonly ToldEvent[]): ToldEvent[] {
  const runs: ToldEvent[][] = []
  for (const event of events) {
    if (runs.at(-1)?.[0]?.payload === event.payload) runs.at(-1)?.push(event)
    else runs.push([event])
  }
  return runs.flatMap(run => run.sort((one, other) => one.interest < other.interest ? -1 : 1))
}

async function reachesEveryInterest (t: Test, bus: Bus, runs: number): Promise<void> {
  const nodes = await openNodes(t, bus, 3)
  const interests = fc.array(fc.uniqueArray(anyPattern, { maxLength: 5 }), { minLength: 3, maxLength: 3 })
  const publications = fc.array(fc.record({ by: fc.integer({ min: 0, max: 2 }), channel: anyChannel }), { maxLength: 12 })
  await fc.assert(fc.asyncProperty(interests, publications, async (wanted, said) => {
    const wish = (on: boolean) => Promise.all(nodes.flatMap((node, at) => wanted[at]?.map(each => node.bus.interest(each, on))))
    const publishAll = async () => {
      for (const node of nodes) node.forget()
      for (const [number, { by, channel }] of said.entries()) nodes[by]?.bus.publish(channel, `${by} ${number}`)
      await everyoneHasHeard(nodes)
    }
    await wish(true)
    await publishAll()
    for (const [at, node] of nodes.entries()) {
      for (const by of nodes.keys()) {
        // What a node publishes itself need not come back.
        if (by === at) continue
        const expected = said.flatMap(({ by: from, channel }, number) => from !== by
          ? []
          : (wanted[at] ?? []).filter(each => fits(each, channel)).map(interest => ({ payload: `${by} ${number}`, channel, interest })))
        t.strictSame(ordered(node.events.filter(({ payload }) => payload.startsWith(`${by} `))), ordered(expected))
      }
    }
    await wish(false)
    await publishAll()
    for (const node of nodes) t.strictSame(node.events, [], 'nobody wants anything any more')
  }), { numRuns: runs })
}

async function carriesAnyText (t: Test, bus: Bus, runs: number): Promise<void> {
  const [one, other] = await openNodes(t, bus, 2) as [ListeningNode, ListeningNode]
  await other.bus.interest('/a', true)
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary' }), async text => {
    other.forget()
    one.bus.publish('/a', text)
    one.bus.send(other.name, text)
    await other.arrivalOf(one)
    t.strictSame(other.all, [text, text])
  }), { numRuns: runs, examples: [[''], ['\uFEFFmarked'], ['line\r\nline\0'], ['漢😀'.repeat(30_000)]] })
}

async function keepsOrder (t: Test, bus: Bus): Promise<void> {
  const [one, other, third] = await openNodes(t, bus, 3) as [ListeningNode, ListeningNode, ListeningNode]
  await Promise.all(['/a', '/b/**'].map(each => third.bus.interest(each, true)))
  for (let number = 0; number < 200; number++) {
    for (const { name, bus } of [one, other]) {
      if (number % 4 === 0) bus.publish('/a', `${name} ${number}`)
      else if (number % 4 === 1) bus.publish('/b/c', `${name} ${number}`)
      else if (number % 4 === 2) bus.send(third.name, `${name} ${number}`)
      else bus.shout(`${name} ${number}`)
    }
  }
  await everyoneHasHeard([one, other, third])
  for (const { name } of [one, other]) {
    t.strictSame(third.all.filter(text => text.startsWith(`${name} `)), Array.from({ length: 200 }, (_, number) => `${name} ${number}`))
  }
}

async function passesWords (t: Test, bus: Bus): Promise<void> {
  const [one, other, third] = await openNodes(t, bus, 3) as [ListeningNode, ListeningNode, ListeningNode]
  // Nothing that a client may want brings the words of nodes along.
  await Promise.all(['/**', '/*', '/nodes/**'].map(each => third.bus.interest(each, true)))
  one.bus.send(other.name, 'to one')
  one.bus.shout('to all')
  one.bus.send('nobody', 'to none')
  one.bus.send(other.name, 'to one again')
  await everyoneHasHeard([one, other, third])
  t.strictSame(other.messages, ['to one', 'to all', 'to one again'])
  t.strictSame(third.messages, ['to all'])
  t.strictSame(third.events, [])
  await one.missed('nobody')
  t.strictSame([one, other, third].map(({ missing }) => missing), [['nobody'], [], []])
  await third.bus.close()
  one.bus.send(third.name, 'too late')
  await one.missed(third.name)
  t.strictSame(one.missing, ['nobody', third.name])
}

async function wantsAndWantsNot (t: Test, bus: Bus): Promise<void> {
  const [one, other] = await openNodes(t, bus, 2) as [ListeningNode, ListeningNode]
  // Nobody waits between them; the last counts.
  for (const pattern of ['/a', '/a/*', '/a/**']) {
    for (const on of [true, true, false, true, false]) other.bus.interest(pattern, on)
    await other.bus.interest(pattern, false)
    for (const on of [true, false]) other.bus.interest(pattern, on)
    await other.bus.interest(pattern, true)
    other.bus.interest(pattern, false)
    await other.bus.interest(pattern, true)
  }
  one.bus.publish('/a', '1')
  one.bus.publish('/a/b', '2')
  await other.arrivalOf(one)
  t.strictSame(ordered(other.events).map(({ payload, interest }) => `${payload} ${interest}`), ['1 /a', '2 /a/*', '2 /a/**'])
  for (const pattern of ['/a', '/a/*']) await other.bus.interest(pattern, false)
  other.forget()
  one.bus.publish('/a', '3')
  one.bus.publish('/a/b', '4')
  await other.arrivalOf(one)
  t.strictSame(other.events, [{ payload: '4', channel: '/a/b', interest: '/a/**' }])
}

async function endsInPeace (t: Test, bus: Bus): Promise<void> {
  const [one, other] = await openNodes(t, bus, 2) as [ListeningNode, ListeningNode]
  await Promise.all([one, other].map(node => node.bus.interest('/a', true)))
  await within(one.bus.flush(), 'everything is taken')
  one.bus.publish('/a', 'last words')
  await within(one.bus.close(), 'it is closed')
  await until(() => other.events.length > 0, 'the last words')
  t.strictSame(other.events, [{ payload: 'last words', channel: '/a', interest: '/a' }])
  one.forget()
  for (const { bus } of [one, other]) {
    bus.publish('/a', 'after the end')
    bus.shout('after the end')
    bus.send(one.name, 'after the end')
  }
  await one.bus.interest('/b', true)
  await within(one.bus.flush().catch(() => {}), 'there is nothing to flush')
  await other.missed(one.name)
  t.strictSame(one.all, [])
  t.strictSame(one.states, [true], 'it is not told of an end that it wanted')
  await within(one.bus.close(), 'closing it again does nothing')
  await bus.server?.useConnections()
}

/** Runs the suite for one backplane. */
export function backplaneSuite (t: Test, { name, start, runs = 30 }: BackplaneCase): void {
  t.test(name, async t => {
    const bus = await start(t)
    t.test('what is published reaches every interest and nobody else, in order', t => reachesEveryInterest(t, bus, runs))
    t.test('a text arrives as it was said, long or strange', t => carriesAnyText(t, bus, runs))
    t.test('events and words of one node come in the order in which it said them', t => keepsOrder(t, bus))
    t.test('words reach one node, or all, or it is told that nobody is there', t => passesWords(t, bus))
    t.test('the last wish counts', t => wantsAndWantsNot(t, bus))
    t.test('after the end nothing is heard, and what was handed in is left alone', t => endsInPeace(t, bus))
    outages(t, bus)
    if (bus.server !== undefined) foreigners(t, bus, bus.server)
  })
}
