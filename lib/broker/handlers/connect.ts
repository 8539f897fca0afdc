import type { Connection } from '../../../types/index.js'
import { adviseHandshake, type Advice } from '../../protocol/advice.js'
import { refusal } from '../../protocol/error.js'
import { publicAddress } from '../../protocol/nodefony.js'
import { after, type Eventually } from '../after.js'
import { forget, type Broker } from '../broker.js'
import { renew } from '../renewal.js'
import type { Request } from '../request.js'
import { Session } from '../session.js'
import { createSession, type Denial } from './handshake.js'
import type { Handler } from './index.js'

/** `/meta/connect` (docs/protocol.md, sections 2 and 6): the heartbeat, and over HTTP the way of events. */
export const connect: Handler<'connect'> = (broker, request) => {
  const { session } = request
  if (session !== null) {
    return after(renew(broker, request, session as Session), error => {
      if (error === null) return connected(broker, request, session as Session)
      broker.refuse({ ...request, session: null }, error, { advice: adviseHandshake() })
      // Whom the application does not accept any more has no session; a stranger leaves it alone.
      if (error.startsWith('401:')) broker.end(session as Session, 'unauthenticated', { advice: adviseHandshake() })
    })
  }
  return after(implicitHandshake(broker, request), created => created instanceof Session
    ? connected(broker, { ...request, session: created }, created)
    : broker.refuse(request, created.error, created))
}

function connected (broker: Broker, request: Parameters<typeof connect>[1], session: Session): void {
  const { incoming: { message }, connection, slot } = request
  // nodefony-client 6 never says it: what it would say is never set.
  const { connectionType = connection.pushes && connection.bare ? 'websocket' : '' } = message
  if (!broker.config.transports.includes(connectionType.toLowerCase())) {
    return broker.refuse(request, refusal(400, connectionType, `Connection type not supported: ${broker.config.transports.join(', ')}`))
  }
  if (connection.pushes && !connection.sessions.has(session) && connection.sessions.size >= broker.limits.sessionsPerSocket) {
    return broker.refuse(request, refusal(429, '', `More than ${broker.limits.sessionsPerSocket} sessions on one connection`))
  }
  const isNew = !session.lifeline.connected || (connection.pushes && session.connection !== connection) || (!connection.pushes && session.connection !== null)
  session.lifeline.connected = true
  forget(broker.unconnected, session)
  session.lifeline.attach(connection, message.advice?.interval)
  session.delivery.acknowledge(message.ext?.ack)
  if (isNew) broker.emit('connect', session)
  if (connection.pushes && connection.bare) return answerNodefony(broker, request, session)
  const wanted = Math.min(message.advice?.timeout ?? Infinity, broker.config.timeout)
  const waits = wanted > 0 && !broker.closing && !session.delivery.hasNews && (connection.pushes || request.alone)
  if (!waits) session.lifeline.answer(message, connection, slot)
  else if (tooManyPolls(broker, connection)) {
    broker.counters.pollsDeclined++
    session.lifeline.answer(message, connection, slot, { advice: pollNow(broker) })
  } else session.lifeline.hold(request, wanted)
}

// A browser has six connections to a host over HTTP/1.1: if every tab held one, nothing else would get through.
function tooManyPolls (broker: Broker, connection: Connection): boolean {
  const { maxSessionsPerBrowser } = broker.config
  const { cookieCame, multiplexed } = connection.caller
  return !connection.pushes && cookieCame && !multiplexed && maxSessionsPerBrowser >= 0 && broker.polls.of(connection) >= maxSessionsPerBrowser
}

function pollNow (broker: Broker): Advice {
  const { connectAdvice, multiSessionInterval } = broker.config
  return { ...connectAdvice, interval: multiSessionInterval, 'multiple-clients': true }
}

// Its client connects once and never again: the answer comes at once, with all it needs to know.
function answerNodefony (broker: Broker, request: Parameters<typeof connect>[1], session: Session): void {
  const { incoming: { message }, connection, slot } = request
  session.lifeline.answer(message, connection, slot, {
    advice: { reconnect: broker.config.connectAdvice.reconnect },
    more: {
      timestamp: new Date().toISOString(),
      ext: { address: publicAddress(connection.caller.address, connection.caller.url) },
      data: broker.services.directory(session)
    }
  })
}

// The later Nodefony client sends no clientId: it is the one whose cookie just shook hands, or somebody new.
function implicitHandshake (broker: Broker, request: Pick<Request, 'connection'>): Eventually<Session | Denial> {
  const { connection } = request
  const waiting = connection.caller.cookieCame ? broker.unconnected.get(connection.caller.cookie) : undefined
  if (waiting !== undefined && !waiting.ended) {
    waiting.bound = true
    return waiting
  }
  return createSession(broker, request, { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['websocket'] })
}
