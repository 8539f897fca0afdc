/**
 * The network between the page and its server, which can be cut: a WebSocket class and a `fetch` for the client.
 * As with a cable that is pulled, what is under way is lost and nobody is told; a second after the first loss the connections break.
 */

const UNNOTICED = 1000

export class Network {
  cut = false
  /** Answers and frames of the server that were lost on their way. */
  swallowed = 0
  WebSocket = socketsOn(this)
  fetch = (url, init) => this.#fetch(url, init)
  #onChange
  #line = new window.AbortController()
  #timer

  constructor (onChange) {
    this.#onChange = onChange
  }

  /** Aborted when the connections of now break. */
  get line () {
    return this.#line.signal
  }

  pull () {
    this.cut = true
    this.#onChange(this)
  }

  mend () {
    window.clearTimeout(this.#timer)
    this.#timer = undefined
    // A connection that has lost something cannot go on.
    this.#line.abort()
    this.#line = new window.AbortController()
    this.cut = false
    this.#onChange(this)
  }

  swallow () {
    this.swallowed++
    this.#timer ??= window.setTimeout(() => this.#line.abort(), UNNOTICED)
    this.#onChange(this)
  }

  async #fetch (url, init) {
    const { line } = this
    if (this.cut) throw new TypeError('the network is cut')
    const answer = await window.fetch(url, { ...init, signal: AbortSignal.any([init.signal, line]) })
    const text = await answer.text()
    if (!this.cut) return new window.Response(text, answer)
    this.swallow()
    await aborted(line)
    throw new TypeError('the network is cut')
  }
}

function socketsOn (network) {
  return class extends window.WebSocket {
    #broken = false

    constructor (url, protocols) {
      super(url, protocols)
      if (network.cut) return this.close()
      const { line } = network
      this.addEventListener('message', event => {
        if (!network.cut && !line.aborted) return
        event.stopImmediatePropagation()
        network.swallow()
      })
      // The real end, which comes after the one that was told.
      this.addEventListener('close', event => this.#broken && event.stopImmediatePropagation())
      line.addEventListener('abort', () => this.#break(), { once: true })
    }

    send (data) {
      if (!network.cut) super.send(data)
    }

    #break () {
      if (this.readyState > window.WebSocket.OPEN) return
      this.dispatchEvent(new window.CloseEvent('close', { code: 1006 }))
      this.#broken = true
      this.close()
    }
  }
}

function aborted (signal) {
  return new Promise(resolve => signal.aborted ? resolve() : signal.addEventListener('abort', resolve, { once: true }))
}
