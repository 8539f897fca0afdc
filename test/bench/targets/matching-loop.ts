import type { WebSocket } from 'ws'
import type { Socket } from 'node:net'
import { Corked, serverFrame } from './frame.js'
import { accept } from './websockets.js'
import type { Start } from './target.js'

interface Member {
  readonly ws: WebSocket
  readonly corked: Corked
  stamp: number
}

/**
 * The loop that matches: subscriptions by channel and by both wildcards in one table, a publish is parsed,
 * looked up, answered and given on; all writes of one turn are joined.
 */
export const start: Start = async () => {
  const table = new Map<string, Set<Member>>()
  let stamp = 0
  const subscribe = (channel: string, member: Member) => {
    const members = table.get(channel)
    if (members === undefined) table.set(channel, new Set([member]))
    else members.add(member)
  }
  const publish = (channel: string, data: unknown) => {
    stamp++
    const frame = serverFrame(JSON.stringify([{ channel, data }]))
    for (const key of keysOf(channel)) {
      for (const member of table.get(key) ?? []) {
        if (member.stamp === stamp) continue
        member.stamp = stamp
        member.corked.write(frame)
      }
    }
  }
  const port = await accept((ws, socket: Socket) => {
    const member = { ws, corked: new Corked(socket), stamp: 0 }
    ws.on('message', (bytes: Buffer) => {
      const said = JSON.parse(bytes.toString())
      if (said.subscribe !== undefined) {
        for (const channel of said.subscribe) subscribe(channel, member)
        ws.send('"subscribed"')
        return
      }
      for (const { channel, data, id } of said) {
        publish(channel, data)
        member.corked.write(serverFrame(JSON.stringify([{ channel, successful: true, id }])))
      }
    })
  })
  return { port }
}

function keysOf (channel: string): string[] {
  const keys = [channel, channel.slice(0, channel.lastIndexOf('/')) + '/*']
  for (let at = 0; at !== -1; at = channel.indexOf('/', at + 1)) keys.push(channel.slice(0, at) + '/**')
  return keys
}
