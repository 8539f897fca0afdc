import type { HandshakeRequest } from '../../../types/index.js'
import { adviseHandshake, adviseNone, type Advice } from '../../protocol/advice.js'
import { publicAddress, socketUrl } from '../../protocol/nodefony.js'
import { refusal, type Refusal } from '../../protocol/error.js'
import type { ReplyMessage } from '../../protocol/message.js'
import { after, isThenable, type Eventually } from '../after.js'
import type { Broker } from '../broker.js'
import { bear } from '../birth.js'
import { newClientId } from '../client-id.js'
import { replyTo, type Request } from '../request.js'
import { Session } from '../session.js'
import { verdictOf } from '../verdict.js'
import type { Handler } from './index.js'

const VERSION = '1.0'

/** Why there is no session, and what to do about it. */
export interface Denial {
  readonly error: Refusal
  /** What to do about it, where it is not plain from the error. */
  readonly advice?: Advice
  /** What the next round of a negotiation needs to know. */
  readonly ext?: Record<string, unknown>
}

/** `/meta/handshake` (docs/protocol.md, section 2): a new session, or why there is none. */
export const handshake: Handler<'handshake'> = (broker, request) => {
  const { message } = request.incoming
  return after(createSession(broker, request, message), created => {
    if (!(created instanceof Session)) return broker.refuse(request, created.error, created)
    broker.answer({ ...request, session: created }, [accept(broker, request, created)])
  })
}

function accept (broker: Broker, request: Request<{ operation: 'handshake', message: HandshakeRequest }>, session: Session): ReplyMessage {
  const reply = replyTo(request.incoming.message, session.id)
  const ext: Record<string, unknown> = { ...reply.ext }
  const services = broker.services.directory(session)
  if (Object.keys(services).length > 0) ext.services = services
  if (session.delivery.batch !== null) ext.ack = { enabled: true }
  if (broker.recorder !== null) ext.replay = true
  const { connection } = request
  const { address, url } = connection.caller
  if (request.incoming.message.ext?.address === true) ext.address = publicAddress(address, url)
  if (connection.bare && !connection.pushes) ext.url = socketUrl(url)
  const { maxInterval, interval, timeout, handshakeAdvice } = broker.config
  return {
    ...reply,
    version: VERSION,
    minimumVersion: VERSION,
    supportedConnectionTypes: [...broker.config.transports],
    advice: { ...handshakeAdvice, interval, timeout, maxInterval },
    ...(Object.keys(ext).length > 0 && { ext })
  }
}

/** Everything that must be true before a session is born, then the session. */
export function createSession (broker: Broker, request: Pick<Request, 'connection'>, message: HandshakeRequest): Eventually<Session | Denial> {
  const denial = negotiate(broker, message) ?? room(broker, request)
  if (denial !== null) return denial
  const { caller } = request.connection
  return after(identify(broker, request, message), identified => {
    if ('error' in identified) return identified
    const { identity } = identified
    const { policy } = broker
    const asked = policy.canHandshake === undefined || policy.canHandshake(caller, message, identity)
    return after(asked, said => {
      if (typeof said === 'object' && said !== null) return { error: refusal(401, '', 'Go on negotiating'), advice: adviseHandshake(), ext: said.challenge }
      const error = verdictOf(said, refusal(403, '', 'Handshake denied'))
      return error === null ? enter(broker, request, message, identity) : { error }
    })
  })
}

function negotiate (broker: Broker, message: HandshakeRequest): Denial | null {
  const { version, minimumVersion = version, supportedConnectionTypes } = message
  if (Number.parseFloat(version) < 1 || Number.parseFloat(minimumVersion) >= 2) {
    return { error: refusal(400, version, `Version not supported: this is ${VERSION}`), advice: adviseNone() }
  }
  const offered = supportedConnectionTypes.map(type => type.toLowerCase())
  if (broker.config.transports.some(type => offered.includes(type))) return null
  return { error: refusal(400, supportedConnectionTypes.join(','), `No connection type in common: ${broker.config.transports.join(', ')}`), advice: adviseNone() }
}

function room (broker: Broker, { connection }: Pick<Request, 'connection'>): Denial | null {
  if (broker.farewell !== null) return { error: refusal(503, '', 'Shutting down'), advice: broker.farewell.handshake() }
  if (broker.sessions.size >= broker.limits.sessions) {
    return { error: refusal(503, '', 'Too many sessions'), advice: adviseHandshake(5000 + Math.floor(Math.random() * 5000)) }
  }
  if (connection.pushes && connection.sessions.size >= broker.limits.sessionsPerSocket) {
    return { error: refusal(429, '', `More than ${broker.limits.sessionsPerSocket} sessions on one connection`), advice: adviseNone() }
  }
  return null
}

function identify (broker: Broker, { connection: { caller } }: Pick<Request, 'connection'>, message: HandshakeRequest): Eventually<{ identity: unknown } | Denial> {
  if ('identity' in caller) return { identity: caller.identity }
  const denied = (error: unknown): Denial => {
    broker.log.info({ err: error, address: caller.address }, 'a handshake was not authenticated')
    return { error: refusal(401), advice: adviseNone() }
  }
  try {
    const identity = broker.authentication.authenticate(caller, message)
    return isThenable(identity) ? identity.then(identity => ({ identity }), denied) : { identity }
  } catch (error) {
    return denied(error)
  }
}

function enter (broker: Broker, { connection }: Pick<Request, 'connection'>, message: HandshakeRequest, identity: unknown): Session | Denial {
  // Authentication may have taken its time.
  const full = room(broker, { connection })
  if (full !== null) return full
  const id = newClientId() + (broker.nodes?.name ?? '')
  const session = bear(broker, { id, caller: connection.caller, identity, ack: message.ext?.ack === true })
  broker.counters.handshakes++
  if (connection.pushes) session.lifeline.attach(connection)
  else if (connection.bare) broker.unconnected.set(connection.caller.cookie, session)
  broker.log.debug({ session: session.number, address: connection.caller.address }, 'handshake')
  broker.emit('handshake', session)
  return session
}
