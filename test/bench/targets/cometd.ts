import { createServer } from 'node:http'
import cometd from 'cometd-nodejs-server'
import { eventData } from '../payload.js'
import { listen } from './listen.js'
import { CHANNEL, type Start } from './target.js'

/** CometD's server for Node; it polls only. */
export const start: Start = async ({ heartbeat }) => {
  const bayeux = cometd.createCometDServer({ timeout: heartbeat, browserCookieName: 'BAYEUX_BROWSER' })
  const channel = bayeux.createServerChannel(CHANNEL)
  return { port: await listen(createServer(bayeux.handle)), publish: number => { channel.publish(null, eventData(number)) } }
}
