import { createServer } from 'node:http'
import faye from 'faye'
import { eventData } from '../payload.js'
import { listen } from './listen.js'
import { CHANNEL, type Start } from './target.js'

/** Faye with its memory engine. */
export const start: Start = async ({ heartbeat }) => {
  const bayeux = new faye.NodeAdapter({ mount: '/realtime', timeout: heartbeat / 1000 })
  const server = createServer()
  bayeux.attach(server)
  const port = await listen(server)
  const client = bayeux.getClient()
  // What is published before its own client is connected changes places.
  await new Promise<void>(resolve => client.connect(resolve))
  return { port, publish: number => { client.publish(CHANNEL, eventData(number)) } }
}
