/**
 * What happens, on channels of `node:diagnostics_channel`. They belong to the process: all gateways share them, and
 * each event says which one it was. Where nobody listens it costs one look at a boolean.
 */
import { channel } from 'node:diagnostics_channel'
import type { Realtime, RealtimeEvents, Watched, Watcher, Watchers } from '../types/index.js'

/** The arguments of the events of `app.realtime`, by their names in the messages. */
const fields: { readonly [Name in keyof RealtimeEvents]: readonly (keyof Watched[Name])[] } = {
  handshake: ['session'],
  connect: ['session'],
  subscribe: ['session', 'channel'],
  unsubscribe: ['session', 'channel'],
  publish: ['session', 'channel', 'data'],
  join: ['channel', 'member', 'session'],
  leave: ['channel', 'member', 'session'],
  expire: ['session'],
  disconnect: ['session', 'reason']
}

const channelOf = (name: keyof Watched) => channel(`fastify-bayeux:${name}`)

const events = Object.fromEntries(Object.keys(fields).map(name => [name, channelOf(name as keyof RealtimeEvents)])) as Record<keyof RealtimeEvents, ReturnType<typeof channelOf>>

/** Tells those who watch of an event of `app.realtime`. */
export function tell<Name extends keyof RealtimeEvents> (realtime: () => Realtime, name: Name, args: RealtimeEvents[Name]): void {
  if (!events[name].hasSubscribers) return
  const message = Object.fromEntries(fields[name].map((field, index) => [field, args[index]]))
  events[name].publish({ realtime: realtime(), ...message })
}

/** @param realtime the gateway whose watchers these are; asked when something happens */
export function watchersOf (realtime: () => Realtime): Watchers {
  return { deliver: watcher('deliver', realtime), refuse: watcher('refuse', realtime), service: watcher('service', realtime) }
}

function watcher<Name extends keyof Watchers> (name: Name, realtime: () => Realtime): Watcher<Watched[Name]> {
  const watched = channelOf(name)
  return {
    get hasSubscribers () {
      return watched.hasSubscribers
    },
    publish: event => watched.publish({ realtime: realtime(), ...event })
  }
}
