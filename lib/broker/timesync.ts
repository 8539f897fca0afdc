/**
 * The timesync extension (docs/protocol.md, section 9): a client learns its lag and the offset of its clock
 * from when its message came and how long its answer took.
 */

/** What a client sends: its clock, and the lag and offset that it believes in (ms). */
interface ClientTime {
  readonly tc: number
  readonly l: number
  readonly o: number
}

type Message = { readonly ext?: { readonly timesync?: unknown } }

// An estimate that is this good is not worth an answer.
const ACCURATE = 25

const received = new WeakMap<object, number>()

function clientTime (message: Message): ClientTime | null {
  const time = message.ext?.timesync as Partial<ClientTime> | null | undefined
  if (typeof time !== 'object' || time === null) return null
  const { tc, l, o } = time
  return typeof tc === 'number' && typeof l === 'number' && typeof o === 'number' ? { tc, l, o } : null
}

/** Remembers when a message came, if its client wants to know. */
export function noteArrival (message: Message): void {
  if (message.ext?.timesync !== undefined) received.set(message, Date.now())
}

/** @returns `ext.timesync` of the reply, or null where there is nothing to say */
export function timesyncReply (message: Message): { tc: number, ts: number, p: number, a: number } | null {
  const ts = received.get(message)
  const time = ts === undefined ? null : clientTime(message)
  if (ts === undefined || time === null) return null
  const a = time.tc + time.o + time.l - ts
  if (time.l !== 0 && Math.abs(a) <= ACCURATE) return null
  return { tc: time.tc, ts, p: Date.now() - ts, a }
}
