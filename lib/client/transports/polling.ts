import type { Authentication } from '../authentication/authentication.js'
import { LongPollingTransport, type Packet } from '../cometd.js'

/** A request under way, as `xhrSend` gives it to CometD. */
interface Exchange {
  over: boolean
  status: number
  /** `WWW-Authenticate` of its answer. */
  challenge: string
  abort (): void
}

/** CometD's long-polling over `fetch`: for pages, workers and Node alike, and with the client's credentials. */
export class Polling extends LongPollingTransport {
  readonly #authentication: Authentication
  /** The request that holds the connect. */
  #held: Exchange | undefined

  constructor (authentication: Authentication) {
    super()
    this.#authentication = authentication
  }

  // CometD gives up polling across origins after one failure: a server that restarts is no reason.
  override accept (): boolean {
    return true
  }

  override transportSend (envelope: object, request: { readonly metaConnect: boolean, readonly xhr?: Exchange }): boolean {
    const sent = super.transportSend(envelope, request)
    if (request.metaConnect) this.#held = request.xhr
    return sent
  }

  /** Fails the connect that is held, as if the network had. */
  giveUp (): void {
    this.#held?.abort()
  }

  override xhrSend (packet: Packet): Exchange {
    const aborter = new AbortController()
    const exchange: Exchange = {
      over: false,
      status: 0,
      challenge: '',
      abort: () => {
        if (aborter.signal.aborted || exchange.over) return
        aborter.abort()
        // Told in the same turn, as XMLHttpRequest does: CometD resets the transport next.
        packet.onError('aborted')
      }
    }
    this.#exchange(packet, exchange, aborter.signal).catch(error => {
      if (aborter.signal.aborted || exchange.over) return
      exchange.over = true
      packet.onError(error instanceof Error ? error.message : String(error))
    })
    return exchange
  }

  override abortXHR (exchange: Exchange | undefined): boolean {
    exchange?.abort()
    return exchange !== undefined
  }

  override xhrStatus (exchange: Exchange | undefined): number {
    return exchange?.status ?? -1
  }

  async #exchange (packet: Packet, exchange: Exchange, signal: AbortSignal): Promise<void> {
    const response = await this.#authentication.fetch(packet.url, {
      method: 'POST',
      headers: { ...packet.headers, 'content-type': 'application/json' },
      body: packet.body,
      signal
    })
    const text = await response.text()
    if (signal.aborted) return
    exchange.over = true
    exchange.status = response.status
    exchange.challenge = response.headers.get('www-authenticate') ?? ''
    if (response.status === 200) packet.onSuccess(text)
    else packet.onError(response.statusText)
  }
}
