import type { Connection } from '../../types/index.js'
import type { Batch } from '../protocol/codec.js'
import { refusal, type Refusal } from '../protocol/error.js'
import type { Checked, Incoming } from '../protocol/message.js'
import { after, isThenable, type Eventually } from './after.js'
import type { Broker } from './broker.js'
import { handlers } from './handlers/index.js'
import { claim } from './ownership.js'
import type { Request } from './request.js'
import type { Session } from './session.js'
import { noteArrival } from './timesync.js'

/**
 * The way in: whose message it is and whether its sender may speak for that session, then the lane, then the
 * extensions, then the handler of its operation. What fails on the way is answered there.
 */
export class Admission {
  readonly #broker: Broker

  constructor (broker: Broker) {
    this.#broker = broker
  }

  /** Takes the messages of one request or frame, in order. */
  receive ({ incoming }: Batch, connection: Connection): void {
    const alone = incoming.length === 1
    for (let slot = 0; slot < incoming.length; slot++) {
      this.admit(incoming[slot] as Incoming, connection, slot, alone)
    }
  }

  /** Takes one message. */
  admit (incoming: Incoming, connection: Connection, slot: number, alone: boolean): void {
    if (incoming.operation === 'malformed') return this.#broker.answer({ connection, slot, session: null }, [incoming.reply])
    const { operation, message } = incoming
    if (message.ext !== undefined) noteArrival(message)
    const { clientId } = message
    const implicit = operation === 'connect' && typeof clientId !== 'string' && connection.pushes && connection.bare
    const anonymous = operation === 'publish' && clientId === undefined && this.#broker.policy.canPublishWithoutSession !== undefined
    if (operation === 'handshake' || implicit || anonymous) {
      this.#handle({ incoming, connection, slot, alone, session: null })
      return
    }
    const session = typeof clientId === 'string' ? this.#broker.sessions.get(clientId) : undefined
    const unsaid = session === undefined && operation === 'connect' ? this.#broker.lastWords.of(clientId, connection) : null
    if (unsaid !== null) return this.#broker.refuse({ incoming, connection, slot, session: null }, unsaid.error, unsaid)
    if (session === undefined && typeof clientId === 'string' && this.#broker.nodes?.forward({ incoming, connection, slot, alone }, clientId) === true) return
    const claimed = session === undefined ? 'stranger' : claim(session, connection, operation === 'connect')
    if (session === undefined || claimed === 'stranger') return this.#broker.refuse({ incoming, connection, slot, session: null }, unknownClient(clientId))
    if (claimed === 'ask') return this.#ask(incoming, connection, slot, alone, session)
    this.#enter({ incoming, connection, slot, alone, session }, session)
  }

  // The session lives on another WebSocket: alive means that the newcomer is a stranger.
  #ask (incoming: Checked, connection: Connection, slot: number, alone: boolean, session: Session): void {
    const holder = session.connection
    const asked = holder === null ? Promise.resolve(false) : holder.probe()
    asked.then(alive => {
      const stays = session.ended || (alive && session.connection === holder)
      if (stays) this.#broker.refuse({ incoming, connection, slot, session: null }, unknownClient(session.id))
      else this.#enter({ incoming, connection, slot, alone, session }, session)
    })
  }

  #enter (request: Request<Checked>, session: Session): void {
    const { operation } = request.incoming
    // These do not wait: a slow service must not keep a client from its heartbeat, nor from leaving.
    if (operation !== 'subscribe' && operation !== 'publish') {
      this.#handle(request)
      return
    }
    if (!session.mayStillSend()) return this.#broker.refuse(request, refusal(429, '', 'Too many messages'))
    if (operation === 'publish' && this.#broker.channels?.of(request.incoming.message.channel)?.mayPublish(session) === false) {
      return this.#broker.refuse(request, refusal(429, request.incoming.message.channel, 'Too many messages'))
    }
    const { lane } = session
    if (lane.length >= this.#broker.limits.lane) {
      if (!request.connection.pushes) return this.#broker.refuse(request, refusal(429, '', 'Too many messages wait'))
      this.#broker.counters.lanePauses++
      request.connection.pause()
      lane.onEmpty = () => request.connection.resume()
    }
    lane.push(() => this.#handle(request))
  }

  #handle (request: Request<Checked>): Eventually<void> {
    const { incoming, session } = request
    try {
      const running = after(this.#broker.extensions.incoming(incoming.message, session), refused => {
        if (session?.ended === true) return this.#broker.refuse({ ...request, session: null }, unknownClient(session.id))
        return refused === null ? handlers[incoming.operation](this.#broker, request as never) : this.#broker.refuse(request, refused)
      })
      if (isThenable(running)) return running.then(undefined, error => this.#fail(request, error))
    } catch (error) {
      this.#fail(request, error)
    }
  }

  #fail (request: Request<Checked>, error: unknown): void {
    const log = request.session?.log ?? this.#broker.log
    log.error({ err: error, channel: request.incoming.message.channel }, 'a message could not be handled')
    this.#broker.refuse(request, refusal(500))
  }
}

function unknownClient (clientId: unknown): Refusal {
  return refusal(402, typeof clientId === 'string' ? clientId : '', 'Unknown client')
}
