/**
 * The grammar of channel names and patterns (docs/protocol.md, section 1).
 *
 * Lengths are checked before anything walks a name: one channel of half a million
 * segments must cost no more than a short one.
 */

/** `meta` is the protocol itself, `service` is between one client and the server, the rest is publish/subscribe. */
export type ChannelKind = 'meta' | 'service' | 'broadcast'

/** What a name is; `pattern` where its last segment is `*` or `**`. */
export interface ChannelShape {
  readonly kind: ChannelKind
  readonly pattern: boolean
}

/** The bounds of a name: bytes in all, and segments. */
export interface ChannelLimits {
  readonly channelLength: number
  readonly channelSegments: number
}

const SEGMENT = '/[A-Za-z0-9\\-_!~()$@]+'
const NAME = new RegExp(`^(?:${SEGMENT})+$`)
const PATTERN = new RegExp(`^(?:${SEGMENT})*/\\*\\*?$`)

const shapes = {
  meta: [{ kind: 'meta', pattern: false }, { kind: 'meta', pattern: true }],
  service: [{ kind: 'service', pattern: false }, { kind: 'service', pattern: true }],
  broadcast: [{ kind: 'broadcast', pattern: false }, { kind: 'broadcast', pattern: true }]
} as const satisfies Record<ChannelKind, readonly [ChannelShape, ChannelShape]>

// What was read last: the messages of a batch are often for one channel, and a message on its way is read twice.
let lastName = ''
let lastLimits: ChannelLimits | null = null
let lastShape: ChannelShape | null = null

/**
 * Reads a name.
 * @returns its shape, or null where it breaks the grammar or a bound
 */
export function readChannel (name: string, limits: ChannelLimits): ChannelShape | null {
  if (name.length > limits.channelLength) return null
  if (name !== lastName || limits !== lastLimits) {
    lastShape = read(name, limits)
    lastName = name
    lastLimits = limits
  }
  return lastShape
}

function read (name: string, limits: ChannelLimits): ChannelShape | null {
  if (countSegments(name) > limits.channelSegments) return null
  const pattern = name.endsWith('*')
  if (!(pattern ? PATTERN : NAME).test(name)) return null
  return shapes[kindOf(name)][pattern ? 1 : 0]
}

function kindOf (name: string): ChannelKind {
  if (name.startsWith('/meta/')) return 'meta'
  return name.startsWith('/service/') ? 'service' : 'broadcast'
}

function countSegments (name: string): number {
  let count = 0
  for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) count++
  return count
}

/**
 * Every key under which an interest in a channel can be filed: the channel itself,
 * `parent/*`, and a `/**` for each level above. A channel of d segments has d + 2.
 * @example interestKeys('/a/b') // ['/a/b', '/a/*', '/**', '/a/**']
 */
export function interestKeys (channel: string): string[] {
  const keys = [channel, channel.slice(0, channel.lastIndexOf('/')) + '/*']
  for (let at = 0; at !== -1; at = channel.indexOf('/', at + 1)) keys.push(channel.slice(0, at) + '/**')
  return keys
}

/**
 * What covers a channel or a pattern, the most specific first: itself, `parent/*`, then every `/**` from the deepest up.
 * @example coveringNames('/a/b') // ['/a/b', '/a/*', '/a/**', '/**']
 */
export function coveringNames (name: string): string[] {
  const [itself, siblings, ...deep] = interestKeys(name) as [string, string, ...string[]]
  deep.reverse()
  // One segment of a pattern that takes several is not all of it.
  return [...new Set(name.endsWith('/**') ? deep : [itself, siblings, ...deep])]
}

const SERVICE = '/service/'

/** The channel of calls to clients, and of their answers. Calls of clients are below it. */
export const RPC = '/service/rpc'

/** The channel of a service. */
export function serviceChannel (name: string): string {
  return SERVICE + name
}

/** The name of the service behind a channel of kind `service`. */
export function serviceName (channel: string): string {
  return channel.slice(SERVICE.length)
}

/** The names of services that the gateway itself answers, with all that is below them. */
export type OwnName = 'rpc' | 'presence'

/** Which of the gateway's own services a name belongs to, if any: `rpc` for `rpc/add`. */
export function ownName (name: string): OwnName | null {
  const end = name.indexOf('/')
  const first = end === -1 ? name : name.slice(0, end)
  return first === 'rpc' || first === 'presence' ? first : null
}
